"""Starting a session exactly once, whatever happens to requests and responses.

`start_machine` decides what to do next; this module carries it out.
"""

from __future__ import annotations

from asyncio import to_thread
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.retrying import retried, retried_through_outage
from tornado_resource.core.canonical import digest
from tornado_resource.core.clock import SYSTEM, Backoff, Poller
from tornado_resource.errors import ApiError, TornadoError
from tornado_resource.runs.cancel import cancel_and_settle
from tornado_resource.runs.conflict import PlaceTaken, has_ended, possibly_own_ended
from tornado_resource.runs.intents import Intent
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.order import StartedRun, holder
from tornado_resource.runs.recovery import find_trace, recognise, recover
from tornado_resource.runs.start_machine import (
    Attempts,
    Fail,
    Freed,
    Look,
    LookFailed,
    Seen,
    Send,
    SendFailed,
    Supersede,
    Take,
    Wait,
    step,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tornado_resource.bland.client import Client
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.intents import IntentStore
    from tornado_resource.runs.order import Found, Order, Trace
    from tornado_resource.runs.start_machine import Action, Event

# Sessions take minutes, so polling every 10 s finds the end soon enough.
WAIT_BACKOFF: Final = Backoff(first=0.5, longest=10.0)


async def start(client: Client, order: Order, intents: IntentStore, clock: Clock = SYSTEM) -> StartedRun:
    """Start the run of *order*, or return the run that an interrupted run has already started for it.

    Raises:
        PlaceTaken: another run holds the place, or one of which it is unknown whether it is ours.
        TornadoError: no run was started, or that could not be determined. The message says what to do.

    """
    recovered = await recover(client, order, intents, clock)
    if recovered is not None:
        return recovered
    obstacle = await kind_of(order.kind).find_obstacle(client, order.request) if not order.is_checked else None
    if obstacle is not None:
        message = f"nothing was started: {obstacle}"
        raise TornadoError(message)
    return await _Start(client, order, intents, clock).run()


@dataclass(frozen=True, slots=True)
class _Sent:
    """The intent of a start, and its time by both clocks. Runs created after that may be ours."""

    intent: Intent
    at: datetime
    monotonic: float


class _Start:
    """Carries out the actions of the start machine for one order."""

    def __init__(self, client: Client, order: Order, intents: IntentStore, clock: Clock) -> None:
        self._client = client
        self._order = order
        self._kind = kind_of(order.kind)
        self._intents = intents
        self._clock = clock
        self._listed: set[str] = set()
        self._others: set[str] = set()
        """The runs that were there before the request was sent that counts."""

    async def run(self) -> StartedRun:
        sent = await self._write_intent()
        attempts = Attempts()
        action: Action = Send()
        while True:
            outcome = await self._carry_out(action, sent)
            if isinstance(outcome, StartedRun):
                run = outcome.completed_from(self._order.request)
                await to_thread(self._intents.record, sent.intent, run.run_id, run.created_at)
                return run
            if isinstance(outcome, Freed):  # waiting may have taken longer than the window in which a session is ours
                self._others |= self._listed
                sent = await self._write_intent()
            if isinstance(action, Send):
                attempts = replace(attempts, sent=attempts.sent + 1)
            attempts, action = step(self._order, attempts, outcome)

    async def _write_intent(self) -> _Sent:
        # In a thread: fsync takes milliseconds, which other starts on this event loop would wait for.
        order, now = self._order, self._clock.now()
        sent = _Sent(
            intent=Intent(
                order.address,
                self._kind.place_id(order.request),
                digest(order.request),
                now.isoformat(),
                version=order.request.get(self._kind.version_field),
            ),
            at=now,
            monotonic=self._clock.monotonic(),
        )
        await to_thread(self._intents.write, sent.intent)
        return sent

    async def _carry_out(self, action: Action, sent: _Sent) -> StartedRun | Event:
        match action:
            case Send(pause_seconds=pause):
                return await self._send(pause)
            case Look(pause_seconds=pause, is_thorough=is_thorough):
                return await self._look(pause, sent, is_thorough=is_thorough)
            case Take(found=found, adopted=adopted):
                return await self._adopted(found.run) if adopted else found.run
            case Wait():
                return await self._wait_until_free()
            case Supersede(found=found):
                await cancel_and_settle(self._client, self._order.run(found.run_id), self._clock)
                return Freed()
            case Fail(error=error, is_certain=is_certain):  # pragma: no branch - there is no other action
                if is_certain:
                    self._intents.clear(self._order.address)
                raise error from None

    async def _send(self, pause: float) -> StartedRun | Event:
        await self._pause(pause)
        try:
            return await self._kind.start(self._client, self._order.request)
        except ApiError as error:
            return SendFailed(error)

    async def _look(self, pause: float, sent: _Sent, *, is_thorough: bool) -> Event:
        await self._pause(pause)
        trace: Trace | None = None
        try:
            runs = await retried(self._find)
            elapsed = timedelta(seconds=self._clock.monotonic() - sent.monotonic)
            candidates = [run for run in runs if run.run_id not in self._others]
            ours = await recognise(self._order, candidates, sent.at, elapsed)
            if is_thorough and ours is None:
                trace = await find_trace(self._client, self._order, runs, sent.at, elapsed)
        except ApiError as error:
            return LookFailed(error)
        return self._seen(runs, ours, trace)

    def _seen(self, runs: Sequence[Found], ours: Found | None, trace: Trace | None) -> Seen:
        order, intent_file = self._order, self._intents.file(self._order.address)
        if trace is not None:
            error = has_ended(order, trace, intent_file)
            return Seen(holder(runs), ended=error) if trace.is_certain else Seen(holder(runs), doubt=error)
        is_doubtful = ours is not None and bool(ours.doubts) and not ours.is_holding
        doubt = possibly_own_ended(order, ours, intent_file) if ours is not None and is_doubtful else None
        return Seen(holder(runs), ours, doubt=doubt)

    async def _find(self) -> Sequence[Found]:
        runs = await self._kind.look(self._client, self._order)
        self._listed = {run.run_id for run in runs}
        return runs

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            await self._clock.sleep(seconds)

    async def _adopted(self, run: StartedRun) -> StartedRun:
        """Return the run of somebody else, with what only its status shows, such as the time limit of a session."""
        fields = dict(run.shown)
        if None in fields.values():
            with suppress(ApiError):  # it is adopted all the same
                status = await retried(lambda: self._kind.read(self._client, self._order.run(run.run_id)))
                fields = {key: status.shown.get(key) if value is None else value for key, value in fields.items()}
        return replace(run, adopted=True, shown=fields)

    async def _wait_until_free(self) -> Event:
        limit = self._kind.limit_ms(self._order.request) / 1000
        poller = Poller(WAIT_BACKOFF, limit, self._clock)
        while (run := holder(await retried_through_outage(self._find, WAIT_BACKOFF, self._clock))) is not None:
            if not await poller.pause():
                self._intents.clear(self._order.address)
                declared = " (timeout_ms)" if "timeout_ms" in self._kind.fields else ""
                raise PlaceTaken(self._order, run, f"It did not end within {limit:g} s{declared}")
        return Freed()
