"""Retries of requests that are safe to repeat: GETs, cancel and publish, never a start."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, TypeVar

import stamina

from tornado_resource.errors import ApiError, InvalidRequest, NotSent, OutcomeUnknown, Rejected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# stamina logs each retry. Without a handler, logging would print a bare event name into the output of `pulumi up`.
logging.getLogger("stamina").addHandler(logging.NullHandler())

MAX_ATTEMPTS: Final = 5
MAX_TOTAL_SECONDS: Final = 60.0
TRANSIENT_CODES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
T = TypeVar("T")


def is_transient(error: BaseException) -> bool:
    """Return whether a retry may succeed: no connection, no response, 408, 425, 429, 500, 502, 503 or 504."""
    if isinstance(error, Rejected):
        return error.status_code in TRANSIENT_CODES
    return isinstance(error, NotSent | OutcomeUnknown) and not isinstance(error, InvalidRequest)


async def retried(call: Callable[[], Awaitable[T]]) -> T:
    """Return the result of *call*, which is made up to 5 times in about a minute. `Retry-After` sets the pause.

    Raises:
        ApiError: the last attempt failed, or an error that a retry cannot help.

    """
    retries = stamina.retry_context(
        on=_pause, attempts=MAX_ATTEMPTS, timeout=MAX_TOTAL_SECONDS, wait_initial=0.2, wait_max=5.0, wait_jitter=0.5
    )
    async for attempt in retries:
        with attempt:
            return await call()
    raise AssertionError  # pragma: no cover - stamina raises the last error, which the type checker cannot know


def _pause(error: Exception) -> bool | float:
    """Return whether to retry, or after how many seconds (stamina's back-off hook)."""
    if not isinstance(error, ApiError) or not is_transient(error):
        return False
    wanted = error.retry_after if isinstance(error, Rejected) else None
    return wanted or True
