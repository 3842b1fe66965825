"""Retries of requests that are safe to repeat: GETs, cancel and publish, never a start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from tornado_resource.core.clock import SYSTEM, Backoff, Poller
from tornado_resource.errors import ApiError, InvalidRequest, NotSent, OutcomeUnknown, Rejected, ReportedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tornado_resource.core.clock import Clock

MAX_ATTEMPTS: Final = 5
MAX_TOTAL_SECONDS: Final = 60.0
MAX_OUTAGE_SECONDS: Final = 300.0
UNKNOWN_4XX: Final = frozenset({408, 425})
"""4xx in name only: a proxy may send them after it has passed the request on."""
_TRANSIENT_4XX: Final = UNKNOWN_4XX | {429}
_PERMANENT_5XX: Final = frozenset({501, 505})
BACKOFF: Final = Backoff(first=0.5, longest=5.0, growth=2.0, jitter=0.5)
T = TypeVar("T")


class Retry(Protocol):
    """Repeats a call through transient failures."""

    def __call__(self, call: Callable[[], Awaitable[Any]], /) -> Awaitable[Any]:
        """Return the result of *call*."""


def is_transient(error: BaseException) -> bool:
    """Return whether a retry may succeed: no connection, no usable response, or a status code of an outage.

    Those are 408, 425, 429, any other 4xx that is not the API's own, and every 5xx but 501 and 505: content delivery
    networks have codes of their own, such as Cloudflare's 520 to 530. Whether a *start* may be sent again is another
    question (`start_machine`).
    """
    if isinstance(error, Rejected):
        code = error.status_code
        is_refusal = 400 <= code < 500 and code not in _TRANSIENT_4XX
        return not error.is_api if is_refusal else 400 <= code < 600 and code not in _PERMANENT_5XX
    return isinstance(error, NotSent | OutcomeUnknown) and not isinstance(error, InvalidRequest)


def is_refused(error: ApiError) -> bool:
    """Return whether the API itself has turned a request away, so that it had no effect."""
    if not isinstance(error, Rejected) or not error.is_api:
        return False
    return 400 <= error.status_code < 500 and error.status_code not in UNKNOWN_4XX


def would_fail_again(error: ApiError) -> bool:
    """Return whether a request, sent again, would be redirected or refused again, or get the same words."""
    if isinstance(error, Rejected):
        return 300 <= error.status_code < 500 and error.status_code not in _TRANSIENT_4XX
    return isinstance(error, ReportedError)


async def retried(call: Callable[[], Awaitable[T]]) -> T:
    """Return the result of *call*, which is made up to 5 times in about a minute.

    `Retry-After` sets the pause, up to a minute.

    Raises:
        ApiError: the last attempt failed, or an error that a retry cannot help.

    """
    poller = Poller(BACKOFF, MAX_TOTAL_SECONDS, SYSTEM)
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return await call()
        except ApiError as error:
            if not is_transient(error) or not await poller.pause(error.short_pause):
                raise
    return await call()


async def retried_through_outage(call: Callable[[], Awaitable[T]], backoff: Backoff, clock: Clock) -> T:
    """Return the result of *call*, which is made for up to 5 minutes: the outages that a wait for a session survives.

    Raises:
        ApiError: a permanent error at once, a transient one after 5 minutes.

    """
    poller = Poller(backoff, MAX_OUTAGE_SECONDS, clock)
    while True:
        try:
            return await call()
        except ApiError as error:
            if not is_transient(error) or not await poller.pause(error.retry_after):
                raise
