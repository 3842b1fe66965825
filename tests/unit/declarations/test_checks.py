"""The rules of a check config."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.bland.listing import Owner
from tornado_resource.declarations.checks import VACUOUS, checks_problems
from tornado_resource.declarations.resolver import check_document, check_environments, load
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

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
    assert checks_problems({"judges": [{"name": "x" * 200}]}) == {}


CASES: list[tuple[dict[str, Any], str]] = [
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
]


@pytest.mark.parametrize(("change", "text"), CASES, ids=str)
def test_each_rule_has_its_sentence(change: dict[str, Any], text: str) -> None:
    assert checks_problems({**VALID, **change}) == {next(iter(change)): text}


def test_several_problems_are_told_together() -> None:
    found = checks_problems({"scenario_ids": ["a b", "c d"], "env": "dev", "judges": [{}, {"id": 5}]})
    assert found.keys() == {"scenario_ids", "env", "judges"}
    assert found["scenario_ids"].count("; found") == 1
    assert found["judges"].count("[1].id: found 5") == 1


def test_what_is_no_json_is_quoted_too() -> None:
    assert checks_problems({"env": date(2026, 12, 31)}) == {"env": 'found "2026-12-31", expected staging or production'}


def test_a_config_without_a_required_judge_can_be_allowed() -> None:
    judges = [{"id": "j-1", "required": False}, {"id": "j-2", "required": False}]
    assert checks_problems({"judges": judges, "vacuous": "allow"}) == {}
    assert checks_problems({"judges": judges}) == {"judges": VACUOUS}


def test_judges_that_share_a_name_are_told_apart_by_their_ids() -> None:
    judges = [{"id": "j-1", "name": "A"}, {"id": "j-2", "name": "A", "version": None}]
    assert checks_problems({"judges": judges}) == {}


FILE = """\
version: 1
judges:
  resolved: {}
  polite: {name: Polite}
  strict: {id: j-9, version: v-1}
agents:
  support:
    agent_id: a-1
    checks:
      scenario_ids: [tc-1, tc-2]
      judges: [resolved, {judge: polite, required: false, target_level_keys: [kind]}]
  again: {agent_id: a-1}
  other: {agent_id: a-1, env: production}
environments:
  staging: {}
  production:
    promotes_from: staging
    judges: {polite: {version: v-7}, resolved: null, strict: {name: null}}
    agents:
      support: {checks: {judges: [strict, polite], simulations_count: 10, on_destroy: delete}}
      again: {retest: false}
