"""The start call as a state machine: what to do next, given what has happened. Pure.

::

    (intent written) → Send → Answered ───────────────────────────────→ the session is ours
                         │
                         ├─ Faulted: cannot have arrived ─────────────→ Send, while tries are left
                         ├─ Faulted: plain refusal (4xx) ─────────────→ Fail
                         └─ Faulted: conflict, busy, anything unclear → Look
                       Look → Seen(None) ─ looked often enough ───────→ Send, while tries are left
                         ├─ Seen(a session that is ours) ─────────────→ Take
                         ├─ Seen(a foreign one) ── on_conflict ───────→ Take, Wait, Supersede, or Fail
                         └─ Blind ────────────────────────────────────→ Fail, and the intent stays
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tornado_resource.errors import ApiError, Conflict, NotFound, Rejected, TornadoError, Unanswered, Unsent
from tornado_resource.text import clean

if TYPE_CHECKING:
    from tornado_resource.bland.models import Active
    from tornado_resource.lifecycle.starting import Order

SUPERSEDE: Final = "pulumi up --config tornado:onConflict=supersede; pulumi config rm tornado:onConflict"
"""`--config` is kept in the stack's file, and would cancel whoever holds the pathway ever after."""
TRIES: Final = 4
PAUSES_SECONDS: Final = (0.5, 1.0, 2.0)
SECOND_LOOK_SECONDS: Final = 1.0
_BUSY_CODES: Final = frozenset({429, 503})
_UNCLEAR_CODES: Final = frozenset({408, 425})


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of one order.

    *sent* counts the requests that went out. *is_ambiguous*: one of them may have taken effect unseen. *looks_due*:
    how often *active* must still say "none" before the last one is known to have had no effect.
    """

    sent: int = 0
    is_ambiguous: bool = False
    looks_due: int = 0
    fault: ApiError | None = None


@dataclass(frozen=True, slots=True)
class Faulted:
    """A start call ended in this error."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class Seen:
    """*Active* told who runs on the pathway, and *is_ours* whether that can be a session of this order."""

    active: Active | None
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Blind:
    """*Active* could not be asked."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class Freed:
    """The pathway is free: the other session has ended."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send the start call, after a pause."""

    pause_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """Ask *active*, after a pause."""

    pause_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Take:
    """Record this session; *adopted* when it was started by somebody else."""

    active: Active
    adopted: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until the other session has ended."""

    active: Active


@dataclass(frozen=True, slots=True)
class Supersede:
    """Cancel the other session."""

    active: Active


@dataclass(frozen=True, slots=True)
class Fail:
    """Give up with this error; *is_certain*: no session of this order runs, so its intent may go."""

    error: TornadoError
    is_certain: bool


Event = Faulted | Seen | Blind | Freed
Action = Send | Look | Take | Wait | Supersede | Fail


def step(order: Order, progress: Progress, event: Event) -> tuple[Progress, Action]:
    """Decide what follows from *event*. The caller counts a `Send` in *progress* when it sends."""
    match event:
        case Faulted(error=error):
            return _after_fault(replace(progress, fault=error), error)
        case Seen(active=None):
            return _after_nobody(order, replace(progress, looks_due=progress.looks_due - 1))
        case Seen(active=active, is_ours=is_ours):
            assert active is not None  # noqa: S101 - the case above is the other one
            return progress, _after_somebody(order, progress, active, is_ours=is_ours)
        case Blind(error=error):
            return progress, Fail(_unknown(order, progress, error), is_certain=False)
        case Freed():
            # Another session held the pathway: nothing that was sent before can have taken effect.
            return replace(progress, is_ambiguous=False, looks_due=0), _again(progress, 0.0)


def _after_fault(progress: Progress, error: ApiError) -> tuple[Progress, Action]:
    match error:
        case Unsent():
            return progress, _again(progress)
        case Conflict():
            return replace(progress, looks_due=1), Look()
        case Rejected(status_code=code) if code in _BUSY_CODES:
            return replace(progress, looks_due=1), Look()
        case NotFound():
            return progress, Fail(error, is_certain=not progress.is_ambiguous)
        case Rejected(status_code=code) if 400 <= code < 500 and code not in _UNCLEAR_CODES:
            return progress, Fail(error, is_certain=not progress.is_ambiguous)
        case _:
            return replace(progress, is_ambiguous=True, looks_due=2), Look()


def _after_nobody(order: Order, progress: Progress) -> tuple[Progress, Action]:
    fault = progress.fault
    if progress.looks_due > 0:
        return progress, Look(SECOND_LOOK_SECONDS)
    if isinstance(fault, Rejected) and 300 <= fault.status_code < 400:
        return progress, Fail(fault, is_certain=True)
    if isinstance(fault, Conflict) and progress.sent >= TRIES:
        message = f"pathway {order.pathway_id} was refused as busy, and no session is active on it; try again later"
        return progress, Fail(TornadoError(message), is_certain=True)
    return progress, _again(progress)


def _after_somebody(order: Order, progress: Progress, active: Active, *, is_ours: bool) -> Action:
    may_be_ours = progress.is_ambiguous or not isinstance(progress.fault, Conflict)
    if is_ours and may_be_ours:
        return Take(active, adopted=False)
    match order.on_conflict:
        case "adopt":
            found = differences(order, active)
            if not found:
                return Take(active, adopted=True)
            message = f"{held_by(order, active)}\nIt cannot be adopted as it is, since it differs: {'; '.join(found)}"
            return Fail(TornadoError(message), is_certain=not progress.is_ambiguous)
        case "wait":
            return Wait(active)
        case "supersede":
            return Supersede(active)
        case _:
            return Fail(TornadoError(held_by(order, active)), is_certain=not progress.is_ambiguous)


def _again(progress: Progress, pause: float | None = None) -> Action:
    """Another try, if one is left; the pause is the API's `Retry-After` where it gave one."""
    fault = progress.fault
    if progress.sent >= TRIES and fault is not None:
        return Fail(fault, is_certain=not progress.is_ambiguous or progress.looks_due <= 0)
    wanted = fault.retry_after if isinstance(fault, Rejected) else None
    usual = PAUSES_SECONDS[min(progress.sent, len(PAUSES_SECONDS)) - 1] if pause is None else pause
    return Send(wanted if wanted is not None and pause is None else usual)


def _unknown(order: Order, progress: Progress, error: ApiError) -> TornadoError:
    fault = progress.fault or error
    cause = (
        f"{fault.cause}; whether a session was started is unknown, since the API did not tell ({error}). "
        f"Run `pulumi up` again when it can be reached: here, it recognises what it started. Elsewhere, adopt it: "
        f"pulumi config set --path tornado:adopt.{order.name} SESSION_ID"
    )
    return Unanswered(fault.request, cause)


def differences(order: Order, active: Active) -> list[str]:
    """Say in what a running session differs from an order, as far as *active* tells."""
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


def held_by(order: Order, active: Active) -> str:
    """Say who holds the pathway, since when, and the commands that get it."""
    session_id = clean(active.session_id)
    since = f" since {clean(active.created_at)}" if active.created_at else ""
    return (
        f"session {session_id} is already active on pathway {order.pathway_id}{since}, "
        f"and the API runs one at a time there.\n"
        f"To take it over:    pulumi config set --path tornado:adopt.{order.name} {session_id} && pulumi up\n"
        f"To cancel it first: {SUPERSEDE}"
    )
