"""Check runs through the library, config and Pulumi's own options, with the real engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

PROGRAM: Final = """\
import pulumi
from pulumi import ResourceOptions
from tornado_resource import AgentRelease, CheckRun, wait_for


class Team(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("acme:agents:" + name.title(), name)


for name, passed in (("sales", "80%"), ("care", "{care}")):
    run = CheckRun("support", agent_id=f"ag-{name}", gate={"passed": passed}, opts=ResourceOptions(parent=Team(name)))
    verdict = wait_for(run)
    pulumi.export(name, verdict)
    AgentRelease(name, agent_id=f"ag-{name}", verdict=verdict, environment="staging", runs=[run.run_id])
"""
SCRIPT: Final = """\
pathways: {}
agents:
  ag-theirs: &agent
    versions: [{name: First}]
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}}
    foreign: [staging]
  "*": {<<: *agent, foreign: [], runs: [{rates: {resolved: 0.8}}]}
"""
DECLARATIONS: Final = """\
version: 1
agents:
  ours: {agent_id: ag-ours, gate: none, on_destroy: leave}
  theirs: {agent_id: ag-theirs, gate: none}
"""


def check_runs(project: Project) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in project.http.get("/_sandbox/check-runs").json()}


def starts(project: Project) -> int:
    return len(project.requests("POST /v2/agents/ag-ours/environments/staging/check-runs"))


def pinned(project: Project, agent_id: str) -> str | None:
    listed = project.http.get(f"/v2/agents/{agent_id}/environments").json()["data"]
    found: str | None = next(each["current_version_id"] for each in listed if each["env_type"] == "staging")
    return found


def program(project: Project, care: str) -> None:
    (project.folder / "__main__.py").write_text(PROGRAM.replace("{care}", care), encoding="utf-8")


def test_the_library_releases_what_passed_of_two_runs_of_one_name(make_project: Callable[..., Project]) -> None:
    """Two components have a run of the same name: each has its own run, verdict and release."""
    project = make_project(speed=1000, script=SCRIPT)
    program(project, "95%")
    project.configure("tornado:reports", "reports")
    printed = project.up(expect=None)
    assert "resolved matched 80%, the gate requires 95%" in printed  # by the gate or the release, whichever is first
    assert "Traceback" not in printed
    outputs = project.outputs()
    assert {name: outputs[name]["outcome"] for name in outputs} == {"sales": "passed", "care": "failed"}
    assert outputs["sales"]["session_id"] != outputs["care"]["session_id"]
    assert pinned(project, "ag-care") is None
    runs = {resource["urn"].split("::")[2]: resource["id"] for resource in project.resources("CheckRun")}
    assert sorted(key.partition("$")[0] for key in runs) == ["acme:agents:Care", "acme:agents:Sales"]
    assert set(runs.values()) == set(check_runs(project)) == {outputs[name]["session_id"] for name in outputs}
    written = json.loads((project.folder / "reports/verdicts.json").read_text(encoding="utf-8"))
    assert {each["urn"].split("::")[2] for each in written["sessions"].values()} == set(runs), list(written["sessions"])

    program(project, "75%")
    project.up()
    for name, verdict in project.outputs().items():
        assert (verdict["outcome"], pinned(project, f"ag-{name}")) == ("passed", verdict["version_id"])
    assert outputs["sales"]["session_id"] == project.outputs()["sales"]["session_id"]
    before = len(project.requests("POST"))
    project.up(0, "--expect-no-changes")
    assert len(project.requests("POST")) == before


def test_config_targets_and_operations_hold_for_check_runs(make_project: Callable[..., Project]) -> None:
    project = make_project(script=SCRIPT)
    project.declare(DECLARATIONS)
    project.up(0, "--target", "urn:pulumi:dev::agents::pulumi-python:dynamic/bland:CheckRun::ours")
    [ours] = check_runs(project)
    assert [each["id"] for each in project.resources("CheckRun")] == [ours]
    assert {name: each["run_id"] for name, each in project.outputs()["agents"].items()} == {"ours": ours}
    printed = project.up(expect=None)
    [foreign] = set(check_runs(project)) - {ours}
    assert f"check run {foreign} is already active on agent ag-theirs in staging" in printed
    assert f"pulumi config set --path tornado:adopt.theirs {foreign} --stack dev" in printed
    assert "Traceback" not in printed

    project.configure("tornado:adopt.theirs", foreign)
    project.up()
    outputs = project.outputs()
    assert outputs["agents"]["ours"] == {
        "run_id": ours,
        "created_at": check_runs(project)[ours]["created_at"],
        "status": "PENDING",
        "agent_id": "ag-ours",
        "env": "staging",
        "version_id": check_runs(project)[ours]["agent_version_id"],
        "semver": None,
        "adopted": False,
    }
    assert (outputs["agents"]["theirs"]["run_id"], outputs["agents"]["theirs"]["adopted"]) == (foreign, True)
    assert starts(project) == 1
    project.pulumi("refresh", "--run-program", "--yes", "--skip-preview")
    assert project.outputs() == outputs

    project.pulumi("destroy", "--run-program", "--yes", "--skip-preview")
    assert {run_id: run["status"] for run_id, run in check_runs(project).items()} == {
        ours: check_runs(project)[ours]["status"],
        foreign: "CANCELLED",
    }
    assert check_runs(project)[ours]["status"] in {"PENDING", "RUNNING"}
    project.configure("tornado:adopt.theirs", None)
    assert f"check run {ours} is already active on agent ag-ours in staging" in project.up(expect=None)
    project.configure("tornado:onConflict", "supersede")
    project.up()
    assert check_runs(project)[ours]["status"] == "CANCELLED"
    assert starts(project) == 4, "two of these were refused, since a check run was in flight"
    assert len(check_runs(project)) == 4
    assert len(project.resources("CheckRun")) == 2


BROKEN: Final = """\
pathways: {}
agents:
  ag-1:
    versions: [{name: First}]
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}}
    runs: [{ends_as: ERROR, error_message: The judges are down, run_ms: 0}, {}]
"""


def test_a_run_that_ends_with_an_error_at_once_is_recorded_and_runs_again(make_project: Callable[..., Project]) -> None:
    """Also where the response to its start is lost: the list of check runs shows it."""
    project = make_project(speed=1000, script=BROKEN)
    project.declare("version: 1\nagents:\n  support: {agent_id: ag-1, publish: staging}\n")
    project.fail(kind="reset_after", method="POST", path="/environments/staging/check-runs")
    printed = project.up(expect=None)
    assert "gate incomplete: 1 incomplete of 1" in printed
    assert "it stopped with an error, which says nothing of the agent (ERROR: The judges are down)" in printed
    assert "the limits of the account, then run `pulumi up --stack dev`: it runs again" in printed
    assert "Traceback" not in printed
    [first] = check_runs(project)
    verdict = project.outputs()["verdicts"]["support"]
    assert (verdict["outcome"], verdict["session_id"], verdict["status"]) == ("incomplete", first, "ERROR")
    assert [each["id"] for each in project.resources("CheckRun")] == [first]
    assert pinned(project, "ag-1") is None

    printed = project.up()
    assert "support: runs again" in printed
    assert len(check_runs(project)) == 2
    verdict = project.outputs()["verdicts"]["support"]
    assert (verdict["outcome"], pinned(project, "ag-1")) == ("passed", verdict["version_id"])
