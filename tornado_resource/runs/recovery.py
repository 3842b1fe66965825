"""Finding the run that a start of ours created although its response, or this process, was lost.

The API has no idempotency keys, but it runs one at a time in a place. So a run that was created after our request was
sent, and for the same request, is ours. After a crash, the request is known from its intent.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.responses import parse_time
from tornado_resource.bland.retrying import retried
from tornado_resource.core.canonical import digest
from tornado_resource.errors import ApiError
from tornado_resource.runs.conflict import has_ended, may_have_ended, possibly_own, possibly_own_ended
from tornado_resource.runs.existence import status_or_gone
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.order import StartedRun, holder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from tornado_resource.bland.client import Client
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.intents import Intent, IntentStore
    from tornado_resource.runs.order import Found, Order, Trace

START_CLOCK_TOLERANCE: Final = timedelta(seconds=2)
"""Date headers have whole seconds, and may come from another server than `created_at`, with another clock."""
CLOCK_DIFFERENCE: Final = timedelta(seconds=30)
"""By how much the clocks of the API's servers may differ, so that it is not sure that an older run is another's."""
OLDER: Final = "it was created shortly before the start was sent, by clocks that may differ"
UNDATED: Final = "the API does not show when it was created"
SENDING_WINDOW: Final = timedelta(minutes=10)
"""A start takes effect at most this long after it was first sent. A run created later is somebody else's.