"""


def declared(tmp_path: Path, text: str) -> str:
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_checks_are_merged_and_belong_to_an_agent_and_env(tmp_path: Path) -> None:
    path = declared(tmp_path, FILE)
    support, again, other = load(path, "staging").declarations
    assert support.checks is not None
    assert (support.checks, other.checks, support.checks.manage) == (again.checks, None, True)
    assert [support.conversations, again.conversations, other.conversations] == [10, 10, 250]
    polite = {"name": "Polite", "required": False, "target_level_keys": ["kind"]}
    assert support.checks.judges == ({"name": "resolved"}, polite)
    assert [str(each) for each in support.checks.judge_positions] == [f"{path}:3:3", f"{path}:4:3"]

    production = load(path, "production")
    [checks] = production.checks
    assert checks.judges == ({"id": "j-9", "version": "v-1"}, {"name": "Polite", "version": "v-7"})
    assert (checks.manage, checks.managed_by, checks.on_destroy) == (False, "staging", "delete")
    assert [each.line for each in checks.judge_positions] == [18, 18]
    assert [each.conversations for each in production.declarations] == [20, 0, 250]
    assert production.declarations[1].checks is None, "nothing is started (retest: false)"


CHECKS = "{scenario_ids: [tc-1], judges: [resolved]}"


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        (
            "judges: [resolved, ",
            "judges: [resolvd, ",
            ["11:16: agents.support.checks.judges[0]: unknown judge 'resolvd'"],
        ),
        ("{judge: polite, ", "{judge: politer, ", ["checks.judges[1].judge: unknown judge 'politer'"]),
        (
            "[strict, polite]",
            "[strict, resolved]",
            ["20:43: agents.support.checks.judges[1]: environment production has no judge 'resolved'; remove it"],
        ),
        (
            "{judge: polite, ",
            "{",
            ["judges[1]: `judge` is missing, expected a judge, such as {judge: polite}"],
        ),
        ("resolved, {judge", "{judge", [f"agents.support.checks.judges: {VACUOUS}"]),
        ("resolved, {judge: polite", "resolved, {judge: resolved", ['the judge "resolved" is there twice; remove one']),
        (
            "scenario_ids: [tc-1, tc-2]",
            "",
            ["9:5: agents.support.checks: `scenario_ids` is missing, expected 1 to 5"],
        ),
        (
            "again: {agent_id: a-1}",
            "again: {agent_id: a-1, checks: {}}",
            ["`scenario_ids` is missing", "`judges` is missing"],
        ),
        (
            "again: {agent_id: a-1}",
            f"again: {{agent_id: a-1, checks: {CHECKS}}}",
            ["12:26: agents.again.checks: agent support declares other checks of the same agent and env"],
        ),
        ("[tc-1, tc-2]", "[]", ["checks.scenario_ids: 0 scenarios, the API takes at least 1"]),
        ("[tc-1, tc-2]", "[a, b, c, d, e, f]", ["checks.scenario_ids: 6 scenarios, the API takes at most 5"]),
        ("[tc-1, tc-2]", "[tc-1, TC-1]", ["duplicate scenario 'TC-1' (first at line 10); remove one"]),
        ("[kind]", "[kind, kind]", ["duplicate level 'kind' (first at line 11); remove one"]),
        ("[kind]", "[]", ["target_level_keys: 0 levels, the API takes at least 1"]),
        ("polite: {version: v-7}", "polite: ", ["write `polite: null` to leave it out of environment production"]),
        ("id: j-9", "id: j 9", ["judges.strict.id: found 'j 9', expected an id"]),
        ("simulations_count: 10", "simulations_cont: 10", ["did you mean `simulations_count`?"]),
    ],
    ids=str,
)
def test_each_problem_of_a_file_has_its_place(tmp_path: Path, old: str, new: str, problems: list[str]) -> None:
    path = declared(tmp_path, FILE.replace(old, new))
    with pytest.raises(DeclarationError) as raised:
        check_environments(check_document(path), ["staging", "production"])
    assert all(text in str(raised.value) for text in problems), str(raised.value)


@pytest.mark.parametrize("change", [change for change, _ in CASES if change != {"judges": [{}]}], ids=str)
def test_a_file_refuses_what_a_program_refuses(tmp_path: Path, change: dict[str, Any]) -> None:
    """JSON is YAML. Only a judge without id and name is found by its key."""
    load(declared(tmp_path, file_of(VALID)))
    with pytest.raises(DeclarationError):
        load(declared(tmp_path, file_of({**VALID, **change})))


def file_of(values: dict[str, Any]) -> str:
    checks = {key: value for key, value in values.items() if key not in {"agent_id", "env", "judges"}}
    judges: dict[str, Any] = {}
    used: Any = values["judges"]
    if isinstance(used, list) and all(isinstance(each, dict) for each in used):
        judges = {f"j{number}": each for number, each in enumerate(used)}
        used = [{"judge": key, **_part(each, used=True)} for key, each in judges.items()]
    agent = {"agent_id": values["agent_id"], "env": values["env"], "checks": {**checks, "judges": used}}
    defined = {key: _part(each, used=False) for key, each in judges.items()}
    return json.dumps({"version": 1, "judges": defined, "agents": {"support": agent}})


def _part(judge: dict[str, Any], *, used: bool) -> dict[str, Any]:
    """What a file says of a judge where checks name it, or else where it is declared."""
    return {key: value for key, value in judge.items() if (key in {"required", "target_level_keys"}) is used}


SCENARIOS = """\
version: 1
scenarios: {refund: {}, cancel: {name: Cancels}, later: {enabled: false}}
judges: {resolved: {}}
agents:
  support: {agent_id: a-1, checks: {scenarios: [refund, cancel], scenario_ids: [tc-1], judges: [resolved]}}
  other: {agent_id: a-2, checks: {scenarios: [refund], judges: [resolved], simulations_count: 2}}
