"""The scenarios of a verdict by name, recorded so that the reports of later updates have them too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tests.support.results import gated_run_of, result_of, status_of
from tornado_resource.bland.listing import Owner
from tornado_resource.bland.scenarios import CATEGORIES
from tornado_resource.declarations.model import ScenarioDeclaration
from tornado_resource.tornado.kind import KIND

if TYPE_CHECKING:
    import httpx

    from tornado_resource.runs.model import Result

OWNER = Owner.pathway("pw-1")
STATUS = {
    "status": "COMPLETED_PARTIAL",
    "total_scenarios": 2,
    "passed_scenarios": 1,
    "iterations": [{"passed_ids": ["SC-1"], "failed_ids": ["sc-2"]}],
}
LISTED = [{"id": "sc-1", "name": "Refund"}, {"id": "sc-2", "name": "Cancel"}, {"id": "sc-3", "name": "Late"}]
RUNS = [{"id": "sc-1", "name": "Refund", "passed": True}, {"id": "sc-2", "name": "Cancel", "passed": False}]


class Api:
    def __init__(self, status: Any = None, listed: Any = None) -> None:
        self.responses = {"status": STATUS if status is None else status, "scenarios": listed or LISTED}
        self.requests: list[str] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        kind = request.url.path.rpartition("/")[2]
        params = request.url.params
        assert params.get("enabled", "true") == "true"
        assert kind == "status" or "enabled" in params
        self.requests.append(f"{kind} {params.get('category', '')}".strip())
        given = self.responses[kind]
        if isinstance(given, int):
            return json_response({"error": "x"}, given)
        return json_response({"scenarios": given} if kind == "scenarios" else given)

    async def read(self, result: Result) -> Result:
        async with client_of(self.handle) as client:
            return await KIND.with_details(client, result)


def ended(**changes: Any) -> Result:
    request = {"pathway_id": "pw-1", "scenario_ids": ["sc-1", "sc-2", "sc-3"]}
    return result_of(gated_run_of("a", request=request, **changes), status_of("STUCK", ("sc-1",), ("sc-2",)))


async def test_each_scenario_that_ran_is_recorded_by_name() -> None:
    api = Api()
    found = await api.read(ended())
    assert found.verdict.scenarios == RUNS
    assert [found.scenario_name(each) for each in ("sc-1", "sc-3")] == ["Refund", "Late"]
    assert api.requests == ["scenarios"]
    assert await api.read(found) is found


async def test_names_that_are_declared_are_not_read() -> None:
    declared = {f"sc-{number}": ScenarioDeclaration("k", OWNER, {"name": f"Own {number}"}) for number in (1, 2, 3)}
    api = Api()
    found = await api.read(ended(scenarios=declared))
    assert [each["name"] for each in found.verdict.scenarios or ()] == ["Own 1", "Own 2"]
    assert api.requests == []


async def test_a_verdict_recorded_without_them_is_completed_once() -> None:
    api = Api()
    recorded = replace(ended(), status=None)
    recorded = replace(recorded, verdict=replace(recorded.verdict, status="COMPLETED_PARTIAL"))
    found = await api.read(recorded)
    assert (found.verdict.scenarios, found.verdict.outcome) == (RUNS, recorded.verdict.outcome)
    assert api.requests == ["status", "scenarios"]


@pytest.mark.parametrize(
    ("recorded", "responses", "requests"),
    [
        ("STUCK", {}, ["status"]),  # the API shows another status now
        (None, {}, []),
        ("COMPLETED_PARTIAL", {"status": 404}, ["status"]),
        ("COMPLETED_PARTIAL", {"listed": 403}, ["status", "scenarios"]),
    ],
)
async def test_what_cannot_be_read_leaves_the_verdict_as_it_is(
    recorded: str | None, responses: dict[str, int], requests: list[str]
) -> None:
    api = Api(**responses)
    result = replace(ended(), status=None)
    result = replace(result, verdict=replace(result.verdict, status=recorded))
    assert await api.read(result) is result
    assert api.requests == requests


async def test_a_list_that_is_not_whole_is_completed_by_category() -> None:
    many = [{"id": f"x-{number}", "name": f"X {number}"} for number in range(100)]
    api = Api(listed=many)
    found = await api.read(ended())
    assert {each["name"] for each in found.verdict.scenarios or ()} == {None}
    assert {*api.requests} == {"scenarios", *(f"scenarios {category}" for category in CATEGORIES)}
