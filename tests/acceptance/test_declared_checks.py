"""Checks in `sessions.yaml`: their life through real updates of two stacks, with counts of requests."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways: {}
judges:
  judge-1: {name: Resolved}
  polite: {name: Polite, levels: [rude, friendly]}
agents:
  ag-1: {versions: [{semver: 1.0.0}], scenarios: [{id: tc-1}, {id: tc-2}]}
  ag-2: {versions: [{semver: 1.0.0}], scenarios: [{id: tc-3}]}
  ag-3: {versions: [{semver: 1.0.0}], scenarios: [{id: tc-4}]}
"""
DECLARATIONS: Final = """\
version: 1
judges:
  resolved: {name: Resolved}
  polite: {name: Polite}
  solved: {id: judge-1}
agents:
  one:
    agent_id: ag-1
    version: 1.0.0
    checks:
      scenario_ids: [tc-1, tc-2]
      judges: [resolved, {judge: polite, required: false, target_level_keys: [friendly]}]
      simulations_count: 3
  two:
    agent_id: ag-2
    version: 1.0.0
    gate: {judges: {solved: "60%"}}
    checks: {scenario_ids: [tc-3], judges: [solved]}
  three: {agent_id: ag-3, version: 1.0.0, checks: {scenario_ids: [tc-4], judges: [resolved]}}
environments:
  dev: {}
  production: {promotes_from: dev}
"""
HEADERS: Final = {"authorization": "any-key"}


def path(agent_id: str) -> str:
    return f"/v2/agents/{agent_id}/environments/staging/checks"


def shown(project: Project, agent_id: str) -> dict[str, Any]:
    found: dict[str, Any] = project.http.get(path(agent_id), headers=HEADERS).raise_for_status().json()["data"]
    return found


def edit(project: Project, agent_id: str, **changes: Any) -> None:
    """Change the checks as anybody with access to the dashboard can."""
    config = shown(project, agent_id)
    evals = [{key: value for key, value in judge.items() if key != "name"} for judge in config["evals"]]
    body = {"scenario_ids": config["scenario_ids"], "evals": evals, "simulations_count": config["simulations_count"]}
    project.http.put(path(agent_id), json=body | changes, headers=HEADERS).raise_for_status()


def sent(project: Project, command: Callable[[], object]) -> Counter[str]:
    """The requests of a command, by method and last part of the path."""
    before = len(project.requests())
    command()
    rows = [f"{row['method']} {row['path']}" for row in project.requests()[before:]]
    return Counter(each.partition(" ")[0] + " " + each.rpartition("/")[2] for each in rows)


def writes(found: Counter[str]) -> dict[str, int]:
    return {each: number for each, number in found.items() if not each.startswith("GET ")}


def test_the_life_of_declared_checks(make_project: Callable[..., Project]) -> None:
    """Three agents share a judge; the stack of production compares what that of dev stores."""
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(DECLARATIONS.replace("resolved: {name: Resolved}", "resolved: {name: resolved}"))
    printed = project.pulumi("preview", expect=None)
    assert "nothing was started: judges of the checks cannot be used" in printed
    assert "sessions.yaml:3:3: judge 'resolved' does not exist; the judges are: Resolved (judge-1)" in printed
    assert project.requests("POST") == []
    project.declare(DECLARATIONS)

    # One list of judges for all of them, one look and one request for each config.
    created = sent(project, project.up)
    assert writes(created) == {"PUT checks": 3, "POST check-runs": 3}
    assert (created["GET agents"], created["GET checks"], created["GET 1.0.0"], created["GET latest"]) == (1, 6, 3, 0)
    outcomes = {name: verdict["outcome"] for name, verdict in project.outputs()["verdicts"].items()}
    assert outcomes == dict.fromkeys(("one", "two", "three"), "passed")
    assert sent(project, lambda: project.up(0, "--expect-no-changes")) == {"GET checks": 3, "GET agents": 1}

    # Another demand is another run, and the preview says so. The other verdicts stay.
    project.declare(DECLARATIONS.replace("required: false, ", ""))
    before = len(project.requests())
    printed = " ".join(project.pulumi("preview").split())
    assert {row["method"] for row in project.requests()[before:]} == {"GET"}
    assert "one: changes judges.Polite.required: found false, declared true" in printed
    assert "CheckRun one replace [diff: ~checks]" in printed
    assert "1 to update +-1 to replace" in printed
    assert writes(sent(project, project.up)) == {"PUT checks": 1, "POST check-runs": 1}
    assert all(judge["required"] for judge in shown(project, "ag-1")["evals"])

    # What was edited in the dashboard is put back by the same update: the run was one of the declared checks.
    edit(project, "ag-1", simulations_count=1)
    said: list[str] = []
    assert writes(sent(project, lambda: said.append(project.up()))) == {"PUT checks": 1}
    assert "one: changes simulations_count: found 1, declared 3" in said[0]
    assert shown(project, "ag-1")["simulations_count"] == 3

    production = replace(project, stack="production")
    production.init()
    assert writes(sent(project, production.up)) == {"POST check-runs": 3}
    assert production.outputs()["verdicts"]["one"]["outcome"] == "passed"
    edit(project, "ag-3", simulations_count=1)
    printed = production.pulumi("preview", expect=None)
    assert "the checks of agent ag-3 in staging are not as declared." in printed
    assert "dev manages them (promotes_from): run `pulumi up` there first" in printed
    assert writes(sent(project, project.up)) == {"PUT checks": 1}

    # Without testing again, nothing is compared either.
    project.declare(DECLARATIONS.replace("{promotes_from: dev}", "{promotes_from: dev, retest: false}"))
    production.up()
    assert production.resources("AgentChecks") == []
    project.pulumi("destroy", "--yes", "--skip-preview", "--run-program")
    assert shown(project, "ag-1")["simulations_count"] == 3


