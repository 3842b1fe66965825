"""Sessions and check runs in one file: side by side, in one report, behind one gate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  "*": {scenarios: [{id: sc-1}, {id: sc-2}]}
judges:
  resolved: {name: resolved}
  polite: {name: polite}
agents:
  ag-good:
    versions: [{semver: 1.0.0}, {name: Second}]
    staging: 1.0.0
    scenarios: [{id: tc-1}, {id: tc-2}]
    checks:
      staging: {judges: [resolved, {judge: polite, required: false}]}
      production: {judges: [resolved]}
    runs: [{rates: {resolved: 0.9, polite: 0.4}}]
  ag-poor:
    versions: [{semver: 1.0.0}]
    scenarios: [{id: tc-3}]
    checks: {staging: {judges: [resolved]}}
    runs: [{rates: {resolved: 0.6}}, {rates: {resolved: 0.8}}]
"""
DECLARATIONS: Final = """\
version: 1
sessions:
  booking: {pathway_id: pw-1, version_number: 1}
  billing: {pathway_id: pw-2, version_number: 1}
agents:
  support: {agent_id: ag-good, gate: {passed: "80%"}}
  sales: {agent_id: ag-poor, version: 1.0.0, gate: {passed: "70%"}}
"""


IN_CI: Final = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/agents",
    "GITHUB_RUN_ID": "17",
}


def checks(project: Project) -> list[tuple[str, str]]:
    """The check runs that were started, by agent and version."""
    rows = project.requests("POST /v2/agents")
    return [(row["path"].split("/")[3], json.loads(row["body"])["version_id"]) for row in rows]


def save(project: Project, agent_id: str, **content: Any) -> None:
    """Save a version of an agent, as people do in the dashboard."""
    headers = {"authorization": "any-key"}
    project.http.post(f"/_sandbox/agents/{agent_id}/versions", json=content, headers=headers).raise_for_status()


def test_sessions_and_check_runs_have_one_report_and_one_gate(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(DECLARATIONS)
    project.configure("tornado:reports", "reports")
    printed = project.up(expect=None, **IN_CI)
    assert "support: version " in printed
    assert "gate failed: 1 failed of 2 sessions and 2 check runs" in printed
    assert "resolved matched 60%, the gate requires 70%" in printed
    summary = (project.folder / "reports/summary.md").read_text(encoding="utf-8")
    assert "■■■■■■□□□□ resolved: 60% matched; the gate requires 70%" in summary
    assert "resolved: in conversation 4 (tc-3), the agent did not do what it asks for." in summary
    assert "**Cost of the judges:**" in summary
    outputs = project.outputs()
    verdicts: dict[str, Any] = outputs["verdicts"]
    assert {name: verdict["outcome"] for name, verdict in verdicts.items()} == {
        "booking": "passed",
        "billing": "passed",
        "support": "passed",
        "sales": "failed",
    }
    support = outputs["agents"]["support"]
    assert support["version_id"] == verdicts["support"]["content"] == verdicts["support"]["version_id"]
    assert (verdicts["support"]["kind"], verdicts["booking"]["kind"]) == ("check_run", "tornado")
    assert verdicts["sales"]["judges"] == [
        {"id": "resolved", "name": "resolved", "required": True, "match_rate": 0.6, "passed": True}
    ]
    assert outputs["agents"]["sales"]["semver"] == "1.0.0"
    _, shown = project.run("tornado-resource", "status", "--stack", "dev")
    assert f"(version {verdicts['sales']['version_id']}, 1.0.0)" in shown
    first = checks(project)
    assert sorted(agent for agent, _ in first) == ["ag-good", "ag-poor"]

    before = len(project.requests())
    printed = project.up()
    assert "sales: runs again, the last run did not meet its gate" in printed
    assert [agent for agent, _ in checks(project)[2:]] == ["ag-poor"]

    before = len(project.requests())
    project.up(0, "--expect-no-changes")
    calls = [f"{row['method']} {row['path']}" for row in project.requests()[before:]]
    assert [call for call in calls if "agents" in call] == ["GET /v2/agents/ag-good/versions/latest"]

    save(project, "ag-good")
    project.up()
    assert [agent for agent, _ in checks(project)[3:]] == ["ag-good"]
    assert checks(project)[3] != first[0]
    assert len(project.bodies()) == 2, "the sessions have passed"
    look_at(project)


def look_at(project: Project) -> None:
    """What each command shows of a stack with both kinds, once its updates have ended."""

    def tool(*arguments: str) -> list[str]:
        code, printed = project.run("tornado-resource", *arguments, "--stack", "dev")
        assert code == 0, printed
        return printed.splitlines()

    assert [line.split()[:2] for line in tool("status")] == [
        [name, "passed"] for name in ("booking", "billing", "support", "sales")
    ]
    assert {line.partition(" ")[0] for line in tool("doctor")} == {"free"}
    assert tool("check-state") == ["stack dev: no foreign provider or base URL in the state"]
    assert tool("wait")[0].startswith("waiting for 2 sessions and 2 check runs of stack dev; ")
    changes = tool("diff", "support", "--versions", "1.0.0", "latest")
    assert changes[0].startswith("support: version 1.0.0 (sha256v2:")
    assert "  ~ node start" in changes
    # The judge of `sales` found 60% and then 80% on the same version, where the gate requires 70%.
    shown = tool("report", "--history", "9", "--folder", "reports")
    link = "https://github.com/acme/agents/actions/runs/17"
    assert shown[-2] == "flaky over the last 4 updates: 1 of 4 scenarios and 3 judges"
    assert shown[-1] == f"  sales: resolved: 1 passed, 1 failed, 1 flip, version 1.0.0  {link}"
    assert "### 1 flaky over the last 4 updates" in (project.folder / "reports/summary.md").read_text(encoding="utf-8")
    history = json.loads((project.folder / "reports/history.json").read_text(encoding="utf-8"))
    assert [run["run_url"] for run in history["sessions"]["sales"]["runs"]] == [link, None]
    assert [(each["name"], each["flips"]) for each in history["tests"] if each["flaky"]] == [("resolved", 1)]
    assert {name: [run["outcome"] for run in each["runs"]] for name, each in history["sessions"].items()} == {
        "booking": ["passed"],
        "billing": ["passed"],
        "support": ["passed", "passed"],
        "sales": ["failed", "passed"],
    }


def test_a_version_whose_variables_have_no_value_starts_nothing(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare("version: 1\nagents: {support: {agent_id: ag-good}}\n")
    save(project, "ag-good", snapshot={"prompt": "Call {{env.HOST}}"})
    printed = project.up(expect=None)
    assert "nothing was started: variables have no value (1 of 1 check run):" in printed
    assert "the version refers to an environment variable without a value in staging: HOST" in printed
    assert checks(project) == []
    assert "Traceback" not in printed
    headers = {"authorization": "any-key"}
    path = "/v2/agents/ag-good/environments/staging/variables/HOST"
    project.http.put(path, json={"value": "example.com"}, headers=headers).raise_for_status()
    project.up()
    assert len(checks(project)) == 1
