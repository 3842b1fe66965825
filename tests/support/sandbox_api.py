"""The sandbox in memory, on the clock of a test: requests are recorded, and faults come in the place of responses."""

from __future__ import annotations

import json
import tempfile
import weakref
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import httpx

from tests.support.api import EPOCH, FakeTime, client_of, format_date
from tornado_resource.runs.intents import IntentStore
from tornado_resource.sandbox.agent_scripts import AgentScript, JudgeScript
from tornado_resource.sandbox.app import DEFAULT_MAX_ITERATIONS, DEFAULT_TIMEOUT_MS, Api
from tornado_resource.sandbox.playing import Session, iso
from tornado_resource.sandbox.scenario_file import Scripts
from tornado_resource.sandbox.scenarios import OWNERS, SCENARIO_DEFAULTS
from tornado_resource.sandbox.scripts import pathway_script
from tornado_resource.sandbox.store import Source, Store

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.sandbox.scripts import Script

Seen = httpx.Response | BaseException
Fault = tuple[Seen, bool]
"""What the client sees in the place of a response, and whether the request took effect."""
SHORT: Final = {"session": "s", "scenario": "sc", "run": "cr", "set": "s", "judge": "j"}
"""How ids begin, by kind: `s-1`, `s-2`."""
NO_ROUTE: Final = 501
SET_ENDS: Final = ("RUNNING", "PASSED", "FAILED", "ERROR")
RUN_ENDS: Final = ("never", "PASSED", "FAILED", "ERROR", "CANCELLED")
"""How the simulation sets and check runs of the sandbox may go: on for ever, or to an end at once."""
PATHWAY: Final = {
    "iteration_ms": 10**12,
    "simulations": [{"ends_as": end, "run_ms": 10**12 if end == "RUNNING" else 0} for end in SET_ENDS],
}
"""Sessions run until a test ends them, or until their time limit."""
AGENT: Final = {
    "versions": [{}, {}],
    "scenarios": [{"id": "tc-1"}],
    "checks": {"staging": {"judges": ["j-0"]}, "production": {"judges": ["j-0"]}},
    "runs": [{"ends_as": end, "run_ms": 0} for end in RUN_ENDS],
}
SCRIPTS: Final = Scripts(
    {"*": pathway_script("*", PATHWAY)},
    {"a-1": AgentScript.of(AGENT), "ag-1": AgentScript.of({})},
    {"j-0": JudgeScript("Resolved")},
    is_wrapped=False,
)


class Killed(BaseException):
    """The process ends in the middle of a request."""


class Stage(Api):
    """A sandbox whose sessions end when a test says so. *ended*: their final status, by id."""

    def __init__(self) -> None:
        self.store = Store()
        self.clear(FakeTime())
        super().__init__(self.store, SCRIPTS, 1.0, source=Source(self.now_ms, self.new_id))
        self.transport = httpx.ASGITransport(self.asgi())

    def clear(self, time: FakeTime) -> None:
        self.time = time
        self.numbers = Counter[str]()
        self.ended: dict[str, str] = {}
        self.store.clear()

    def now_ms(self) -> int:
        return round((EPOCH + timedelta(seconds=self.time.seconds)).timestamp() * 1000)

    def new_id(self, kind: str) -> str:
        self.numbers[kind] += 1
        return f"{SHORT.get(kind, kind)}-{self.numbers[kind]}"

    def _script_of(self, session: Session) -> Script:
        script, final = super()._script_of(session), self.ended.get(session.session_id)
        return script if final is None else replace(script, iteration_ms=0, ends_as=final)

    def add_agent(self, agent_id: str, snapshot: dict[str, Any]) -> None:
        """Let there be an agent with versions v-1 and v-2."""
        versions = self._agents.versions(agent_id)[::-1]
        for number, version in enumerate(versions, 1):
            self.store.remove("version", version["id"])
            self.store.put("version", f"v-{number}", {**version, "id": f"v-{number}", "snapshot": snapshot}, agent_id)

    def start_checks(self, checked: dict[str, Any], at_ms: int) -> str:
        """Start a check run as somebody else does, and return its id."""
        agent_id, config = checked["agent_id"], self._agents.checks(checked["agent_id"], checked["env"])
        version = self._agents.version(agent_id, checked["version_id"])
        assert config is not None
        assert version is not None
        run_id: str = self._check_runs.start(config, version, "somebody", at_ms)["id"]
        self.store.put("run", run_id, {**(self.store.document("run", run_id) or {}), "entry": 0})
        return run_id

    def add_scenario(self, fields: dict[str, Any], at_ms: int) -> dict[str, Any]:
        """Add a scenario as somebody else has created it."""
        times = dict.fromkeys(("created_at", "updated_at"), iso(at_ms))
        made = {
            "id": self.new_id("scenario"),
            "org_id": "o",
            **dict.fromkeys(OWNERS),
            **SCENARIO_DEFAULTS,
            **fields,
            **times,
        }
        self.store.put_scenario(made["id"], made)
        return made

    def start_set(self, request: dict[str, Any], at_ms: int) -> str:
        """Start a simulation set as somebody else does, and return its id."""
        set_id: str = self._simulations.start(request["pathway_id"], request)["simulation_set_id"]
        stored = {**(self.store.document("set", set_id) or {}), "entry": 0, "created_ms": at_ms}
        self.store.put("set", set_id, stored, request["pathway_id"])
        return set_id

    def simulation_set(self, set_id: str) -> dict[str, Any]:
        return self._simulations.get(set_id) or {}

    def check_run(self, run_id: str) -> dict[str, Any]:
        shown = next(each for each in self._check_runs.all() if each["id"] == run_id)
        return dict(shown)

    def status(self, session_id: str) -> str:
        session = self._store.session(session_id)
        assert session is not None
        return str(self._status_of(session)["status"])


