"""Starting a run, as a state machine: what to do next after each response or error. Pure.

::

    (intent written) → Send ─ response ───────────────────────────→ the run is ours
                         ├─ SendFailed: cannot have arrived ──────→ Send again, up to MAX_SENDS
                         ├─ SendFailed: rejected by the API (4xx) → Fail
                         └─ SendFailed: conflict, busy, unknown ──→ Look (unknown: an unusable id as well)
                       Look ─ Seen: no run, after every look ─────→ Send again, up to MAX_SENDS
                         ├─ Seen: a run that may be ours ─────────→ Take; if it differs: Fail (unknown), else as another
                         ├─ Seen: another one, by `on_conflict` ──→ Take, Wait, Supersede, or Fail
                         ├─ Seen: traces of one that has ended ───→ Look longer, since it may be shown late; Fail
                         └─ LookFailed ───────────────────────────→ Fail; the intent stays
                       Wait, Supersede ─ Freed ───────────────────→ Send again, up to MAX_SENDS
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.retrying import is_refused, would_fail_again
from tornado_resource.errors import ApiError, Conflict, NotSent, OutcomeUnknown, Rejected, TornadoError
from tornado_resource.runs import commands
from tornado_resource.runs.conflict import PlaceTaken, possibly_own
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from tornado_resource.runs.order import Found, Order

MAX_SENDS: Final = 4
"""Few, because Pulumi creates only four resources at a time and a start that retries holds one of the four slots."""
PAUSES_SECONDS: Final = (0.5, 1.0, 2.0)
"""Pauses before the second, third and fourth send. They bridge a restart or a deployment of the API, not an outage."""
LOOKS_AFTER_UNKNOWN: Final = 2
SECOND_LOOK_SECONDS: Final = 1.0
"""A gateway may give up on a request (504) that the API is still processing, so the run may appear a moment later.

One look right away could miss it, and the next send would start a second run.
"""
PATIENT_LOOKS_SECONDS: Final = (1.0, 2.0, 4.0, 8.0)
"""Pauses before further looks for our own run, which the API may show late: after a conflict that follows an unknown
outcome, where the API shows the run's work already, or where it shows every run late."""
# The API turned the request away, so there was no effect that a second look could find. 503 is none of them: a gateway
# may send it after it has passed the request on.
_REFUSED_CODES: Final = frozenset({409, 429})


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is known about the attempts to start one order.

    Args:
        sent: how many start requests were sent.
        is_ambiguous: whether one of them may have taken effect without a usable response.
        looks_due: how many looks that show no run it still takes to know that the last one did not.
        patient_looks: how many further looks there were at a conflict after an unknown outcome.
        fault: the last error of a start request.

    """

    sent: int = 0
    is_ambiguous: bool = False
    looks_due: int = 0
    patient_looks: int = 0
    fault: ApiError | None = None


@dataclass(frozen=True, slots=True)
class SendFailed:
    """A start request failed with this error."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class Seen:
    """The run that holds the place, and the one that a start of this order may have created.

    *ended*: the error for a start that took effect whose run is not shown, since it has ended; its id is unknown.
    *doubt*: the error where it is unknown whether *ours*, which has ended, is ours, or whether there was one that is
    not shown.
    """

    holder: Found | None
    ours: Found | None = None
    ended: TornadoError | None = None
    doubt: TornadoError | None = None


