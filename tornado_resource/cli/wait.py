"""`tornado-resource wait`: enforce the gate outside of `pulumi up`."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from tornado_resource.cli.exit_codes import ExitCode
from tornado_resource.cli.stack import finish, read_gated_stack, stack_option
from tornado_resource.core.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from tornado_resource.cli.live import LiveTable
    from tornado_resource.cli.stack import GatedStack
    from tornado_resource.gate.model import GatedSession, Result
    from tornado_resource.gate.polling import Progress


@click.command("wait")
@stack_option
def command(name: str | None) -> ExitCode:
    """Wait for a stack's sessions and enforce their gates.

    Needs only the stack's state and config, so it runs on any machine; it starts and records nothing. In a terminal it
    shows a live table, elsewhere a line for each change. It writes the reports if config tornado:reports is set.
    """
    with _sigterm_as_ctrl_c():
        return _wait(read_gated_stack(name))


def _wait(stack: GatedStack) -> ExitCode:
    if not stack.gated_sessions and not stack.not_started:
        click.echo(f"stack {stack.stack} has no session with a gate: nothing to wait for")
        return ExitCode.PASSED
    click.echo(
        f"waiting for {count(len(stack.gated_sessions), 'session')} of stack {stack.stack}; Ctrl-C leaves them running"
    )
    try:
        results = asyncio.run(_results(stack))
    except KeyboardInterrupt:
        resume = f"tornado-resource wait --stack {stack.stack}"
        click.echo(f"\nInterrupted. Sessions keep running; resume with: {resume}", err=True)
        return ExitCode.INTERRUPTED
    return finish(stack.report(results), stack.settings.reports)


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


async def _results(stack: GatedStack) -> list[Result]:
    from tornado_resource.bland.client import Client
    from tornado_resource.gate.results import wait_for_result

    live = _live_table(stack)
    async with Client(stack.endpoint) as client:

        async def result_of(gated: GatedSession) -> Result:
            show = live.progress(gated) if live is not None else _echo
            result = await wait_for_result(client, gated, stack.settings.poll_seconds, show)
            if live is not None:
                live.end(result)
            else:
                click.echo(f"{gated.name} {result.verdict.outcome}: {result.verdict.reason}")
            return result

        with live.shown if live is not None else nullcontext():
            return await asyncio.gather(*(result_of(gated) for gated in stack.gated_sessions))


def _live_table(stack: GatedStack) -> LiveTable | None:
    if not sys.stdout.isatty():
        return None
    from tornado_resource.cli.live import LiveTable

    return LiveTable(stack.gated_sessions)


def _echo(progress: Progress) -> None:
    click.echo(progress.line)
