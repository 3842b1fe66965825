"""Fake clocks, which advance only while code sleeps, and a fake API."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from pulumi.dynamic import Config, ConfigureRequest

from tornado_resource.bland.address import ApiKey, Endpoint
from tornado_resource.bland.client import Client
from tornado_resource.core.clock import Clock
from tornado_resource.provider.runtime import confirm_base_url
from tornado_resource.runs.intents import IntentStore

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from pulumi.dynamic import ResourceProvider

T = TypeVar("T")
KEY = "sk-canary-0123456789"
EPOCH = datetime(2026, 4, 14, 10, 0, tzinfo=UTC)


@dataclass
class FakeTime:
    """Monotonic seconds since the test began; wall-clock time is `EPOCH` later, plus *skew* seconds."""

    seconds: float = 0.0
    skew: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds + self.skew)

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.seconds += seconds

    def clock(self, random: float = 0.0) -> Clock:
        return Clock(now=self.now, monotonic=lambda: self.seconds, sleep=self.sleep, random=lambda: random)


@dataclass
class VirtualTime:
    """One clock for many tasks. When all of them sleep, it jumps to the time at which the first of them wakes."""

    seconds: float = 0.0
    skew: float = 0.0
    _awake: int = 0
    _sleepers: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    def clock(self, random: Callable[[], float]) -> Clock:
        def now() -> datetime:
            return EPOCH + timedelta(seconds=self.seconds + self.skew)

        return Clock(now=now, monotonic=lambda: self.seconds, sleep=self.sleep, random=random)

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + seconds, next(self._numbers), woken))
        self._rest()
        await woken

    async def run(self, tasks: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """Run all tasks concurrently and return their results."""
        begun = list(tasks)
        self._awake = len(begun)
        return await asyncio.gather(*map(self._counted, begun))

    async def _counted(self, task: Coroutine[Any, Any, T]) -> T:
        try:
            return await task
        finally:
            self._rest()

    def _rest(self) -> None:
        self._awake -= 1
        if self._awake == 0 and self._sleepers:
            self.seconds, _, woken = heapq.heappop(self._sleepers)
            self._awake = 1
            woken.set_result(None)


def client_of(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> Client:
    def streamed(request: httpx.Request) -> httpx.Response:
        response = handler(request)
        if not hasattr(response, "_content"):
            return response
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content))

    return Client(Endpoint("http://127.0.0.1:1", ApiKey(KEY)), transport=httpx.MockTransport(streamed), **options)


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json=content, headers=headers)


@dataclass
class FakeSession:
    session_id: str
    body: dict[str, Any]
    created_at: datetime
    status: str = "RUNNING"


@dataclass
class FakeApi:
    """The API: one session at a time on a pathway. `faults` replace the responses to start requests, in order.

    A fault is (response or transport error, whether the start took effect). *id_key* and *is_wrapped*: the form of the
    responses that have a session, other than the API's page documents. *shows_scenarios*: whether *active* shows ids.
    *begins*: the status that a started session has at once. *runs*: in place of the list of runs. *active_late*:
    seconds until a new session is shown as the active one.
    """

    time: FakeTime
    faults: list[tuple[httpx.Response | Exception, bool]] = field(default_factory=list)
    sessions: list[FakeSession] = field(default_factory=list)
    effective_starts: int = 0
    added: int = 0
    calls: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    sends_date: bool = True
    id_key: str = "session_id"
    is_wrapped: bool = False
    shows_scenarios: bool = False
    begins: str = "RUNNING"
    runs: httpx.Response | Exception | None = None
    active_late: float = 0.0
    active_faults: list[httpx.Response | Exception] = field(default_factory=list)
    intents: IntentStore = field(default_factory=lambda: IntentStore(Path(tempfile.mkdtemp()) / "intents"))

    def client(self) -> Client:
        return client_of(self.handle)

    def add(self, pathway_id: str = "pw-1", *, age: float = 0.0, **body: Any) -> FakeSession:
        self.added += 1
        session = FakeSession(
            f"s-{self.added}",
            {"pathway_id": pathway_id, **body},
            EPOCH + timedelta(seconds=self.time.seconds - age),
        )
        self.sessions.append(session)
        return session

    def running(self, place: str) -> FakeSession | None:
        return next((s for s in self.sessions if self.place(s.body) == place and s.status == "RUNNING"), None)

    def place(self, body: dict[str, Any]) -> str:
        return str(body["pathway_id"])

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/agent-testing/runs"):
            return self._runs(**request.url.params)
        if request.url.path == "/v2/agents":  # none was migrated from a pathway
            return json_response([])
        path = request.url.path.removeprefix("/v1/agent-testing/tornado/")
        self.calls.append(f"{request.method} {path}")
        if path == "start":
            return self._start(json.loads(request.content))
        if path == "active":
            return self._active(request.url.params["pathway_id"])
        session_id, verb = path.split("/")
        session = next((s for s in self.sessions if s.session_id == session_id), None)
        if session is None:
            return json_response({"message": "unknown session"}, 404)
        if verb == "cancel":
            session.status = "CANCELLED" if session.status == "RUNNING" else session.status
            return json_response({"cancelled": True})
        return self._form(
            {"session_id": session_id, "status": session.status, "max_iterations": 5, "timeout_ms": 900000}
        )

    def _runs(self, pathway_id: str, limit: str, offset: str = "0") -> httpx.Response:
        if isinstance(self.runs, Exception):
            raise self.runs
        if self.runs is not None:
            return self.runs
        mine = [each for each in reversed(self.sessions) if each.body["pathway_id"] == pathway_id]
        runs = [{"trigger_source": "tornado", "created_at": each.created_at.isoformat()} for each in mine]
        page = runs[int(offset) : int(offset) + int(limit)]
        return json_response({"runs": page, "total_count": len(runs)}, headers=self._headers())

    def _start(self, body: dict[str, Any]) -> httpx.Response:
        self.bodies.append(body)
        seen, has_effect = self.faults.pop(0) if self.faults else (None, True)
        is_free = self.running(self.place(body)) is None
        if has_effect and is_free:
            self.effective_starts += 1
            self.add(**body).status = self.begins
        if isinstance(seen, Exception):
            raise seen
        if seen is not None:
            return seen
        if not is_free:
            return json_response({"error": "busy"}, 409)
        session = self.sessions[-1]
        return self._form(self._shown(session))

    def _active(self, pathway_id: str) -> httpx.Response:
        if self.active_faults:
            fault = self.active_faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        session = self.running(pathway_id)
        shown_until = EPOCH + timedelta(seconds=self.time.seconds - self.active_late)
        if session is None or session.created_at > shown_until:
            return json_response({"message": "none"}, 404)
        body = session.body
        total = len(body["scenario_ids"]) if "scenario_ids" in body else 7
        shown = {**self._shown(session), "persona_id": body.get("persona_id"), "total_scenarios": total}
        if self.shows_scenarios:
            shown["scenario_ids"] = body.get("scenario_ids", [])
        return self._form(shown, self._headers())

    def _headers(self) -> dict[str, str]:
        return {"date": format_date(EPOCH + timedelta(seconds=self.time.seconds))} if self.sends_date else {}

    def _form(self, content: dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
        shown = {self.id_key if key == "session_id" else key: value for key, value in content.items()}
        return json_response({"data": shown, "errors": None} if self.is_wrapped else shown, headers=headers)

    def _shown(self, session: FakeSession) -> dict[str, Any]:
        return {
            "session_id": session.session_id,
            "status": session.status,
            "pathway_id": session.body["pathway_id"],
            "max_iterations": session.body.get("max_iterations", 5),
            "timeout_ms": session.body.get("timeout_ms", 900000),
            "created_at": session.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }


def format_date(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


def configure_request(url: str, **config: str) -> ConfigureRequest:
    """Return the request that configures a provider, with the API key, this base URL, and more of `tornado:`."""
    given = {f"tornado:{key}": value for key, value in config.items()}
    return ConfigureRequest(Config({"bland:apiKey": KEY, "bland:baseUrl": url, **given}, "agents"))


def configure_provider(provider: ResourceProvider, url: str, **config: str) -> None:
    """Configure a provider as an update does, in which the program knows the base URL from the stack's config."""
    provider.configure(configure_request(url, **config))
    confirm_base_url(url)
