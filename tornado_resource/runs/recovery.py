"""Finding the session that an interrupted run started, from its intent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tornado_resource.bland.retrying import retried
from tornado_resource.core.canonical import digest
from tornado_resource.runs.conflict import possibly_own
from tornado_resource.runs.existence import status_or_gone
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.order import StartedRun
from tornado_resource.runs.ownership import may_be_ours

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.intents import Intent
    from tornado_resource.runs.order import Order


async def recover(client: Client, order: Order, intent: Intent, clock: Clock) -> StartedRun | None:
    """Return the run that an intent started; None if there is none, or if the request has changed since.

    Raises:
        ApiError: a request failed.
        PlaceTaken: it is unknown whether the run that holds the place is the one.

    """
    if intent.request != digest(order.request):
        return None
    if intent.session_id is not None:
        return await _recover_known(client, order, intent, intent.session_id)
    # The response to the start was lost in the crash, so the run can only be recognised.
    found = await retried(lambda: kind_of(order.kind).look(client, order))
    sent_at = datetime.fromisoformat(intent.sent_at)
    elapsed = clock.now() - sent_at
    ours = next((each for each in found if may_be_ours(each, sent_at, elapsed)), None)
    if ours is None:
        return None
    if ours.doubts:
        raise possibly_own(order, ours)
    return ours.run.completed_from(order.request)


async def _recover_known(client: Client, order: Order, intent: Intent, run_id: str) -> StartedRun | None:
    status = await status_or_gone(client, order.run(run_id))
    if status is None:
        return None
    return StartedRun.of_status(run_id, intent.created_at, status).completed_from(order.request)
