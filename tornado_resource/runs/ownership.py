"""Whether a run was created by our own start request.

The API has no idempotency keys, but it runs one at a time in a place. So a run that was created after our request was
sent, and for the same request, is ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.responses import parse_time

if TYPE_CHECKING:
    from tornado_resource.runs.order import Found, Trace

CLOCK_TOLERANCE: Final = timedelta(seconds=2)
"""Date headers have whole seconds, and may come from another server than `created_at`, with another clock."""
SENDING_WINDOW: Final = timedelta(minutes=10)
"""A start takes effect at most this long after it was first sent. A run created later is somebody else's.

It has to cover up to 4 sends of 30 s with `Retry-After` (at most 60 s) and looks between them. A longer window would
make it likelier, after a crash, to take somebody else's identical run for ours.
"""


def may_be_ours(found: Found, sent_at: datetime, elapsed: timedelta) -> bool:
    """Return whether a run was created when our request was sent, and nothing shows that it was for another one.

    Args:
        found: the run.
        sent_at: when the request was sent, by this machine's clock.
        elapsed: time since then, by the monotonic clock.

    """
    return not found.contradictions and _is_since(found.run.created_at, found.responded_at, sent_at, elapsed)


def may_be_of_ours(trace: Trace, sent_at: datetime, elapsed: timedelta) -> bool:
    """Return whether work of a run was created when our request was sent; the arguments are those of `may_be_ours`."""
    return _is_since(trace.created_at, trace.responded_at, sent_at, elapsed)


def _is_since(created_at: str | None, responded_at: datetime | None, sent_at: datetime, elapsed: timedelta) -> bool:
    created = parse_time(created_at)
    if created is None:
        return False
    # This machine's clock may be hours off, so count back from the API's own time (Date header) if the response has it.
    sent = responded_at - elapsed if responded_at is not None else sent_at
    return sent - CLOCK_TOLERANCE <= created <= sent + SENDING_WINDOW
