"""The scenarios that a state has, and what has become of them."""

from __future__ import annotations

from typing import Any

import pytest

from tornado_resource.bland.listing import Listing, Owner, Scenario
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.positions import Position
from tornado_resource.core.urns import CHECK_RUN_TYPE, CHECKS_TYPE, SCENARIO_TYPE, SESSION_TYPE
from tornado_resource.declarations.model import Gate, ScenarioDeclaration
from tornado_resource.runs.declared_checks import checks_of, config_digest
from tornado_resource.stacks.recorded import Resource, read_outputs, read_state
from tornado_resource.stacks.recorded_scenarios import StoredScenarios, change_of, resource_name, stored_scenario
from tornado_resource.versions.definitions import filled_fields

OWNER = Owner.pathway("pw-1")
RECORDED: dict[str, Any] = {
    "scenario_id": "sc-1",
    "pathway_id": "pw-1",
    "fields": {"name": "Refund", "max_turns": 10.0},
    "drift": [],
    "declared_at": "sessions.yaml:3:3",
}
DECLARED = ScenarioDeclaration("refund", OWNER, {"name": "Refund", "max_turns": 10}, Position("sessions.yaml", 3, 3))


def urn(name: str, kind: str = SCENARIO_TYPE) -> str:
    return f"urn:pulumi:dev::agents::{kind}::{name}"


def test_scenarios_are_found_in_a_state_and_damaged_ones_left_out() -> None:
    resources = {
        urn("refund@pw-1"): {"outputs": RECORDED},
        urn("a@pw-1"): {"outputs": {**RECORDED, "fields": None}},
        urn("b@pw-1"): {"outputs": {**RECORDED, "scenario_id": 7}},
        urn("c@pw-1"): {"outputs": {**RECORDED, "pathway_id": None}},
        urn("d@pw-1"): {},
        urn("e@pw-1", "other:index:Thing"): {"outputs": RECORDED},
    }
    [found] = read_outputs(resources).scenarios
    assert (found.resource, found.scenario_id, found.name, found.manage) == ("refund@pw-1", "sc-1", "Refund", True)
    assert found.declaration == DECLARED


def test_a_scenario_is_current_if_nothing_would_change() -> None:
    cases: list[tuple[dict[str, Any], bool]] = [
        ({}, True),
        ({"drift": ["max_turns"]}, False),
        ({"fields": {"name": "Refund"}}, False),
        ({"manage": False}, False),
        ({"declared_at": 3}, True),
    ]
    for change, is_current in cases:
        found = stored_scenario("refund@pw-1", {**RECORDED, **change})
        assert found is not None
        assert found.is_current(DECLARED) is is_current


def test_a_renamed_key_is_found_by_name_on_the_same_pathway() -> None:
    assert resource_name(DECLARED) == "refund@pw-1"
    by_resource, by_name = (stored_scenario(name, RECORDED) for name in ("refund@pw-1", "money@pw-1"))
    elsewhere = stored_scenario("refund@pw-2", {**RECORDED, "pathway_id": "pw-2"})
    other = stored_scenario("refund@pw-1", {**RECORDED, "fields": {"name": "Other"}})
    assert by_resource
    assert by_name
    assert elsewhere
    assert other
    assert StoredScenarios([elsewhere, by_name, by_resource]).matching(DECLARED) is by_resource
    assert StoredScenarios([elsewhere, by_name]).matching(DECLARED) is by_name
    assert StoredScenarios([other]).matching(DECLARED) is other
    assert StoredScenarios([elsewhere]).matching(DECLARED) is None


def test_a_session_has_its_own_scenarios_by_id() -> None:
    session = urn("support-line", SESSION_TYPE)
    resources = {
        urn("refund@pw-1"): {"outputs": RECORDED},
        session: {"outputs": {"session_id": "s-1", "declared": {"pathway_id": "pw-1"}}},
    }
    declared = resources[session]["outputs"]["declared"]
    assert read_outputs(resources).runs[session].scenarios == {}
    declared["scenario_ids"] = ["sc-9", "sc-1", []]
    run = read_outputs(resources).runs[session]
    assert run.scenarios == {"sc-1": DECLARED}
    gated = run.under(Gate())
    assert (gated.scenarios, gated.test_cases) == (run.scenarios, ())


FIELDS: dict[str, Any] = {"name": "Refund", "max_turns": 10, "tester_persona_prompt": "Be kind.\n"}
SHOWN: dict[str, Any] = {**FIELDS, "tester_persona_prompt": "Be kind.", "tester_persona_name": "Sam", "enabled": True}
OUTPUTS: dict[str, Any] = {"scenario_id": "sc-1", "pathway_id": "pw-1", "fields": FIELDS}


