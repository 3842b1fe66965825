"""Time, passed in so that tests need not wait; polling with back-off on it; durations as people write them."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)")


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


def parse_duration(text: str) -> timedelta | None:
    """Parse a number with one unit (`ms`, `s`, `m`, `h` or `d`); None if *text* is anything else."""
    match = _DURATION.fullmatch(text)
    return float(match[1]) * UNITS[match[2]] if match is not None else None


def format_duration(duration: timedelta) -> str:
    """Format a duration in whole seconds: `45s`, `3m10s`, `15m`, `2h`. A negative one is `0s`."""
    minutes, seconds = divmod(max(duration // UNITS["s"], 0), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def format_ms(milliseconds: int) -> str:
    """Format a number of milliseconds, as the API gives durations."""
    return format_duration(timedelta(milliseconds=milliseconds))
