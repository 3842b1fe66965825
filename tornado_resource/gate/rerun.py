"""Whether an unchanged declaration runs again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado_resource.gate.judging import judge
from tornado_resource.gate.model import Ending

if TYPE_CHECKING:
    from tornado_resource.bland.responses import Scenario, Status
    from tornado_resource.declarations.model import Gate


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
