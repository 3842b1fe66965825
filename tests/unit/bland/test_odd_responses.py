"""Unexpected responses: each is read conservatively, and none raises anything but an `ApiError`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.support.api import client_of, json_response
from tests.support.results import gated_run_of, report_of, result_of, status_of
from tornado_resource.bland.listing import Scenario, parse_scenarios
from tornado_resource.bland.responses import parse_time
from tornado_resource.bland.sessions import Started, Status, read_status
from tornado_resource.declarations.model import Gate
from tornado_resource.errors import ApiError, OutcomeUnknown
from tornado_resource.reports.html import html
from tornado_resource.runs.results import read_result
from tornado_resource.tornado.gate import judge

PASSED = {"status": "COMPLETED_ALL_PASSED", "total_scenarios": 1, "passed_scenarios": 1}


@pytest.mark.parametrize("location", ["http://[", "http://exa]mple/", "http:[x", ""])
async def test_a_redirect_to_an_invalid_url_is_an_api_error(location: str) -> None:
    async with client_of(lambda _: httpx.Response(302, headers={"location": location})) as client:
        with pytest.raises(ApiError):
            await read_status(client, "s-1")


async def test_a_date_out_of_range_is_ignored() -> None:
    far = "Mon, 01 Jan 99999999999 00:00:00 GMT"
    async with client_of(lambda _: json_response({}, 429, {"retry-after": far, "date": far})) as client:
        with pytest.raises(ApiError):
            await read_status(client, "s-1")


def scenario_of(**fields: Any) -> Scenario:
    scenarios = parse_scenarios({"scenarios": [{"id": "a", **fields}]})
    assert scenarios is not None
    return scenarios[0]


MARKS: list[tuple[Any, bool]] = [(None, False), (False, False), (0, False), ("false", False)]
MARKS = [*MARKS, (True, True), (1, True), ("true", True)]


@pytest.mark.parametrize(("mark", "is_required"), MARKS)
def test_a_mark_of_a_scenario_is_a_flag_in_any_form(mark: Any, is_required: bool) -> None:  # noqa: FBT001
    scenario = scenario_of(is_required_for_promotion=mark)
    assert (scenario.is_required_for_promotion, scenario.is_mark_unreadable) == (is_required, False)
    enabled = scenario_of() if mark is None else scenario_of(enabled=mark)
    assert enabled.is_enabled == (is_required or mark is None)


@pytest.mark.parametrize("entry", [{"id": 5, "is_required_for_promotion": True}, "a", {}])
def test_a_list_with_an_unreadable_scenario_is_none(entry: Any) -> None:
    assert parse_scenarios({"scenarios": [{"id": "a"}, entry]}) is None


@pytest.mark.parametrize(
    "sign",
    [
        {"forked_version": "v12"},
        {"iterations": [{"fix_plan": [{"id": 1}]}]},
        {"iterations": [{"fix_plan": "in words"}]},
        {"iterations": [{"fix_plan": {"fixes": ["in words"]}}]},
    ],
    ids=str,
)
def test_an_unreadable_repair_counts_as_a_repair(sign: dict[str, Any]) -> None:
    status = Status.parse({**PASSED, **sign})
    assert status is not None
    assert judge(Gate(repaired="refuse"), status)[0] == "failed"


def test_values_that_pulumi_cannot_carry_are_not_taken() -> None:
    assert Started.parse({"session_id": "s-\ud800"}) is None
    started = Started.parse({"session_id": "s-1", "max_iterations": 10**400, "timeout_ms": 2**53})
    assert started is not None
    assert (started.max_iterations, started.timeout_ms) == (None, 2**53)


async def test_a_refused_request_makes_the_result_incomplete() -> None:
    async with client_of(lambda _: json_response({"error": "no"}, 403)) as client:
        result = await read_result(client, gated_run_of("support-line"))
    assert result.verdict.outcome == "incomplete"
    assert "the API request failed" in result.verdict.reason


def test_the_page_shows_times_in_utc() -> None:
    status = status_of("COMPLETED_ALL_PASSED", ("a",), ())
    page = html(report_of(result_of(gated_run_of("s", created_at="2026-01-01T10:00:00+02:00"), status)))
    assert "2026-01-01 08:00:00 UTC" in page


@pytest.mark.parametrize("content", [{}, {"status": ""}, {"status": 5}])
def test_a_status_response_without_a_status_is_none(content: dict[str, Any]) -> None:
    assert Status.parse(content) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (None, None),
        ("soon", None),
        ("2026-04-14T10:00:00", datetime(2026, 4, 14, 10, 0, tzinfo=UTC)),
        ("2026-04-14T12:00:00+02:00", datetime(2026, 4, 14, 10, 0, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_utc(text: str | None, moment: datetime | None) -> None:
    assert parse_time(text) == moment


async def test_a_status_response_without_a_status_is_unknown() -> None:
    async with client_of(lambda _: json_response({})) as client:
        with pytest.raises(OutcomeUnknown, match="the response has no status"):
            await read_status(client, "s-1")
