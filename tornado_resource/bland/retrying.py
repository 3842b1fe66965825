"""Repeating what may be repeated: GETs and cancel, never a start."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, TypeVar

import stamina

from tornado_resource.errors import ApiError, NotSent, OutcomeUnknown, Rejected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# stamina logs each retry; without a handler, logging would print a bare event name in the middle of `pulumi up`.
logging.getLogger("stamina").addHandler(logging.NullHandler())

ATTEMPTS: Final = 5
TOTAL_SECONDS: Final = 60.0
TRANSIENT_CODES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
T = TypeVar("T")


def is_transient(error: BaseException) -> bool:
    """Whether a fault may be gone by the next attempt: no connection, no answer, 408, 425, 429 and 5xx."""
    if isinstance(error, Rejected):
        return error.status_code in TRANSIENT_CODES
    return isinstance(error, NotSent | OutcomeUnknown)


async def retried(call: Callable[[], Awaitable[T]]) -> T:
    """Make a call that is safe to repeat, up to 5 times in at most about a minute, and honour `Retry-After`."""
    retries = stamina.retry_context(
        on=_pause, attempts=ATTEMPTS, timeout=TOTAL_SECONDS, wait_initial=0.2, wait_max=5.0, wait_jitter=0.5
    )
    async for attempt in retries:
        with attempt:
            return await call()
    raise AssertionError  # pragma: no cover - stamina raises the last error itself


def _pause(error: Exception) -> bool | float:
    """Say for stamina whether to go on, or after how many seconds."""
    if not isinstance(error, ApiError) or not is_transient(error):
        return False
    wanted = error.retry_after if isinstance(error, Rejected) else None
    return wanted or True
