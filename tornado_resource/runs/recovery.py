"""Finding the session that an interrupted run started, from its intent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tornado_resource.bland.responses import parse_time
from tornado_resource.bland.retrying import retried
from tornado_resource.core.canonical import digest
from tornado_resource.runs.conflict import has_ended, possibly_own
from tornado_resource.runs.existence import status_or_gone
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.order import StartedRun
from tornado_resource.runs.ownership import find_own, is_before, may_be_of_ours

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from pathlib import Path

    from tornado_resource.bland.client import Client
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.intents import Intent, IntentStore
    from tornado_resource.runs.order import Found, Order, Trace


async def recover(client: Client, order: Order, intents: IntentStore, clock: Clock) -> StartedRun | None:
    """Return the run that an interrupted start of *order* has started, by its intent.

    Returns:
        None if there is no intent or no run, or if the request has changed since.

    Raises:
        ApiError: a request failed.
        PlaceTaken: it is unknown whether the run that holds the place is the one.
        TornadoError: it has ended, and its id is unknown.

    """
    intent = intents.find(order.address)
    if intent is None:
        return None
    found = await _recovered(client, order, intent, clock, intents.file(order.address))
    if found is not None:
        intents.record(intent, found.run_id, found.created_at)
    return found


async def find_trace(
    client: Client, order: Order, found: Sequence[Found], sent_at: datetime, elapsed: timedelta
) -> Trace | None:
    """Return what shows that a start of *order* took effect whose run has ended; None if nothing does.

    Args:
        client: sends the requests.
        order: the order.
        found: the runs in its place, none of which is ours. What was created since the first of them may be their work.
        sent_at: when the request was sent, by this machine's clock.
        elapsed: time since then.

    Raises:
        ApiError: a request failed.

    """
    others = [parse_time(each.run.created_at) for each in found]
    async for trace in kind_of(order.kind).traces(client, order):
        if is_before(trace, sent_at, elapsed):
            return None
        if may_be_of_ours(trace, sent_at, elapsed) and _is_before_all(trace, others):
            return trace
    return None


def _is_before_all(trace: Trace, others: Sequence[datetime | None]) -> bool:
    created = parse_time(trace.created_at)
    return all(created is not None and other is not None and created < other for other in others)


async def _recovered(
    client: Client, order: Order, intent: Intent, clock: Clock, intent_file: Path
) -> StartedRun | None:
    if intent.request != digest(order.request):
        return None
    if intent.session_id is not None:
        return await _recover_known(client, order, intent, intent.session_id)
    # The response to the start was lost in the crash, so the run can only be recognised.
    found = await retried(lambda: kind_of(order.kind).look(client, order))
    sent_at = datetime.fromisoformat(intent.sent_at)
    elapsed = clock.now() - sent_at
    ours = find_own(found, sent_at, elapsed)
    if ours is None:
        trace = await find_trace(client, order, found, sent_at, elapsed)
        if trace is not None:
            raise has_ended(order, trace, intent_file)
        return None
    if ours.doubts:
        raise possibly_own(order, ours)
    return ours.run.completed_from(order.request)


async def _recover_known(client: Client, order: Order, intent: Intent, run_id: str) -> StartedRun | None:
    status = await status_or_gone(client, order.run(run_id))
    if status is None:
        return None
    return StartedRun.of_status(run_id, intent.created_at, status).completed_from(order.request)
