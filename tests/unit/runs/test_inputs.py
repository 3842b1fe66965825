from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.bland.listing import Owner
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Declaration, Gate, ScenarioDeclaration
from tornado_resource.declarations.quarantine import parsed
from tornado_resource.runs.inputs import UPDATING, Change, by_ids, compare, expected_inputs, replacing

BASE: dict[str, Any] = {"pathway_id": "pw-1"}
CASES: list[tuple[str, Any, Any, Change]] = [
    ("pathway_id", "pw-1", "pw-2", Change(replaces=("pathway_id",))),
    ("persona_id", None, "pe-1", Change(replaces=("persona_id",))),
    ("persona_id", "pe-1", None, Change(replaces=("persona_id",))),
    ("scenario_ids", ["a"], ["a", "b"], Change(replaces=("scenario_ids",))),
    ("scenario_ids", ["a", "b"], ["b", "a"], Change(replaces=("scenario_ids",))),
    ("version_number", 3, 4.0, Change(replaces=("version_number",))),
    ("version_number", None, 0.0, Change(replaces=("version_number",))),
    ("max_iterations", 5, 5.0, Change()),
    ("timeout_ms", 900000.0, 900001.0, Change(replaces=("timeout_ms",))),
    ("triggers", {"a": "1"}, {"a": 1.0}, Change(replaces=("triggers",))),
    ("triggers", {"a": 1.0}, {"a": True}, Change(replaces=("triggers",))),
    ("triggers", {"a": 1}, {"a": 1.0}, Change()),
    ("triggers", {"a": 1, "b": 2}, {"b": 2, "a": 1}, Change()),
    ("definitions", None, "41b0", Change(replaces=("definitions",))),
    ("definitions", "41b0", "29fa", Change(replaces=("definitions",))),
    ("checks", None, "7c20", Change(replaces=("checks",))),
    ("gate", None, {"passed": "any"}, Change(updates=("gate",))),
    ("quarantine", None, [{"scenario": "a", "reason": "r", "until": "2026-12-31"}], Change(updates=("quarantine",))),
    ("rerun", None, "always", Change(updates=("rerun",))),
    ("on_conflict", None, "adopt", Change(updates=("on_conflict",))),
    ("on_destroy", "leave", None, Change(updates=("on_destroy",))),
    ("adopt", None, "s-9", Change()),
    ("name", "a", "b", Change()),
]


@pytest.mark.parametrize(("key", "old", "new", "change"), CASES)
def test_a_change_replaces_or_updates_or_neither(key: str, old: Any, new: Any, change: Change) -> None:
    assert compare("tornado", {**BASE, key: old}, {**BASE, key: new}) == change


def test_every_key_is_in_the_table() -> None:
    assert {key for key, *_ in CASES} >= {*replacing("tornado"), *UPDATING}


inputs = st.fixed_dictionaries(
    {"pathway_id": st.text(max_size=5)},
    optional={
        "scenario_ids": st.lists(st.text(max_size=3), max_size=4),
        "version_number": st.integers(0, 2**53),
        "triggers": st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.integers(-9, 9) | st.booleans()),
        "gate": st.just("none") | st.fixed_dictionaries({"passed": st.integers(1, 5) | st.just("all")}),
        "rerun": st.sampled_from(["always", "on_change"]),
    },
)


def as_pulumi_passes_it(value: Any) -> Any:
    """Every number arrives as a float."""
    if isinstance(value, dict):
        return {key: as_pulumi_passes_it(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [as_pulumi_passes_it(entry) for entry in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@given(inputs)
def test_the_same_declaration_is_no_change(declared: dict[str, Any]) -> None:
    assert compare("tornado", declared, declared) == Change()
    assert compare("tornado", declared, as_pulumi_passes_it(declared)) == Change()


def test_what_is_declared_as_by_default_is_no_input() -> None:
    declared = Declaration("a", {"pathway_id": "pw-1"}, Gate(), Position("s.yaml", 1, 1))
    assert expected_inputs(declared, {}, (), None) == {"pathway_id": "pw-1"}
    other = replace(declared, gate=Gate("any"), rerun="always", triggers={"a": 1})
    other = replace(other, on_conflict="adopt", on_destroy="leave")
    expected = {"pathway_id": "pw-1", "gate": {"passed": "any"}, "rerun": "always", "triggers": {"a": 1, "b": 2}}
    expected |= {"on_conflict": "adopt", "on_destroy": "leave"}
    assert expected_inputs(other, {"b": 2}, (), None) == expected
    assert expected_inputs(replace(declared, gate=None), {}, (), None) == {"pathway_id": "pw-1", "gate": "none"}


def test_what_is_rolled_back_keeps_its_triggers_whatever_the_config_says() -> None:
    declared = Declaration("a", {"pathway_id": "pw-1"}, Gate(), Position("s.yaml", 3, 3), triggers={"a": 1})
    assert expected_inputs(declared, {"commit": "c2"}, (), None)["triggers"] == {"a": 1, "commit": "c2"}
    held = replace(declared, kept_triggers={"a": 1, "commit": "c1"})
    assert expected_inputs(held, {"commit": "c2"}, (), None)["triggers"] == {"a": 1, "commit": "c1"}
    assert "triggers" not in expected_inputs(replace(declared, kept_triggers={}), {"commit": "c2"}, (), None)


def test_the_definition_of_a_scenario_decides() -> None:
    scenario = ScenarioDeclaration("refund", Owner.pathway("pw-1"), {"name": "Refund", "max_turns": 9})
    found = [
        expected_inputs(declared_with(replace(scenario, fields={**scenario.fields, **more})), {}, ["sc-1"], None)
        for more in ({}, {"description": "Other words"}, {"max_turns": 10})
    ]
    assert found[0]["scenario_ids"] == ["sc-0", "sc-1"]
    assert found[0] == found[1]
    assert compare("tornado", found[0], found[2]) == Change(replaces=("definitions",))


def declared_with(scenario: ScenarioDeclaration) -> Declaration:
    request = {"pathway_id": "pw-1", "scenario_ids": ["sc-0"]}
    return Declaration("a", request, Gate(), Position("s.yaml", 1, 1), scenarios=(scenario,))


def test_a_quarantine_names_a_declared_scenario_by_its_id_once_it_has_one() -> None:
    declared = declared_with(ScenarioDeclaration("refund", Owner.pathway("pw-1"), {"name": "Refund"}))
    entries = [{"scenario": each, "reason": "r", "until": "2026-12-31"} for each in ("refund", "sc-0")]
    gate = Gate(quarantine=parsed(entries))
    found = expected_inputs(replace(declared, gate=gate, quarantine=entries), {}, ["sc-1"], None)
    assert [each["scenario"] for each in found["quarantine"]] == ["sc-1", "sc-0"]
    assert "gate" not in found
    assert by_ids("secret", {}) == "secret"
    assert by_ids([7, {}], {"": "sc-1"}) == [7, {}]