@dataclass(frozen=True, slots=True)
class LookFailed:
    """A look failed with this error."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class Freed:
    """The place is free: the other run has ended."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send the start request, after a pause."""

    pause_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """Request the run that holds the place, after a pause; *is_thorough*: and the traces of one that has ended."""

    pause_seconds: float = 0.0
    is_thorough: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """Record this run; *adopted*: whether somebody else started it."""

    found: Found
    adopted: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until the other run has ended."""

    found: Found


@dataclass(frozen=True, slots=True)
class Supersede:
    """Cancel the other run."""

    found: Found


@dataclass(frozen=True, slots=True)
class Fail:
    """Raise this error; *is_certain*: no run of this order is active, so its intent can be deleted."""

    error: TornadoError
    is_certain: bool


Event = SendFailed | Seen | LookFailed | Freed
Action = Send | Look | Take | Wait | Supersede | Fail


def step(order: Order, attempts: Attempts, event: Event) -> tuple[Attempts, Action]:
    """Return the next action after *event*, and the updated attempts. The caller counts each `Send` when it is sent."""
    match event:
        case SendFailed(error=error):
            # Where every run may be shown late, each send is looked for as patiently as the first one.
            looks = 0 if kind_of(order.kind).is_shown_late else attempts.patient_looks
            return _after_fault(order, replace(attempts, fault=error, patient_looks=looks), error)
        case Seen():
            return _after_look(order, attempts, event)
        case LookFailed(error=error):
            return attempts, Fail(_outcome_unknown(order, attempts, error), is_certain=False)
        case Freed():  # pragma: no branch - there is no other event
            # Another run held the place, so no request sent before can have taken effect.
            return replace(attempts, is_ambiguous=False, looks_due=0), _send_again(order, attempts, 0.0)


def _after_fault(order: Order, attempts: Attempts, error: ApiError) -> tuple[Attempts, Action]:
    match error:
        case NotSent():
            return attempts, _send_again(order, attempts)
        case Rejected(status_code=code) if code in _REFUSED_CODES:
            return _look(replace(attempts, looks_due=1))
        case _ if is_refused(error):
            return attempts, Fail(error, is_certain=not attempts.is_ambiguous)
        case _:
            return _look(replace(attempts, is_ambiguous=True, looks_due=LOOKS_AFTER_UNKNOWN))


def _look(attempts: Attempts, pause: float = 0.0) -> tuple[Attempts, Action]:
    # A plain conflict was with another run, whose traces say nothing of ours.
    return attempts, Look(pause, is_thorough=attempts.is_ambiguous or not isinstance(attempts.fault, Conflict))


def _look_longer(attempts: Attempts) -> tuple[Attempts, Action]:
    pause = PATIENT_LOOKS_SECONDS[attempts.patient_looks]
    return _look(replace(attempts, looks_due=1, patient_looks=attempts.patient_looks + 1), pause)


def _after_no_run(order: Order, attempts: Attempts, ended: TornadoError | None) -> tuple[Attempts, Action]:
    fault = attempts.fault
    if attempts.looks_due > 0:
        return _look(attempts, SECOND_LOOK_SECONDS)
    is_likely_ours = ended is not None or _may_be_late(order, attempts)
    if is_likely_ours and attempts.patient_looks < len(PATIENT_LOOKS_SECONDS):
        return _look_longer(attempts)
    if ended is not None:
        return attempts, Fail(ended, is_certain=False)
    if fault is not None and _is_hopeless(fault):
        return attempts, Fail(fault, is_certain=not attempts.is_ambiguous)
    if isinstance(fault, Conflict) and attempts.sent >= MAX_SENDS:
        kind = kind_of(order.kind)
        message = (
            f"the API reports a conflict on {kind.place(order.request)}, but no {kind.noun} is active there; "
            "try again later"
        )
        # After an unknown outcome, it may be our own run that the API conflicts with and shows only later.
        return attempts, Fail(TornadoError(message), is_certain=not attempts.is_ambiguous)
    return attempts, _send_again(order, attempts)


def _may_be_late(order: Order, attempts: Attempts) -> bool:
    """Return whether a run of ours may exist that the API does not show yet."""
    has_conflict = attempts.is_ambiguous and isinstance(attempts.fault, Conflict)
    return has_conflict or kind_of(order.kind).is_shown_late


def _is_hopeless(fault: ApiError) -> bool:
    """Return whether another send would fail again. A conflict may end: nobody holds the place any more."""
    return not isinstance(fault, Conflict) and would_fail_again(fault)


def _after_look(order: Order, attempts: Attempts, seen: Seen) -> tuple[Attempts, Action]:
    ours = seen.ours
    # After a plain conflict the run cannot be ours: the API refused our request because of it.
    if ours is not None and (attempts.is_ambiguous or not isinstance(attempts.fault, Conflict)):
        if not ours.doubts:
            return attempts, Take(ours, adopted=False)
        # Waiting for it or cancelling it, and then starting, could be a second start. After 429 alone, it is another's.
        if attempts.is_ambiguous:
            return attempts, Fail(seen.doubt or possibly_own(order, ours), is_certain=False)
    ended = _ended(attempts, seen)
    if seen.holder is None:
        return _after_no_run(order, replace(attempts, looks_due=attempts.looks_due - 1), ended)
    if ended is not None:
        return attempts, Fail(ended, is_certain=False)
    return attempts, _by_on_conflict(order, attempts, seen.holder)


def _ended(attempts: Attempts, seen: Seen) -> TornadoError | None:
    """Return the error for a run of ours that has ended, or may have. What was turned away leaves no doubt."""
    return seen.ended or (seen.doubt if attempts.is_ambiguous else None)


def _by_on_conflict(order: Order, attempts: Attempts, holder: Found) -> Action:
    match order.on_conflict:
        case "wait":
            return Wait(holder)
        case "supersede":
            return Supersede(holder)
        case "adopt" if not holder.differences:
            return Take(holder, adopted=True)
    differences = "; ".join(holder.differences)
    note = f"It cannot be adopted because it differs: {differences}" if differences else ""
    return Fail(PlaceTaken(order, holder, note), is_certain=not attempts.is_ambiguous)


def _send_again(order: Order, attempts: Attempts, pause: float | None = None) -> Action:
    """Return the next send, or the failure if none is left. The default pause is `Retry-After`, else the back-off."""
    fault = attempts.fault
    if attempts.sent >= MAX_SENDS and fault is not None:
        has_settled = not attempts.is_ambiguous or attempts.looks_due <= 0
        # The run may be shown later still: then the intent, which stays, says that it is ours.
        error = _not_started(order, fault) if has_settled else fault
        return Fail(error, is_certain=not attempts.is_ambiguous)
    if pause is not None:
        return Send(pause)
    wanted = fault.short_pause if fault is not None else None
    usual = PAUSES_SECONDS[min(attempts.sent, len(PAUSES_SECONDS)) - 1]
    return Send(wanted if wanted is not None else usual)


def _not_started(order: Order, fault: ApiError) -> ApiError:
    """Return the failure when the responses to all sends were unusable, and no run is active after the last one."""
    if not isinstance(fault, OutcomeUnknown):
        return fault
    kind = kind_of(order.kind)
    cause = (
        f"{fault.cause}; no {kind.noun} is active on the {kind.place_noun} after {MAX_SENDS} attempts, "
        f"so none was recorded. Check bland:baseUrl, then run `{commands.up(order.address.stack)}` again"
    )
    return OutcomeUnknown(fault.request, cause)


def _outcome_unknown(order: Order, attempts: Attempts, error: ApiError) -> TornadoError:
    fault, kind = attempts.fault or error, kind_of(order.kind)
    adopt = commands.adopt(order.address.stack, order.name, kind.id_output.upper())
    cause = (
        f"{fault.cause}; could not determine whether a {kind.noun} was started ({error}). "
        f"Run `{commands.up(order.address.stack)}` again on this machine once the API responds: it recognises its own "
        f"{kind.noun}. On another machine, adopt it: {adopt}"
    )
    return OutcomeUnknown(fault.request, cause)
