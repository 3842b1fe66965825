"""Whether a declaration runs again: because it has changed, or because of how its last run ended. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.declarations.model import REQUEST_FIELDS, Gate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.runs.model import GatedSession, Outcome, SessionVerdict

REPLACING: Final = (*REQUEST_FIELDS, "triggers", "definitions")
"""A change of one of these replaces the session: a new run. `definitions` is the digest of its declared scenarios."""
UPDATING: Final = ("gate", "rerun", "on_conflict", "on_destroy")
"""A change of one of these is recorded in place. It starts nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """The changed properties that replace the session, and those that are updated in place."""

    replaces: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()


def compare(recorded: Mapping[str, Any], declared: Mapping[str, Any]) -> Change:
    """Return the difference between the recorded declaration and the current one."""
    return Change(
        tuple(key for key in REPLACING if _differ(recorded.get(key), declared.get(key))),
        tuple(key for key in UPDATING if _differ(recorded.get(key), declared.get(key))),
    )


def _differ(old: Any, new: Any) -> bool:
    return _canonical(old) != _canonical(new)


def _canonical(value: Any) -> str:
    """Return JSON text in which 5 and 5.0 are equal (Pulumi turns numbers into floats), but 1 and true are not.

    Anything that is not JSON is a value that a preview does not know yet. It differs from every recorded value.
    """
    return json.dumps(whole_without_nulls(value), sort_keys=True, default=lambda unknown: f"<{type(unknown).__name__}>")


ANY: Final = Gate("any")
"""The gate by which a session with `gate: none` is judged: its outcome does not matter."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """What is known of a recorded session: whether it has ended, and what its gate says then.

    *gate*: the gate that *outcome* and *reason* are judged by. *drift*: how what it tested has changed since it passed.
    *problem*: why nothing is known: a failed request.
    """

    session_id: str
    gate: Gate
    state: Literal["ended", "running", "unknown", "gone"] = "unknown"
    outcome: Outcome | None = None
    reason: str = ""
    drift: str | None = None
    problem: str | None = None

    @classmethod
    def recorded(cls, verdict: SessionVerdict) -> Self:
        """Return the last run that the verdict on a session that has ended is about."""
        return cls(verdict.session_id, verdict.gate, "ended", verdict.outcome, verdict.reason)

    @classmethod
    def unsettled(cls, gated: GatedSession) -> Self:
        """Return the last run of a session that has not ended, by its status, which is None if it is gone."""
        if gated.status is None:
            return cls(gated.session_id, gated.gate, "gone")
        return cls(gated.session_id, gated.gate, "running" if gated.status.is_running else "unknown")

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """Return what `asdict` of a last run has become on its way through Pulumi's engine."""
        return cls(**{**value, "gate": Gate.of(value["gate"])})


def must_be_known(rerun: str, gate: Gate | None) -> bool:
    """Return whether a rerun depends on how the last run ended."""
    return rerun == "always" or (rerun in {"on_failure", "on_drift"} and gate is not None)


def rerun_reason(rerun: str, gate: Gate | None, last: LastRun) -> str | None:
    """Return why an unchanged declaration runs again (docs/lifecycle.md), or None if it does not.

    Args:
        rerun: `on_failure`, `on_change`, `always` or `on_drift`.
        gate: what must hold; None for `gate: none`.
        last: the recorded session. One that still runs is resumed, whatever *rerun* is, and one that is gone is left to
            `pulumi refresh`.

    """
    if last.state in {"running", "gone"} or not must_be_known(rerun, gate):
        return None
    if rerun == "always":
        return "rerun is `always`"
    if rerun == "on_drift" and last.drift is not None:
        return last.drift
    # An unknown status may be that of a session that still runs: starting another one could cancel good work.
    if last.state == "unknown" or last.outcome == "passed":
        return None
    return f"the last run did not meet its gate: {last.reason}"
