"""A pass says something only of the scenarios as they are declared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import FakeTime, client_of, json_response
from tests.support.results import PATHWAY_ID, gated_run_of, result_of
from tornado_resource.bland.listing import Listing, Owner, parse_scenarios
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Gate, ScenarioDeclaration
from tornado_resource.runs.edited_scenarios import scenario_doubt
from tornado_resource.runs.model import Known, by_id
from tornado_resource.runs.results import read_last_run, read_result, wait_for_result

if TYPE_CHECKING:
    import httpx

OWNER = Owner.pathway(PATHWAY_ID)
REFUND = ScenarioDeclaration("refund", OWNER, {"name": "Refund", "max_turns": 10}, Position("sessions.yaml", 3, 3))
CANCEL = ScenarioDeclaration("cancel", OWNER, {"name": "Cancel"}, Position("sessions.yaml", 4, 3))
REQUEST = {"pathway_id": PATHWAY_ID, "scenario_ids": ["sc-9", "sc-1", "sc-2"]}
DECLARED = {"sc-1": REFUND, "sc-2": CANCEL}
SHOWN: dict[str, dict[str, Any]] = {
    "sc-1": {"id": "sc-1", "name": "Refund", "max_turns": 10, "enabled": True},
    "sc-2": {"id": "sc-2", "name": "Cancel", "enabled": True, "org_id": "o"},
}
PASSED = {"status": "COMPLETED_ALL_PASSED", "total_scenarios": 3, "passed_scenarios": 3}


def doubt(**changes: dict[str, Any] | None) -> str | None:
    shown = {**SHOWN, **{key.replace("_", "-"): value for key, value in changes.items()}}
    listed = parse_scenarios([each for each in shown.values() if each is not None])
    assert listed is not None
    return scenario_doubt((each, Listing(listed).get(scenario_id)) for scenario_id, each in DECLARED.items())


def test_the_declared_scenarios_are_the_last_of_the_request() -> None:
    assert by_id(REQUEST, [REFUND, CANCEL]) == DECLARED
    assert by_id(REQUEST, []) == {}
    assert by_id({}, [REFUND]) == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"sc_1": None}, "not tested as declared: scenario 'Refund' does not exist any more"),
        ({"sc_2": {**SHOWN["sc-2"], "enabled": False}}, "not tested as declared: scenario 'Cancel' is disabled"),
        (
            {"sc_1": {**SHOWN["sc-1"], "max_turns": 11, "category": "EDGE_CASE"}, "sc_2": None},
            (
                "not tested as declared: scenario 'Refund' was edited (category, max_turns); "
                "scenario 'Cancel' does not exist any more"
            ),
        ),
    ],
)
def test_a_scenario_that_is_not_as_declared_is_named(changes: dict[str, Any], reason: str | None) -> None:
    assert doubt(**changes) == reason


def test_many_scenarios_are_counted() -> None:
    many = [(ScenarioDeclaration(f"s{n}", OWNER, {"name": f"S{n}"}), None) for n in range(7)]
    assert (scenario_doubt(many) or "").endswith("scenario 'S4' does not exist any more and 2 more scenarios")


class Api:
    """A session that passed, and the scenarios of its pathway."""

    def __init__(self, *scenarios: Any) -> None:
        self.scenarios = list(scenarios)
        self.requests: list[str] = []
        self.time = FakeTime()

    def handle(self, request: httpx.Request) -> httpx.Response:
        is_list = request.url.path.endswith("/scenarios")
        self.requests.append(f"scenarios?{request.url.query.decode()}" if is_list else "status")
        if not is_list:
            return json_response(PASSED)
        given = self.scenarios.pop(0) if len(self.scenarios) > 1 else self.scenarios[0]
        return json_response({}, given) if isinstance(given, int) else json_response({"scenarios": given})


GATED = gated_run_of("support-line", request=REQUEST, scenarios=DECLARED)
EDITED = [{**SHOWN["sc-1"], "max_turns": 11}, SHOWN["sc-2"]]


async def test_a_pass_of_the_declared_scenarios_is_a_pass() -> None:
    api = Api(list(SHOWN.values()))
    async with client_of(api.handle) as client:
        assert (await read_result(client, GATED)).verdict.outcome == "passed"
        assert (await read_last_run(client, GATED))[0].outcome == "passed"
    assert api.requests == ["status", f"scenarios?pathway_id={PATHWAY_ID}"] * 2


async def test_a_pass_of_edited_scenarios_is_incomplete_and_runs_again() -> None:
    api = Api(EDITED)
    reason = "not tested as declared: scenario 'Refund' was edited (max_turns)"
    async with client_of(api.handle) as client:
        result = await wait_for_result(client, GATED, 15.0, lambda _progress: None, api.time.clock())
        assert (result.verdict.outcome, result.verdict.reason, result.cause) == (
            "incomplete",
            reason,
            "scenarios_changed",
        )
        last, _ = await read_last_run(client, GATED)
    assert (last.state, last.outcome, last.reason) == ("ended", "incomplete", reason)


async def test_a_recorded_doubt_stays_when_the_scenarios_are_put_back() -> None:
    api = Api(list(SHOWN.values()))
    doubtful = replace(GATED, known=Known(doubt="not tested as declared: scenario 'Refund' is disabled"))
    async with client_of(api.handle) as client:
        result = await read_result(client, doubtful)
    assert (result.verdict.outcome, result.verdict.reason) == ("incomplete", doubtful.known.doubt)
    assert api.requests == ["status"]


async def test_unreadable_scenarios_are_no_pass() -> None:
    api = Api(403)
    async with client_of(api.handle) as client:
        result = await read_result(client, GATED)
    assert (result.verdict.outcome, result.cause) == ("incomplete", "scenarios_unreadable")
    assert result.verdict.reason.startswith("its scenarios could not be read: scenarios of pathway ")


async def test_reading_the_scenarios_is_retried() -> None:
    api = Api(503, 503, list(SHOWN.values()))
    async with client_of(api.handle) as client:
        result = await wait_for_result(client, GATED, 15.0, lambda _progress: None, api.time.clock())
    assert result.verdict.outcome == "passed"


async def test_what_did_not_pass_needs_no_scenarios() -> None:
    api = Api(500)
    gated = gated_run_of("a", request=REQUEST, scenarios=DECLARED, gate=Gate(4))
    async with client_of(api.handle) as client:
        assert (await read_result(client, gated)).verdict.outcome == "failed"
    assert api.requests == ["status"]


def test_declared_scenarios_have_their_names_and_their_lines() -> None:
    result = result_of(GATED, None, names={"sc-1": "Old name", "sc-9": "Nine"})
    assert [result.scenario_name(each) for each in ("sc-1", "sc-2", "sc-9", "sc-8")] == [
        "Refund",
        "Cancel",
        "Nine",
        "sc-8",
    ]
    assert str(result.scenario_position("sc-2")) == "sessions.yaml:4:3"
    assert result.scenario_position("sc-9") == GATED.position
