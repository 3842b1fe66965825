"""The start call as a state machine: what to do next, given what has happened. Pure.

::

    (intent written) → Send → Answered ───────────────────────────────→ the session is ours
                         │
                         ├─ SendFailed: cannot have arrived ─────────────→ Send, while tries are left
                         ├─ SendFailed: plain refusal (4xx) ─────────────→ Fail
                         └─ SendFailed: conflict, busy, anything unclear → Look
                       Look → Seen(None) ─ looked often enough ───────→ Send, while tries are left
                         ├─ Seen(a session that is ours) ─────────────→ Take
                         ├─ Seen(a foreign one) ── on_conflict ───────→ Take, Wait, Supersede, or Fail
                         └─ LookFailed ────────────────────────────────────→ Fail, and the intent stays
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tornado_resource.errors import ApiError, Conflict, NotFound, NotSent, OutcomeUnknown, Rejected, TornadoError
from tornado_resource.sessions.conflict import conflict_message, differences

if TYPE_CHECKING:
    from tornado_resource.bland.responses import Active
    from tornado_resource.sessions.order import Order

MAX_SENDS: Final = 4
PAUSES_SECONDS: Final = (0.5, 1.0, 2.0)
SECOND_LOOK_SECONDS: Final = 1.0
_BUSY_CODES: Final = frozenset({429, 503})
_UNCLEAR_CODES: Final = frozenset({408, 425})


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is known of one order.

    *sent* counts the requests that went out. *is_ambiguous*: one of them may have taken effect unseen. *looks_due*:
    how often *active* must still say "none" before the last one is known to have had no effect.
    """

    sent: int = 0
    is_ambiguous: bool = False
    looks_due: int = 0
    fault: ApiError | None = None


@dataclass(frozen=True, slots=True)
class SendFailed:
    """A start call ended in this error."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class Seen:
    """*Active* told who runs on the pathway, and *is_ours* whether that can be a session of this order."""

    active: Active | None
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class LookFailed:
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


Event = SendFailed | Seen | LookFailed | Freed
Action = Send | Look | Take | Wait | Supersede | Fail


def step(order: Order, attempts: Attempts, event: Event) -> tuple[Attempts, Action]:
    """Decide what follows from *event*. The caller counts a `Send` in *attempts* when it sends."""
    match event:
        case SendFailed(error=error):
            return _after_fault(replace(attempts, fault=error), error)
        case Seen(active=None):
            return _after_nobody(order, replace(attempts, looks_due=attempts.looks_due - 1))
        case Seen(active=active, is_ours=is_ours):
            assert active is not None  # noqa: S101 - the case above is the other one
            return attempts, _after_somebody(order, attempts, active, is_ours=is_ours)
        case LookFailed(error=error):
            return attempts, Fail(_unknown(order, attempts, error), is_certain=False)
        case Freed():
            # Another session held the pathway: nothing that was sent before can have taken effect.
            return replace(attempts, is_ambiguous=False, looks_due=0), _again(attempts, 0.0)


def _after_fault(attempts: Attempts, error: ApiError) -> tuple[Attempts, Action]:
    match error:
        case NotSent():
            return attempts, _again(attempts)
        case Conflict():
            return replace(attempts, looks_due=1), Look()
        case Rejected(status_code=code) if code in _BUSY_CODES:
            return replace(attempts, looks_due=1), Look()
        case NotFound():
            return attempts, Fail(error, is_certain=not attempts.is_ambiguous)
        case Rejected(status_code=code) if 400 <= code < 500 and code not in _UNCLEAR_CODES:
            return attempts, Fail(error, is_certain=not attempts.is_ambiguous)
        case _:
            return replace(attempts, is_ambiguous=True, looks_due=2), Look()


def _after_nobody(order: Order, attempts: Attempts) -> tuple[Attempts, Action]:
    fault = attempts.fault
    if attempts.looks_due > 0:
        return attempts, Look(SECOND_LOOK_SECONDS)
    if isinstance(fault, Rejected) and 300 <= fault.status_code < 400:
        return attempts, Fail(fault, is_certain=True)
    if isinstance(fault, Conflict) and attempts.sent >= MAX_SENDS:
        message = f"pathway {order.pathway_id} was refused as busy, and no session is active on it; try again later"
        return attempts, Fail(TornadoError(message), is_certain=True)
    return attempts, _again(attempts)


def _after_somebody(order: Order, attempts: Attempts, active: Active, *, is_ours: bool) -> Action:
    may_be_ours = attempts.is_ambiguous or not isinstance(attempts.fault, Conflict)
    if is_ours and may_be_ours:
        return Take(active, adopted=False)
    match order.on_conflict:
        case "adopt":
            found = differences(order, active)
            if not found:
                return Take(active, adopted=True)
            differing = f"It cannot be adopted because it differs: {'; '.join(found)}"
            message = f"{conflict_message(order, active)}\n{differing}"
            return Fail(TornadoError(message), is_certain=not attempts.is_ambiguous)
        case "wait":
            return Wait(active)
        case "supersede":
            return Supersede(active)
        case _:
            return Fail(TornadoError(conflict_message(order, active)), is_certain=not attempts.is_ambiguous)


def _again(attempts: Attempts, pause: float | None = None) -> Action:
    """Another try, if one is left; the pause is the API's `Retry-After` where it gave one."""
    fault = attempts.fault
    if attempts.sent >= MAX_SENDS and fault is not None:
        return Fail(fault, is_certain=not attempts.is_ambiguous or attempts.looks_due <= 0)
    wanted = fault.retry_after if isinstance(fault, Rejected) else None
    usual = PAUSES_SECONDS[min(attempts.sent, len(PAUSES_SECONDS)) - 1] if pause is None else pause
    return Send(wanted if wanted is not None and pause is None else usual)


def _unknown(order: Order, attempts: Attempts, error: ApiError) -> TornadoError:
    fault = attempts.fault or error
    cause = (
        f"{fault.cause}; whether a session was started is unknown, since the API did not tell ({error}). "
        f"Run `pulumi up` again when it can be reached: here, it recognises what it started. Elsewhere, adopt it: "
        f"pulumi config set --path tornado:adopt.{order.name} SESSION_ID"
    )
    return OutcomeUnknown(fault.request, cause)
