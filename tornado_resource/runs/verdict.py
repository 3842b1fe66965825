"""From the ending of a run to its verdict. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado_resource.core.canonical import digest
from tornado_resource.core.text import clean, count
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import STILL_RUNNING, Ending, Result, RunVerdict

if TYPE_CHECKING:
    from tornado_resource.bland.listing import Scenario
    from tornado_resource.bland.sessions import Status
    from tornado_resource.runs.model import Cause, GatedRun, Outcome


def make_verdict(gated: GatedRun, ending: Ending, scenarios: tuple[Scenario, ...] = ()) -> RunVerdict:
    """Judge one run and return its verdict.

    Args:
        gated: the run and its gate.
        ending: how the wait for it ended.
        scenarios: the pathway's scenarios, for `passed: promotion`.

    """
    outcome, reason = judge(gated, ending, scenarios)
    return RunVerdict(
        outcome=outcome,
        reason=reason,
        session_id=gated.run_id,
        status=(ending.status.status or None) if ending.status is not None else None,
        gate=gated.gate,
        declaration=digest(gated.request),
        elapsed_ms=ending.status.elapsed_ms if ending.status is not None else None,
        kind=gated.kind,
        **kind_of(gated.kind).facts(gated, ending.status, outcome),
    )


def judge(gated: GatedRun, ending: Ending, scenarios: tuple[Scenario, ...] = ()) -> tuple[Outcome, str]:
    """Return the outcome of a run and its reason in a short sentence; the arguments are those of `make_verdict`.

    What was not waited for to the end is `incomplete`, and so are an unknown status and one that says nothing of what
    was tested. What was stopped is `failed`. Of a run that completed, its kind judges the results.
    """
    status, kind = ending.status, kind_of(gated.kind)
    if ending.given_up is not None:
        return "incomplete", ending.given_up
    if status is None:
        return "incomplete", "its status is unknown"
    if status.is_running:
        return "incomplete", STILL_RUNNING
    if not status.is_final:
        return "incomplete", f"unknown status {clean(status.status, 60)}"
    meaning = kind.statuses[status.status]
    if meaning.says_nothing:
        return "incomplete", f"{meaning.failure} ({status.status}{_cause(status)})"
    if meaning.failure is not None:
        return "failed", f"{meaning.failure} ({status.status}{_tally(status)})"
    return kind.judge(gated, status, scenarios)


def _tally(status: Status) -> str:
    if status.passed_scenarios is None or status.total_scenarios is None:
        return ""
    return f", {status.passed_scenarios} of {count(status.total_scenarios, 'scenario')} passed"


def _cause(status: Status) -> str:
    return f": {clean(status.error_message)}" if status.error_message is not None else ""


def unknown_result(gated: GatedRun, reason: str, cause: Cause | None = None) -> Result:
    """Return the incomplete result of a run whose status is unknown, for *reason*."""
    return Result(gated, make_verdict(gated, Ending(None, reason)), cause=cause)
