"""Judges as code in `sessions.yaml`: their fields, their layers, and what is wrong with them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.core.clock import today
from tornado_resource.core.positions import Position
from tornado_resource.declarations.judges import OF_CODE, OF_OTHERS
from tornado_resource.declarations.model import JUDGE_FIELDS
from tornado_resource.declarations.resolver import load
from tornado_resource.declarations.schema import schema_text
from tornado_resource.declarations.values import judge_problems
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from tornado_resource.declarations.model import Environment

LEVELS = "[{level_key: rude, label: Rude, prompt: r}, {level_key: kind, label: Kind, prompt: k}]"
MISSING = "`target_level_keys` is missing, expected the levels that match, such as [friendly]"
FILE = f"""\
version: 1
judges:
  solved: {{prompt: {{file: solved.md}}, weight: 1e1}}
  polite: {{name: Polite, prompt: How?, levels: {LEVELS}, target_level_keys: [kind], on_conflict: adopt}}
  known: {{id: j-1}}
agents:
  a: {{agent_id: ag-1, checks: {{scenario_ids: [tc-1], judges: [solved, {{judge: polite, required: false}}, known]}}}}
  b: {{agent_id: ag-2, checks: {{scenario_ids: [tc-2], judges: [{{judge: polite, target_level_keys: [rude, kind]}}]}}}}
environments:
  staging: {{}}
  production:
    promotes_from: staging
    judges: {{solved: {{prompt: Solved?, manage: true}}}}
"""


def environment_of(text: str, name: str | None = None) -> Environment:
    Path("s.yaml").write_text(text, encoding="utf-8")
    Path("solved.md").write_text("Is it solved?\n", encoding="utf-8")
    return load("s.yaml", name)


def problems_of(text: str, name: str | None = None) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        environment_of(text, name)
    return [str(problem).removeprefix("s.yaml:") for problem in caught.value.problems]


def of_one(judge: str, used: str = "x", more: str = "") -> str:
    agent = f"agents: {{a: {{agent_id: ag-1, checks: {{scenario_ids: [tc-1], judges: [{used}]}}}}}}"
    return f"version: 1\njudges:\n  x: {judge}\n{agent}\n{more}"


def test_judges_are_resolved_with_the_checks_that_name_them() -> None:
    environment = environment_of(FILE, "staging")
    solved, polite = environment.judges
    assert solved.fields == {"name": "solved", "prompt": "Is it solved?\n", "weight": 10}
    assert (solved.position, solved.manage, solved.on_conflict) == (Position("s.yaml", 3, 3), True, "fail")
    assert (polite.fields["name"], polite.on_conflict) == ("Polite", "adopt")
    first, second = environment.checks
    assert first.definitions == (solved, polite, None)
    assert first.judges == (
        {"name": "solved"},
        {"name": "Polite", "target_level_keys": ["kind"], "required": False},
        {"id": "j-1"},
    )
    assert second.judges == ({"name": "Polite", "target_level_keys": ["rude", "kind"]},)


def test_gates_and_quarantines_name_judges_by_their_keys() -> None:
    """A check run has the name and the id of a judge, and no key. Any other word is a name in Bland."""
    until = today() + timedelta(days=30)
    text = f"""
version: 1
judges:
  code: {{name: In Bland, prompt: p}}
  plain: {{prompt: p}}
  named: {{name: Named}}
  by-id: {{id: j-1}}
  by-both: {{id: j-2, name: Both}}
agents:
  support:
    agent_id: ag-1
    checks: {{scenario_ids: [tc-1], judges: [code, plain, named, by-id, by-both]}}
    gate: {{judges: {{code: "51%", plain: "52%", named: "53%", by-id: "54%", by-both: "55%", "In Bland too": "56%"}}}}
    quarantine: [{{judge: by-id, reason: flaky, until: {until}}}, {{judge: code, reason: flaky, until: {until}}}]
  free: {{agent_id: ag-2, gate: none}}
"""
    agent, free = environment_of(text).agents
    assert free.gate is None
    assert agent.gate is not None
    assert agent.gate.judges == {
        "In Bland": "51%",
        "plain": "52%",
        "Named": "53%",
        "j-1": "54%",
        "Both": "55%",
        "In Bland too": "56%",
    }
    assert [each.part for each in agent.gate.quarantine] == ["j-1", "In Bland"]
    assert [each["judge"] for each in agent.quarantine] == ["j-1", "In Bland"]


def test_gates_and_quarantines_name_judges_by_id_beside_a_name() -> None:
    text = f"""
