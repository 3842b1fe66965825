"""From a request to a session that is known by its id, whatever happens on the way.

The API has no idempotency key, but it runs one session at a time on a pathway: after anything ambiguous, or a crash,
the client asks *active*, and takes a session created after its own request went out for its own. `stepping` decides,
and this carries out.
"""

from __future__ import annotations

from asyncio import to_thread
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.models import parse_time
from tornado_resource.bland.retrying import retried
from tornado_resource.clock import SYSTEM
from tornado_resource.declarations.model import DEFAULT_TIMEOUT_MS, digest
from tornado_resource.errors import ApiError, NotFound, TornadoError
from tornado_resource.lifecycle.ending import cancel_and_settle
from tornado_resource.lifecycle.intents import Intent
from tornado_resource.lifecycle.stepping import (
    Blind,
    Fail,
    Faulted,
    Freed,
    Look,
    Progress,
    Seen,
    Send,
    Supersede,
    Take,
    Wait,
    differences,
    held_by,
    step,
)
from tornado_resource.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.models import Active, Started
    from tornado_resource.clock import Clock
    from tornado_resource.declarations.model import OnConflict
    from tornado_resource.lifecycle.intents import Address, IntentStore
    from tornado_resource.lifecycle.stepping import Action, Event

LONGEST_POLL_SECONDS: Final = 10.0
CLOCK_TOLERANCE: Final = timedelta(seconds=2)
"""The API's Date header has whole seconds, and a session may be stamped a moment before our own clock says so."""
SENDING_WINDOW: Final = timedelta(minutes=10)
"""No start of an order takes effect later than this after its first sending: a younger session is somebody else's."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be started, and for which resource."""

    address: Address
    request: Mapping[str, Any]
    on_conflict: OnConflict = "fail"

    @property
    def name(self) -> str:
        """The resource's name, for messages."""
        return self.address.resource

    @property
    def pathway_id(self) -> str:
        """The pathway that the session runs on."""
        return str(self.request["pathway_id"])


@dataclass(frozen=True, slots=True)
class Session:
    """A session that runs, or ran, for a declaration."""

    session_id: str
    created_at: str | None
    status: str
    max_iterations: int | None
    timeout_ms: int | None
    adopted: bool = False


async def start(client: Client, order: Order, intents: IntentStore, clock: Clock = SYSTEM) -> Session:
    """Start the session of *order*, once, or find the one that an interrupted run has started for it.

    Raises:
        TornadoError: no session was started for this order, or none could be found; the text says what to do.

    """
    before = intents.find(order.address)
    if before is not None:
        found = await _recover(client, order, before, clock)
        if found is not None:
            intents.answer(before, found.session_id, found.created_at)
            return found
    return await _Starting(client, order, intents, clock).run()


async def adopt(client: Client, order: Order, session_id: str) -> Session:
    """Take over an existing session by its id: one status call, and one *active* for a running one.

    Raises:
        TornadoError: the session could not be read, or runs on another pathway.

    """
    try:
        status = await retried(lambda: client.status(session_id))
    except NotFound:
        message = f"the API knows no session {clean(session_id)}; check or remove tornado:adopt.{order.name}"
        raise TornadoError(message) from None
    active = await retried(lambda: client.active(order.pathway_id)) if status.is_running else None
    if status.is_running and (active is None or active.session_id != session_id):
        status = await retried(lambda: client.status(session_id))
        active = None
    if status.is_running and active is None:
        message = (
            f"session {clean(session_id)} runs, but not on pathway {order.pathway_id}: it cannot be adopted for "
            f"{order.name}; check the id in tornado:adopt"
        )
        raise TornadoError(message)
    return Session(
        session_id=session_id,
        created_at=active.created_at if active else None,
        status=status.status,
        max_iterations=status.max_iterations,
        timeout_ms=status.timeout_ms,
        adopted=True,
    )


async def _recover(client: Client, order: Order, before: Intent, clock: Clock) -> Session | None:
    """Find the session of an intent whose id the engine never got; None when there is none of this request."""
    if before.request != digest(order.request):
        return None
    if before.session_id is not None:
        return await _recover_known(client, order, before, before.session_id)
    active = await retried(lambda: client.active(order.pathway_id))
    sent = datetime.fromisoformat(before.sent_at)
    if active is None or not _is_ours(order, active, sent, clock.now() - sent):
        return None
    return _from_active(order, active, adopted=False)


async def _recover_known(client: Client, order: Order, before: Intent, session_id: str) -> Session | None:
    try:
        status = await retried(lambda: client.status(session_id))
    except NotFound:
        return None
    session = Session(session_id, before.created_at, status.status, status.max_iterations, status.timeout_ms)
    return _with_declared(session, order.request)


