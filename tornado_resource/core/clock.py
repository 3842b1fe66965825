"""Time, passed in wherever it is needed so that tests need not wait, and polling with back-off on it."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def _sleep(seconds: float) -> None:
    # Here and not above: the declarations need only the date, and `validate` takes a sixth of its time for this import.
    import asyncio

    await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Clock:
    """UTC now, monotonic seconds, sleep, and a random number in [0, 1) for jitter."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = _sleep
    random: Callable[[], float] = random.random


SYSTEM = Clock()


def today(clock: Clock = SYSTEM) -> date:
    """Return the date in UTC."""
    return clock.now().astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between polls in seconds: *first*, then each one *growth* times the one before, up to *longest*.

    *jitter* is the share by which a pause is shortened at random, so that many pollers do not poll in step.
    """

    first: float
    longest: float
    growth: float = 1.5
    jitter: float = 0.0


class Poller:
    """Paces one polling loop: `while not done: ... if not await poller.pause(): give up`."""

    def __init__(self, backoff: Backoff, limit_seconds: float, clock: Clock = SYSTEM) -> None:
        self._backoff = backoff
        self._clock = clock
        self._deadline = clock.monotonic() + limit_seconds
        self._pause = min(backoff.first, backoff.longest)

    async def pause(self, retry_after: float | None = None) -> bool:
        """Sleep until the next poll is due, at most until the deadline.

        Args:
            retry_after: seconds that the API asked for. They replace the usual pause, and jitter is added on top, since
                hundreds of sessions that got the same `Retry-After` must not come back at the same moment.

        Returns:
            False, without sleeping, once the time limit has passed. The last poll happens at the deadline itself.

        """
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            return False
        await self._clock.sleep(min(self._next_pause(retry_after), left))
        return True

    def _next_pause(self, retry_after: float | None) -> float:
        backoff, pause = self._backoff, self._pause
        self._pause = min(pause * backoff.growth, backoff.longest)
        if retry_after is not None:
            return retry_after + backoff.longest * self._clock.random()
        return pause * (1 - backoff.jitter * self._clock.random())
