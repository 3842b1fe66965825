"""Starting a session exactly once, whatever happens to requests and responses.

`start_machine` decides what to do next; this module carries it out.
"""

from __future__ import annotations

from asyncio import to_thread
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.retrying import retried, retried_through_outage
from tornado_resource.core.canonical import digest
from tornado_resource.core.clock import SYSTEM, Backoff, Poller
from tornado_resource.declarations.model import DEFAULT_TIMEOUT_MS
from tornado_resource.errors import ApiError
from tornado_resource.runs.cancel import cancel_and_settle
from tornado_resource.runs.conflict import PathwayBusy
from tornado_resource.runs.intents import Intent
from tornado_resource.runs.order import Session
from tornado_resource.runs.ownership import may_be_ours
from tornado_resource.runs.recovery import recover
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
    from datetime import datetime

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.responses import Active
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.intents import IntentStore
    from tornado_resource.runs.order import Order
    from tornado_resource.runs.start_machine import Action, Event

# Sessions take minutes, so polling every 10 s finds the end soon enough.
WAIT_BACKOFF: Final = Backoff(first=0.5, longest=10.0)


async def start(client: Client, order: Order, intents: IntentStore, clock: Clock = SYSTEM) -> Session:
    """Start the session of *order*, or return the session that an interrupted run has already started for it.

    Raises:
        PathwayBusy: another session is active on the pathway, or one of which it is unknown whether it is ours.
        TornadoError: no session was started, or that could not be determined. The message says what to do.

    """
    intent = intents.find(order.address)
    if intent is not None:
        found = await recover(client, order, intent, clock)
        if found is not None:
            intents.record(intent, found.session_id, found.created_at)
            return found
    return await _Start(client, order, intents, clock).run()


@dataclass(frozen=True, slots=True)
class _Sent:
    """The intent of a start, and its time by both clocks. Sessions created after that may be ours."""

    intent: Intent
    at: datetime
    monotonic: float


class _Start:
    """Carries out the actions of the start machine for one order."""

    def __init__(self, client: Client, order: Order, intents: IntentStore, clock: Clock) -> None:
        self._client = client
        self._order = order
        self._intents = intents
        self._clock = clock

    async def run(self) -> Session:
        sent = await self._write_intent()
        attempts = Attempts()
        action: Action = Send()
        while True:
            outcome = await self._carry_out(action, sent)
            if isinstance(outcome, Session):
                session = outcome.completed_from(self._order.request)
                await to_thread(self._intents.record, sent.intent, session.session_id, session.created_at)
                return session
            if isinstance(outcome, Freed):  # waiting may have taken longer than the window in which a session is ours
                sent = await self._write_intent()
            if isinstance(action, Send):
                attempts = replace(attempts, sent=attempts.sent + 1)
            attempts, action = step(self._order, attempts, outcome)

    async def _write_intent(self) -> _Sent:
        # In a thread: fsync takes milliseconds, which other starts on this event loop would wait for.
        order, now = self._order, self._clock.now()
        sent = _Sent(
            intent=Intent(order.address, order.pathway_id, digest(order.request), now.isoformat()),
            at=now,
            monotonic=self._clock.monotonic(),
        )
        await to_thread(self._intents.write, sent.intent)
        return sent

    async def _carry_out(self, action: Action, sent: _Sent) -> Session | Event:
        match action:
            case Send(pause_seconds=pause):
                return await self._send(pause)
            case Look(pause_seconds=pause):
                return await self._look(pause, sent)
            case Take(active=active, adopted=adopted):
                return Session.active(active, adopted=adopted)
            case Wait():
                return await self._wait_until_free()
            case Supersede(active=active):
                await cancel_and_settle(self._client, active.session_id, self._order.pathway_id, self._clock)
                return Freed()
            case Fail(error=error, is_certain=is_certain):  # pragma: no branch - there is no other action
                if is_certain:
                    self._intents.clear(self._order.address)
                raise error from None

    async def _send(self, pause: float) -> Session | Event:
        await self._pause(pause)
        try:
            return Session.started(await self._client.start(self._order.request))
        except ApiError as error:
            return SendFailed(error)

    async def _look(self, pause: float, sent: _Sent) -> Event:
        await self._pause(pause)
        try:
            active = await retried(lambda: self._client.active(self._order.pathway_id))
        except ApiError as error:
            return LookFailed(error)
        if active is None:
            return Seen(None)
        elapsed = timedelta(seconds=self._clock.monotonic() - sent.monotonic)
        return Seen(active, may_be_ours(self._order, active, sent.at, elapsed))

    async def _active_through_outage(self) -> Active | None:
        pathway_id = self._order.pathway_id
        return await retried_through_outage(lambda: self._client.active(pathway_id), WAIT_BACKOFF, self._clock)

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            await self._clock.sleep(seconds)

    async def _wait_until_free(self) -> Event:
        limit = int(self._order.request.get("timeout_ms", DEFAULT_TIMEOUT_MS)) / 1000
        poller = Poller(WAIT_BACKOFF, limit, self._clock)
        while (active := await self._active_through_outage()) is not None:
            if not await poller.pause():
                self._intents.clear(self._order.address)
                note = f"It did not end within {limit:g} s (timeout_ms)"
                raise PathwayBusy(self._order, active, note)
        return Freed()
