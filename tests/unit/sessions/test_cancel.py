from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.api import FakeApi, FakeTime, client_of, json_response
from tornado_resource.errors import ApiError
from tornado_resource.sessions.cancel import cancel_if_running

if TYPE_CHECKING:
    import httpx


async def run(api: FakeApi, session_id: str = "s-1") -> None:
    await cancel_if_running(api.client(), session_id, "pw-1", api.time.clock())


async def test_a_running_session_is_cancelled_once_until_it_settles() -> None:
    api = FakeApi(FakeTime())
    session = api.add()
    await run(api)
    assert session.status == "CANCELLED"
    assert api.calls == ["GET s-1/status", "POST s-1/cancel", "GET s-1/status", "GET active"]


@pytest.mark.parametrize(
    "status", ["COMPLETED_ALL_PASSED", "COMPLETED_PARTIAL", "TIMEOUT", "STUCK", "CANCELLED", "ERROR"]
)
async def test_a_finished_session_is_not_cancelled(status: str) -> None:
    api = FakeApi(FakeTime())
    api.add().status = status
    await run(api)
    assert api.calls == ["GET s-1/status"]


async def test_an_unknown_session_needs_no_cancel() -> None:
    api = FakeApi(FakeTime())
    await run(api, "gone")
    assert api.calls == ["GET gone/status"]


async def test_a_session_that_does_not_settle_is_an_error_after_a_minute() -> None:
    time = FakeTime()

    def handle(request: httpx.Request) -> httpx.Response:
        is_cancel = request.url.path.endswith("/cancel")
        return json_response({"cancelled": True} if is_cancel else {"session_id": "s-1", "status": "RUNNING"})

    with pytest.raises(ApiError, match="still running 60 s after the cancel request"):
        await cancel_if_running(client_of(handle), "s-1", "pw-1", time.clock())
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

    await cancel_if_running(client_of(handle), "s-1", "pw-1", FakeTime().clock())
    assert not statuses


async def test_a_session_that_is_gone_after_the_cancel_has_settled() -> None:
    codes = iter([200, 404])

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/cancel"):
            return json_response({"cancelled": True})
        return json_response({"status": "RUNNING"}, next(codes))

    await cancel_if_running(client_of(handle), "s-1", "pw-1", FakeTime().clock())
    assert next(codes, None) is None


async def test_the_pathway_must_be_free_after_the_session_has_ended() -> None:
    """The API changes the status first: until *active* shows no session, a start would get a conflict."""
    time = FakeTime()
    statuses, actives = iter(["RUNNING", "RUNNING", "CANCELLED", "CANCELLED"]), iter(["s-1", "s-2"])

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/active"):
            return json_response({"session_id": next(actives)})
        return json_response({} if request.url.path.endswith("/cancel") else {"status": next(statuses)})

    await cancel_if_running(client_of(handle), "s-1", "pw-1", time.clock())
    assert next(actives, None) is None
    assert time.slept == [0.2, pytest.approx(0.3)]
