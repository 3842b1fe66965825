"""Another session that is active on the pathway: how it differs from an order, and what the user can do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import clean

if TYPE_CHECKING:
    from tornado_resource.bland.responses import Active
    from tornado_resource.sessions.order import Order

SUPERSEDE: Final = "pulumi up --config tornado:onConflict=supersede; pulumi config rm tornado:onConflict"
"""Pulumi keeps what `--config` sets in the stack's file, where it would cancel sessions in every later run."""


def differences(order: Order, active: Active) -> list[str]:
    """Return how an active session differs from an order, as far as the *active* response shows it."""
    request = order.request
    found = []
    if active.persona_id != request.get("persona_id"):
        theirs, ours = active.persona_id or "none", request.get("persona_id") or "none"
        found.append(f"its persona_id is {clean(theirs)}, declared is {ours}")
    wanted = request.get("max_iterations")
    if wanted is not None and active.max_iterations not in {None, wanted}:
        found.append(f"its max_iterations is {active.max_iterations}, declared is {wanted}")
    scenario_ids = request.get("scenario_ids")
    if scenario_ids is not None and active.total_scenarios not in {None, 0, len(scenario_ids)}:
        found.append(f"it runs {active.total_scenarios} scenarios, declared are {len(scenario_ids)}")
    return found


def conflict_message(order: Order, active: Active) -> str:
    """Return which session is active, since when, and the commands that adopt or supersede it."""
    session_id = clean(active.session_id)
    since = f" since {clean(active.created_at)}" if active.created_at else ""
    return (
        f"session {session_id} is already active on pathway {order.pathway_id}{since}, "
        f"and the API runs one session at a time there.\n"
        f"To take it over:    pulumi config set --path tornado:adopt.{order.name} {session_id} && pulumi up\n"
        f"To cancel it first: {SUPERSEDE}"
    )
