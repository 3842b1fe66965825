"""A program's values get the sentences that the same values get in `sessions.yaml`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.declarations.resolver import check_document, load
from tornado_resource.declarations.values import ONE_OWNER, agent_problems, scenario_problems, session_problems
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

INVALID: list[dict[str, Any]] = [
    {"pathway_id": "a b"},
    {"pathway_id": ""},
    {"pathway_id": "pw/1"},
    {"pathway_id": "x" * 129},
    {"pathway_id": 5},
    {"pathway_id": True},
    {"pathway_id": "pw", "persona_id": [1]},
    {"pathway_id": "pw", "persona_id": 1.5},
    {"pathway_id": "pw", "scenario_ids": []},
    {"pathway_id": "pw", "scenario_ids": "sc-1"},
    {"pathway_id": "pw", "scenario_ids": ["sc-1", 2]},
    {"pathway_id": "pw", "scenario_ids": [f"sc-{number}" for number in range(51)]},
    {"pathway_id": "pw", "version_number": -1},
    {"pathway_id": "pw", "version_number": "3"},
    {"pathway_id": "pw", "version_number": 2**60},
    {"pathway_id": "pw", "max_iterations": 0},
    {"pathway_id": "pw", "max_iterations": 2.5},
    {"pathway_id": "pw", "max_iterations": True},
    {"pathway_id": "pw", "timeout_ms": "5m"},
    {"pathway_id": "pw", "timeout_ms": "1_000"},
    {"pathway_id": "pw", "timeout_ms": 900},
    {"pathway_id": "pw", "timeout_ms": 15},
    {"pathway_id": "pw", "gate": "nonee"},
    {"pathway_id": "pw", "gate": {"passd": 1}},
    {"pathway_id": "pw", "gate": {"passed": 0}},
    {"pathway_id": "pw", "gate": {"passed": "101%"}},
    {"pathway_id": "pw", "gate": {"passed": 0.5}},
    {"pathway_id": "pw", "gate": {"repaired": "no"}},
    {"pathway_id": "pw", "gate": ["all"]},
    {"pathway_id": "pw", "on_conflict": "foo"},
    {"pathway_id": "pw", "on_conflict": "adpot"},
    {"pathway_id": "pw", "on_destroy": "keep"},
    {"pathway_id": "pw", "rerun": True},
    {"pathway_id": "pw", "rerun": "on_fail"},
    {"pathway_id": "pw", "triggers": ["a"]},
    {"pathway_id": "pw", "triggers": {"commit": ["a"]}},
    {"pathway_id": "pw", "unknown": 1},
]


def in_file(folder: Path, name: str, values: dict[str, Any]) -> set[str]:
    file = folder / "sessions.yaml"
    file.write_text(json.dumps({"version": 1, "sessions": {name: values}}), encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        check_document(str(file))
    return {problem.text for problem in caught.value.problems}


@pytest.mark.parametrize("values", INVALID, ids=str)
def test_each_value_gets_the_sentence_of_the_file(tmp_path: Path, values: dict[str, Any]) -> None:
    problems = session_problems("support-line", values)
    (key,) = problems
    assert key in values
    assert all(text in problems[key] for text in in_file(tmp_path, "support-line", values))


@pytest.mark.parametrize("name", ["Bad", "1a", "a_b", "a" * 64, ""])
def test_a_name_gets_the_sentence_of_the_file(tmp_path: Path, name: str) -> None:
    problems = session_problems(name, {"pathway_id": "pw"})
    assert set(problems.values()) == in_file(tmp_path, name, {"pathway_id": "pw"})
    assert [*problems] == ["name"]


def test_all_problems_come_at_once_by_key() -> None:
    problems = session_problems("Bad", {"pathway_id": "a b", "timeout_ms": "5m", "gate": {"passd": 1, "repairde": 2}})
    assert {*problems} == {"gate", "name", "pathway_id", "timeout_ms"}
    assert problems["gate"] == (
        "gate.passd: unknown key; did you mean `passed`?; gate.repairde: unknown key; did you mean `repaired`?"
    )


def test_a_gate_that_requires_too_many_gets_the_sentence_of_the_file(tmp_path: Path) -> None:
    values = {"pathway_id": "pw", "scenario_ids": ["x", "y"], "gate": {"passed": 3}}
    file = tmp_path / "sessions.yaml"
    file.write_text(json.dumps({"version": 1, "sessions": {"a": values}}), encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load(str(file))
    assert session_problems("a", values) == {"gate": f"gate.passed: {caught.value.problems[0].text}"}


def test_half_of_a_character_is_a_problem_of_its_key() -> None:
    sentence = "found half of a character (a lone surrogate), expected Unicode text"
    values = {"pathway_id": "pw", "triggers": {"commit": {"a": ["\ud83d"]}}, "persona_id": "\U0001f600"}
    assert session_problems("\ude00", values) == {"triggers": sentence, "name": sentence}


def test_ids_that_differ_in_case_are_a_duplicate() -> None:
    found = session_problems("a", {"pathway_id": "p", "scenario_ids": ["sc-a", "SC-A"]})
    assert found == {"scenario_ids": "scenario_ids[1]: duplicate scenario 'SC-A'; remove one"}
    assert scenario_problems({"name": "A", "request_data": {"scenario_ids": ["sc-a", "SC-A"]}}) == {}


@pytest.mark.parametrize(
    ("owner", "problems"),
    [
        ({}, {}),
        ({"pathway_id": None}, {}),
        ({"pathway_id": "p", "agent_id": None}, {}),
        ({"pathway_id": None, "agent_id": "a"}, {}),
        ({"pathway_id": None, "agent_id": None}, {"pathway_id": ONE_OWNER}),
        ({"pathway_id": "p", "agent_id": "a"}, {"pathway_id": ONE_OWNER}),
    ],
    ids=str,
)
def test_a_scenario_has_one_owner(owner: dict[str, Any], problems: dict[str, str]) -> None:
    assert scenario_problems({"name": "A", **owner}) == problems


def test_a_placeholder_is_that_of_a_pathway_or_an_agent() -> None:
    text = "found the placeholder, expected the id of your {}, which its URL in Bland's dashboard shows"
    assert session_problems("a", {"pathway_id": "your-pathway-id"}) == {"pathway_id": text.format("pathway")}
    assert agent_problems("a", {"agent_id": "your-agent-id"}) == {"agent_id": text.format("agent")}


def test_a_duplicate_has_no_line_where_there_is_no_file() -> None:
    problems = session_problems("a", {"pathway_id": "pw", "scenario_ids": ["sc-1", "sc-1"]})
    assert problems == {"scenario_ids": "scenario_ids[1]: duplicate scenario 'sc-1'; remove one"}


@pytest.mark.parametrize(
    "values",
    [
        {"pathway_id": "pw"},
        {"pathway_id": "pw", "max_iterations": 5, "persona_id": None, "gate": "none", "triggers": {"a": 1, "b": True}},
        {"pathway_id": "pw", "gate": {"passed": 2}, "scenario_ids": ["x", "y"], "timeout_ms": 10000},
        {"pathway_id": "pw", "gate": {"passed": "95%", "repaired": "refuse"}, "rerun": "always"},
        {},
    ],
)
def test_valid_values_have_no_problems(values: dict[str, Any]) -> None:
    assert session_problems("support-line", values) == {}
    assert session_problems(None, values) == {}
