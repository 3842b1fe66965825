"""Responses of the API, as the client reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tornado_resource.bland.responses import Scenario, Status
from tornado_resource.errors import OutcomeUnknown, Rejected

if TYPE_CHECKING:
    import httpx


async def test_a_response_wrapped_in_data_is_unwrapped() -> None:
    wrapped = {"data": {"session_id": "s-1", "status": "RUNNING"}, "errors": None}
    started = await client_of(lambda _: json_response(wrapped)).start({"pathway_id": "pw-1"})
    assert started.session_id == "s-1"


@pytest.mark.parametrize("response", [json_response({}, 404), json_response({"session_id": None})])
async def test_no_active_session_is_none(response: httpx.Response) -> None:
    assert await client_of(lambda _: response).active("pw-1") is None


@pytest.mark.parametrize(
    ("content", "is_wrapped"),
    [
        ({"data": {"status": "RUNNING"}, "errors": None, "status": "ok", "message": "m"}, True),
        ({"data": {"status": "RUNNING"}, "status": "ERROR", "current_iteration": 1}, False),
        ({"data": "x", "status": "ERROR"}, False),
    ],
)
async def test_data_is_a_wrapper_only_without_other_fields(content: Any, is_wrapped: bool) -> None:  # noqa: FBT001
    status = await client_of(lambda _: json_response(content)).status("s-1")
    assert status.status == ("RUNNING" if is_wrapped else "ERROR")


@pytest.mark.parametrize("content", [[1], {"error": {"code": 5}}, {"errors": "x"}, {"message": 5}])
async def test_an_error_body_without_a_message_shows_the_status_alone(content: Any) -> None:
    with pytest.raises(Rejected) as caught:
        await client_of(lambda _: json_response(content, 500)).status("s-1")
    assert str(caught.value) == "status of session s-1: HTTP 500"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1" * 19, None),
        ("9007199254740992", 2**53),
        ("9007199254740993", None),
        ("9" * 20, None),
        ("", None),
        ("²", None),
    ],
)
def test_digits_are_a_number_up_to_what_pulumi_can_carry(text: str, expected: int | None) -> None:
    status = Status.parse({"status": "RUNNING", "max_iterations": text})
    assert status is not None
    assert status.max_iterations == expected


async def test_scenarios_without_a_list_are_unknown() -> None:
    with pytest.raises(OutcomeUnknown, match="the response has no scenarios"):
        await client_of(lambda _: json_response({})).scenarios("pw-1")


async def test_scenarios_are_read_by_the_fields_of_the_api() -> None:
    listed = [{"id": "a", "name": "A", "is_required_for_promotion": "true"}, {"id": "b"}]
    scenarios = await client_of(lambda _: json_response({"scenarios": listed})).scenarios("pw-1")
    assert scenarios == (
        Scenario("a", "A", is_required_for_promotion=True),
        Scenario("b", None, is_required_for_promotion=False),
    )


@pytest.mark.parametrize("content", [{}, {"session_id": 5}, {"status": "RUNNING"}])
async def test_an_active_response_without_a_session_id_is_unknown(content: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        await client_of(lambda _: json_response(content)).active("pw-1")


async def test_odd_fields_of_a_status_are_ignored() -> None:
    odd = {
        "status": "NEW_STATUS",
        "passed_scenarios": "38",
        "failed_scenarios": 2.0,
        "total_scenarios": True,
        "iterations": [None, {"iteration": 1, "passed_ids": "x", "failed_ids": ["a", 7], "fix_plan": []}],
        "unfixable_ids": None,
        "forked_version": "7",
    }
    status = await client_of(lambda _: json_response(odd)).status("s-1")
    assert (status.status, status.passed_scenarios, status.failed_scenarios) == ("NEW_STATUS", 38, 2)
    assert (status.total_scenarios, status.forked_version) == (None, 7)
    assert [iteration.failed_ids for iteration in status.iterations] == [("a",)]
    assert not status.is_final
    assert not status.is_running
