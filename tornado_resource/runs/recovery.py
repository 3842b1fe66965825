"""Finding the session that an interrupted run started, from its intent.

The API has no idempotency keys, but it runs one session at a time on a pathway. So a session that was created after our
request was sent, and for the same request, is ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.responses import parse_time
from tornado_resource.bland.retrying import retried
from tornado_resource.core.canonical import digest
from tornado_resource.runs.conflict import contradictions, doubts, possibly_own
from tornado_resource.runs.existence import status_or_gone
from tornado_resource.runs.order import Session

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.responses import Active
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.intents import Intent
    from tornado_resource.runs.order import Order

CLOCK_TOLERANCE: Final = timedelta(seconds=2)
"""Date headers have whole seconds, and may come from another server than `created_at`, with another clock."""
SENDING_WINDOW: Final = timedelta(minutes=10)
"""A start takes effect at most this long after it was first sent. A session created later is somebody else's.

It has to cover up to 4 sends of 30 s with `Retry-After` (at most 60 s) and looks between them. A longer window would
make it likelier, after a crash, to take somebody else's identical session for ours.
"""


def may_be_ours(order: Order, active: Active, sent_at: datetime, elapsed: timedelta) -> bool:
    """Return whether a session was created when our request was sent, and nothing shows that it was for another one.

    Args:
        order: what was to be started.
        active: the active session of its pathway.
        sent_at: when the request was sent, by this machine's clock.
        elapsed: time since then, by the monotonic clock.

    """
    created = parse_time(active.created_at)
    if created is None or contradictions(order, active):
        return False
    # This machine's clock may be hours off, so count back from the API's own time (Date header) if the response has it.
    sent = active.responded_at - elapsed if active.responded_at is not None else sent_at
    return sent - CLOCK_TOLERANCE <= created <= sent + SENDING_WINDOW


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