EDITED_SCRIPT: Final = SCRIPT.replace(
    "scenarios: [{id: tc-3}]", "scenarios: [{id: tc-3}], runs: [{answer: {scenario_count: 3}}, {}]"
)
ONE_AGENT: Final = """\
version: 1
judges: {resolved: {name: Resolved}}
agents: {two: {agent_id: ag-2, version: 1.0.0, checks: {scenario_ids: [tc-3], judges: [resolved]}}}
environments: {dev: {}, production: {promotes_from: dev}}
"""
PROGRAM: Final = """\
import pulumi
from tornado_resource import AgentChecks, CheckRun, wait_for

checks = AgentChecks("two", agent_id="ag-2", scenario_ids=["tc-3"], judges=[{"name": "Resolved"}])
run = CheckRun("two", agent_id="ag-2", version="1.0.0", checks=checks)
pulumi.export("verdicts", {"two": wait_for(run)})
"""
EDITED: Final = "not tested as declared: it ran 3 test cases (declared: 1)"


def verdict(project: Project) -> tuple[str, str]:
    found = project.outputs()["verdicts"]["two"]
    return found["outcome"], found["reason"]


@pytest.mark.parametrize("is_program", [False, True])
def test_a_run_of_other_checks_is_incomplete_and_runs_again(
    make_project: Callable[..., Project],
    is_program: bool,  # noqa: FBT001
) -> None:
    """Somebody has edited the checks between the request that stores them and the start of the run."""
    given = {"program": PROGRAM} if is_program else {}
    project = make_project(speed=1000, script=EDITED_SCRIPT, **given)
    if is_program:
        assert EDITED in project.up(expect=None)
        assert verdict(project) == ("incomplete", EDITED)
    else:
        project.declare(ONE_AGENT)
        project.configure("tornado:wait", False)
        project.up()
        code, printed = project.run("tornado-resource", "wait", "--stack", "dev")
        assert (code, EDITED in printed) == (3, True), printed
        project.configure("tornado:wait", None)
    printed = project.up()
    assert f"two: runs again, the last run did not meet its gate: {EDITED}" in printed
    assert verdict(project)[0] == "passed"
    project.up(0, "--expect-no-changes")


def test_checks_that_another_stack_manages_are_compared_with_what_ran(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=EDITED_SCRIPT.replace("[{answer", "[{}, {answer"))
    project.declare(ONE_AGENT)
    project.up()
    production = replace(project, stack="production")
    production.init()
    production.up(expect=None)
    assert (verdict(project)[0], verdict(production)) == ("passed", ("incomplete", EDITED))


WITH_SCENARIOS: Final = """\
version: 1
scenarios:
  refund: {name: Refunds an order, tester_persona_prompt: You were charged twice., max_turns: 10}
  cancel: {tester_persona_prompt: You cancel.}
judges: {resolved: {name: Resolved}}
agents:
  one:
    agent_id: ag-1
    version: 1.0.0
    checks: {scenarios: [refund, cancel], scenario_ids: [tc-1], judges: [resolved]}
  two: {agent_id: ag-2, version: 1.0.0, checks: {scenarios: [refund], judges: [resolved]}}
  three: {agent_id: ag-3, version: 1.0.0, checks: {scenarios: [refund], judges: [resolved]}}
environments: {dev: {}, production: {promotes_from: dev}}
"""
SCENARIOS: Final = "/v1/agent-testing/scenarios"


def scenarios_of(project: Project, agent_id: str) -> dict[str, dict[str, Any]]:
    """By name, the test cases of an agent as the API has them."""
    listed = project.http.get(SCENARIOS, params={"agent_id": agent_id}, headers=HEADERS).json()["scenarios"]
    return {each["name"]: each for each in listed}