class _Starting:
    """Carries one order out: holds the effects, while `stepping` holds the decisions."""

    def __init__(self, client: Client, order: Order, intents: IntentStore, clock: Clock) -> None:
        self._client = client
        self._order = order
        self._intents = intents
        self._clock = clock

    async def run(self) -> Session:
        await self._note()
        progress: Progress = Progress()
        action: Action = Send()
        while True:
            progress, outcome = await self._carry_out(progress, action)
            if isinstance(outcome, Session):
                await to_thread(self._intents.answer, self._intent, outcome.session_id, outcome.created_at)
                return outcome
            progress, action = step(self._order, progress, outcome)

    async def _note(self) -> None:
        """Write the intent, as of now: what is created from now on may be ours.

        In a thread, as the answer: a disk takes milliseconds for each, and other starts need not wait for that.
        """
        order = self._order
        self._sent_at, self._sent_monotonic = self._clock.now(), self._clock.monotonic()
        self._intent = Intent(order.address, order.pathway_id, digest(order.request), self._sent_at.isoformat())
        await to_thread(self._intents.write, self._intent)

    async def _carry_out(self, progress: Progress, action: Action) -> tuple[Progress, Session | Event]:
        match action:
            case Send(pause_seconds=pause):
                await self._pause(pause)
                return replace(progress, sent=progress.sent + 1), await self._send()
            case Look(pause_seconds=pause):
                await self._pause(pause)
                return progress, await self._look()
            case Take(active=active, adopted=adopted):
                return progress, _from_active(self._order, active, adopted=adopted)
            case Wait():
                return progress, await self._wait_for_slot()
            case Supersede(active=active):
                await cancel_and_settle(self._client, active.session_id, self._order.pathway_id, self._clock)
                return progress, await self._freed()
            case Fail(error=error, is_certain=is_certain):
                if is_certain:
                    self._intents.clear(self._order.address)
                raise error from None

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            await self._clock.sleep(seconds)

    async def _send(self) -> Session | Event:
        try:
            return _from_start(self._order, await self._client.start(self._order.request))
        except ApiError as error:
            return Faulted(error)

    async def _look(self) -> Event:
        try:
            active = await retried(lambda: self._client.active(self._order.pathway_id))
        except ApiError as error:
            return Blind(error)
        if active is None:
            return Seen(None)
        elapsed = timedelta(seconds=self._clock.monotonic() - self._sent_monotonic)
        return Seen(active, _is_ours(self._order, active, self._sent_at, elapsed))

    async def _wait_for_slot(self) -> Event:
        limit = int(self._order.request.get("timeout_ms", DEFAULT_TIMEOUT_MS)) / 1000
        began, pause = self._clock.monotonic(), 0.5
        while (active := await retried(lambda: self._client.active(self._order.pathway_id))) is not None:
            left = limit - (self._clock.monotonic() - began)
            if left <= 0:
                self._intents.clear(self._order.address)
                message = f"{held_by(self._order, active)}\nWaited {limit:g} s (timeout_ms) for it to end"
                raise TornadoError(message)
            await self._clock.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_POLL_SECONDS)
        return await self._freed()

    async def _freed(self) -> Event:
        await self._note()
        return Freed()


def _is_ours(order: Order, active: Active, sent_at: datetime, elapsed: timedelta) -> bool:
    """Whether a session was created when our request went out, and for the same request as far as one can see.

    The API's own clock decides where it tells the time: *elapsed* since *sent_at* is then counted back from there.
    """
    created = parse_time(active.created_at)
    if created is None or differences(order, active):
        return False
    sent = active.asked_at - elapsed if active.asked_at is not None else sent_at
    return sent - CLOCK_TOLERANCE <= created <= sent + SENDING_WINDOW


def _from_start(order: Order, started: Started) -> Session:
    session = Session(
        started.session_id, started.created_at, started.status, started.max_iterations, started.timeout_ms
    )
    return _with_declared(session, order.request)


def _from_active(order: Order, active: Active, *, adopted: bool) -> Session:
    session = Session(active.session_id, active.created_at, active.status, active.max_iterations, None, adopted)
    return _with_declared(session, order.request)


def _with_declared(session: Session, request: Mapping[str, Any]) -> Session:
    """Where the API did not repeat a number, the declared one is what it was given."""
    return replace(
        session,
        max_iterations=session.max_iterations if session.max_iterations is not None else request.get("max_iterations"),
        timeout_ms=session.timeout_ms if session.timeout_ms is not None else request.get("timeout_ms"),
    )
