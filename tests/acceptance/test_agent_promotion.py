"""An agent from staging to production and overseas, over three real stacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.story import Team

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways: {}
agents:
  ag-1:
    versions: [{name: First, semver: 1.0.0}, {name: Second}]
    staging: 1.0.0
    production: 1.0.0
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}, production: {judges: [resolved]}}
"""
DECLARATIONS: Final = """\
version: 1
agents:
  support: {agent_id: ag-1}
environments:
  staging: {publish: staging}
  production: {promotes_from: staging, publish: production, agents: {support: {env: production}}}
  overseas: {promotes_from: production}
"""


class Agent:
    """The agent, as people see it in the dashboard."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def call(self, method: str, path: str, body: Any = None) -> Any:
        response = self.project.http.request(method, path, json=body)
        response.raise_for_status()
        return response.json()["data"]

    def latest(self) -> str:
        return str(self.call("GET", "/v2/agents/ag-1/versions/latest")["id"])

    def save(self) -> None:
        self.project.http.post("/_sandbox/agents/ag-1/versions", json={"name": "Next"}).raise_for_status()

    def pins(self) -> tuple[str, str]:
        """What staging and production pin."""
        pinned = {
            each["env_type"]: each["current_version_id"] for each in self.call("GET", "/v2/agents/ag-1/environments")
        }
        return pinned["staging"], pinned["production"]

    def double_the_conversations(self) -> None:
        """Edit the checks of staging, which voids every pass."""
        path = "/v2/agents/ag-1/environments/staging/checks"
        checks = self.call("GET", path)
        judges = [{key: each[key] for key in ("eval_agent_id", "eval_agent_version_id")} for each in checks["evals"]]
        count = checks["simulations_count"] * 2
        self.call("PUT", path, {"scenario_ids": checks["scenario_ids"], "evals": judges, "simulations_count": count})

    def runs(self) -> list[tuple[str, str]]:
        """The check runs that were started: in which environment, and of which version."""
        rows = self.project.requests("/check-runs")
        posts = [row for row in rows if row["method"] == "POST"]
        return [(row["path"].split("/")[5], json.loads(row["body"])["version_id"]) for row in posts]


@pytest.fixture
def team(make_project: Callable[..., Project]) -> Team:
    staging = make_project(speed=1000, script=SCRIPT, stack="staging")
    found = Team.of(staging, staging)
    found.declare(DECLARATIONS)
    return found


def test_the_version_that_passed_goes_on_and_none_that_was_saved_since(team: Team) -> None:
    agent = Agent(team.staging)
    first = agent.pins()[0]
    tested = agent.latest()
    team.staging.up()
    assert agent.pins() == (tested, first)
    verdict = team.staging.outputs()["verdicts"]["support"]
    assert (verdict["outcome"], verdict["version_id"], verdict["content"]) == ("passed", tested, tested)

    agent.save()
    assert agent.latest() != tested
    printed = team.production.up()
    assert f"support: version {tested}, passed there (check run {verdict['session_id']})" in printed
    assert agent.runs()[1:] == [("production", tested)]
    assert agent.pins() == (tested, tested)
    promotion = team.production.outputs()["promotion"]["sessions"]["support"]
    assert promotion["session_id"] == verdict["session_id"]
    assert [promotion[key] for key in ("version", "version_id", "semver", "content")] == [None, tested, None, tested]

    team.overseas.up()
    assert agent.runs()[2:] == [("staging", tested)]
    before = team.effects()
    for project in (team.production, team.overseas):
        project.up(0, "--refresh", "--expect-no-changes")
    assert team.effects() == before


def test_checks_that_were_edited_after_the_pass_move_nothing(team: Team) -> None:
    agent = Agent(team.staging)
    first, tested = agent.pins()[0], agent.latest()
    team.staging.up()
    agent.double_the_conversations()
    printed = team.production.up(expect=None)
    assert f"nothing was promoted: the checks of staging block version {tested}" in printed
    assert "the checks of staging were edited after check run" in printed
    assert "simulations_count was 5 and is 10" in printed
    assert "Traceback" not in printed
    assert agent.pins() == (tested, first)
    assert team.production.resources("AgentRelease") == []
    assert team.production.outputs()["verdicts"]["support"]["outcome"] == "passed"

    team.declare(DECLARATIONS.replace("staging: {publish", "staging: {defaults: {triggers: {again: 1}}, publish"))
    team.staging.up()
    team.production.up()
    assert agent.pins() == (tested, tested)
    assert set(agent.runs()) == {("staging", tested), ("production", tested)}
    assert len(agent.runs()) == 3, "the pass in production counts still"
