"""The documented endpoints, strictly, and the sandbox's own under `/_sandbox`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from tornado_resource.sandbox.door import Door, read_json
from tornado_resource.sandbox.faults import Faults, parse_fault
from tornado_resource.sandbox.pathways import Pathways
from tornado_resource.sandbox.playing import RUNNING, Session, active_of, iso, status_of
from tornado_resource.sandbox.scripts import ANY_PATHWAY, Scenario, Script

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from tornado_resource.sandbox.store import Store

DEFAULT_MAX_ITERATIONS: Final = 5
DEFAULT_TIMEOUT_MS: Final = 900_000
MAX_SCENARIOS: Final = 50
PAGE: Final = Path(__file__).parent / "page.html"
_FIELDS: Final = {
    "pathway_id": str,
    "persona_id": str,
    "scenario_ids": list,
    "version_number": int,
    "max_iterations": int,
    "timeout_ms": int,
}


def now_ms() -> int:
    """Return real time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class _Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class Api:
    """The documented API, played from scripts.

    Args:
        store: where sessions and requests are kept.
        scripts: how sessions go, by pathway.
        speed: how many times faster than real time sessions run.
        latency_ms: how long each response of the API takes, in milliseconds.

    """

    def __init__(self, store: Store, scripts: dict[str, Script], speed: float, latency_ms: int = 0) -> None:
        self._store = store
        self._scripts = scripts
        self._speed = speed
        self._latency_ms = latency_ms
        self._pathways = Pathways(store, self._script, self._status_of, now_ms)

    def asgi(self) -> ASGIApp:
        """Return the ASGI application that the server runs."""
        tornado = "/v1/agent-testing/tornado"
        api = [
            (f"{tornado}/start", self._start, "POST"),
            (f"{tornado}/active", self._active, "GET"),
            (f"{tornado}/{{session_id}}/status", self._status, "GET"),
            (f"{tornado}/{{session_id}}/cancel", self._cancel, "POST"),
            ("/v1/agent-testing/scenarios", self._scenarios, "GET"),
            ("/v1/pathway/{pathway_id}/publish", self._publish, "POST"),
            ("/v1/pathway/{pathway_id}/versions", self._versions, "GET"),
            ("/v1/pathway/{pathway_id}/version/{number:int}", self._version, "GET"),
            ("/v1/pathway/{pathway_id}/version/{number:int}", self._edit_version, "POST"),
            ("/v1/pathway/{pathway_id}/version/{number:int}", self._archive_version, "DELETE"),
        ]
        own = [
            ("/", self._page, "GET"),
            ("/_sandbox/sessions", self._all_sessions, "GET"),
            ("/_sandbox/sessions/{session_id}", self._forget, "DELETE"),
            ("/_sandbox/requests", self._all_requests, "GET"),
            ("/_sandbox/published", self._all_published, "GET"),
            ("/_sandbox/faults", self._add_fault, "POST"),
            ("/_sandbox/faults", self._end_faults, "DELETE"),
            ("/_sandbox/reset", self._reset, "POST"),
        ]
        routes = [
            Route(path, self._delayed(_guarded(endpoint, needs_key=True)), methods=[method])
            for path, endpoint, method in api
        ]
        routes += [Route(path, _guarded(endpoint, needs_key=False), methods=[method]) for path, endpoint, method in own]
        routes.append(Route("/{rest:path}", _unknown_route, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]))
        self._faults = Faults(Starlette(routes=routes), self._store, now_ms)
        return Door(self._faults)

    def _delayed(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            response = await endpoint(request)
            await asyncio.sleep(self._latency_ms / 1000)
            return response

        return respond if self._latency_ms else endpoint

    async def _start(self, request: Request) -> Response:
        body = _check_start(await _json(request))
        script = self._script(body["pathway_id"])
        earlier = self._store.newest(pathway_id=body["pathway_id"])
        running = self._running(earlier)
        scenario_ids = self._chosen(script, body.get("scenario_ids"))
        if running is not None:
            raise _Refusal(409, "A tornado session is already running for this pathway")
        session = Session(
            session_id=str(uuid.uuid4()),
            pathway_id=body["pathway_id"],
            persona_id=body.get("persona_id"),
            scenario_ids=scenario_ids,
            version_number=body.get("version_number"),
            max_iterations=body.get("max_iterations", DEFAULT_MAX_ITERATIONS),
            timeout_ms=body.get("timeout_ms", DEFAULT_TIMEOUT_MS),
            created_ms=now_ms(),
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
            raise _Refusal(400, "pathway_id or persona_id is required")
        running = self._running(self._store.newest(pathway_id=pathway_id or None, persona_id=persona_id))
        if running is None:
            raise _Refusal(404, "No active tornado session")
        return JSONResponse(active_of(running, self._script(running.pathway_id), now_ms(), self._speed))

    async def _status(self, request: Request) -> Response:
        return JSONResponse(self._status_of(self._known(request)))

    async def _cancel(self, request: Request) -> Response:
        session = self._known(request)
        is_running = self._status_of(session)["status"] == RUNNING
        if is_running:
            self._store.cancel(session.session_id, now_ms())
        return JSONResponse({"cancelled": is_running})

    async def _scenarios(self, request: Request) -> Response:
        pathway_id = request.query_params.get("pathway_id")
        if request.query_params.get("enabled") not in {None, "true", "false"}:
            raise _Refusal(400, "enabled must be 'true' or 'false'")
        scripts = [self._script(pathway_id)] if pathway_id else self._scripts.values()
        is_wanted = request.query_params.get("enabled") != "false"
        listed = [_scenario(entry, pathway_id) for script in scripts for entry in script.scenarios if is_wanted]
        return JSONResponse({"scenarios": listed})

    async def _publish(self, request: Request) -> Response:
        body = await _json(request)
        version_id, environment = body.get("version_id"), body.get("environment", "production")
        if isinstance(version_id, bool) or not isinstance(version_id, int):
            raise _Refusal(400, "version_id must be a number")
        if environment not in {"production", "staging"} or body.keys() - {"version_id", "environment"}:
            raise _Refusal(400, "expected version_id, and environment 'production' or 'staging'")
        pathway_id = request.path_params["pathway_id"]
        self._script(pathway_id)
        self._store.publish(pathway_id, environment, version_id)
        if environment == "production":
            self._pathways.publish(pathway_id, version_id)
        return JSONResponse({"message": "Pathway published successfully"})

    async def _versions(self, request: Request) -> Response:
        return JSONResponse(self._pathways.versions(self._readable_pathway(request)))

    async def _version(self, request: Request) -> Response:
        number = request.path_params["number"]
        version = self._pathways.version(self._readable_pathway(request), number)
        if version is None:
            raise _Refusal(404, f"Version {number} not found")
        return JSONResponse(version)

    async def _edit_version(self, request: Request) -> Response:
        body, number = await _json(request), request.path_params["number"]
        kinds = {"name": str, "nodes": list, "edges": list}
        if not body or any(not isinstance(value, kinds.get(key, ())) for key, value in body.items()):
            raise _Refusal(400, "expected name (a string), nodes or edges (lists)")
        try:
            self._pathways.edit(self._readable_pathway(request), number, body)
        except LookupError:
            raise _Refusal(404, f"Version {number} not found") from None
        return JSONResponse({"message": "Version updated"})

    async def _archive_version(self, request: Request) -> Response:
        number = request.path_params["number"]
        if number == 0:
            raise _Refusal(400, "The live pathway cannot be archived")
        self._pathways.archive(self._readable_pathway(request), number)
        return JSONResponse({"message": "Version archived"})

    def _readable_pathway(self, request: Request) -> str:
        """Return the pathway of a request for its versions, unless its script does not show them."""
        pathway_id = str(request.path_params["pathway_id"])
        shown = self._script(pathway_id).versions
        if shown == "forbidden":
            raise _Refusal(403, "This API key may not read versions")
        if shown == "missing":
            raise _Refusal(404, "Not found")
        return pathway_id

    async def _page(self, _request: Request) -> Response:
        page = PAGE.read_text(encoding="utf-8")
        return HTMLResponse(page, headers={"content-security-policy": _policy(page)})

    async def _all_sessions(self, _request: Request) -> Response:
        rows = [
            {"pathway_id": session.pathway_id, "created_at": iso(session.created_ms), **self._status_of(session)}
            for session in self._store.newest()
        ]
        return JSONResponse(rows)

    async def _forget(self, request: Request) -> Response:
        self._store.forget(self._known(request).session_id)
        return JSONResponse({})

    async def _all_requests(self, _request: Request) -> Response:
        return JSONResponse(self._store.requests())

    async def _all_published(self, _request: Request) -> Response:
        return JSONResponse(self._store.published())

    async def _add_fault(self, request: Request) -> Response:
        try:
            self._faults.due.append(parse_fault(await request.body()))
        except ValueError as error:
            raise _Refusal(400, str(error)) from None
        return JSONResponse({})

    async def _end_faults(self, _request: Request) -> Response:
        self._faults.due.clear()
        return JSONResponse({})

    async def _reset(self, _request: Request) -> Response:
        self._store.clear()
        self._faults.due.clear()
        return JSONResponse({})

    def _script(self, pathway_id: str) -> Script:
        script = self._scripts.get(pathway_id) or self._scripts.get(ANY_PATHWAY)
        if script is None:
            raise _Refusal(404, f"Pathway {pathway_id} not found")
        return script

    def _chosen(self, script: Script, wanted: list[str] | None) -> tuple[str, ...]:
        known = tuple(scenario.id for scenario in script.scenarios)
        if wanted is None:
            return known
        if not script.is_open and (unknown := [scenario_id for scenario_id in wanted if scenario_id not in known]):
            raise _Refusal(400, f"Unknown scenario {unknown[0]}")
        return tuple(wanted)

    def _known(self, request: Request) -> Session:
        session = self._store.session(request.path_params["session_id"])
        if session is None:
            raise _Refusal(404, "Tornado session not found")
        return session

    def _status_of(self, session: Session) -> dict[str, Any]:
        return status_of(session, self._script(session.pathway_id), now_ms(), self._speed)

    def _is_fixed(self, earlier: list[Session], version_number: int | None) -> bool:
        forked = {self._status_of(session)["forked_version"] for session in earlier}
        return version_number is not None and version_number in forked

    def _running(self, sessions: list[Session]) -> Session | None:
        return next((session for session in sessions if self._status_of(session)["status"] == RUNNING), None)


def _guarded(endpoint: Callable[[Request], Awaitable[Response]], *, needs_key: bool) -> Any:
    async def guarded(request: Request) -> Response:
        key = request.headers.get("authorization", "")
        # A space means a scheme such as `Bearer`: the API's page wants the bare key, and a client must find out here.
        if needs_key and (not key or " " in key):
            return _error(401, "The authorization header must carry the bare API key")
        try:
            return await endpoint(request)
        except _Refusal as refusal:
            return _error(refusal.status, str(refusal))

    return guarded


def _policy(page: str) -> str:
    """Return the policy under which only the page's own script and styles run."""

    def digest(element: str) -> str:
        text = page.partition(f"<{element}>")[2].partition(f"</{element}>")[0]
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    own = f"script-src {digest('script')}; style-src {digest('style')}; connect-src 'self'"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


async def _unknown_route(request: Request) -> Response:
    """Respond with 501: a client takes a 404 for "no such session"."""
    route = f"{request.method} {request.url.path}"
    shown = re.sub(r"[^\x20-\x7e]", "?", route)
    print(f"sandbox: no such route in the documented API: {shown}", file=sys.stderr, flush=True)
    return _error(501, f"The documented API has no {shown}")


def _error(status: int, message: str) -> Response:
    return JSONResponse({"status": "error", "message": message}, status)


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = read_json(await request.body())
    except ValueError:
        raise _Refusal(400, "The body is not JSON") from None
    if not isinstance(body, dict):
        raise _Refusal(400, "The body is not a JSON object")
    return body


def _check_start(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a start request if all of it is documented."""
    for key, value in body.items():
        _check_type(key, value)
    if not body.get("pathway_id"):
        raise _Refusal(400, "pathway_id is required")
    scenario_ids = body.get("scenario_ids", ["-"])
    if not 1 <= len(scenario_ids) <= MAX_SCENARIOS or not all(isinstance(entry, str) for entry in scenario_ids):
        raise _Refusal(400, f"scenario_ids must hold 1 to {MAX_SCENARIOS} strings")
    for key in ("max_iterations", "timeout_ms"):
        if body.get(key, 1) < 1:
            raise _Refusal(400, f"{key} must be at least 1")
    return body


def _check_type(key: str, value: Any) -> None:
    kind = _FIELDS.get(key)
    if kind is None:
        raise _Refusal(400, f"Unknown field {key}")
    if not isinstance(value, kind) or isinstance(value, bool):  # bool is a kind of int in Python, not in JSON
        raise _Refusal(400, f"{key} must be of type {kind.__name__}")


def _scenario(scenario: Scenario, pathway_id: str | None) -> dict[str, Any]:
    return {
        "id": scenario.id,
        "pathway_id": pathway_id,
        "persona_id": None,
        "name": scenario.name,
        "description": "",
        "category": "sandbox",
        "enabled": True,
        "is_required_for_promotion": scenario.is_required_for_promotion,
        "assertions": [],
        "most_recent_run": None,
    }
