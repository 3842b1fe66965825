"""A session is gone only if the API itself says so: every kind of 404, against every kind of other response."""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.api import FakeTime, VirtualTime, client_of, json_response
from tests.support.orders import order
from tornado_resource.bland.sessions import read_status
from tornado_resource.errors import ApiError, NotFound, OutcomeUnknown, TornadoError
from tornado_resource.runs.adopt import adopt
from tornado_resource.runs.cancel import cancel_if_running
from tornado_resource.runs.existence import confirm_gone, status_or_gone
from tornado_resource.runs.order import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado_resource.bland.client import Client

RUN = Run("s-1", {"pathway_id": "pw-1"})
GENERIC = [
    {"message": "Not Found"},
    {"detail": "Not Found"},
    {},
    {"message": "Cannot GET {path}", "error": "Not Found", "statusCode": 404},
    {"timestamp": "2026-04-14T10:00:00Z", "status": 404, "error": "Not Found", "path": "{path}"},
]
HTML = httpx.Response(404, text="<html>Not Found</html>")
OWN = json_response({"message": "No active tornado session"}, 404)


class Server:
    """Responds to status with *missing*, to *active* and scenarios with what is given for them."""

    def __init__(self, missing: Any, active: Any = None, scenarios: Any = None) -> None:
        self.responses = {"status": missing, "active": active, "scenarios": scenarios}
        self.calls: list[str] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        kind = request.url.path.rpartition("/")[2]
        self.calls.append(kind)
        given = self.responses[kind]
        if isinstance(given, httpx.Response):
            return given
        content = {key: _with_path(value, request) for key, value in (given or self.responses["status"]).items()}
        return json_response(content, 404)

    def client(self) -> Client:
        return client_of(self.handle)


def _with_path(value: Any, request: httpx.Request) -> Any:
    return value.replace("{path}", request.url.raw_path.decode()) if isinstance(value, str) else value


@pytest.mark.parametrize("missing", GENERIC, ids=str)
async def test_a_server_without_these_routes_never_means_gone(missing: Any) -> None:
    server = Server(missing)
    with pytest.raises(ApiError, match="the session may still exist: check bland:baseUrl") as caught:
        await status_or_gone(server.client(), RUN)
    assert not isinstance(caught.value, NotFound)
    assert server.calls == [*["status"] * 3, "active", "scenarios"]


async def test_a_web_page_never_means_gone() -> None:
    server = Server(HTML)
    with pytest.raises(ApiError, match="does not come from the API: check bland:baseUrl"):
        await status_or_gone(server.client(), RUN)
    assert server.calls == ["status"] * 5


@pytest.mark.parametrize(
    ("active", "scenarios", "calls"),
    [
        (OWN, None, ["active"]),
        (json_response({"session_id": "s-2", "status": "RUNNING"}), None, ["active"]),
        (json_response({"session_id": None}), None, ["active"]),
        (None, json_response({"scenarios": []}), ["active", "scenarios"]),
    ],
    ids=["its own 404", "a session", "null", "scenarios"],
)
@pytest.mark.parametrize("missing", GENERIC, ids=str)
async def test_a_session_is_gone_if_another_endpoint_responds(
    active: Any, scenarios: Any, calls: list[str], missing: Any
) -> None:
    server = Server(missing, active, scenarios)
    assert await status_or_gone(server.client(), RUN) is None
    assert server.calls == [*["status"] * 3, *calls]


LAG = json_response({"message": "Tornado session not found"}, 404)
SHOWN = {"session_id": "s-1", "status": "RUNNING"}


class Replica:
    """Responds to status with each of *responses* in turn, the last one for ever; no session is active."""

    def __init__(self, *responses: Any) -> None:
        self.responses = list(responses)
        self.calls: list[str] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request.url.path.rpartition("/")[2])
        if self.calls[-1] != "status":
            return OWN
        given = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
        return given if isinstance(given, httpx.Response) else json_response(given)


@pytest.mark.parametrize("lag", [1, 2])
async def test_a_replica_that_lags_misses_a_session_once_or_twice(lag: int) -> None:
    """The id would leave the state, and the next update would start a second session."""
    replica, time = Replica(*[LAG] * lag, SHOWN), FakeTime()
    status = await status_or_gone(client_of(replica.handle), RUN, time.clock())
    assert status is not None
    assert (status.status, time.slept, replica.calls) == ("RUNNING", [1.0] * lag, ["status"] * (lag + 1))


async def test_a_session_is_gone_after_three_404_in_a_row_with_pauses() -> None:
    replica, time = Replica(LAG), FakeTime()
    assert await status_or_gone(client_of(replica.handle), RUN, time.clock()) is None
    assert (time.slept, replica.calls) == ([1.0, 1.0], [*["status"] * 3, "active"])


@pytest.mark.parametrize("fault", [json_response({"error": "no"}, 401), json_response({"error": "down"}, 503)], ids=str)
async def test_another_error_after_a_404_is_the_error(fault: httpx.Response) -> None:
    with pytest.raises(ApiError) as caught:
        await status_or_gone(client_of(Replica(LAG, fault).handle), RUN, FakeTime().clock())
    assert not isinstance(caught.value, NotFound)


