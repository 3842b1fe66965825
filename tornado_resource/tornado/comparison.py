"""How a session at the API differs from the one that an order describes, as far as the API shows it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado_resource.bland.responses import folded, is_other
from tornado_resource.core.text import clean, count, id_list
from tornado_resource.runs.order import Found, StartedRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.bland.sessions import Active
    from tornado_resource.runs.order import Order


def found_run(order: Order, active: Active) -> Found:
    """Return the session that is active on the pathway of an order, and how it differs."""
    shown = {"max_iterations": active.max_iterations, "timeout_ms": active.timeout_ms}
    run = StartedRun(active.session_id, active.created_at, active.status, shown=shown)
    contradictions, doubts = tuple(_contradictions(order, active)), tuple(_doubts(order, active))
    return Found(run, active.responded_at, contradictions=contradictions, doubts=doubts)


def _contradictions(order: Order, active: Active) -> list[str]:
    """Return the differences that show that an active session was not started for an order."""
    return _other_persona(order, active) if _name_personas(order, active) else []


def _doubts(order: Order, active: Active) -> list[str]:
    """Return the differences that a session of the order itself may have: the API may store and count otherwise.

    It may lower a limit, say, or use a default persona where none is declared.
    """
    scenario_ids = order.request.get("scenario_ids")
    return [
        *([] if _name_personas(order, active) else _other_persona(order, active)),
        *_other_iterations(order, active),
        *other_timeout(order, active.timeout_ms),
        *(_other_scenarios(active, scenario_ids) if scenario_ids is not None else []),
    ]


def other_timeout(order: Order, timeout_ms: int | None) -> list[str]:
    """Return how the time limit of a session differs from that of an order, if both are known."""
    wanted = order.request.get("timeout_ms")
    if wanted is None or timeout_ms in {None, wanted}:
        return []
    return [f"its timeout_ms is {timeout_ms} (declared: {wanted})"]


def _name_personas(order: Order, active: Active) -> bool:
    """Return whether both an order and a session name a persona."""
    return bool(order.request.get("persona_id")) and bool(active.persona_id)


def _other_persona(order: Order, active: Active) -> list[str]:
    theirs, ours = active.persona_id or "", order.request.get("persona_id") or ""
    if not is_other(theirs, ours):
        return []
    return [f"its persona_id is {clean(theirs) or 'none'} (declared: {ours or 'none'})"]


def _other_iterations(order: Order, active: Active) -> list[str]:
    wanted = order.request.get("max_iterations")
    if wanted is None or active.max_iterations in {None, wanted}:
        return []
    return [f"its max_iterations is {active.max_iterations} (declared: {wanted})"]


def _other_scenarios(active: Active, declared: Sequence[str]) -> list[str]:
    # 0 may mean "not counted yet": the API's page does not say.
    if active.total_scenarios and active.total_scenarios != len({*map(folded, declared)}):
        return [f"it has {count(active.total_scenarios, 'scenario')} (declared: {len(declared)})"]
    if active.scenario_ids is None or {*map(folded, active.scenario_ids)} == {*map(folded, declared)}:
        return []
    return [f"its scenarios are {id_list(active.scenario_ids)} (declared: {id_list(declared)})"]