def by_kind(found: Counter[str]) -> dict[str, int]:
    """Counts of requests, those for one scenario together, without reads of lists."""
    kinds = Counter[str]()
    for each, number in found.items():
        method, _, last = each.partition(" ")
        known = last in {"scenarios", "checks", "check-runs", "agents", "latest"}
        kinds[f"{method} {last if known else 'scenario'}"] += number
    return dict(kinds)


def test_the_life_of_declared_test_cases(make_project: Callable[..., Project]) -> None:
    """Three agents share a scenario and a judge; the stack of production compares what that of dev has created."""
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(WITH_SCENARIOS)
    created = by_kind(sent(project, project.up))
    assert writes(Counter(created)) == {"POST scenarios": 4, "PUT checks": 3, "POST check-runs": 3}
    ids = project.outputs()["scenarios"]
    assert {key: list(of_key) for key, of_key in ids.items()} == {
        "refund": ["ag-1", "ag-2", "ag-3"],
        "cancel": ["ag-1"],
    }
    assert set(shown(project, "ag-1")["scenario_ids"]) == {"tc-1", ids["refund"]["ag-1"], ids["cancel"]["ag-1"]}
    assert {verdict["outcome"] for verdict in project.outputs()["verdicts"].values()} == {"passed"}
    unchanged = by_kind(sent(project, lambda: project.up(0, "--expect-no-changes")))
    assert unchanged == {"GET scenarios": 3, "GET checks": 3, "GET agents": 1}

    # Other contents void the pass: all three run again. A name for people voids nothing.
    text = WITH_SCENARIOS.replace("max_turns: 10", "max_turns: 20")
    project.declare(text)
    said: list[str] = []
    assert writes(sent(project, lambda: said.append(" ".join(project.pulumi("preview").split())))) == {}
    assert "refund@ag-3: changes max_turns" in said[0]
    assert "CheckRun one replace [diff: ~definitions]" in said[0]
    edited = Counter(by_kind(sent(project, project.up)))
    assert writes(edited) == {"PUT scenario": 3, "POST check-runs": 3}
    assert edited["GET scenarios"] == 6  # before anything is sent, and once more when the runs have passed
    text = text.replace("refund: {name: Refunds an order", "money: {description: For people, name: Refunds an order")
    text = text.replace("[refund", "[money")
    project.declare(text)
    assert writes(Counter(by_kind(sent(project, project.up)))) == {"PUT scenario": 3}
    assert project.outputs()["scenarios"]["money"] == ids["refund"]

    # Edited in the dashboard: put back by the same update. Deleted there: created again, and checked again.
    url = f"{SCENARIOS}/{ids['refund']['ag-1']}"
    project.http.put(url, json={"max_turns": 3}, headers=HEADERS).raise_for_status()
    project.http.delete(f"{SCENARIOS}/{ids['refund']['ag-2']}", headers=HEADERS).raise_for_status()
    mended = {"PUT scenario": 1, "POST scenarios": 1, "PUT checks": 1, "POST check-runs": 1}
    assert writes(Counter(by_kind(sent(project, lambda: said.append(project.up()))))) == mended
    assert "money@ag-1: max_turns was changed in Bland; `pulumi up` restores it" in said[1]
    assert "money@ag-2: was deleted in Bland; `pulumi up` creates it again" in said[1]
    assert scenarios_of(project, "ag-1")["Refunds an order"]["max_turns"] == 20
    [again] = shown(project, "ag-2")["scenario_ids"]
    assert again == scenarios_of(project, "ag-2")["Refunds an order"]["id"] != ids["refund"]["ag-2"]

    production = replace(project, stack="production")
    production.init()
    assert writes(Counter(by_kind(sent(project, production.up)))) == {"POST check-runs": 3}
    project.http.put(f"{SCENARIOS}/{again}", json={"max_turns": 4}, headers=HEADERS).raise_for_status()
    printed = production.pulumi("preview", expect=None)
    assert "scenario 'Refunds an order' of agent ag-2 is not as declared" in printed
    assert "max_turns: found 4, declared 20" in printed
    assert "dev manages it (promotes_from): run `pulumi up` there first" in printed

    # One is removed: the checks no longer name it, and then it is disabled.
    project.declare(
        text.replace("money, cancel", "money").replace("  cancel: {tester_persona_prompt: You cancel.}\n", "")
    )
    removed = {"PUT scenario": 2, "PUT checks": 1, "POST check-runs": 1}
    assert writes(Counter(by_kind(sent(project, project.up)))) == removed
    assert scenarios_of(project, "ag-1")["cancel"]["enabled"] is False
    project.pulumi("destroy", "--yes", "--skip-preview", "--run-program")
    assert scenarios_of(project, "ag-1")["Refunds an order"]["enabled"] is True
