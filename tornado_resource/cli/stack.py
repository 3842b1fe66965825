"""What `wait`, `status` and `report` share: a stack's gated runs, their results now, and the exit code."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tornado_resource.bland.address import find_endpoint
from tornado_resource.cli.options import stacks
from tornado_resource.cli.output import ExitCode, painted
from tornado_resource.cli.unexpected import hide
from tornado_resource.core.clock import SYSTEM
from tornado_resource.core.positions import Checkout, Position
from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.ci import run_url
from tornado_resource.reports.model import Report
from tornado_resource.runs.kinds import kind_of
from tornado_resource.stacks.reader import read_recorded, read_stack, selected_stack
from tornado_resource.stacks.recorded_promotion import with_promoted_version
from tornado_resource.stacks.rollback import recorded_rollbacks
from tornado_resource.stacks.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tornado_resource.bland.address import Endpoint
    from tornado_resource.bland.client import Client
    from tornado_resource.cli.output import Output
    from tornado_resource.runs.model import GatedRun, Result
    from tornado_resource.stacks.reader import Stack
    from tornado_resource.stacks.recorded import RecordedRun
    from tornado_resource.stacks.recorded_promotion import Promotion
    from tornado_resource.stacks.rollback import Rollback
    from tornado_resource.stacks.settings import Settings

UNKNOWN_POSITION: Final = Position("", 0, 0)
"""Sorts before every real position."""


def stack_option(command: Any) -> Any:
    """Add the option `--stack` to a command, which receives it as *name*."""
    help_text = "The stack (default: the selected one)."
    add = click.option("--stack", "-s", "name", metavar="S", shell_complete=stacks, help=help_text)
    return add(command)


@dataclass(frozen=True)
class GatedStack:
    """A stack's gated runs in the order of their declarations, and how to reach the API.

    *not_started* has the results of the runs whose start was interrupted, and of those that were deleted for a
    replacement that was not started: there is nothing to read, so they are incomplete. *carried* has those of another
    stack that count here. *ungated* are those with `gate: none`, which have no verdict. *rollbacks*: what the stack has
    gone back to, by name. All of it comes from Pulumi's state and config.
    """

    stack: str
    project: str
    environment: str | None
    promotion: Promotion | None
    gated_runs: tuple[GatedRun, ...]
    not_started: tuple[Result, ...]
    carried: tuple[Result, ...]
    ungated: tuple[RecordedRun, ...]
    settings: Settings
    endpoint: Endpoint
    rollbacks: Mapping[str, Rollback] = field(default_factory=dict)

    def client(self) -> Client:
        """Return a client for the API, by the stack's config."""
        from tornado_resource.bland.client import Client

        return Client(self.endpoint, ignored=self.settings.ignored_content)

    def report(self, results: Iterable[Result]) -> Report:
        """Return a report, stamped with the present time, of *results* and of the runs that were not started here."""
        now = SYSTEM.now().isoformat(timespec="seconds").replace("+00:00", "Z")
        return Report(
            self.stack,
            self.environment,
            now,
            (*results, *self.carried, *self.not_started),
            self.promotion,
            run_url(os.environ),
            project=self.project,
            checkout=Checkout.of(os.environ),
            rollbacks=self.rollbacks,
        )


def read_gated_stack(name: str | None) -> GatedStack:
    """Return a stack of the project in this folder; the selected one if *name* is None.

    Raises:
        ConfigurationError: Pulumi cannot read the stack, it has no run, its config is invalid, or the API key is
            missing.

    """
    from tornado_resource.runs.verdict import unknown_result

    stack = read_stack(name or selected_stack())
    if not stack.runs and not stack.carried:
        message = f"stack {stack.name} has recorded no session or check run: run `pulumi up --stack {stack.name}` first"
        raise ConfigurationError(message)
    gated_runs = _gated_runs(stack)
    return GatedStack(
        stack=stack.name,
        project=stack.project,
        environment=stack.environment,
        promotion=stack.promotion,
        gated_runs=tuple(gated for run, gated in gated_runs if run.is_started),
        not_started=tuple(
            unknown_result(replace(gated, run_id=""), _why_not_started(run, stack.name))
            for run, gated in gated_runs
            if not run.is_started
        ),
        carried=stack.carried,
        ungated=tuple(run for run in stack.runs if run.gated is None),
        settings=read_settings(stack.config, stack.name),
        endpoint=endpoint_of(stack),
        rollbacks=recorded_rollbacks(stack.recorded),
    )


