"""Whether a run was created by our own start request.

The API has no idempotency keys, but it runs one at a time in a place. So a run that was created after our request was
sent, and for the same request, is ours.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.responses import parse_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.runs.order import Found, Trace

CLOCK_TOLERANCE: Final = timedelta(seconds=2)
"""Date headers have whole seconds, and may come from another server than `created_at`, with another clock."""
UNDATED: Final = "the API does not show when it was created"
SENDING_WINDOW: Final = timedelta(minutes=10)
"""A start takes effect at most this long after it was first sent. A run created later is somebody else's.

It has to cover up to 4 sends of 30 s with `Retry-After` (at most 60 s) and looks between them. A longer window would
make it likelier, after a crash, to take somebody else's identical run for ours.
"""


def find_own(found: Sequence[Found], sent_at: datetime, elapsed: timedelta) -> Found | None:
    """Return the run that was created when our request was sent, and that nothing shows to be for another one.

    Where the API lists runs that have ended, others may have started the same before or after: the nearest is ours.
    One that holds the place, but has no time, may be ours: that is a doubt.

    Args:
        found: the runs in the place.
        sent_at: when the request was sent, by this machine's clock.
        elapsed: time since then, by the monotonic clock.

    """
    near = [
        (distance, each)
        for each in found
        if not each.contradictions
        and (distance := _distance(each.run.created_at, each.responded_at, sent_at, elapsed)) is not None
    ]
    if near:
        return min(near, key=lambda pair: pair[0])[1]
    undated = (each for each in found if each.is_holding and parse_time(each.run.created_at) is None)
    return next((replace(each, doubts=(*each.doubts, UNDATED)) for each in undated if not each.contradictions), None)


def may_be_of_ours(trace: Trace, sent_at: datetime, elapsed: timedelta) -> bool:
    """Return whether work of a run was created when our request was sent; the arguments are those of `find_own`."""
    return _distance(trace.created_at, trace.responded_at, sent_at, elapsed) is not None


def is_before(trace: Trace, sent_at: datetime, elapsed: timedelta) -> bool:
    """Return whether work of a run was created before our request; the arguments are those of `find_own`."""
    created = parse_time(trace.created_at)
    return created is not None and created < _sent(trace.responded_at, sent_at, elapsed) - CLOCK_TOLERANCE


def _distance(
    created_at: str | None, responded_at: datetime | None, sent_at: datetime, elapsed: timedelta
) -> timedelta | None:
    """Return how long before or after our request something was created; None if it was at another time."""
    created = parse_time(created_at)
    if created is None:
        return None
    sent = _sent(responded_at, sent_at, elapsed)
    is_since = sent - CLOCK_TOLERANCE <= created <= sent + SENDING_WINDOW
    return abs(created - sent) if is_since else None


def _sent(responded_at: datetime | None, sent_at: datetime, elapsed: timedelta) -> datetime:
    # This machine's clock may be hours off, so count back from the API's own time (Date header) if the response has it.
    return responded_at - elapsed if responded_at is not None else sent_at