async def test_many_sessions_that_are_gone_take_no_longer_than_one() -> None:
    time = VirtualTime()
    client, clock = client_of(Replica(LAG).handle), time.clock(lambda: 0.0)
    found = await time.run(status_or_gone(client, RUN, clock) for _ in range(100))
    assert (found, time.seconds) == ([None] * 100, 2.0)


def no_route(text: str) -> Callable[[httpx.Request], httpx.Response]:
    """A gateway that puts something else into each message: `{n}` counts requests, `{word}` has letters only."""
    numbers, words = itertools.count(1), itertools.cycle(["xkqvp", "bdtmz"])

    def handle(request: httpx.Request) -> httpx.Response:
        path, last = request.url.raw_path.decode(), request.url.path.rpartition("/")[2]
        number = next(numbers)
        request_id = uuid.uuid5(uuid.NAMESPACE_URL, str(number))
        message = text.format(n=number, word=next(words), path=path, last=last, id=request_id)
        return json_response({"message": message}, 404)

    return handle


GATEWAYS = [
    "Not Found (request {id})",
    "Not Found (request {id.hex})",
    "Not Found, request {word}",
    "Not Found at 2026-04-14T10:00:0{n}.000Z",
    "Not Found at Tue, 14 Apr 2026 10:00:0{n} GMT",
    "no route for {path} ({n} ms)",
    "Route GET:{path} not found",
    "Resource '{last}' not found",
    "unknown resource {last}",
    "no resource {last} in this session",
    "The session cookie is missing, so {path} was not found (ray {id.hex}, {n})",
    "Your session was not found: request {id}",
]


@pytest.mark.parametrize("text", GATEWAYS)
async def test_a_gateway_that_numbers_its_messages_never_means_gone(text: str) -> None:
    with pytest.raises(ApiError, match="the session may still exist: check bland:baseUrl"):
        await status_or_gone(client_of(no_route(text)), RUN)


@pytest.mark.parametrize(
    ("missing", "active"),
    [
        ("Tornado session not found", "No active tornado session"),
        ("Session {id} not found (request {n})", "No active session for pathway pw-1 (request {n})"),
        ("NOT_FOUND", "NO_ACTIVE_SESSION"),
        ("Not found", "session: none"),
    ],
)
async def test_a_404_of_the_api_about_active_sessions_is_proof(missing: str, active: str) -> None:
    responses = {"status": no_route(missing), "active": no_route(active)}
    client = client_of(lambda request: responses[request.url.path.rpartition("/")[2]](request))
    assert await status_or_gone(client, RUN) is None


@pytest.mark.parametrize("active", [HTML, httpx.Response(410, text="gone")], ids=["404", "410"])
async def test_an_active_page_that_is_not_the_apis_is_no_proof(active: httpx.Response) -> None:
    with pytest.raises(ApiError):
        await status_or_gone(Server({}, active).client(), RUN)


async def test_responses_about_others_are_no_proof_that_a_session_is_gone() -> None:
    other = json_response({"session_id": "s-2", "status": "RUNNING", "pathway_id": "pw-2"})
    for server in (Server(other), Server({}, other)):
        with pytest.raises(OutcomeUnknown, match="the response is about another"):
            await status_or_gone(server.client(), RUN)


async def test_an_error_of_active_is_the_error() -> None:
    with pytest.raises(ApiError, match="active session of pathway pw-1: HTTP 401"):
        await status_or_gone(Server({}, json_response({}, 401)).client(), RUN)


@pytest.mark.parametrize(("code", "match"), [(403, "may still exist"), (503, "scenarios of pathway pw-1: HTTP 503")])
async def test_an_error_of_the_scenarios_is_no_proof(code: int, match: str) -> None:
    client = Server({}, scenarios=json_response({}, code)).client()
    with pytest.raises(ApiError, match=match):
        await confirm_gone(client, RUN, NotFound("status of session s-1", "HTTP 404", status_code=404))


async def test_another_session_in_the_same_run_is_proof_enough() -> None:
    calls: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        return json_response({"status": "RUNNING"}) if "s-2" in request.url.path else json_response({}, 404)

    client = client_of(handle)
    await read_status(client, "s-2")
    assert await status_or_gone(client, RUN) is None
    assert len(calls) == 4


async def test_without_a_pathway_a_404_alone_never_means_gone() -> None:
    server = Server({})
    with pytest.raises(ApiError, match="may still exist"):
        await status_or_gone(server.client(), Run("s-1", {}))
    assert server.calls == ["status"] * 3


@pytest.mark.parametrize("missing", [*GENERIC, HTML], ids=str)
async def test_no_step_of_a_session_takes_a_wrong_address_for_gone(missing: Any) -> None:
    client = Server(missing, missing, missing).client()
    with pytest.raises(TornadoError, match="check bland:baseUrl"):
        await cancel_if_running(client, RUN, FakeTime().clock())
    with pytest.raises(TornadoError, match="check bland:baseUrl"):
        await adopt(client, order(), "s-1")
