"""Finding the session that an interrupted run started, from its intent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tornado_resource.bland.retrying import retried
from tornado_resource.core.canonical import digest
from tornado_resource.runs.conflict import doubts, possibly_own
from tornado_resource.runs.existence import status_or_gone
from tornado_resource.runs.order import Session
from tornado_resource.runs.ownership import may_be_ours

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.intents import Intent
    from tornado_resource.runs.order import Order


async def recover(client: Client, order: Order, intent: Intent, clock: Clock) -> Session | None:
    """Return the session that an intent started; None if there is none, or if the request has changed since.

    Raises:
        ApiError: a request failed.
        PathwayBusy: it is unknown whether the active session is the one.

    """
    if intent.request != digest(order.request):
        return None
    if intent.session_id is not None:
        return await _recover_known(client, order, intent, intent.session_id)
    # The response to the start was lost in the crash, so the session can only be recognised.
    active = await retried(lambda: client.active(order.pathway_id))
    sent_at = datetime.fromisoformat(intent.sent_at)
    if active is None or not may_be_ours(order, active, sent_at, clock.now() - sent_at):
        return None
    if doubts(order, active):
        raise possibly_own(order, active)
    return Session.active(active, adopted=False).completed_from(order.request)


async def _recover_known(client: Client, order: Order, intent: Intent, session_id: str) -> Session | None:
    status = await status_or_gone(client, session_id, order.pathway_id)
    if status is None:
        return None
    session = Session(session_id, intent.created_at, status.status, status.max_iterations, status.timeout_ms)
    return session.completed_from(order.request)
