"""`tornado-resource wait`: enforce the gate outside of `pulumi up`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import click

from tornado_resource.cli.options import Command
from tornado_resource.cli.output import ExitCode, Output, format_option, painted, quiet_option
from tornado_resource.cli.stack import against, finish, for_reports, read_gated_stack, stack_option
from tornado_resource.core.clock import parse_duration

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from datetime import timedelta
    from types import FrameType

    from tornado_resource.bland.sessions import Status
    from tornado_resource.cli.live import LiveTable
    from tornado_resource.cli.stack import GatedStack
    from tornado_resource.runs.model import GatedRun, Result
    from tornado_resource.runs.wait import Progress


def _duration(_context: click.Context, _parameter: click.Parameter, value: str | None) -> timedelta | None:
    duration = parse_duration(value) if value is not None else None
    if value is not None and not duration:
        message = f"found '{value}', expected a number above 0 with a unit: 90s, 15m, 2h"
        raise click.BadParameter(message)
    return duration


@click.command("wait", cls=Command)
@stack_option
@click.option(
    "--timeout", callback=_duration, metavar="DURATION", help="Stop waiting after this time, such as 90s, 15m or 2h."
)
@format_option("text", "json")
@quiet_option
def command(name: str | None, timeout: timedelta | None, output: str, *, quiet: bool) -> ExitCode:
    """Wait for a stack's sessions and check runs, and enforce their gates.

    Needs only the stack's state and config, so it runs on any machine; it starts and records nothing. In a terminal it
    shows a live table, elsewhere a line for each change. It writes the reports if config tornado:reports is set.

    After --timeout, the runs that have not ended are incomplete (exit code 3) and keep running. With --format json,
    stdout contains only verdicts.json; everything else goes to stderr.
    """
    with _sigterm_as_ctrl_c():
        return _wait(read_gated_stack(name), timeout, Output(quiet, output == "json"))


def _wait(stack: GatedStack, timeout: timedelta | None, output: Output) -> ExitCode:
    if not stack.gated_runs:
        report = stack.report(())
        if not report.results:
            output.say(f"stack {stack.stack} has no session or check run with a gate: nothing to wait for")
        return finish(report, stack.settings.reports, output)
    from tornado_resource.reports.outcomes import nouns
    from tornado_resource.runs.kinds import count_runs

    waited = count_runs(stack.gated_runs)
    output.say(f"waiting for {waited} of stack {stack.stack}; Ctrl-C leaves them running")
    try:
        results = asyncio.run(_results(stack, timeout, output))
    except KeyboardInterrupt:
        started = nouns(stack.gated_runs).capitalize()
        resume = f"{started} keep running; resume with: tornado-resource wait --stack {stack.stack}"
        click.echo(f"\nInterrupted. {resume}", err=True)
        return ExitCode.INTERRUPTED
    report = against(stack.report(results), stack.settings.baseline)
    return finish(report, stack.settings.reports, output)


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Make SIGTERM, which a pipeline sends when it is cancelled, end the command like Ctrl-C.

    Whatever handles Ctrl-C at that moment, asyncio or Python, handles SIGTERM too.
    """

    def end(number: int, frame: FrameType | None) -> None:
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler):  # a shell lets its background jobs ignore Ctrl-C, but not SIGTERM
            raise KeyboardInterrupt
        handler(number, frame)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


async def _results(stack: GatedStack, limit: timedelta | None, output: Output) -> list[Result]:
    from tornado_resource.runs.results import wait_for_result

    has_reports = bool(stack.settings.reports or os.environ.get("GITHUB_STEP_SUMMARY"))
    has_transcripts = has_reports and stack.settings.shows_transcripts
    async with stack.client() as client, _display(stack.gated_runs, output) as display:

        async def result_of(gated: GatedRun) -> Result:
            seen: list[Status] = []

            def report(progress: Progress) -> None:
                seen.append(progress.status)
                display.progress(gated, progress)

            try:
                async with asyncio.timeout(limit.total_seconds() if limit is not None else None):
                    result = await wait_for_result(client, gated, stack.settings.poll_seconds, report)
                    if has_reports or output.is_json:
                        result = await for_reports(client, result, has_transcripts=has_transcripts)
            except TimeoutError:
                result = _cut_off(gated, seen[-1] if seen else None)
            display.end(result)
            return result

        return await asyncio.gather(*(result_of(gated) for gated in stack.gated_runs))


def _cut_off(gated: GatedRun, last: Status | None) -> Result:
    """Return the incomplete result of a session that is not waited for any longer."""
    from tornado_resource.runs.model import Ending, Result
    from tornado_resource.runs.verdict import make_verdict

    ending = Ending(last, "no verdict before --timeout stopped the wait", "cut_off")
    return Result(gated, make_verdict(gated, ending), last, cause=ending.cause)


class _Lines:
    """Prints a line for each change."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def progress(self, _gated: GatedRun, progress: Progress) -> None:
        self._output.say(progress.line)

    def end(self, result: Result) -> None:
        verdict = result.verdict
        self._output.say(f"{result.gated.name} {painted(verdict.outcome, verdict.outcome)}: {verdict.reason}")


@asynccontextmanager
async def _display(gated_runs: Sequence[GatedRun], output: Output) -> AsyncIterator[LiveTable | _Lines]:
    """Show the sessions in a live table if a person looks at a terminal, else in lines."""
    stream = sys.stderr if output.is_json else sys.stdout
    if output.is_quiet or not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield _Lines(output)
        return
    from tornado_resource.cli.live import LiveTable, redrawn

    table = LiveTable(gated_runs)
    async with redrawn(table.lines, is_stderr=output.is_json):
        yield table
