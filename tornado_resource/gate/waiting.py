"""Waiting for sessions to end: politely, through outages, for hundreds at once on one event loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from tornado_resource.bland.retrying import is_passing
from tornado_resource.clock import SYSTEM
from tornado_resource.errors import ApiError, NotFound, Rejected
from tornado_resource.gate.judging import Ending
from tornado_resource.text import clean

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.models import Status
    from tornado_resource.clock import Clock

FIRST_PAUSE_SECONDS: Final = 0.5
PAUSE_GROWTH: Final = 1.65
"""So that the first minute has at most 11 status calls, however the jitter falls: one of 12 is left for scenarios."""
JITTER: Final = 0.25
"""A pause is shortened by up to this share, so that hundreds of sessions do not ask at the same moment."""
OUTAGE_SECONDS: Final = 300.0
GRACE_SECONDS: Final = 60.0
VANISHED_AFTER: Final = 3
"""So many times in a row the API must say 404 before a session counts as gone."""
SHOWN_ID_CHARACTERS: Final = 8
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Awaited:
    """One session to wait for. *poll_seconds* is the longest pause between two of its status calls."""

    name: str
    session_id: str
    timeout_ms: int
    poll_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How a session stands: a line that says it, the status it is from, and whether it is the last one."""

    line: str
    is_last: bool
    status: Status


async def wait(client: Client, awaited: Awaited, report: Callable[[Progress], None], clock: Clock = SYSTEM) -> Ending:
    """Return when the session has ended, vanished, cannot be asked any more, or its time limit + 60 s has passed.

    *report* is called with a progress line, only when something changed: not for a session that had ended before.
    Never raises for what the API does.
    """
    watch = _Watch(awaited, report, clock)
    pause = FIRST_PAUSE_SECONDS
    while True:
        wanted: float | None = None
        try:
            status = await client.status(awaited.session_id)
        except ApiError as error:
            ending = watch.trouble(error)
            wanted = _wanted(error)
        else:
            ending = watch.progress(status)
        if ending is not None:
            return ending
        left = watch.seconds_left()
        if left <= 0:
            return watch.out_of_time()
        await clock.sleep(min(_pause(pause, wanted, awaited.poll_seconds, clock), left))
        pause = min(pause * PAUSE_GROWTH, awaited.poll_seconds)


async def patiently(call: Callable[[], Awaitable[T]], poll_seconds: float, clock: Clock = SYSTEM) -> T:
    """Make a call that is safe to repeat, through the outages that the wait for a session survives.

    Raises:
        ApiError: a refusal at once, or what still went wrong after 5 minutes.

    """
    deadline = clock.monotonic() + OUTAGE_SECONDS
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await call()
        except ApiError as error:
            if not is_passing(error) or clock.monotonic() >= deadline:
                raise
            await clock.sleep(_pause(pause, _wanted(error), poll_seconds, clock))
        pause = min(pause * PAUSE_GROWTH, poll_seconds)


def _wanted(error: ApiError) -> float | None:
    return error.retry_after if isinstance(error, Rejected) else None


def _pause(pause: float, wanted: float | None, poll_seconds: float, clock: Clock) -> float:
    """Shorten a pause by its jitter. Hundreds that are told the same `Retry-After` must not come back as one crowd."""
    if wanted is None:
        return pause * (1 - JITTER * clock.random())
    return wanted + poll_seconds * clock.random()


class _Watch:
    """What is known of one session while it is awaited."""

    def __init__(self, awaited: Awaited, report: Callable[[Progress], None], clock: Clock) -> None:
        self._awaited = awaited
        self._report = report
        self._clock = clock
        self._deadline = clock.monotonic() + awaited.timeout_ms / 1000 + GRACE_SECONDS
        self._last: Status | None = None
        self._shown = ""
        self._trouble_since: float | None = None
        self._missing = 0

    def progress(self, status: Status) -> Ending | None:
        self._missing, self._trouble_since, self._last = 0, None, status
        line = progress_line(self._awaited, status)
        head = line.rpartition(" · ")[0]
        is_news = head != self._shown and not (status.is_final and not self._shown)
        if is_news:
            self._shown = head
            self._report(Progress(line, not status.is_running, status))
        return None if status.is_running else Ending(status)

    def trouble(self, error: ApiError) -> Ending | None:
        now = self._clock.monotonic()
        if self._trouble_since is None:
            self._trouble_since = now
        if isinstance(error, NotFound):
            self._missing += 1
            if self._missing >= VANISHED_AFTER:
                return gone(self._awaited.session_id, self._last)
            return None
        if not is_passing(error):
            return Ending(self._last, f"the API could not be asked: {error}")
        if now - self._trouble_since >= OUTAGE_SECONDS:
            return Ending(self._last, f"the API could not be asked for {OUTAGE_SECONDS / 60:g} minutes: {error}")
        return None

    def seconds_left(self) -> float:
        return self._deadline - self._clock.monotonic()

    def out_of_time(self) -> Ending:
        limit = duration(self._awaited.timeout_ms)
        return Ending(self._last, f"it has not ended within its time limit of {limit} and a minute more")


def gone(session_id: str, last: Status | None = None) -> Ending:
    """Give the end of a session that the API does not know (any more)."""
    text = f"the API no longer knows session {clean(session_id)}"
    return Ending(last, f"{text}; `pulumi refresh` drops it, and the next `pulumi up` starts anew")


def progress_line(awaited: Awaited, status: Status) -> str:
    """Write `support-line e1f2a3b4 iteration 2/5 · 38 passed, 2 failed of 40 · 3m10s of 15m`."""
    head = f"{awaited.name} {clean(awaited.session_id[:SHOWN_ID_CHARACTERS])}"
    if not status.is_running:
        head += f" {clean(status.status, 60)}"
    if status.current_iteration is not None:
        most = f"/{status.max_iterations}" if status.max_iterations is not None else ""
        head += f" iteration {status.current_iteration}{most}"
    passed, failed, total = status.passed_scenarios, status.failed_scenarios, status.total_scenarios
    tally = f"{passed or 0} passed, {failed or 0} failed" + (f" of {total}" if total is not None else "")
    elapsed = duration(status.elapsed_ms) if status.elapsed_ms is not None else "?"
    return f"{head} · {tally} · {elapsed} of {duration(awaited.timeout_ms)}"


def duration(milliseconds: int) -> str:
    """Write a duration as `45s`, `3m10s`, `15m`, `2h`."""
    minutes, seconds = divmod(max(milliseconds, 0) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
