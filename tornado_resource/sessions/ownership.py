"""Whether an active session is the one that our own start created.

The API has no idempotency key, but it runs one session at a time on a pathway. So a session that was created after our
request was sent, and for the same request, is ours.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.responses import parse_time
from tornado_resource.sessions.conflict import differences

if TYPE_CHECKING:
    from datetime import datetime

    from tornado_resource.bland.responses import Active
    from tornado_resource.sessions.order import Order

CLOCK_TOLERANCE: Final = timedelta(seconds=2)
"""The API's Date header has whole seconds, and the session may be stamped just before our own clock's time."""
SENDING_WINDOW: Final = timedelta(minutes=10)
"""A start takes effect at most this long after it was first sent; a younger session is somebody else's."""


def is_ours(order: Order, active: Active, sent_at: datetime, elapsed: timedelta) -> bool:
    """Return whether a session was created when our request was sent, and for the same request as far as shown.

    Clocks differ: where the response has the API's own time (Date header), the moment of sending is counted back from
    that by *elapsed*, the time since *sent_at* on our monotonic clock.
    """
    created = parse_time(active.created_at)
    if created is None or differences(order, active):
        return False
    sent = active.responded_at - elapsed if active.responded_at is not None else sent_at
    return sent - CLOCK_TOLERANCE <= created <= sent + SENDING_WINDOW