def endpoint_of(stack: Stack) -> Endpoint:
    """Return how to reach the API with a stack's config. Its API key is kept out of every later message.

    Raises:
        ConfigurationError: the API key is missing, in plain text, or it or the base URL is invalid.

    """
    hide(stack.config.get("bland:apiKey", ""))
    endpoint = find_endpoint(stack.config, os.environ, is_secret=not stack.has_plain_key, stack=stack.name)
    if endpoint.warning is not None:
        click.echo(f"warning: {endpoint.warning}", err=True)
    return endpoint


def _gated_runs(stack: Stack) -> list[tuple[RecordedRun, GatedRun]]:
    gated_runs = [(run, run.gated) for run in stack.runs]
    runs = [(run, with_promoted_version(gated, stack.promotion)) for run, gated in gated_runs if gated is not None]
    return sorted(runs, key=lambda entry: entry[1].position or UNKNOWN_POSITION)


def _why_not_started(run: RecordedRun, stack: str) -> str:
    if run.resource.is_interrupted:
        return interrupted(run.kind, stack)
    return f"it was not started: run `pulumi up --stack {stack}` again"


def interrupted(kind: str, stack: str) -> str:
    """Return what is known of a run whose start was interrupted, and what to do."""
    again = f"run `pulumi up --stack {stack}` again, which records the {kind_of(kind).noun} if one runs"
    return f"its start was interrupted: {again}"


async def for_reports(client: Client, result: Result, *, has_transcripts: bool) -> Result:
    """Return the result with what only reports show: the scenarios by name, and how the failed ones failed."""
    kind = kind_of(result.gated.kind)
    result = await kind.with_details(client, result)
    return await kind.with_transcripts(client, result) if has_transcripts else result


async def read_results(stack: GatedStack, *, has_names: bool = False, has_transcripts: bool = False) -> list[Result]:
    """Return the result of each of a stack's gated runs as of now; the API gets all requests at once.

    Args:
        stack: the stack.
        has_names: whether all scenarios that ran are wanted by name.
        has_transcripts: whether also the ends of failed runs are wanted.

    """
    from tornado_resource.runs.results import read_result

    async with stack.client() as client:

        async def result_of(gated: GatedRun) -> Result:
            kind = kind_of(gated.kind)
            result = await kind.with_drift(client, await read_result(client, gated))
            result = await kind.with_changes(client, result) if stack.settings.shows_changes else result
            return await for_reports(client, result, has_transcripts=has_transcripts) if has_names else result

        return await asyncio.gather(*(result_of(gated) for gated in stack.gated_runs))


def against(report: Report, name: str | None) -> Report:
    """Return a report that is compared with the last verdicts of the stack *name*; as it is without one.

    That they cannot be read is a warning, and said in the report: it decides nothing.
    """
    if name is None:
        return report
    from tornado_resource.reports.baseline import ITSELF, UNREADABLE, Baseline, baseline_of, is_same_stack

    if is_same_stack(name, report.stack, report.project):
        return replace(report, baseline=Baseline(name, problem=ITSELF))
    try:
        return replace(report, baseline=baseline_of(name, read_recorded(name)))
    except ConfigurationError as error:
        click.echo(f"warning: cannot compare with stack {name}: {error}", err=True)
        return replace(report, baseline=Baseline(name, problem=UNREADABLE))


def finish(report: Report, folder: str | None, output: Output) -> ExitCode:
    """Write the reports if *folder* is given, print what did not pass, and return the exit code."""
    from tornado_resource.reports.console import failure_message, quarantine_message
    from tornado_resource.reports.github import announce
    from tornado_resource.reports.writer import foreign_report, write_reports

    code = ExitCode.of(report.outcome)
    try:
        if folder is not None:
            other = foreign_report(Path(folder), report)
            if other is not None:
                click.echo(f"warning: {other}", err=True)
            write_reports(Path(folder), report)
            output.say(f"the reports are in {folder}")
    except ConfigurationError as error:
        click.echo(str(error), err=True)
        code = code or ExitCode.INVALID  # a gate that did not pass is the more important news
    announce(report, os.environ, output.tell)
    output.verdicts(report)
    excused = quarantine_message(report.results, report.day)
    if excused is not None:
        click.echo(f"warning: {excused}", err=True)
    message = failure_message(report.results, report.stack, "tornado-resource status")
    if message is not None:
        headline, *others = message.splitlines()
        click.echo("\n".join([painted(headline, report.outcome), *others]), err=True)
    if report.baseline is not None:
        from tornado_resource.reports.baseline import baseline_lines

        output.say("\n".join(baseline_lines(report.results, report.baseline)))
    return code
