"""Another session on the pathway: how it differs from an order, and what the user can do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import clean, count

if TYPE_CHECKING:
    from tornado_resource.bland.responses import Active
    from tornado_resource.sessions.order import Order

SUPERSEDE: Final = "pulumi up --config tornado:onConflict=supersede; pulumi config rm tornado:onConflict"
"""Pulumi writes `--config` into the stack's file. Without the second command, later runs would cancel sessions too."""


def differences(order: Order, active: Active) -> list[str]:
    """Return the differences between an active session and an order, as far as the *active* response shows them."""
    request = order.request
    found = []
    if active.persona_id != request.get("persona_id"):
        theirs, ours = active.persona_id or "none", request.get("persona_id") or "none"
        found.append(f"its persona_id is {clean(theirs)} (declared: {ours})")
    wanted = request.get("max_iterations")
    if wanted is not None and active.max_iterations not in {None, wanted}:
        found.append(f"its max_iterations is {active.max_iterations} (declared: {wanted})")
    scenario_ids = request.get("scenario_ids")
    # 0 may mean "not counted yet": the API's page does not say.
    if scenario_ids is not None and active.total_scenarios and active.total_scenarios != len(scenario_ids):
        found.append(f"it has {count(active.total_scenarios, 'scenario')} (declared: {len(scenario_ids)})")
    return found


def conflict_message(order: Order, active: Active) -> str:
    """Return the message for a conflict: the active session, and the commands that adopt or supersede it."""
    session_id = clean(active.session_id)
    since = f" since {clean(active.created_at)}" if active.created_at else ""
    return (
        f"session {session_id} is already active on pathway {order.pathway_id}{since}, "
        f"and the API runs one session at a time there.\n"
        f"To take it over:    pulumi config set --path tornado:adopt.{order.name} {session_id} && pulumi up\n"
        f"To cancel it first: {SUPERSEDE}"
    )
