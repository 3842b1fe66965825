"""One program has one report: of all its sessions, whatever their names, and whatever way the program ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from junitparser import JUnitXml

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT = """\
pathways:
  pw-fails: {scenarios: [{id: sc-1}], failing: [1, 1, 1, 1, 1]}
  pw-late: {scenarios: [{id: sc-1}], failing: [0], iteration_ms: 780000}
  "*": {scenarios: [{id: sc-1}]}
"""
COMPONENTS = """\
from pulumi import ComponentResource, ResourceOptions
from tornado_resource import TornadoSession, wait_for


class Team(ComponentResource):
    def __init__(self, name, pathway):
        super().__init__(f"acme:agents:{name}", name)
        wait_for(TornadoSession("smoke", pathway_id=pathway, opts=ResourceOptions(parent=self)))


Team("Sales", "pw-fails")
Team("Billing", "pw-late")
"""
BOTH = """\
from tornado_resource import TornadoSession, deploy, wait_for

deploy()
wait_for(TornadoSession("early", pathway_id="pw-fails"))
"""
DECLARED = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n"
SALES, BILLING = "smoke (acme:agents:Sales)", "smoke (acme:agents:Billing)"


def report(project: Project) -> tuple[dict[str, Any], JUnitXml]:
    folder = project.folder / "reports"
    return json.loads((folder / "verdicts.json").read_text(encoding="utf-8")), JUnitXml.fromfile(
        str(folder / "junit.xml")
    )


def test_sessions_of_one_name_in_two_components_both_count(make_project: Callable[..., Project]) -> None:
    """The one that fails ends first."""
    project = make_project(speed=600, script=SCRIPT, program=COMPONENTS)
    project.configure("tornado:reports", "reports")
    printed = project.up(expect=None)
    assert "gate failed: 1 failed of 2 sessions" in printed
    assert f"{SALES} (session " in printed
    verdicts, junit = report(project)
    assert {name: each["outcome"] for name, each in verdicts["sessions"].items()} == {
        SALES: "failed",
        BILLING: "passed",
    }
    assert {suite.name: suite.failures > 0 for suite in junit} == {SALES: True, BILLING: False}
    states = {each["urn"]: each["outputs"]["session_id"] for each in project.resources()}
    assert {each["urn"]: each["session_id"] for each in verdicts["sessions"].values()} == states
    code, shown = project.run("tornado-resource", "status", "--stack", "dev", "--format", "json")
    assert (code, json.loads(shown)["sessions"].keys()) == (1, {SALES, BILLING})

    project.configure("tornado:adopt", {"smoke": "s-1"})
    printed = project.pulumi("preview", expect=None)
    assert "config tornado:adopt names 'smoke', but 2 runs of this program have that name" in printed
    assert all(urn in printed for urn in states)
    assert "Traceback" not in printed


def test_deploy_and_wait_for_share_one_report_and_one_failure(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=600, script=SCRIPT, program=BOTH)
    project.declare(DECLARED.replace("pw-1", "pw-late"))
    project.configure("tornado:reports", "reports")
    printed = project.up(expect=None)
    assert "gate failed: 1 failed of 2 sessions" in printed
    assert printed.count("the reports are in reports") <= 2  # once as it happens, and once in the list at the end
    verdicts, junit = report(project)
    outcomes = {name: each["outcome"] for name, each in verdicts["sessions"].items()}
    assert (verdicts["outcome"], outcomes) == ("failed", {"support-line": "passed", "early": "failed"})
    assert {suite.name: suite.failures > 0 for suite in junit} == {"support-line": False, "early": True}


def test_an_update_that_stops_early_leaves_no_report_of_an_earlier_one(project: Project) -> None:
    project.declare(DECLARED)
    project.configure("tornado:reports", "reports")

    def problem() -> str | None:
        verdicts, junit = report(project)
        errors = [entry.message for suite in junit for case in suite for entry in case.result]
        assert errors == ([verdicts["problem"].splitlines()[0]] if verdicts["problem"] else [])
        assert (verdicts["outcome"] == "passed") is not bool(errors)
        found: str | None = verdicts["problem"]
        return found

    project.up()
    assert problem() is None

    project.declare(DECLARED.replace("pathway_id", "pathway"))
    project.pulumi("up", "--yes", expect=None)  # it ends in its preview
    assert "sessions.yaml:3:18" in (problem() or "")

    project.declare(DECLARED)
    (project.folder / "__main__.py").write_text("import tornado_resource as t\n\nt.deploy()\n1 / 0\n", encoding="utf-8")
    project.up(expect=None)
    assert problem() == "the program failed (ZeroDivisionError): see the log of the update"