version: 1
judges: {{both: {{id: j-1, name: Both}}, named: {{name: Named}}}}
agents:
  support:
    agent_id: ag-1
    checks: {{scenario_ids: [tc-1], judges: [both, named]}}
    gate: {{judges: {{j-1: "80%"}}}}
    quarantine: [{{judge: j-1, reason: flaky, until: {today() + timedelta(days=30)}}}]
"""
    (agent,) = environment_of(text).agents
    assert agent.gate is not None
    assert agent.gate.judges == {"Both": "80%"}
    assert [each.part for each in agent.gate.quarantine] == ["Both"]


def test_an_environment_changes_a_judge_and_compares_only() -> None:
    solved, polite = environment_of(FILE, "production").judges
    assert (solved.fields["prompt"], solved.manage, solved.managed_by) == ("Solved?", True, None)
    assert (polite.manage, polite.managed_by) == (False, "staging")
    assert (solved.position, polite.position) == (Position("s.yaml", 13, 14), Position("s.yaml", 4, 3))


@pytest.mark.parametrize(
    ("base", "own", "place"),
    [
        ("{prompt: p}", "{id: j-1}", "6:26: judges.x.id"),
        ("{prompt: p}", "{prompt: ' '}", "6:30: judges.x.prompt"),
        ("{prompt: p, id: j-1}", "{weight: 5}", "3:22: judges.x.id"),
    ],
)
def test_a_problem_of_a_judge_is_where_it_gets_the_value_from(base: str, own: str, place: str) -> None:
    [problem] = problems_of(of_one(base, more=f"environments:\n  dev: {{judges: {{x: {own}}}}}\n"), "dev")
    assert problem.startswith(f"{place}: ")


@pytest.mark.parametrize(
    ("judge", "problem"),
    [
        ("{prompt: p, id: j-1}", "3:22: judges.x.id: `id` is for a judge that exists: remove it, or `prompt`"),
        ("{id: j-1, weight: 5}", "3:24: judges.x.weight: `weight` is for a judge as code: add `prompt`, or remove it"),
        ("{prompt: ' '}", "3:15: judges.x.prompt: the prompt is empty, expected what the judge decides"),
        (
            "{prompt: {file: no.md}}",
            "3:22: judges.x.prompt.file: the file cannot be read: no such file or directory",
        ),
        (
            f"{{prompt: p, levels: {LEVELS}}}",
            f"3:3: judges.x.target_level_keys: {MISSING}",
        ),
        (
            "{prompt: p, target_level_keys: [kind]}",
            "3:37: judges.x.target_level_keys: the judge has no levels; remove the key, or declare `levels`",
        ),
        (
            f"{{prompt: p, target_level_keys: [kin], levels: {LEVELS}}}",
            "3:37: judges.x.target_level_keys: unknown level 'kin', expected one of rude, kind; did you mean `kind`?",
        ),
        (
            f"{{prompt: p, target_level_keys: [rude], levels: {LEVELS.replace('kind', 'rude')}}}",
            "3:53: judges.x.levels: duplicate level_key 'rude'; rename one",
        ),
        (
            "{prompt: p, target_level_keys: [a], levels: [{level_key: a, label: A, prompt: a}]}",
            "3:50: judges.x.levels: found 1 level, expected 2 to 5",
        ),
    ],
    ids=str,
)
def test_a_definition_that_cannot_be_is_refused(judge: str, problem: str) -> None:
    assert problems_of(of_one(judge)) == [problem]


def test_a_prompt_file_of_too_much_text_is_refused() -> None:
    Path("long.md").write_text("x" * 8001, encoding="utf-8")
    [problem] = problems_of(of_one("{prompt: {file: long.md}}"))
    assert problem.endswith("judges.x.prompt: found 8,001 characters, expected at most 8,000")


def test_checks_name_levels_of_the_judge() -> None:
    judge = f"{{prompt: p, target_level_keys: [kind], levels: {LEVELS}}}"
    [problem] = problems_of(of_one(judge, "{judge: x, target_level_keys: [good]}"))
    assert problem.endswith("checks.judges[0].target_level_keys: unknown level 'good', expected one of rude, kind")
    [problem] = problems_of(of_one("{prompt: p}", "{judge: x, target_level_keys: [good]}"))
    assert problem.endswith(": the judge has no levels; remove the key, or declare `levels`")


def test_names_are_unique() -> None:
    text = of_one("{prompt: p, name: Same}\n  y: {prompt: q, name: Same}\n  z: {id: j-1}", "x, y, z")
    [first, second] = problems_of(text)
    assert 'the judge "Same" is there twice; remove one' in second
    assert first == (
        "4:24: judges.y.name: duplicate name 'Same', which judge x has; a judge is found by its name: rename one"
    )


def test_a_judge_has_one_name() -> None:
    """A gate may name a judge by its id, and the run that it judges knows the judge by one name."""
    agents = "agents: {a: {agent_id: ag-1, gate: {judges: {J-1: '80%'}}}}"
    text = f"version: 1\njudges:\n  x: {{id: J-1, name: Polite}}\n  y: {{id: j-1, name: Rude}}\n{agents}"
    assert problems_of(text) == ["4:11: judges.y.id: duplicate id 'j-1', which judge x has; remove one"]
    environment_of(text.replace("Rude", "Polite"))


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ("{name: x}", "3:3: judges.x: found a key that is the name of judge other, "),
        ("{id: x}", "3:3: judges.x: found a key that is the id of judge other, "),
        ("{id: x, name: X}", "3:3: judges.x: found a key that is the id of judge other, "),
        ("{name: X}", None),
        ("{name: In Bland}", None),
    ],
)
def test_a_key_is_no_other_judge_s_name_or_id(other: str, problem: str | None) -> None:
    """Gates and quarantines name judges by key, name or id: which one `x` means would depend on who reads it."""
    judges = f"judges:\n  x: {{name: In Bland}}\n  other: {other}"
    text = f"version: 1\n{judges}\nagents: {{a: {{agent_id: ag-1, gate: {{judges: {{x: '80%'}}}}}}}}"
    if problem is None:
        environment_of(text)
        return
    expected = "expected one that names only this judge, since gates and quarantines name judges by key, name or id; "
    assert problems_of(text) == [problem + expected + "rename the key"]


def test_a_judge_that_two_keys_name_is_one_judge() -> None:
    text = "version: 1\njudges:\n  x: {prompt: p}\n  by-key: {}\n  again: {name: by-key}\n"
    agent = "agents: {a: {agent_id: ag-1, checks: {scenario_ids: [tc-1], judges: [x]}}}"
    assert len(environment_of(text + agent).judges) == 1


def test_a_key_of_an_environment_is_no_other_judge_s_name() -> None:
    text = of_one("{name: In Bland}", more="environments: {staging: {}, live: {judges: {y: {name: x}}}}")
    assert [each.split(", ")[0] for each in problems_of(text, "live")] == [
        "3:3: judges.x: found a key that is the name of judge y"
    ]


def test_a_judge_that_no_checks_name_is_refused() -> None:
    [problem] = problems_of(of_one("{id: j-1}\n  y: {prompt: p}"))
    assert problem == "4:3: judges.y: unused judge: no checks name it; add it to `judges` of the checks of an agent"
    more = "environments:\n  dev: {judges: {xx: {prompt: p}}}\n"
    [problem] = problems_of(of_one("{id: j-1}", more=more), "dev")
    assert problem.startswith("6:18: environments.dev.judges.xx: unused judge: ")


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"prompt": "p", "weight": 10.0}, {}),
        ({"prompt": {"file": "x"}}, {"prompt": "found a mapping, expected a string"}),
        ({"prompt": ""}, {"prompt": "the prompt is empty, expected what the judge decides"}),
        ({"weight": 200}, {"weight": "found the number 200, expected at most 100"}),
    ],
)
def test_a_program_is_refused_as_the_file_is(values: dict[str, Any], problems: dict[str, str]) -> None:
    assert judge_problems(values) == problems


def test_the_schema_has_every_field() -> None:
    judge = json.loads(schema_text())["$defs"]["judge"]["properties"]
    assert set(judge) == {*JUDGE_FIELDS, *OF_OTHERS, *OF_CODE}
