from __future__ import annotations

import json

import httpx
import pytest

from tests.support.api import FakeTime, client_of, json_response
from tests.support.sandbox_api import SessionApi
from tornado_resource.errors import ApiError
from tornado_resource.runs.cancel import Unsettled, cancel_if_running
from tornado_resource.runs.order import Run

RUN = Run("s-1", {"pathway_id": "pw-1"})


async def run(api: SessionApi, session_id: str = "s-1") -> None:
    await cancel_if_running(api.client(), Run(session_id, {"pathway_id": "pw-1"}), api.time.clock())


async def test_a_running_session_is_cancelled_once_until_it_settles() -> None:
    api = SessionApi()
    session = api.add()
    await run(api)
    assert session.status == "CANCELLED"
    assert api.calls == ["GET s-1/status", "POST s-1/cancel", "GET s-1/status", "GET active"]


@pytest.mark.parametrize(
    "status", ["COMPLETED_ALL_PASSED", "COMPLETED_PARTIAL", "TIMEOUT", "STUCK", "CANCELLED", "ERROR"]
)
async def test_a_finished_session_is_not_cancelled(status: str) -> None:
    api = SessionApi()
    api.add().status = status
    await run(api)
    assert api.calls == ["GET s-1/status"]


async def test_an_unknown_session_needs_no_cancel() -> None:
    api = SessionApi()
    await run(api, "gone")
    assert api.calls == [*["GET gone/status"] * 3, "GET active"]
    assert api.time.slept == [1.0, 1.0]


async def test_a_session_that_does_not_settle_is_an_error_after_a_minute() -> None:
    time = FakeTime()

    def handle(request: httpx.Request) -> httpx.Response:
        is_cancel = request.url.path.endswith("/cancel")
        return json_response({"cancelled": True} if is_cancel else {"session_id": "s-1", "status": "RUNNING"})

    with pytest.raises(ApiError, match="still running 60 s after the cancel request"):
        await cancel_if_running(client_of(handle), RUN, time.clock())
    assert 60 <= time.seconds < 70


@pytest.mark.parametrize("code", [404, 409, 410])
async def test_a_cancel_of_an_ended_session_is_a_success(code: int) -> None:
    statuses = ["RUNNING", "CANCELLED"]

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/cancel"):
            return json_response({}, code)
        if request.url.path.endswith("/active"):
            return json_response({}, 404)
        return json_response({"status": statuses.pop(0)})

    await cancel_if_running(client_of(handle), RUN, FakeTime().clock())
    assert not statuses


async def test_a_session_that_is_gone_after_the_cancel_has_settled() -> None:
    codes = iter([200, 404, 404, 404])

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/cancel"):
            return json_response({"cancelled": True})
        return json_response({"status": "RUNNING"}, next(codes))

    await cancel_if_running(client_of(handle), RUN, FakeTime().clock())
    assert next(codes, None) is None


async def test_the_pathway_must_be_free_after_the_session_has_ended() -> None:
    """The API changes the status first: until *active* shows no session, a start would get a conflict."""
    time = FakeTime()
    statuses, actives = iter(["RUNNING", "RUNNING", "CANCELLED", "CANCELLED"]), iter(["s-1", "s-2"])

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/active"):
            return json_response({"session_id": next(actives)})
        return json_response({} if request.url.path.endswith("/cancel") else {"status": next(statuses)})

    await cancel_if_running(client_of(handle), RUN, time.clock())
    assert next(actives, None) is None
    assert time.slept == [0.2, pytest.approx(0.3)]


class Routes:
    """An API that cancels by one form only, and responds to the other with *no_route*."""

    def __init__(self, no_route: httpx.Response, *, by_body: bool = True) -> None:
        self.no_route = no_route
        self.by_body = by_body
        self.status = "RUNNING"
        self.cancels: list[tuple[str, object]] = []
        self.time = FakeTime()

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/agent-testing/tornado/")
        if path == "active":
            is_running = self.status == "RUNNING"
            return json_response({"session_id": "s-1"}) if is_running else json_response({"error": "none"}, 404)
        if not path.endswith("cancel"):
            return json_response({"status": self.status})
        self.cancels.append((path, json.loads(request.content)))
        if self.by_body is (path != "cancel"):
            return httpx.Response(self.no_route.status_code, content=self.no_route.content)
        self.status = "CANCELLED"
        return json_response({"cancelled": True})

    async def cancel(self) -> None:
        await cancel_if_running(client_of(self.handle), RUN, self.time.clock())


NO_ROUTE = [json_response({"error": "Not Found"}, 404), httpx.Response(404, text="<html>"), json_response({}, 410)]


@pytest.mark.parametrize(
    ("no_route", "attempts"), list(zip(NO_ROUTE, (1, 5, 1), strict=True)), ids=["json", "html", "410"]
)
async def test_a_404_while_it_runs_sends_the_other_form_once(no_route: httpx.Response, attempts: int) -> None:
    """What is not JSON may be a page of a proxy while the API restarts, so the first form is tried again."""
    api = Routes(no_route)
    await api.cancel()
    assert api.cancels == [("s-1/cancel", {})] * attempts + [("cancel", {"tornado_id": "s-1"})]
    assert api.status == "CANCELLED"


async def test_a_session_cancelled_by_the_first_form_gets_one_request() -> None:
    api = Routes(NO_ROUTE[0], by_body=False)
    await api.cancel()
    assert api.cancels == [("s-1/cancel", {})]


async def test_a_404_for_both_forms_is_an_error_that_says_so() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return json_response({"error": "no"}, 404) if "cancel" in request.url.path else json_response(RUNNING)

    with pytest.raises(
        Unsettled, match=r"still running 60 s after the cancel request \(response to it: HTTP 404: no\)"
    ):
        await cancel_if_running(client_of(handle), RUN, FakeTime().clock())


RUNNING = {"session_id": "s-1", "status": "RUNNING"}


@pytest.mark.parametrize("code", [400, 405, 422])
async def test_a_refused_cancel_is_unsettled(code: int) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return json_response({"error": "no"}, code) if "cancel" in request.url.path else json_response(RUNNING)

    with pytest.raises(Unsettled, match=f"cancel session s-1: HTTP {code}: no"):
        await cancel_if_running(client_of(handle), RUN, FakeTime().clock())


async def test_a_cancel_without_permission_is_an_api_error() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return json_response({}, 403) if "cancel" in request.url.path else json_response(RUNNING)

    with pytest.raises(ApiError, match="HTTP 403") as caught:
        await cancel_if_running(client_of(handle), RUN, FakeTime().clock())
    assert not isinstance(caught.value, Unsettled)


@pytest.mark.parametrize("is_free", [True, False])
async def test_an_unknown_status_settles_when_the_pathway_is_free(is_free: bool) -> None:  # noqa: FBT001
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/active") and is_free:
            return json_response({"message": "none"}, 404)
        return json_response({"session_id": "s-1", "status": "REBALANCING"})

    cancelling = cancel_if_running(client_of(handle), RUN, FakeTime().clock())
    if is_free:
        await cancelling
    else:
        with pytest.raises(Unsettled, match="unknown status REBALANCING 60 s after the cancel request"):
            await cancelling