FREE: Final[list[Stage]] = []
"""Those of tests that have ended."""


@dataclass
class SandboxApi:
    """The API, for a client.

    *faults* (`Fault`) are in the place of responses to writes, in order, and *read_faults* (`Seen`) of those to reads;
    None: no fault.
    *sends_date*: whether responses have the time of the API.
    """

    time: FakeTime = field(default_factory=FakeTime)
    faults: list[Any] = field(default_factory=list)
    read_faults: list[Any] = field(default_factory=list)
    sends_date: bool = True
    calls: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    intents: IntentStore = field(default_factory=lambda: IntentStore(Path(tempfile.mkdtemp()) / "intents"))

    PREFIX: ClassVar[str] = "/"
    """Where the paths begin whose requests are recorded; calls do without it."""
    FAULTY: ClassVar[tuple[str, ...]] = ("POST", "PUT", "DELETE", "GET")
    """How the calls begin that faults hit."""

    def __post_init__(self) -> None:
        # A list of a parametrized test stays whole.
        self.faults, self.read_faults = list(self.faults), list(self.read_faults)
        self.stage = FREE.pop() if FREE else Stage()
        self.stage.clear(self.time)
        self.store = self.stage.store
        # To make one takes longer than most tests.
        weakref.finalize(self, FREE.append, self.stage)

    def now_ms(self, age: float = 0.0) -> int:
        """The time of the API, *age* seconds ago. A test's own clock may be wrong (*skew*)."""
        return self.stage.now_ms() - round(age * 1000)

    def client(self) -> Client:
        return client_of(lambda request: self.handle(request))  # noqa: PLW0108 - a test may replace it later

    async def handle(self, request: httpx.Request) -> httpx.Response:
        call = self.call_of(request)
        if not call.partition(" ")[2].startswith("/"):
            self.calls.append(call)
        if request.method != "GET":
            self.bodies.append(json.loads(request.content or b"{}"))
        seen, has_effect = self.fault_of(call) or (None, True)
        response = await self.respond(call, request) if has_effect else None
        if isinstance(seen, BaseException):
            raise seen
        return seen or self._shown(call, response)

    def call_of(self, request: httpx.Request) -> str:
        path = request.url.path
        name = path.removeprefix(self.PREFIX).strip("/") if path.startswith(self.PREFIX) else path
        return f"{request.method} {name}".strip()

    def fault_of(self, call: str) -> Fault | None:
        if not call.startswith(self.FAULTY):
            return None
        if not call.startswith("GET"):
            return self.faults.pop(0) if self.faults else None
        seen = self.read_faults.pop(0) if self.read_faults else None
        return (seen, False) if seen is not None else None

    async def respond(self, _call: str, request: httpx.Request) -> httpx.Response:
        """What the sandbox responds."""
        response = await self.stage.transport.handle_async_request(request)
        assert response.status_code != NO_ROUTE, f"no such route: {request.method} {request.url}"
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())

    def changed(self, _call: str, content: Any) -> Any:
        """What the client sees of a response's content: for forms that the sandbox does not have."""
        return content

    def _shown(self, call: str, response: httpx.Response | None) -> httpx.Response:
        assert response is not None
        if self.sends_date:
            response.headers["date"] = format_date(EPOCH + timedelta(seconds=self.time.seconds))
        if not response.is_success or type(self).changed is SandboxApi.changed:
            return response
        return httpx.Response(response.status_code, json=self.changed(call, response.json()), headers=response.headers)


