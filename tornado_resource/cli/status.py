"""`tornado-resource status`: a stack's sessions and check runs as of now."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from tornado_resource.bland.content import short
from tornado_resource.cli.options import Command
from tornado_resource.cli.output import ExitCode, format_option, painted, quiet_option
from tornado_resource.cli.stack import interrupted, read_gated_stack, read_results, stack_option
from tornado_resource.core.text import clean, clean_json, count
from tornado_resource.declarations.model import Gate
from tornado_resource.errors import ApiError
from tornado_resource.reports.outcomes import quarantine_views

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.sessions import Status
    from tornado_resource.cli.stack import GatedStack
    from tornado_resource.reports.model import Report
    from tornado_resource.runs.model import Result, RunVerdict
    from tornado_resource.stacks.recorded import RecordedRun


@dataclass(frozen=True, slots=True)
class _Ungated:
    """A run without a gate, and its status, or why that is unknown."""

    recorded: RecordedRun
    status: Status | None = None
    problem: str = ""


@click.command("status", cls=Command)
@stack_option
@format_option("text", "json")
@quiet_option
def command(name: str | None, output: str, *, quiet: bool) -> ExitCode:
    """Show the current status of a stack's sessions and check runs, and whether tested versions were edited since.

    It does not wait.

    The exit code is that of the verdicts; what is still running is incomplete. A run without a gate has no verdict.
    With --quiet, only the runs that have not passed are shown.
    """
    stack = read_gated_stack(name)
    results, ungated = asyncio.run(_read(stack, has_names=output == "json"))
    report = stack.report(results)
    if output == "json":
        click.echo(_as_json(report, ungated))
    else:
        listed = [result for result in report.results if not quiet or result.verdict.outcome != "passed"]
        lines = [f"{clean(name)} is {rollback}" for name, rollback in report.rollbacks.items()]
        lines += _lines(listed, [] if quiet else ungated, report.day)
        click.echo("\n".join(lines), nl=bool(lines))
    return ExitCode.of(report.outcome)


async def _read(stack: GatedStack, *, has_names: bool) -> tuple[list[Result], list[_Ungated]]:
    results = await read_results(stack, has_names=has_names)
    async with stack.client() as client:
        return results, await asyncio.gather(*(_read_ungated(client, run, stack.stack) for run in stack.ungated))


async def _read_ungated(client: Client, recorded: RecordedRun, stack: str) -> _Ungated:
    from tornado_resource.runs.existence import status_or_gone

    resource = recorded.resource
    if resource.is_interrupted:
        return _Ungated(recorded, problem=interrupted(recorded.kind, stack))
    if resource.is_replaced:
        return _Ungated(recorded, problem="it was deleted for a replacement that was not started")
    try:
        status = await status_or_gone(client, recorded.run)
    except ApiError as error:
        return _Ungated(recorded, problem=f"the API request failed: {recorded.under(Gate()).public(str(error))}")
    return _Ungated(recorded, status, "" if status is not None else "the API no longer knows it")


def _as_json(report: Report, ungated: Sequence[_Ungated]) -> str:
    """Return `verdicts.json` with the runs that have no gate."""
    from tornado_resource.reports.verdicts_json import verdicts_json

    content: dict[str, Any] = json.loads(verdicts_json(report))
    content["without_gate"] = {ungated_run.recorded.name: _ungated_as_json(ungated_run) for ungated_run in ungated}
    return clean_json(json.dumps(content, indent=2))


def _ungated_as_json(ungated: _Ungated) -> dict[str, Any]:
    recorded, status = ungated.recorded, ungated.status
    under_default_gate = recorded.under(Gate())
    return {
        "kind": recorded.kind,
        "session_id": recorded.run_id,
        "pathway_id": under_default_gate.shown_pathway,
        "agent_id": under_default_gate.shown_agent,
        "env": under_default_gate.request.get("env"),
        "status": status.status if status is not None else None,
        "problem": ungated.problem or None,
    }


def _lines(results: Sequence[Result], ungated: Sequence[_Ungated], day: date) -> Iterator[str]:
    names = [*(result.gated.name for result in results), *(ungated_run.recorded.name for ungated_run in ungated)]
    width = max(map(len, names), default=0)
    for result in results:
        verdict = result.verdict
        yield (
            f"{result.gated.name:<{width}}  {painted(f'{verdict.outcome:<10}', verdict.outcome)}  "
            f"{clean(verdict.session_id, 80)}  {_state(verdict.status, result.status)}: {clean(verdict.reason, 1000)}"
            f"{_version(verdict)}"
        )
        if result.drift is not None:
            yield f"{'':<{width}}  {clean(result.drift, 1000)}"
        for view in quarantine_views(result, day):
            text = f"in quarantine: {clean(view.label, 100)} {view.state}: {clean(view.entry.reason)}"
            yield f"{'':<{width}}  {text}"
    for ungated_run in ungated:
        state = _state(ungated_run.status.status if ungated_run.status is not None else None, ungated_run.status)
        remark = ungated_run.problem or _tally(ungated_run.status)
        yield (
            f"{ungated_run.recorded.name:<{width}}  {'no gate':<10}  {clean(ungated_run.recorded.run_id, 80)}  {state}"
            f"{': ' if remark else ''}{clean(remark, 1000)}"
        )


def _state(word: str | None, status: Status | None) -> str:
    iteration = f" iteration {status.current_iteration}" if status and status.current_iteration is not None else ""
    return f"{clean(word, 40) if word else 'unknown'}{iteration}"


def _tally(status: Status | None) -> str:
    if status is None or status.total_scenarios is None:
        return ""
    return f"{status.passed_scenarios or 0} of {count(status.total_scenarios, 'scenario')} passed"


def _version(verdict: RunVerdict) -> str:
    """Return the version that a verdict is for: of a session with its content, of a check run as it is published."""
    content = short(verdict.content) if verdict.content else None
    parts = (verdict.version_id, verdict.semver) if verdict.version_id is not None else (verdict.version, content)
    texts = [clean(str(part)) for part in parts if part is not None]
    return f" (version {', '.join(texts)})" if parts[0] is not None else ""
