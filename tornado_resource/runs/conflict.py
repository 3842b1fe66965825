"""Another session on the pathway: how it differs from an order, and what the user can do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado_resource.bland.responses import folded, is_other
from tornado_resource.core.text import clean, count, id_list
from tornado_resource.errors import TornadoError
from tornado_resource.runs import commands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.bland.responses import Active
    from tornado_resource.runs.order import Address, Order


class PathwayBusy(TornadoError):
    """Another session is active on the pathway. *note*: why `on_conflict` could not solve it."""

    def __init__(self, order: Order, active: Active, note: str = "") -> None:
        self.order = order
        self.active = active
        self.note = note
        super().__init__(_message(order, active, note, _advice(order.address, active)))

    def of_own_stack(self, urn: str) -> TornadoError:
        """Return the error for a session that this stack has recorded already, as the resource *urn*."""
        return TornadoError(
            _message(self.order, self.active, self.note, _own_advice(self.order.address, self.active, urn))
        )


def possibly_own(order: Order, active: Active) -> PathwayBusy:
    """Return the error for a session that a start of *order* may have created, although it differs (`doubts`)."""
    note = (
        "A start of this stack may have created it, since the response was lost or an error, but it differs: "
        f"{'; '.join(doubts(order, active))}.\n"
        "If it is its own, declare what it runs, then run one of these commands. If it is not, run "
        f"`{commands.up(order.address.stack)}` again once it has ended"
    )
    return PathwayBusy(order, active, note)


def differences(order: Order, active: Active) -> list[str]:
    """Return the differences between an active session and an order, as far as the *active* response shows them."""
    return [*contradictions(order, active), *doubts(order, active)]


def contradictions(order: Order, active: Active) -> list[str]:
    """Return the differences that show that an active session was not started for an order."""
    return _other_persona(order, active) if _name_personas(order, active) else []


def doubts(order: Order, active: Active) -> list[str]:
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


def _message(order: Order, active: Active, note: str, advice: str) -> str:
    since = f" since {clean(active.created_at)}" if active.created_at else ""
    first = (
        f"session {clean(active.session_id)} is already active on pathway {order.pathway_id}{since}, "
        f"and the API runs one session at a time there."
    )
    return "\n".join(part for part in (first, advice, note) if part)


def _advice(address: Address, active: Active) -> str:
    return (
        f"To take it over:    {commands.adopt(address.stack, address.resource, active.session_id)}\n"
        f"To cancel it first: {commands.on_conflict(address.stack, address.resource, 'supersede')}"
    )


def _own_advice(address: Address, active: Active, urn: str) -> str:
    """Return the advice for a session of this stack: nothing that starts another one."""
    name = urn.rpartition("::")[2]
    if name == address.resource:  # it has got another parent, say, or its replacement did not delete it first
        return (
            f"It is this stack's own session, recorded as {urn}.\n"
            f"To keep it:      {commands.on_conflict(address.stack, name, 'adopt')}\n"
            f"To run it again: do that, then change `triggers` of {name}"
        )
    return (
        f"It is this stack's own session, recorded as {name}.\n"
        f"If {address.resource} is its new name: {commands.rename(address, urn)}\n"
        f"Or take it over: {commands.adopt(address.stack, address.resource, active.session_id)}"
    )
