"""Polling runs until they end: through outages, and for hundreds at once on one event loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from tornado_resource.bland.retrying import MAX_OUTAGE_SECONDS, is_transient, retried_through_outage
from tornado_resource.core.clock import SYSTEM, Backoff, Poller, format_ms
from tornado_resource.core.text import clean
from tornado_resource.errors import ApiError, ForeignResponse, NotFound, Rejected, ReportedError
from tornado_resource.runs.existence import MAX_NOT_FOUND, confirm_gone
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import Ending

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.sessions import Status
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.model import GatedRun

FIRST_PAUSE_SECONDS: Final = 0.5
PAUSE_GROWTH: Final = 1.65
"""With this growth a run's first minute has at most 11 status requests, however the jitter falls."""
JITTER: Final = 0.25
MAX_FOREIGN: Final = 3
"""One response about another run may be an accident. After this many in a row the wait ends."""
SHOWN_ID_CHARACTERS: Final = 8
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """A change of a run: a line for people, and the status that it shows."""

    line: str
    status: Status


async def wait_for_end(
    client: Client, gated: GatedRun, poll_seconds: float, report: Callable[[Progress], None], clock: Clock = SYSTEM
) -> Ending:
    """Poll a run until it ends, until it is gone, until the API fails for good, or until its time limit + 60 s.

    Never raises for what the API does.

    Args:
        client: sends the requests.
        gated: the run to wait for.
        poll_seconds: the longest pause between two polls.
        report: called when something changed; never for a run that had ended before the first poll.
        clock: time.

    """
    watch = _Watch(client, gated, report, clock)
    poller = Poller(_backoff(poll_seconds), (limit_ms(gated) + kind_of(gated.kind).grace_ms) / 1000, clock)
    if gated.known.status is not None:
        ending = watch.read(gated.known.status)
        if ending is not None or not await poller.pause():
            return ending or watch.out_of_time()
    while True:
        retry_after: float | None = None
        try:
            status = await kind_of(gated.kind).read(client, gated.run)
        except ApiError as error:
            ending = await watch.failed(error)
            retry_after = error.retry_after
        else:
            ending = watch.read(status)
        if ending is not None:
            return ending
        if not await poller.pause(retry_after):
            return watch.out_of_time()


async def retry_through_outage(call: Callable[[], Awaitable[T]], poll_seconds: float, clock: Clock = SYSTEM) -> T:
    """As `retried_through_outage`, at the intervals at which a run is polled."""
    return await retried_through_outage(call, _backoff(poll_seconds), clock)


def gone(gated: GatedRun, last: Status | None = None) -> Ending:
    """Return the ending of a run that the API does not know (any more)."""
    return Ending(last, f"the API no longer knows {kind_of(gated.kind).noun} {clean(gated.run_id)}", "gone")


def request_failed(error: ApiError, last: Status | None = None) -> Ending:
    """Return the ending of a run whose status cannot be read."""
    if isinstance(error, ForeignResponse):
        return Ending(last, f"the API responds about something else: {error}", "misdirected")
    return Ending(last, f"the API request failed: {error}", "account" if _is_of_account(error) else "request_failed")


def _is_of_account(error: ApiError) -> bool:
    """Return whether the account cannot pay, or has reached a limit: nothing is known of what was tested then.

    A 2xx response that reports an error in words says so of a quota (API page *Errors*).
    """
    return isinstance(error, ReportedError) or (isinstance(error, Rejected) and error.status_code in {402, 429})


def limit_ms(gated: GatedRun) -> int:
    """Return how long to wait for a run, in milliseconds: as declared, else as the API said, else as is usual."""
    # A response never overrides the declaration: a wrong one could end the wait at once, or never.
    if gated.timeout_ms is not None and "timeout_ms" not in gated.request:
        return gated.timeout_ms
    return kind_of(gated.kind).limit_ms(gated.request)


def progress_line(gated: GatedRun, status: Status) -> str:
    """Return `support-line e1f2a3b4 iteration 2/5 · 38 passed, 2 failed of 40 · 3m10s of 15m`."""
    head = f"{gated.name} {clean(gated.run_id[:SHOWN_ID_CHARACTERS])}"
    if not status.is_running:
        head += f" {clean(status.status, 60)}"
    elapsed, limit = status.elapsed_ms, format_ms(limit_ms(gated))
    time = f"{format_ms(elapsed)} of {limit}" if elapsed is not None else f"at most {limit}"
    return f"{head}{kind_of(gated.kind).progress(status)} · {time}"


def _backoff(poll_seconds: float) -> Backoff:
    return Backoff(FIRST_PAUSE_SECONDS, longest=poll_seconds, growth=PAUSE_GROWTH, jitter=JITTER)


class _Watch:
    """The state of one run while it is polled. Its methods return an ending once there is one."""

    def __init__(self, client: Client, gated: GatedRun, report: Callable[[Progress], None], clock: Clock) -> None:
        self._client = client
        self._gated = gated
        self._report = report
        self._clock = clock
        self._last: Status | None = None
        self._shown = ""
        self._failing_since: float | None = None
        self._not_found = 0
        self._foreign = 0

    def read(self, status: Status) -> Ending | None:
        self._not_found, self._foreign, self._failing_since, self._last = 0, 0, None, status
        line = progress_line(self._gated, status)
        head = line.rpartition(" · ")[0]  # without the elapsed time, which changes with every poll
        is_news = head != self._shown and not (status.is_final and not self._shown)
        if is_news:
            self._shown = head
            self._report(Progress(line, status))
        return None if status.is_running else Ending(status)

    async def failed(self, error: ApiError) -> Ending | None:
        now = self._clock.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        if isinstance(error, NotFound):
            self._not_found += 1
            return await self._not_found_again(error) if self._not_found >= MAX_NOT_FOUND else None
        if isinstance(error, ForeignResponse):
            self._foreign += 1
            return request_failed(error, self._last) if self._foreign >= MAX_FOREIGN else None
        if not is_transient(error):
            return request_failed(error, self._last)
        if now - self._failing_since >= MAX_OUTAGE_SECONDS:
            minutes = f"{MAX_OUTAGE_SECONDS / 60:g} minutes"
            if _is_of_account(error):
                return Ending(self._last, f"the API refused for {minutes}: {error}", "account")
            return Ending(self._last, f"the API could not be reached for {minutes}: {error}", "unreachable")
        return None

    async def _not_found_again(self, error: NotFound) -> Ending | None:
        try:
            await confirm_gone(self._client, self._gated.run, error)
        except ApiError as doubt:
            return None if is_transient(doubt) else request_failed(doubt, self._last)
        return gone(self._gated, self._last)

    def out_of_time(self) -> Ending:
        limit = format_ms(limit_ms(self._gated))
        grace = format_ms(kind_of(self._gated.kind).grace_ms)
        reason = f"it did not end within its time limit of {limit} plus {grace}"
        return Ending(self._last, reason, "out_of_time")
