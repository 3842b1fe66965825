from __future__ import annotations

from typing import Any

from tornado_resource.core.positions import Position
from tornado_resource.core.urns import SCENARIO_TYPE
from tornado_resource.declarations.model import ScenarioDeclaration
from tornado_resource.stacks.recorded import matching, recorded_scenarios, resource_name, run_by, stored_scenario

OUTPUTS: dict[str, Any] = {
    "scenario_id": "sc-1",
    "pathway_id": "pw-1",
    "fields": {"name": "Refund", "max_turns": 10.0},
    "drift": [],
    "declared_at": "sessions.yaml:3:3",
}
DECLARED = ScenarioDeclaration("refund", "pw-1", {"name": "Refund", "max_turns": 10}, Position("sessions.yaml", 3, 3))


def urn(name: str, kind: str = SCENARIO_TYPE) -> str:
    return f"urn:pulumi:dev::agents::{kind}::{name}"


def test_scenarios_are_found_in_a_state_and_damaged_ones_left_out() -> None:
    resources = {
        urn("refund@pw-1"): {"outputs": OUTPUTS},
        urn("a@pw-1"): {"outputs": {**OUTPUTS, "fields": None}},
        urn("b@pw-1"): {"outputs": {**OUTPUTS, "scenario_id": 7}},
        urn("c@pw-1"): {"outputs": {**OUTPUTS, "pathway_id": None}},
        urn("d@pw-1"): {},
        urn("e@pw-1", "other:index:Thing"): {"outputs": OUTPUTS},
    }
    [found] = recorded_scenarios(resources)
    assert (found.resource, found.scenario_id, found.name, found.manage) == ("refund@pw-1", "sc-1", "Refund", True)
    assert found.declaration == DECLARED
    assert run_by({"scenario_ids": ["sc-9", "sc-1"]}, [found]) == {"sc-1": DECLARED}
    assert run_by({}, [found]) == {}


def test_a_scenario_is_current_if_nothing_would_change() -> None:
    cases: list[tuple[dict[str, Any], bool]] = [
        ({}, True),
        ({"drift": ["max_turns"]}, False),
        ({"fields": {"name": "Refund"}}, False),
        ({"manage": False}, False),
        ({"declared_at": 3}, True),
    ]
    for change, is_current in cases:
        found = stored_scenario("refund@pw-1", {**OUTPUTS, **change})
        assert found is not None
        assert found.is_current(DECLARED) is is_current


def test_a_renamed_key_is_found_by_name_on_the_same_pathway() -> None:
    assert resource_name(DECLARED) == "refund@pw-1"
    by_resource, by_name = (stored_scenario(name, OUTPUTS) for name in ("refund@pw-1", "money@pw-1"))
    elsewhere = stored_scenario("refund@pw-2", {**OUTPUTS, "pathway_id": "pw-2"})
    other = stored_scenario("refund@pw-1", {**OUTPUTS, "fields": {"name": "Other"}})
    assert by_resource
    assert by_name
    assert elsewhere
    assert other
    assert matching(DECLARED, [elsewhere, by_name, by_resource]) is by_resource
    assert matching(DECLARED, [elsewhere, by_name]) is by_name
    assert matching(DECLARED, [other]) is other
    assert matching(DECLARED, [elsewhere]) is None
