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
    scenarios: tuple[Scenario, ...] = (),
) -> str | None:
    """Return why an unchanged declaration runs again (docs/lifecycle.md), or None if it does not.

    Args:
        rerun: `on_failure`, `on_change` or `always`.
        gate: what must hold; None for `gate: none`.
        status: the recorded session's. One that still runs is resumed, whatever *rerun* is.
        declared: as for `judge`.
        scenarios: as for `judge`.

    """
    if status.is_running or rerun == "on_change":
        return None
    if rerun == "always":
        return "rerun is `always`"
    # An unknown status may be that of a session that still runs: starting another one could cancel good work.
    if gate is None or not status.is_final:
        return None
    outcome, reason = judge(gate, Ending(status), declared=declared, scenarios=scenarios)
    return None if outcome == "passed" else f"the last run did not meet its gate: {reason}"