It has to cover up to 4 sends of 30 s with `Retry-After` (at most 60 s) and looks between them. A longer window would
make it likelier, after a crash, to take somebody else's identical run for ours.
"""


def find_own(runs: Sequence[Found], sent_at: datetime, elapsed: timedelta) -> Found | None:
    """Return the run that was created when our request was sent, and that nothing shows to be for another one.

    Where the API lists runs that have ended, others may have started the same before or after: the nearest is ours.
    One whose time of creation is unknown may be ours, unless it existed before; so may one that holds the place, and is
    only slightly older: these are doubts. One that holds the place is named first.

    Args:
        runs: the runs in the place.
        sent_at: when the request was sent, by this machine's clock.
        elapsed: time since then, by the monotonic clock.

    """
    alike = [run for run in runs if not run.contradictions]
    near = [
        (distance, run)
        for run in alike
        if (distance := _distance(run.run.created_at, run.responded_at, sent_at, elapsed)) is not None
    ]
    if near:
        return min(near, key=lambda pair: pair[0])[1]
    doubtful = [
        replace(run, doubts=(*run.doubts, doubt))
        for run in alike
        if (doubt := _doubt(run, _sent(run.responded_at, sent_at, elapsed))) is not None
    ]
    return holder(doubtful) or next(iter(doubtful), None)


async def recognise(order: Order, runs: Sequence[Found], sent_at: datetime, elapsed: timedelta) -> Found | None:
    """Return what `find_own` returns, without runs that have ended and that the stack has recorded already.

    No start whose response was lost has created these. Asking for that takes a second, so only what is in doubt is
    asked for.
    """
    others: set[str] = set()
    while True:
        ours = find_own([run for run in runs if run.run_id not in others], sent_at, elapsed)
        if ours is None or ours.is_holding or not ours.doubts or order.is_recorded is None:
            return ours
        if not await order.is_recorded(ours.run_id):
            return ours
        others.add(ours.run_id)


def _doubt(run: Found, sent: datetime) -> str | None:
    """Return why a run may be as young as our request although no time shows that it is; None if it cannot be."""
    created, existed = parse_time(run.run.created_at), parse_time(run.existed_at)
    if created is None:
        return UNDATED if existed is None or existed >= sent - START_CLOCK_TOLERANCE else None
    return OLDER if run.is_holding and sent - CLOCK_DIFFERENCE <= created < sent else None


def _distance(
    created_at: str | None, responded_at: datetime | None, sent_at: datetime, elapsed: timedelta
) -> timedelta | None:
    """Return how long before or after our request something was created; None if it was at another time."""
    created = parse_time(created_at)
    if created is None:
        return None
    sent = _sent(responded_at, sent_at, elapsed)
    is_since = sent - START_CLOCK_TOLERANCE <= created <= sent + SENDING_WINDOW
    return abs(created - sent) if is_since else None


def _sent(responded_at: datetime | None, sent_at: datetime, elapsed: timedelta) -> datetime:
    # This machine's clock may be hours off, so count back from the API's own time (Date header) if the response has it.
    return responded_at - elapsed if responded_at is not None else sent_at


async def recover(client: Client, order: Order, intents: IntentStore, clock: Clock) -> StartedRun | None:
    """Return the run that an interrupted start of *order* has started, by its intent.

    Returns:
        None if there is no intent or no run, or if the request has changed since.

    Raises:
        ApiError: a request failed.
        PlaceTaken: it is unknown whether the run that holds the place is the one.
        TornadoError: it has ended, and its id is unknown, or it may have.

    """
    intent = intents.find(order.address)
    if intent is None:
        return None
    run = await _recovered(client, order, intent, clock, intents.file(order.address))
    if run is not None:
        intents.record(intent, run.run_id, run.created_at)
    return run


async def find_trace(
    client: Client, order: Order, runs: Sequence[Found], sent_at: datetime, elapsed: timedelta
) -> Trace | None:
    """Return what shows that a start of *order* took effect whose run has ended, or may have; None if nothing does.

    What shows it for certain goes first (`Trace.is_certain`).

    Args:
        client: sends the requests.
        order: the order.
        runs: the runs in its place, none of which is ours. What was created since the first of them may be their work.
        sent_at: when the request was sent, by this machine's clock.
        elapsed: time since then.

    Raises:
        ApiError: a request failed.

    """
    if any(run.is_holding and _is_before(run.run.created_at, run.responded_at, sent_at, elapsed) for run in runs):
        return None  # it has held the place ever since
    others = [parse_time(run.run.created_at) for run in runs]
    doubtful: Trace | None = None
    async for trace in _since(kind_of(order.kind).traces(client, order), sent_at, elapsed):
        if _may_be_of_ours(trace, others, sent_at, elapsed):
            if trace.is_certain:
                return trace
            doubtful = doubtful or trace
    return doubtful


async def _since(traces: AsyncIterator[Trace], sent_at: datetime, elapsed: timedelta) -> AsyncIterator[Trace]:
    """Yield the traces that were not created before our request, until those that follow certainly were."""
    newer: datetime | None = None
    async for trace in traces:
        created = parse_time(trace.created_at)
        if not _is_before(trace.created_at, trace.responded_at, sent_at, elapsed):
            yield trace
        elif newer is not None and created is not None and created < newer:
            return  # the API lists the newest first
        newer = created or newer


def _is_before(created_at: str | None, responded_at: datetime | None, sent_at: datetime, elapsed: timedelta) -> bool:
    """Return whether something was created before our request; the arguments are those of `_distance`."""
    created = parse_time(created_at)
    return created is not None and created < _sent(responded_at, sent_at, elapsed) - START_CLOCK_TOLERANCE


def _may_be_of_ours(trace: Trace, others: Sequence[datetime | None], sent_at: datetime, elapsed: timedelta) -> bool:
    """Return whether work of a run was created when our request was sent, and before the *others*, or may have been."""
    created = parse_time(trace.created_at)
    if created is None:
        return True
    is_since = _distance(trace.created_at, trace.responded_at, sent_at, elapsed) is not None
    return is_since and all(other is not None and created < other for other in others)


async def _recovered(
    client: Client, order: Order, intent: Intent, clock: Clock, intent_file: Path
) -> StartedRun | None:
    if intent.request != digest(order.request):
        return None
    if intent.session_id is not None:
        return await _recover_known(client, order, intent, intent.session_id, clock)
    # The response to the start was lost in the crash, so the run can only be recognised.
    runs = await retried(lambda: kind_of(order.kind).look(client, order))
    sent_at = datetime.fromisoformat(intent.sent_at)
    elapsed = clock.now() - sent_at
    ours = await recognise(order, runs, sent_at, elapsed)
    if ours is None:
        try:
            trace = await find_trace(client, order, runs, sent_at, elapsed)
        except ApiError as error:
            raise may_have_ended(order, str(error), intent_file) from None
        if trace is not None:
            raise has_ended(order, trace, intent_file)
        return None
    if ours.doubts:
        raise possibly_own(order, ours) if ours.is_holding else possibly_own_ended(order, ours, intent_file)
    return ours.run.completed_from(order.request)


async def _recover_known(client: Client, order: Order, intent: Intent, run_id: str, clock: Clock) -> StartedRun | None:
    status = await status_or_gone(client, order.run(run_id), clock)
    if status is None:
        return None
    return StartedRun.of_status(run_id, intent.created_at, status).completed_from(order.request)