def shown(**edit: Any) -> Scenario:
    return Scenario("sc-1", "Refund", is_required_for_promotion=False, entry={**SHOWN, **edit})


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        ({}, "None"),
        ({"max_turns": 9}, "max_turns was changed in Bland"),
        ({"enabled": False, "description": "By hand"}, "description, enabled were changed in Bland"),
        ({"tester_persona_name": "Eve"}, "tester_persona_name was changed in Bland"),
        ({"category": "EDGE_CASE"}, "category is not stored as declared"),
        (
            {"category": "EDGE_CASE", "max_turns": 9},
            "max_turns was changed in Bland, and category is not stored as declared",
        ),
        (None, "was deleted in Bland"),
    ],
)
def test_an_edit_is_a_difference_from_what_was_stored(edit: dict[str, Any] | None, text: str) -> None:
    filled = filled_fields(FIELDS, {**SHOWN, "category": "EDGE_CASE"})
    stored = stored_scenario("refund@pw-1", {**OUTPUTS, "filled": filled})
    listed = () if edit is None else (shown(**edit),)
    assert stored is not None
    assert str(change_of(stored, Listing(listed))) == text


def test_without_a_record_only_the_declared_fields_count() -> None:
    stored = stored_scenario("refund@pw-1", OUTPUTS)
    assert stored is not None
    assert change_of(stored, Listing((shown(tester_persona_name="Eve"),))) is None


def test_a_recorded_scenario_of_an_agent_is_one_of_that_agent() -> None:
    outputs = {key: value for key, value in RECORDED.items() if key != "pathway_id"}
    found = stored_scenario("refund@ag-1", {**outputs, "agent_id": "ag-1"})
    assert found is not None
    assert found.owner == Owner.agent("ag-1")
    declared = ScenarioDeclaration("money", found.owner, DECLARED.fields)
    assert (resource_name(declared), StoredScenarios([found]).matching(declared)) == ("money@ag-1", found)
    assert StoredScenarios([found]).matching(DECLARED) is None


CONFIG: dict[str, Any] = {
    "agent_id": "ag-1",
    "env": "staging",
    "scenario_ids": ["tc-1"],
    "judges": [{"id": "j-1", "version": "v1", "name": "Resolved", "required": True}],
    "simulations_count": 5.0,
}


@pytest.mark.parametrize(
    ("stored", "inputs", "declared", "is_known"),
    [
        (CONFIG, {}, CONFIG, True),
        ({**CONFIG, "simulations_count": 3}, {}, CONFIG, False),
        ({**CONFIG, "simulations_count": 3}, CONFIG, CONFIG, True),
        (CONFIG, CONFIG, {**CONFIG, "scenario_ids": ["tc-1", "tc-2"]}, False),
        ({}, {}, CONFIG, False),
        (CONFIG, CONFIG, None, False),
    ],
)
def test_a_recorded_check_run_has_the_checks_that_it_was_declared_with(
    stored: dict[str, Any],
    inputs: dict[str, Any],
    declared: dict[str, Any] | None,
    is_known: bool,  # noqa: FBT001
) -> None:
    """The state may have others by now: what was edited in the dashboard, or what the next run is of."""
    digest = config_digest(checks_of(whole_without_nulls(declared))) if declared is not None else None
    request = {"agent_id": "ag-1", "env": "staging", "version_id": "v-1", "checks": digest}
    outputs = {"run_id": "run-1", "declared": request, "created_at": None, "adopted": False}
    resources = [
        Resource(urn("support", CHECKS_TYPE), stored, inputs),
        Resource(urn("support", CHECK_RUN_TYPE), outputs),
    ]
    [found] = read_state(resources).runs.values()
    assert found.gated is not None
    assert (found.gated.checks is not None) is is_known
    if found.gated.checks is not None:
        assert [judge.judge_id for judge in found.gated.checks.judges] == ["j-1"]
        assert (found.gated.checks.scenario_ids, found.gated.checks.simulations_count) == (("tc-1",), 5)


def test_a_recorded_check_run_has_the_test_cases_of_its_checks() -> None:
    """So `wait` compares them as an update does; those that are declared by id only are nobody's definition."""
    place = {"agent_id": "ag-1", "env": "staging"}
    run = {"run_id": "run-1", "declared": {**place, "version_id": "v-1"}, "created_at": None, "adopted": False}
    outputs = {key: value for key, value in RECORDED.items() if key != "pathway_id"}
    resources = {
        urn("refund@ag-1"): {"outputs": {**outputs, "agent_id": "ag-1"}},
        urn("support", CHECKS_TYPE): {"outputs": {**place, "scenario_ids": ["tc-1", "sc-1"]}},
        urn("damaged", CHECKS_TYPE): {"outputs": {**place, "env": "production", "scenario_ids": 7}},
        urn("support", CHECK_RUN_TYPE): {"outputs": run},
    }
    [found] = read_outputs(resources).runs.values()
    assert found.gated is not None
    assert [(each.key, each.owner) for each in found.gated.test_cases] == [("refund", Owner.agent("ag-1"))]
    assert found.gated.scenarios == {}
