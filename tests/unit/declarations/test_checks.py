"""The rules of a check config."""

from __future__ import annotations

from typing import Any

import pytest

from tornado_resource.declarations.checks import VACUOUS, checks_problems

VALID: dict[str, Any] = {
    "agent_id": "a-1",
    "env": "production",
    "scenario_ids": ["tc-1", "tc-2"],
    "judges": [
        {"id": "j-1", "version": "active"},
        {"name": "Polite", "required": False, "target_level_keys": ["good", "very good"]},
    ],
    "simulations_count": 50.0,
    "vacuous": "refuse",
    "on_conflict": "adopt",
    "on_destroy": "delete",
    "manage": False,
}
LEVELS = "expected a list of at least one level; leave the key out for a judge without levels"
AN_ID = "expected an id (1 to 128 letters, digits and . _ ~ : @ -, with no dot at the end)"


def test_a_valid_config_has_no_problems() -> None:
    assert checks_problems(VALID) == {}
    assert checks_problems({}) == checks_problems(dict.fromkeys(VALID)) == {}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"agent_id": "a b"}, f'found "a b", {AN_ID}'),
        ({"agent_id": 5}, f"found 5, {AN_ID}"),
        ({"env": "dev"}, 'found "dev", expected staging or production'),
        ({"env": ["staging"]}, 'found ["staging"], expected staging or production'),
        ({"scenario_ids": []}, "found [], expected a list of 1 to 5 scenario ids"),
        ({"scenario_ids": "tc-1"}, 'found "tc-1", expected a list of 1 to 5 scenario ids'),
        (
            {"scenario_ids": list("abcdef")},
            'found ["a", "b", "c", "d", "e", "f"], expected a list of 1 to 5 scenario ids',
        ),
        ({"scenario_ids": ["tc/1"]}, f'found "tc/1", {AN_ID}'),
        ({"scenario_ids": ["tc-1", None]}, f"found null, {AN_ID}"),
        ({"scenario_ids": ["tc-1", "TC-1"]}, 'the scenario "tc-1" is there twice; remove one'),
        ({"simulations_count": 0}, "found 0, expected a whole number from 1 to 50"),
        ({"simulations_count": 51}, "found 51, expected a whole number from 1 to 50"),
        ({"simulations_count": 2.5}, "found 2.5, expected a whole number from 1 to 50"),
        ({"simulations_count": True}, "found true, expected a whole number from 1 to 50"),
        ({"judges": []}, "found [], expected a list of at least one judge"),
        ({"judges": {}}, "found {}, expected a list of at least one judge"),
        ({"judges": ["Polite"]}, '[0]: found "Polite", expected a mapping such as {name: Polite}'),
        ({"judges": [{}]}, "[0]: a judge needs its `id`, or its `name` if no other judge has it"),
        ({"judges": [{"id": "j-1", "requird": True}]}, "[0].requird: unknown key; did you mean `required`?"),
        ({"judges": [{"id": "j 1"}]}, f'[0].id: found "j 1", {AN_ID}'),
        ({"judges": [{"name": " x"}]}, '[0].name: found " x", expected text of 1 to 200 characters'),
        ({"judges": [{"id": "j-1", "version": ""}]}, f'[0].version: found "", {AN_ID}'),
        ({"judges": [{"id": "j-1", "required": "no"}]}, '[0].required: found "no", expected true or false'),
        (
            {"judges": [{"id": "j-1", "target_level_keys": []}]},
            f"[0].target_level_keys: found [], {LEVELS}",
        ),
        (
            {"judges": [{"id": "j-1", "target_level_keys": ["a", "a"]}]},
            '[0].target_level_keys: the level "a" is there twice; remove one',
        ),
        (
            {"judges": [{"id": "j-1", "target_level_keys": [5]}]},
            "[0].target_level_keys: found 5, expected text of 1 to 200 characters",
        ),
        ({"judges": [{"id": "j-1"}, {"id": "J-1"}]}, 'the judge "j-1" is there twice; remove one'),
        ({"judges": [{"name": "A"}, {"name": "A"}]}, 'the judge "A" is there twice; remove one'),
        ({"judges": [{"id": "j-1", "required": False}]}, VACUOUS),
        ({"vacuous": "yes"}, 'found "yes", expected refuse or allow'),
        ({"on_conflict": "wait"}, 'found "wait", expected fail or adopt'),
        ({"on_destroy": "disable"}, 'found "disable", expected leave or delete'),
        ({"manage": "no"}, 'found "no", expected true or false'),
    ],
    ids=str,
)
def test_each_rule_has_its_sentence(change: dict[str, Any], text: str) -> None:
    assert checks_problems({**VALID, **change}) == {next(iter(change)): text}


def test_several_problems_are_told_together() -> None:
    found = checks_problems({"scenario_ids": ["a b", "c d"], "env": "dev", "judges": [{}, {"id": 5}]})
    assert found.keys() == {"scenario_ids", "env", "judges"}
    assert found["scenario_ids"].count("; found") == 1
    assert found["judges"].count("[1].id: found 5") == 1


def test_a_config_without_a_required_judge_can_be_allowed() -> None:
    judges = [{"id": "j-1", "required": False}, {"id": "j-2", "required": False}]
    assert checks_problems({"judges": judges, "vacuous": "allow"}) == {}
    assert checks_problems({"judges": judges}) == {"judges": VACUOUS}


def test_judges_that_share_a_name_are_told_apart_by_their_ids() -> None:
    judges = [{"id": "j-1", "name": "A"}, {"id": "j-2", "name": "A", "version": None}]
    assert checks_problems({"judges": judges}) == {}
