"""How two check configs differ, and what a resource records of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.checks_api import DECLARED, OTHER, POLITE, RESOLVED
from tornado_resource.bland.check_runs import Checks, ConfiguredJudge
from tornado_resource.checks.check_config import DeclaredDigests, differences, fields_of, outputs_of
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import ChecksDeclaration, JudgeDeclaration
from tornado_resource.runs.declared_checks import checks_of, config_digest

LONG = "länge" * 40
ODD = ConfiguredJudge("j-9", "v\x1b", LONG, is_required=True)
LEVELS = st.lists(st.sampled_from(["good", "great", "poor"]), unique=True, max_size=3).map(tuple)
JUDGES = st.builds(
    ConfiguredJudge,
    judge_id=st.sampled_from(["j-1", "j-2", "j-3"]),
    version_id=st.sampled_from(["v-1", "v-2"]),
    name=st.sampled_from(["Resolved", None]),
    is_required=st.booleans(),
    target_level_keys=LEVELS,
)
CONFIGS = st.builds(
    Checks,
    scenario_ids=st.lists(st.sampled_from(["tc-1", "tc-2", "tc-3"]), unique=True, min_size=1).map(tuple),
    judges=st.lists(JUDGES, unique_by=lambda judge: judge.judge_id, min_size=1).map(tuple),
    is_enabled=st.booleans(),
    simulations_count=st.integers(1, 50),
    updated_at=st.none(),
)


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        ({}, []),
        ({"scenario_ids": ("TC-2", "tc-1")}, []),
        ({"judges": (POLITE, RESOLVED)}, []),
        ({"judges": (replace(RESOLVED, judge_id="J-1", version_id="V-1", name="Other"), POLITE)}, []),
        ({"judges": (RESOLVED, replace(POLITE, target_level_keys=("great", "good", "good")))}, []),
        ({"simulations_count": None, "is_enabled": None}, []),
        ({"judges": (replace(RESOLVED, version_id=None, is_required=None), POLITE)}, []),
        ({"scenario_ids": ("tc-1",)}, ["scenario_ids: found tc-1, declared tc-1, tc-2"]),
        ({"simulations_count": 2}, ["simulations_count: found 2, declared 5"]),
        ({"is_enabled": False}, ["enabled: found false, declared true"]),
        (
            {"judges": (replace(RESOLVED, name="Other", version_id="v-9", is_required=False), POLITE)},
            [
                'judges.Resolved.version: found "v-9", declared "v-1"',
                "judges.Resolved.required: found false, declared true",
            ],
        ),
        ({"judges": (RESOLVED,)}, ["judges.Polite: found nothing, declared version v-2, not required"]),
        (
            {"judges": (RESOLVED, POLITE, ConfiguredJudge("j-3", None, None, is_required=True))},
            ["judges.j-3: found version unknown, declared nothing"],
        ),
        (
            {"judges": (RESOLVED, replace(POLITE, target_level_keys=()))},
            ['judges.Polite.target_level_keys: found nothing, declared ["good", "great"]'],
        ),
        ({"scenario_ids": ()}, ["scenario_ids: found nothing, declared tc-1, tc-2"]),
        (
            {"scenario_ids": (LONG, "a"), "judges": (replace(RESOLVED, target_level_keys=(LONG,)), POLITE, ODD)},
            [
                f"scenario_ids: found a, {LONG[:79]}…, declared tc-1, tc-2",
                f'judges.Resolved.target_level_keys: found ["{LONG[:77]}…, declared nothing',
                rf"judges.{LONG[:79]}…: found version v\x1b, declared nothing",
            ],
        ),
    ],
    ids=str,
)
def test_each_difference_is_in_words(change: dict[str, Any], texts: list[str]) -> None:
    found = differences(DECLARED, replace(DECLARED, **change))
    assert [each.text() for each in found] == texts
    assert [each.field for each in found] == [each.place.partition(".")[0] for each in found]


def test_a_secret_field_is_not_shown() -> None:
    found = differences(DECLARED, OTHER)
    assert fields_of(found) == ["scenario_ids", "judges", "simulations_count"]
    texts = [each.text({"scenario_ids", "judges"}) for each in found]
    assert texts[0] == "scenario_ids: found and declared are [secret]"
    assert not [text for text in texts if "tc-" in text or "Polite" in text]


@given(CONFIGS, CONFIGS)
def test_digests_are_equal_where_nothing_differs(one: Checks, other: Checks) -> None:
    assert not differences(one, one)
    assert (config_digest(one) == config_digest(other)) is (not differences(one, other))


@given(CONFIGS, CONFIGS)
def test_what_is_recorded_reads_as_what_was_shown(declared: Checks, shown: Checks) -> None:
    recorded = checks_of(outputs_of(declared, shown))
    assert not differences(recorded, shown)
    assert config_digest(recorded) == config_digest(shown)


def test_what_is_recorded_has_the_declared_order_and_spelling() -> None:
    shown = replace(DECLARED, scenario_ids=("tc-2", "TC-1"), judges=(POLITE, replace(RESOLVED, judge_id="J-1")))
    recorded = outputs_of(DECLARED, shown)
    assert recorded == outputs_of(DECLARED, DECLARED)
    assert checks_of(recorded) == DECLARED
    assert recorded["judges"][0] == {"id": "j-1", "version": "v-1", "required": True, "name": "Resolved"}


def test_what_is_not_shown_is_recorded_as_declared() -> None:
    hidden = tuple(replace(each, version_id=None, name=None, is_required=None) for each in DECLARED.judges)
    shown = replace(DECLARED, judges=hidden, simulations_count=None, is_enabled=None)
    assert outputs_of(DECLARED, shown) == outputs_of(DECLARED, DECLARED)


def test_what_is_not_declared_counts_as_the_default_in_any_order() -> None:
    judges = (POLITE, replace(RESOLVED, is_required=None))
    unsaid = replace(DECLARED, scenario_ids=("tc-2", "tc-1"), judges=judges, is_enabled=None)
    assert config_digest(unsaid) == config_digest(DECLARED)
    recorded = {key: value for key, value in outputs_of(DECLARED, DECLARED).items() if key != "enabled"}
    assert checks_of(recorded) == DECLARED


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ({"scenario_ids": ("TC-1",)}, True),
        ({"judges": ({"id": "Polite", "version": "v-1"},)}, True),
        ({"judges": ({"name": "Kind"},)}, False),
        ({"definitions": (JudgeDeclaration("polite", {"prompt": "Kind?"}),)}, False),
        ({"definitions": (None,)}, False),
        ({"scenario_ids": ("tc-9",)}, False),
        ({"simulations_count": 6}, False),
    ],
    ids=str,
)
def test_declared_configs_are_told_apart_by_what_they_declare(change: dict[str, Any], *, is_same: bool) -> None:
    place, code = Position("s.yaml", 1, 1), JudgeDeclaration("polite", {"prompt": "Polite?"})
    judges = ({"name": "Polite"},)
    declared = ChecksDeclaration(
        "support", "ag-1", "staging", ("tc-1",), judges, 5, place, (place,), definitions=(code,)
    )
    digests = DeclaredDigests()
    wanted = digests(declared, ["tc-2"])
    assert (digests(replace(declared, **change), ["TC-2"]) == wanted) is is_same
    assert digests(declared, ["tc-3"]) != wanted


def test_a_judge_that_is_not_declared_is_recorded_as_it_is_shown() -> None:
    stranger = ConfiguredJudge("j-9", "v-9", None, is_required=None)
    renamed = replace(RESOLVED, name="Solved")
    recorded = outputs_of(DECLARED, replace(DECLARED, judges=(renamed, POLITE, stranger)))
    assert recorded["judges"][2] == {"id": "j-9", "version": "v-9"}
    assert recorded["judges"][0]["name"] == "Solved"


@pytest.mark.parametrize(
    "props",
    [
        {},
        {"scenario_ids": 5, "judges": "x", "simulations_count": "many"},
        {"scenario_ids": [5], "judges": [None, {}]},
        {"judges": [{"id": "j-1", "version": 5, "target_level_keys": 5}, {"id": "j-9", "name": 5}]},
    ],
    ids=str,
)
def test_a_damaged_state_is_no_config(props: dict[str, Any]) -> None:
    assert differences(DECLARED, checks_of(props))
