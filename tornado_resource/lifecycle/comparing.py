"""What a changed declaration, or the end of a run, means for the recorded session. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.declarations.model import REQUEST_FIELDS
from tornado_resource.gate.judging import Ending, judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.models import Scenario, Status
    from tornado_resource.declarations.model import Gate

REPLACING: Final = (*REQUEST_FIELDS, "triggers")
"""A change of one of these is another run."""
UPDATING: Final = ("gate", "rerun", "on_conflict", "on_destroy")
"""A change of one of these is recorded, and starts nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """The properties whose change replaces the session, and those that are only recorded."""

    replaces: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()


def compare(recorded: Mapping[str, Any], declared: Mapping[str, Any]) -> Change:
    """Compare what was declared for the recorded session with what is declared now."""
    return Change(
        tuple(key for key in REPLACING if _differ(recorded.get(key), declared.get(key))),
        tuple(key for key in UPDATING if _differ(recorded.get(key), declared.get(key))),
    )


def rerun_reason(
    rerun: str,
    gate: Gate | None,
    status: Status,
    *,
    declared: int | None = None,
    required: tuple[Scenario, ...] = (),
) -> str | None:
    """Say why an unchanged declaration runs again (design, section 6), or None when it does not.

    *status* is the recorded session's; one that still runs is resumed, whatever *rerun* says. *declared* and *required*
    are as for `judge`.
    """
    if status.is_running or rerun == "on_change":
        return None
    if rerun == "always":
        return "rerun is `always`"
    if gate is None or not status.is_final:
        return None
    outcome, reason = judge(gate, Ending(status), declared=declared, required=required)
    return None if outcome == "passed" else f"the last run did not meet its gate: {reason}"


def _differ(old: Any, new: Any) -> bool:
    return _canonical(old) != _canonical(new)


def _canonical(value: Any) -> str:
    """Write a value so that 5 and 5.0 are alike (Pulumi carries floats), but 1 and true are not.

    What is no JSON is a value that a preview cannot know yet: it differs from anything that was recorded.
    """
    return json.dumps(_whole(value), sort_keys=True, default=lambda unknown: f"<{type(unknown).__name__}>")


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [_whole(entry) for entry in value]
    return value