sessions: {line: {pathway_id: pw-1, scenarios: [refund, later]}}
environments:
  dev: {scenarios: {later: {enabled: true}}}
  production:
    promotes_from: dev
    scenarios: {later: {enabled: true}}
    agents: {support: {checks: {scenarios: [cancel], scenario_ids: null}}, other: {retest: false}}
"""


def test_a_scenario_exists_once_for_each_pathway_and_agent(tmp_path: Path) -> None:
    path = declared(tmp_path, SCENARIOS)
    dev, production = load(path, "dev"), load(path, "production")
    places = [(each.key, each.owner.place, each.manage) for each in dev.scenarios]
    assert places == [
        ("refund", "on pathway pw-1", True),
        ("later", "on pathway pw-1", True),
        ("refund", "of agent a-1", True),
        ("cancel", "of agent a-1", True),
        ("refund", "of agent a-2", True),
    ]
    assert [each.conversations for each in dev.agents] == [15, 2]
    [of_support] = [each for each in production.scenarios if each.owner == Owner.agent("a-1")]
    assert (of_support.key, of_support.manage, of_support.managed_by) == ("cancel", False, "dev")
    assert all(each.owner != Owner.agent("a-2") for each in production.scenarios)
    check_environments(check_document(path), ["dev", "production"])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("refund, cancel]", "refund, refudn]", "[1]: unknown scenario 'refudn', expected a key of `scenarios`"),
        ("refund, cancel]", "cancel, later]", "[1]: scenario 'later' is disabled (enabled: false)"),
        ("[refund, cancel]", "[]", ": 0 scenarios, the API takes at least 1"),
        ("refund, cancel]", "refund, refund]", "[1]: duplicate scenario 'refund' (first at line 5)"),
        ("refund, cancel]", "refund, 1]", "[1]: found the number 1"),
        ("[tc-1]", "[a, b, c, d]", ": 6 scenarios (`scenarios` and `scenario_ids` together); the maximum is 5"),
    ],
)
def test_each_problem_of_test_cases_has_its_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    text = SCENARIOS.replace(old, new).replace(
        "dev: {scenarios: {later: {enabled: true}}}", "dev: {sessions: {line: null}}"
    )
    with pytest.raises(DeclarationError) as caught:
        load(declared(tmp_path, text), "dev")
    found = [str(each) for each in caught.value.problems if ": agents.support.checks.scenarios" in str(each)]
    assert [f"agents.support.checks.scenarios{problem}" in each for each in found] == [True], caught.value.problems


def test_names_of_test_cases_are_unique_for_an_agent(tmp_path: Path) -> None:
    text = SCENARIOS.replace("refund: {}", "refund: {name: Cancels}")
    with pytest.raises(DeclarationError) as caught:
        load(declared(tmp_path, text), "dev")
    sentence = "of agent a-1, where scenario refund has it; names are unique for an agent"
    assert [sentence in str(each) for each in caught.value.problems] == [True], caught.value.problems


def test_a_scenario_that_no_checks_list_is_unused(tmp_path: Path) -> None:
    text = SCENARIOS.replace("[refund, cancel]", "[refund]").replace("[cancel]", "[refund]")
    text = text.replace("cancel: {", "refunds: {")
    with pytest.raises(DeclarationError) as caught:
        load(declared(tmp_path, text), "dev")
    [problem] = caught.value.problems
    assert problem.path == "scenarios.refunds"
    assert problem.text.startswith("unused scenario: no session or checks list it; ")
    assert problem.text.endswith("; did you mean `refund`?")


def test_the_test_cases_of_what_is_left_out_are_spare(tmp_path: Path) -> None:
    text = SCENARIOS.replace("other: {agent_id: a-2,", "other: {agent_id: a-2, tags: [smoke],")
    found = load(declared(tmp_path, text.replace("dev: {", "dev: {only: [smoke], ", 1)), "dev")
    assert [(each.key, each.owner.place) for each in found.scenarios] == [("refund", "of agent a-2")]
    assert [(each.key, each.owner.place) for each in found.spare_scenarios] == [
        ("refund", "on pathway pw-1"),
        ("later", "on pathway pw-1"),
        ("refund", "of agent a-1"),
        ("cancel", "of agent a-1"),
    ]