@dataclass
class Entry:
    """A run of any kind in the sandbox."""

    session_id: str
    created_at: datetime
    api: RunApi

    @property
    def status(self) -> str:
        return self.api.status_of(self.session_id)

    @status.setter
    def status(self, status: str) -> None:
        self.api.end(self.session_id, status)


@dataclass
class RunApi(SandboxApi):
    """The API's runs of some kind, which go on until a test ends them.

    *begins*: the status that a started one has at once. *is_wrapped*: whether responses are in `{data, errors}`.
    *active_late*: seconds until it is shown where a lost start is looked for.
    """

    effective_starts: int = 0
    begins: str = ""
    is_wrapped: bool = False
    active_late: float = 0.0

    START: ClassVar[str]
    """The call that starts one."""
    ID_KEY: ClassVar[str] = "id"
    """Where the response to it has the id."""

    def status_of(self, run_id: str) -> str:
        raise NotImplementedError

    def end(self, run_id: str, status: str) -> None:
        raise NotImplementedError

    def entry(self, run_id: str, created_ms: int) -> Entry:
        return Entry(run_id, datetime.fromtimestamp(created_ms / 1000, UTC), self)

    async def respond(self, call: str, request: httpx.Request) -> httpx.Response:
        response = await super().respond(call, request)
        if call != self.START or not response.is_success:
            return response
        self.effective_starts += 1
        started = response.json()
        if self.begins:
            self.end(started[self.ID_KEY], self.begins)
        return self.started(started, response)

    def started(self, _started: dict[str, Any], response: httpx.Response) -> httpx.Response:
        """Return the response to a start, in which the run may have ended already."""
        return response

    def is_shown(self, created_ms: int) -> bool:
        return created_ms <= self.now_ms(self.active_late)

    def wrapped(self, content: Any) -> Any:
        return {"data": content, "errors": None} if self.is_wrapped else content


@dataclass
class SessionApi(RunApi):
    """The API's sessions: *faults* hit starts, *read_faults* the reads of the active session.

    *id_key*: where responses have the id. *shows_all*: whether *active* shows the scenarios and the time limit, as in
    September. *runs*: in place of the list of runs.
    """

    id_key: str = "session_id"
    shows_all: bool = False
    runs: Seen | None = None

    PREFIX = "/v1/agent-testing/tornado/"
    FAULTY = ("POST start", "GET active")
    START = "POST start"
    ID_KEY = "session_id"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.stage.add_scenario({"name": "Refund", "pathway_id": "pw-1"}, self.stage.now_ms())

    @property
    def sessions(self) -> list[Entry]:
        return [self.entry(each.session_id, each.created_ms) for each in reversed(self.store.newest())]

    def add(self, pathway_id: str = "pw-1", *, age: float = 0.0, **body: Any) -> Entry:
        """Add a session as somebody else has started it."""
        limits = {"max_iterations": DEFAULT_MAX_ITERATIONS, "timeout_ms": DEFAULT_TIMEOUT_MS}
        known = {"persona_id": None, "scenario_ids": ("sc-1",), "version_number": None, **limits, **body}
        session = Session(
            self.stage.new_id("session"), pathway_id, created_ms=self.now_ms(age), cancelled_ms=None, **known
        )
        self.store.add(session)
        return self.entry(session.session_id, session.created_ms)

    def status_of(self, run_id: str) -> str:
        return self.stage.status(run_id)

    def end(self, run_id: str, status: str) -> None:
        self.stage.ended[run_id] = status

    def fault_of(self, call: str) -> Fault | None:
        if call.endswith("/agent-testing/runs") and self.runs is not None:
            return self.runs, False
        return super().fault_of(call)

    async def respond(self, call: str, request: httpx.Request) -> httpx.Response:
        response = await super().respond(call, request)
        if call == "GET active" and response.is_success and not self.is_shown(self._active(response).created_ms):
            return httpx.Response(404, json={"message": "none"})
        return response

    def _active(self, response: httpx.Response) -> Session:
        session = self.store.session(response.json()["session_id"])
        assert session is not None
        return session

    def changed(self, call: str, content: Any) -> Any:
        if call.startswith("GET /"):
            return content
        if call == "GET active" and self.shows_all:
            session = self.store.session(content["session_id"])
            content |= {"scenario_ids": session.scenario_ids, "timeout_ms": session.timeout_ms} if session else {}
        return self.wrapped({self.id_key if key == "session_id" else key: value for key, value in content.items()})
