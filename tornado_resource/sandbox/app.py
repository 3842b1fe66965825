"""The documented endpoints, strictly, and the sandbox's own under `/_sandbox`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from tornado_resource.sandbox import described
from tornado_resource.sandbox.agent_endpoints import AgentEndpoints
from tornado_resource.sandbox.agents import Agents
from tornado_resource.sandbox.check_runs import CheckRunEndpoints, CheckRuns
from tornado_resource.sandbox.door import Door
from tornado_resource.sandbox.faults import FAULT, Faults, parse_fault
from tornado_resource.sandbox.judges import JudgeEndpoints, Judges
from tornado_resource.sandbox.operations import (
    FLAG,
    OBJECT,
    TEXT,
    Answers,
    Operation,
    Refusal,
    describe,
    error_response,
    guarded,
    list_of,
    read_body,
    record,
)
from tornado_resource.sandbox.pathways import Pathways
from tornado_resource.sandbox.playing import (
    RUNNING,
    Session,
    active_of,
    batch_of,
    iso,
    listed_running,
    listed_runs,
    run_of,
    running_batch,
    status_of,
)
from tornado_resource.sandbox.scenarios import ScenarioEndpoints, Scenarios
from tornado_resource.sandbox.scripts import ANY_PATHWAY
from tornado_resource.sandbox.simulations import SimulationEndpoints, Simulations
from tornado_resource.sandbox.store import SYSTEM, Source

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from tornado_resource.sandbox.operations import Endpoint, Json
    from tornado_resource.sandbox.scenario_file import Scripts
    from tornado_resource.sandbox.scripts import Script
    from tornado_resource.sandbox.store import Store

DEFAULT_MAX_ITERATIONS: Final = 5
DEFAULT_TIMEOUT_MS: Final = 900_000
PAGE_FILE: Final = Path(__file__).parent / "page.html"


class Api:
    """The documented API, played from scripts.

    Args:
        store: where sessions and requests are kept.
        scripts: how sessions and check runs go.
        speed: how many times faster than real time they run.
        latency_ms: how long each response of the API takes, in milliseconds.
        source: the time and new ids.

    """

    def __init__(
        self, store: Store, scripts: Scripts, speed: float, latency_ms: int = 0, source: Source = SYSTEM
    ) -> None:
        self._store = store
        self._scripts = scripts
        self._speed = speed
        self._latency_ms = latency_ms
        self._source = source
        self._now_ms = source.now_ms
        self._scenarios = Scenarios(store, scripts, self._script, source)
        self._simulations = Simulations(store, self._scenarios, self._script, lambda: self._speed, source)
        self._pathways = Pathways(store, self._script, self._status_of, source)
        self._judges = Judges(store, scripts.judges, source)
        self._agents = Agents(store, scripts.agents, self._scenarios, self._judges, source)
        self._check_runs = CheckRuns(store, self._agents, lambda: self._speed, source)

    def operations(self) -> list[Operation]:
        """Return every endpoint, with its description."""
        answers = Answers(is_wrapped=self._scripts.is_wrapped)
        return [
            *self._tornado_operations(),
            *ScenarioEndpoints(self._scenarios, self._script, self._agents.script).operations(),
            *self._run_operations(),
            *SimulationEndpoints(self._simulations, self._scenarios, self._script, self._session_runs).operations(),
            *self._pathway_operations(),
            *AgentEndpoints(self._agents, self._check_runs, answers).operations(),
            *CheckRunEndpoints(self._agents, self._check_runs, answers).operations(),
            *JudgeEndpoints(self._judges, answers).operations(),
            *self._own_operations(),
        ]

    def asgi(self) -> ASGIApp:
        """Return the ASGI application that the server runs."""
        is_wrapped = self._scripts.is_wrapped
        routes = [
            Route(
                operation.path,
                self._delayed(operation, guarded(operation, is_wrapped=is_wrapped)),
                methods=[operation.method],
            )
            for operation in self.operations()
        ]
        app = Starlette(routes=routes, exception_handlers={404: _unknown_route, 405: _unknown_route})
        app.router.redirect_slashes = False
        self._faults = Faults(app, self._store, self._now_ms)
        return Door(self._faults)

    def _tornado_operations(self) -> list[Operation]:
        tornado = "/v1/agent-testing/tornado"
        return [
            Operation(
                "POST",
                f"{tornado}/start",
                self._start,
                "Start a tornado session",
                body=described.START,
                response=described.STARTED,
                refusals=(404, 409),
            ),
            Operation(
                "GET",
                f"{tornado}/active",
                self._active,
                "Get the running session of a pathway or persona",
                query=dict.fromkeys(("pathway_id", "persona_id"), TEXT),
                response=described.ACTIVE,
                refusals=(404,),
            ),
            Operation(
                "GET",
                f"{tornado}/{{session_id}}/status",
                self._status,
                "Get the status of a session",
                response=described.STATUS,
                refusals=(404,),
            ),
            Operation(
                "POST",
                f"{tornado}/{{session_id}}/cancel",
                self._cancel,
                "Cancel a session",
                response=record(cancelled=FLAG),
                refusals=(404,),
            ),
        ]

    def _run_operations(self) -> list[Operation]:
        own = "/v1/agent-testing"
        return [
            Operation(
                "GET",
                f"{own}/batches/{{batch_id}}",
                self._batch,
                "Get the runs of an iteration",
                response=described.BATCH,
                refusals=(404,),
            ),
            Operation(
                "GET",
                f"{own}/runs/{{run_id}}",
                self._run,
                "Get a run: its transcript and assertions",
                response=described.RUN,
                refusals=(404,),
            ),
        ]

    def _pathway_operations(self) -> list[Operation]:
        pathway = "/v1/pathway/{pathway_id}"
        message = record(message=TEXT)
        return [
            Operation(
                "POST",
                f"{pathway}/publish",
                self._publish,
                "Publish a version",
                body=described.PUBLISH,
                response=message,
                refusals=(404,),
            ),
            Operation(
                "GET",
                f"{pathway}/versions",
                self._versions,
                "List the versions of a pathway",
                response=list_of(described.LISTED_VERSION),
                refusals=(404,),
            ),
            *self._version_operations(pathway, message),
        ]

    def _version_operations(self, pathway: str, message: Json) -> list[Operation]:
        version = f"{pathway}/version/{{number:int}}"
        return [
            Operation(
                "GET",
                version,
                self._version,
                "Get a version; 0 is the live pathway",
                response=described.VERSION,
                refusals=(404,),
            ),
            Operation(
                "GET",
                f"{pathway}/version/staging",
                self._staging_version,
                "Get what is published to staging",
                response=described.VERSION,
                refusals=(404,),
            ),
            Operation(
                "POST",
                version,
                self._edit_version,
                "Edit a version in place",
                body=described.EDIT,
                response=message,
                refusals=(404,),
            ),
            Operation(
                "DELETE", version, self._archive_version, "Archive a version", response=message, refusals=(404, 409)
            ),
        ]

    def _own_operations(self) -> list[Operation]:
        own = "/_sandbox"
        rows = list_of(OBJECT)
        calls: list[tuple[str, str, Endpoint, str, Json]] = [
            ("GET", "/", self._page, "Show sessions and requests", {"response": None}),
            ("GET", f"{own}/openapi.json", self._openapi, "Get this description", {}),
            ("GET", f"{own}/sessions", self._all_sessions, "List all sessions", {"response": rows}),
            ("DELETE", f"{own}/sessions/{{session_id}}", self._forget, "Delete a session", {"refusals": (404,)}),
            ("GET", f"{own}/check-runs", self._all_check_runs, "List all check runs", {"response": rows}),
            ("GET", f"{own}/requests", self._all_requests, "List all requests", {"response": rows}),
            ("GET", f"{own}/published", self._all_published, "List the published versions", {"response": rows}),
            ("POST", f"{own}/faults", self._add_fault, "Let requests fail", {"body": FAULT}),
            ("DELETE", f"{own}/faults", self._end_faults, "Remove all faults", {}),
            (
                "POST",
                f"{own}/speed",
                self._change_speed,
                "Change the speed of all sessions and check runs",
                {"body": described.SPEED},
            ),
            ("POST", f"{own}/reset", self._reset, "Delete everything", {}),
        ]
        return [
            Operation(method, path, endpoint, summary, needs_key=False, **more)
            for method, path, endpoint, summary, more in calls
        ]

    def _delayed(self, operation: Operation, endpoint: Endpoint) -> Endpoint:
        async def respond(request: Request) -> Response:
            response = await endpoint(request)
            await asyncio.sleep(self._latency_ms / 1000)
            return response

        return respond if self._latency_ms and operation.needs_key else endpoint

    async def _start(self, request: Request) -> Response:
        body = await read_body(request, described.START)
        self._script(body["pathway_id"])
        earlier = self._store.newest(pathway_id=body["pathway_id"])
        running = self._running(earlier)
        scenario_ids = self._chosen(body["pathway_id"], body.get("scenario_ids"))
        if running is not None:
            raise Refusal(409, "A tornado session is already running for this pathway")
        session = Session(
            session_id=self._source.new_id("session"),
            pathway_id=body["pathway_id"],
            persona_id=body.get("persona_id"),
            scenario_ids=scenario_ids,
            version_number=body.get("version_number"),
            max_iterations=body.get("max_iterations", DEFAULT_MAX_ITERATIONS),
            timeout_ms=body.get("timeout_ms", DEFAULT_TIMEOUT_MS),
            created_ms=self._now_ms(),
            cancelled_ms=None,
            is_fixed=self._is_fixed(earlier, body.get("version_number")),
        )
        self._store.add(session)
        response = {
            "session_id": session.session_id,
            "status": RUNNING,
            "pathway_id": session.pathway_id,
            "max_iterations": session.max_iterations,
            "timeout_ms": session.timeout_ms,
            "created_at": iso(session.created_ms),
        }
        return JSONResponse(response)

    async def _active(self, request: Request) -> Response:
        pathway_id, persona_id = request.query_params.get("pathway_id"), request.query_params.get("persona_id")
        if not pathway_id and not persona_id:
            raise Refusal(400, "pathway_id or persona_id is required")
        running = self._running(self._store.newest(pathway_id=pathway_id or None, persona_id=persona_id))
        if running is None:
            raise Refusal(404, "No active tornado session")
        return JSONResponse(active_of(running, self._script_of(running), self._now_ms(), self._speed))

    async def _status(self, request: Request) -> Response:
        return JSONResponse(self._status_of(self._known(request)))

    async def _cancel(self, request: Request) -> Response:
        session = self._known(request)
        is_running = self._status_of(session)["status"] == RUNNING
        if is_running:
            self._store.cancel(session.session_id, self._now_ms())
        return JSONResponse({"cancelled": is_running})

    async def _batch(self, request: Request) -> Response:
        return JSONResponse(self._batch_of(request.path_params["batch_id"])[0])

    def _session_runs(self, pathway_id: str | None) -> list[dict[str, Any]]:
        """Return the runs of the sessions of a pathway, or of all, the newest first."""
        return [
            run
            for session in self._store.newest(pathway_id=pathway_id)
            for run in (*self._running_runs(session), *self._ended_runs(session))
        ]

    def _ended_runs(self, session: Session) -> list[dict[str, Any]]:
        iterations = reversed(self._status_of(session)["iterations"])
        return [run for iteration in iterations for run in listed_runs(session.pathway_id, iteration)]

    def _running_runs(self, session: Session) -> list[dict[str, Any]]:
        running = running_batch(session, self._script_of(session), self._now_ms(), self._speed)
        return listed_running(session.pathway_id, *running) if running is not None else []

    async def _run(self, request: Request) -> Response:
        run_id = request.path_params["run_id"]
        simulated = self._simulations.run(run_id)
        if simulated is not None:
            return JSONResponse(simulated)
        batch, pathway_id = self._batch_of(run_id.partition("--")[0])
        run = next((listed_run for listed_run in batch["runs"] if listed_run["run_id"] == run_id), None)
        if run is None:
            raise Refusal(404, "Run not found")
        listed = {scenario["id"]: scenario for scenario in self._scenarios.listed(pathway_id)}
        return JSONResponse(run_of(run, listed.get(run["scenario_id"], {})))

    def _batch_of(self, batch_id: str) -> tuple[dict[str, Any], str]:
        """Return a batch, and the pathway of its session."""
        prefix = batch_id.removeprefix("batch-").rpartition("-")[0]
        named = (stored for stored in self._store.newest() if prefix and stored.session_id.startswith(prefix))
        for session in named:
            iterations = {iteration["batch_id"]: iteration for iteration in self._status_of(session)["iterations"]}
            if batch_id in iterations:
                return batch_of(batch_id, iterations[batch_id]), session.pathway_id
        raise Refusal(404, "Batch not found")

    async def _publish(self, request: Request) -> Response:
        body = await read_body(request, described.PUBLISH)
        version_id, environment = body["version_id"], body.get("environment", "production")
        pathway_id = request.path_params["pathway_id"]
        self._script(pathway_id)
        self._store.publish(pathway_id, environment, version_id)
        self._pathways.publish(pathway_id, version_id, environment)
        return JSONResponse({"message": "Pathway published successfully"})

    async def _versions(self, request: Request) -> Response:
        return JSONResponse(self._pathways.versions(self._readable_pathway(request)))

    async def _version(self, request: Request) -> Response:
        number = request.path_params["number"]
        version = self._pathways.version(self._readable_pathway(request), number)
        if version is None:
            raise Refusal(404, f"Version {number} not found")
        return JSONResponse(version)

    async def _staging_version(self, request: Request) -> Response:
        version = self._pathways.staging(self._readable_pathway(request))
        if version is None:
            raise Refusal(400, "No version is published to staging")
        return JSONResponse(version)

    async def _edit_version(self, request: Request) -> Response:
        body, number = await read_body(request, described.EDIT), request.path_params["number"]
        try:
            self._pathways.edit(self._readable_pathway(request), number, body)
        except LookupError:
            raise Refusal(404, f"Version {number} not found") from None
        return JSONResponse({"message": "Version updated"})

    async def _archive_version(self, request: Request) -> Response:
        number = request.path_params["number"]
        if number == 0:
            raise Refusal(409, "The live pathway cannot be archived")
        self._pathways.archive(self._readable_pathway(request), number)
        return JSONResponse({"message": "Version archived"})

    def _readable_pathway(self, request: Request) -> str:
        """Return the pathway of a request for its versions, unless its script does not show them."""
        pathway_id = str(request.path_params["pathway_id"])
        is_shown = self._script(pathway_id).versions
        if is_shown == "forbidden":
            raise Refusal(403, "This API key may not read versions")
        if is_shown == "missing":
            raise Refusal(404, "Not found")
        return pathway_id

    async def _page(self, _request: Request) -> Response:
        page = PAGE_FILE.read_text(encoding="utf-8")
        return HTMLResponse(page, headers={"content-security-policy": _policy(page)})

    async def _openapi(self, _request: Request) -> Response:
        return JSONResponse(describe(self.operations()))

    async def _all_sessions(self, _request: Request) -> Response:
        rows = [
            {"pathway_id": session.pathway_id, "created_at": iso(session.created_ms), **self._status_of(session)}
            for session in self._store.newest()
        ]
        return JSONResponse(rows)

    async def _forget(self, request: Request) -> Response:
        self._store.forget(self._known(request).session_id)
        return JSONResponse({})

    async def _all_check_runs(self, _request: Request) -> Response:
        return JSONResponse(self._check_runs.all())

    async def _all_requests(self, _request: Request) -> Response:
        return JSONResponse(self._store.requests())

    async def _all_published(self, _request: Request) -> Response:
        return JSONResponse(self._store.published())

    async def _add_fault(self, request: Request) -> Response:
        try:
            self._faults.due.append(parse_fault(await request.body()))
        except ValueError as error:
            raise Refusal(400, str(error)) from None
        return JSONResponse({})

    async def _end_faults(self, _request: Request) -> Response:
        self._faults.end()
        return JSONResponse({})

    async def _change_speed(self, request: Request) -> Response:
        body = await read_body(request, described.SPEED)
        self._speed = body["speed"]
        return JSONResponse({})

    async def _reset(self, _request: Request) -> Response:
        self._store.clear()
        self._check_runs.reopen()
        self._faults.end()
        return JSONResponse({})

    def _script(self, pathway_id: str) -> Script:
        script = self._scripts.pathways.get(pathway_id) or self._scripts.pathways.get(ANY_PATHWAY)
        if script is None:
            raise Refusal(404, f"Pathway {pathway_id} not found")
        return script

    def _chosen(self, pathway_id: str, wanted: list[str] | None) -> tuple[str, ...]:
        if wanted is None:
            return self._scenarios.enabled_ids(pathway_id)
        names = self._scenarios.names(pathway_id)
        is_open = self._script(pathway_id).is_open
        if not is_open and (unknown := [scenario_id for scenario_id in wanted if scenario_id not in names]):
            raise Refusal(400, f"Unknown scenario {unknown[0]}")
        return tuple(wanted)

    def _known(self, request: Request) -> Session:
        session = self._store.session(request.path_params["session_id"])
        if session is None:
            raise Refusal(404, "Tornado session not found")
        return session

    def _status_of(self, session: Session) -> dict[str, Any]:
        return status_of(session, self._script_of(session), self._now_ms(), self._speed)

    def _script_of(self, session: Session) -> Script:
        """Return the script of a session with ids where it names scenarios."""
        script = self._script(session.pathway_id)
        named = {entry for iteration in script.failing if isinstance(iteration, tuple) for entry in iteration}
        if named.issubset(scenario.id for scenario in script.scenarios):
            return script
        ids = {name: scenario_id for scenario_id, name in self._scenarios.names(session.pathway_id).items()}
        failing = (
            iteration if isinstance(iteration, int) else tuple(ids.get(name, name) for name in iteration)
            for iteration in script.failing
        )
        return replace(script, failing=tuple(failing))

    def _is_fixed(self, earlier: list[Session], version_number: int | None) -> bool:
        forked = {self._status_of(session)["forked_version"] for session in earlier}
        return version_number is not None and version_number in forked

    def _running(self, sessions: list[Session]) -> Session | None:
        return next((session for session in sessions if self._status_of(session)["status"] == RUNNING), None)


def _policy(page: str) -> str:
    """Return the policy under which only the page's own script and styles run."""

    def digest(element: str) -> str:
        text = page.partition(f"<{element}>")[2].partition(f"</{element}>")[0]
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    own = f"script-src {digest('script')}; style-src {digest('style')}; connect-src 'self'"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


async def _unknown_route(request: Request, _error: Exception) -> Response:
    """Respond with 501: a client takes a 404 for "no such session"."""
    route = f"{request.method} {request.url.path}"
    printable = re.sub(r"[^\x20-\x7e]", "?", route)
    print(f"sandbox: no such route in the documented API: {printable}", file=sys.stderr, flush=True)
    return error_response(501, f"The documented API has no {printable}")
