"""Another run in the place of an order: how it differs, and what the user can do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado_resource.core.text import clean
from tornado_resource.errors import TornadoError
from tornado_resource.runs import commands
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from pathlib import Path

    from tornado_resource.runs.order import Found, Order, Trace


class PlaceTaken(TornadoError):
    """Another run holds the place of an order.

    Args:
        order: what could not be started.
        holder: the run that holds its place.
        note: why `on_conflict` could not solve it.
        may_be_own: whether a start of the order may have created the run.

    """

    def __init__(self, order: Order, holder: Found, note: str = "", *, may_be_own: bool = False) -> None:
        self.order = order
        self.found = holder
        self.note = note
        super().__init__(_message(order, holder, note, _advice(order, holder, may_be_own=may_be_own)))

    def of_own_stack(self, urn: str) -> TornadoError:
        """Return the error for a run that this stack has recorded already, as the resource *urn*."""
        return TornadoError(_message(self.order, self.found, self.note, _own_advice(self.order, urn)))


def possibly_own(order: Order, run: Found) -> PlaceTaken:
    """Return the error for a run that a start of *order* may have created, although it differs (`doubts`)."""
    note = (
        "A start of this stack may have created it, since the response was lost or an error, but that is not sure: "
        f"{'; '.join(run.doubts)}.\n"
        "If it is its own, declare what it runs, then run one of these commands. If it is not, run "
        f"`{commands.up(order.address.stack)}` again once it has ended"
    )
    return PlaceTaken(order, run, note, may_be_own=True)


def possibly_own_ended(order: Order, run: Found, intent_file: Path) -> TornadoError:
    """Return the error for a run that has ended, and that a start of *order* may have created (`doubts`)."""
    kind, address = kind_of(order.kind), order.address
    message = (
        f"a start of {order.name} may have taken effect, although its response was lost or an error: {kind.noun} "
        f"{clean(run.run_id)} ({clean(run.run.status, 40)}) on {kind.place(order.request)} may be the one, but that is "
        f"not sure: {'; '.join(run.doubts)}. Nothing was sent again. If it is this stack's, take it over: "
        f"{commands.adopt(address.stack, address.resource, run.run_id)}. If it is not, delete "
        f"{clean(str(intent_file))}, so that the next `{commands.up(address.stack)}` starts one"
    )
    return TornadoError(message)


def has_ended(order: Order, trace: Trace, intent_file: Path) -> TornadoError:
    """Return the error for a start whose response was lost, and whose run has ended before it could be looked for."""
    kind, address = kind_of(order.kind), order.address
    if trace.created_at is None or not trace.is_named:
        doubt = "the API does not show when, or for what, test runs there were created"
        return may_have_ended(order, doubt, intent_file)
    message = (
        f"a start of {order.name} took effect, although its response was lost: {kind.place(order.request)} has test "
        f"runs of a {kind.noun} created after it was sent ({clean(trace.created_at, 40)}), but it is not active there. "
        f"Nothing was sent again. Find the {kind.noun}'s id in Bland's dashboard and take it over: "
        f"{commands.adopt(address.stack, address.resource, 'SESSION_ID')}. If it is not this stack's, delete "
        f"{clean(str(intent_file))}, so that the next `{commands.up(address.stack)}` starts one"
    )
    return TornadoError(message)


def may_have_ended(order: Order, doubt: str, intent_file: Path) -> TornadoError:
    """Return the error for a start whose response was lost, and of which it cannot be said whether it took effect."""
    kind, address = kind_of(order.kind), order.address
    message = (
        f"a start of {order.name}, whose response was lost, may have taken effect: no {kind.noun} of it is active on "
        f"{kind.place(order.request)}, but one may have ended ({doubt}). Nothing was sent again. If Bland's dashboard "
        f"shows it, take it over: {commands.adopt(address.stack, address.resource, 'SESSION_ID')}. If it does not, "
        f"delete {clean(str(intent_file))}, so that the next `{commands.up(address.stack)}` starts one"
    )
    return TornadoError(message)


def _message(order: Order, run: Found, note: str, advice: str) -> str:
    kind, created_at = kind_of(order.kind), run.run.created_at
    since = f" since {clean(created_at)}" if created_at else ""
    first = (
        f"{kind.noun} {clean(run.run_id)} is already active on {kind.place(order.request)}{since}, "
        f"and the API runs one {kind.noun} at a time there."
    )
    return "\n".join(part for part in (first, advice, note) if part)


def _advice(order: Order, run: Found, *, may_be_own: bool) -> str:
    address = order.address
    # What differs is not taken over; nothing that could be declared makes a contradiction the same.
    first = "declare what it runs, then " if run.doubts and not may_be_own else ""
    take_over = f"To take it over:    {first}{commands.adopt(address.stack, address.resource, run.run_id)}\n"
    wait = f"To wait for it:     {commands.on_conflict(address.stack, address.resource, 'wait')}\n"
    cancel = f"To cancel it first: {commands.on_conflict(address.stack, address.resource, 'supersede')}"
    # Nobody waits for what may be the stack's own, or again for what has just been waited for.
    waits = not may_be_own and order.on_conflict != "wait"
    return ("" if run.contradictions else take_over) + (wait if waits else "") + cancel


def _own_advice(order: Order, urn: str) -> str:
    """Return the advice for a run of this stack: nothing that starts another one, or gives it a second resource."""
    name, address, kind = urn.rpartition("::")[2], order.address, kind_of(order.kind)
    if name != address.resource:
        return (
            f"It is this stack's own {kind.noun}, recorded as {name}.\n"
            f"If {address.resource} is its new name: {commands.rename(address, urn)}\n"
            f"{_in_order(order, name)}"
        )
    advice = (
        f"It is this stack's own {kind.noun}, recorded as {urn}.\n"
        f"To keep it:      {commands.on_conflict(address.stack, name, 'adopt')}\n"
        f"To run it again: do that, without `retain_on_delete` in its options, then change `triggers` of {name}"
    )
    is_other = urn != address.urn(kind.resource_type)  # it has got another parent, or two components have that name
    return f"{advice}\n{_in_order(order, urn)}" if is_other else advice


def _in_order(order: Order, first: str) -> str:
    return (
        f'If both are declared: pass on_conflict="wait" to {order.address.resource}, and {first} as depends_on in its '
        "options, so that it starts when that one has ended"
    )


def held_already(order: Order, run_id: str, urn: str) -> TornadoError:
    """Return the error for a run that cannot be taken over since the resource *urn* of the same stack holds it."""
    noun = kind_of(order.kind).noun
    first = (
        f"{noun} {clean(run_id)} belongs to {urn} of this stack and cannot be adopted: two resources of one {noun} "
        "would cancel it for each other"
    )
    return TornadoError(f"{first}.\n{_own_advice(order, urn)}")
