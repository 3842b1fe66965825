"""Checks in `sessions.yaml`: their life through real updates of two stacks, with counts of requests."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways: {}
judges:
  resolved: {name: Resolved}
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
agents:
  one:
    agent_id: ag-1
    version: 1.0.0
    checks:
      scenario_ids: [tc-1, tc-2]
      judges: [resolved, {judge: polite, required: false, target_level_keys: [friendly]}]
      simulations_count: 3
  two: {agent_id: ag-2, version: 1.0.0, checks: {scenario_ids: [tc-3], judges: [resolved]}}
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
    assert "sessions.yaml:3:3: judge 'resolved' does not exist; the judges are: Resolved (resolved)" in printed
    project.declare(DECLARATIONS)
    assert writes(sent(project, lambda: project.pulumi("preview"))) == {}
    assert project.requests("POST") == []

    # One list of judges for all of them, one look and one request for each config.
    created = sent(project, project.up)
    assert writes(created) == {"PUT checks": 3, "POST check-runs": 3}
    assert (created["GET agents"], created["GET checks"], created["GET latest"]) == (1, 6, 3)
    outcomes = {name: verdict["outcome"] for name, verdict in project.outputs()["verdicts"].items()}
    assert outcomes == dict.fromkeys(("one", "two", "three"), "passed")
    assert sent(project, lambda: project.up(0, "--expect-no-changes")) == {"GET checks": 3, "GET agents": 1}

    # Another demand is another run, and the preview says so. The other verdicts stay.
    project.declare(DECLARATIONS.replace("required: false, ", ""))
    printed = " ".join(project.pulumi("preview").split())
    assert "one: changes judges.Polite.required: found false, declared true" in printed
    assert "CheckRun one replace [diff: ~checks]" in printed
    assert "1 to update +-1 to replace" in printed
    assert writes(sent(project, project.up)) == {"PUT checks": 1, "POST check-runs": 1}
    assert all(judge["required"] for judge in shown(project, "ag-1")["evals"])

    # What was edited in the dashboard is put back by the same update: the run was one of the declared checks.
    edit(project, "ag-1", simulations_count=1)
    assert "one: changes simulations_count: found 1, declared 3" in project.pulumi("preview")
    assert writes(sent(project, project.up)) == {"PUT checks": 1}
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
    assert writes(sent(project, production.up)) == {}

    # Without testing again, nothing is compared either.
    project.declare(DECLARATIONS.replace("{promotes_from: dev}", "{promotes_from: dev, retest: false}"))
    production.up()
    assert production.resources("AgentChecks") == []
    project.pulumi("destroy", "--yes", "--skip-preview", "--run-program")
    assert shown(project, "ag-1")["simulations_count"] == 3
