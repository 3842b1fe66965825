"""The sandbox on the clock of a test: what depends on the time alone."""

from __future__ import annotations

import pytest

from tests.support.sandbox_api import SessionApi
from tests.support.scenario_api import FIELDS, ScenarioApi
from tests.support.simulations import REQUEST, SimulationApi
from tornado_resource.bland.listing import Owner
from tornado_resource.bland.scenarios import list_scenarios
from tornado_resource.bland.sessions import read_status
from tornado_resource.bland.simulation_sets import read_set


async def runs_of(api: SessionApi) -> list[tuple[str, str]]:
    async with api.client() as client:
        listed = await client.exchange("runs", "GET", "/v1/agent-testing/runs", query={"pathway_id": "pw-1"})
    return [(each["status"], each["created_at"]) for each in listed["runs"]]


async def test_the_runs_of_an_iteration_are_listed_while_it_runs() -> None:
    api = SessionApi()
    session = api.add()
    assert await runs_of(api) == [("RUNNING", "2026-04-14T10:00:00.000Z")]
    session.status = "COMPLETED_ALL_PASSED"
    assert await runs_of(api) == [("PASSED", "2026-04-14T10:00:00.000Z")]


@pytest.mark.parametrize("late", [0.001, 3600])
async def test_a_clock_that_is_put_back_ends_nothing(late: float) -> None:
    api, sets = SessionApi(), SimulationApi()
    session = api.add(age=-late)
    assert (session.status, (await read_status(api.client(), "s-1")).status) == ("RUNNING", "RUNNING")
    assert await runs_of(api) == [("RUNNING", session.created_at.isoformat(timespec="milliseconds")[:-6] + "Z")]
    sets.add(age=-late, **REQUEST)
    found = await read_set(sets.client(), "s-1")
    assert (found.status, {each.passed for each in found.scenarios.values()}) == ("PENDING", {0})


async def test_an_edited_scenario_keeps_its_place_in_the_list() -> None:
    api = ScenarioApi()
    for number in range(3):
        api.add(**{**FIELDS, "name": f"Case {number}"})
    api.edit("sc-1", max_turns=3)
    listed = await list_scenarios(api.client(), Owner.pathway("pw-1"))
    assert [each.scenario_id for each in listed.scenarios] == ["sc-3", "sc-2", "sc-1"]
