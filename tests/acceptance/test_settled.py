"""What has passed asks nothing: the requests of a preview and an update, with and without a recorded verdict."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from junitparser import JUnitXml

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

TWO = """\
version: 1
defaults: {rerun: on_failure}
sessions:
  one: {pathway_id: pw-1}
  two: {pathway_id: pw-2}
"""
FAILING = """\
pathways:
  pw-1: {scenarios: [{id: sc-1}, {id: sc-2}], failing: [1, 1, 1, 1, 1]}
  "*": {scenarios: [{id: sc-1}, {id: sc-2}]}
"""
LIBRARY = """\
import pulumi
from tornado_resource import TornadoSession, wait_for

for name in ("one", "two"):
    pulumi.export(name, wait_for(TornadoSession(name, pathway_id=f"pw-{name}", rerun="on_failure")))
"""


def edit_verdict(project: Project, name: str, **changed: Any) -> None:
    project.edit_outputs(lambda outputs: outputs["verdicts"][name].update(changed))


def asked(project: Project, *commands: Callable[[], object]) -> list[str]:
    """What a command sends, without the sandbox's own endpoints."""
    before = len(project.requests())
    for command in commands:
        command()
    return [f"{row['method']} {row['path']}" for row in project.requests()[before:]]


def cases(project: Project) -> list[tuple[str, str, float]]:
    """The cases of the project's junit.xml: class, name and seconds."""
    suites = JUnitXml.fromfile(str(project.folder / "reports/junit.xml"))
    return sorted((case.classname, case.name, case.time or 0.0) for suite in suites for case in suite)


def preview(project: Project, *options: str) -> Callable[[], object]:
    return lambda: project.pulumi("preview", *options)


def test_a_stack_that_passed_asks_nothing(project: Project) -> None:
    project.declare(TWO)
    project.up()
    outputs = project.outputs()
    machine = project.on_another_machine()
    assert asked(project, preview(project, "--expect-no-changes")) == []
    machine.up(BLAND_BASE_URL="http://127.0.0.1:9")
    assert project.outputs() == outputs

    # The reports need the scenarios by name: they are read once, and recorded.
    project.configure("tornado:reports", "reports")
    sent = asked(project, project.up)
    assert sorted(line.rpartition("/")[2] for line in sent) == ["scenarios", "scenarios", "status", "status"]
    history = [cases(project)]
    assert asked(project, project.up) == []
    history.append(cases(project))
    assert project.run("tornado-resource", "report", "--stack", "dev", "--folder", "reports")[0] == 0
    history.append(cases(project))
    assert history[0] == history[1] == history[2]
    _, shown = project.run("tornado-resource", "status", "--stack", "dev", "--format", "json")
    assert "Refunds an order" in {each["name"] for each in json.loads(shown)["sessions"]["one"]["scenarios"]}
    assert {("one", "Refunds an order"), ("two", "Greets the caller")} < {case[:2] for case in history[0]}
    assert [seconds > 0 for _, name, seconds in history[0] if name == "gate"] == [True, True]

    # Who asks for the status gets it from the API.
    sent = asked(project, lambda: project.run("tornado-resource", "status", "--stack", "dev"))
    assert sorted(line.rpartition("/")[2] for line in sent) == ["2", "2", "status", "status"]

    # A recorded verdict that was changed is no answer.
    edit_verdict(project, "one", session_id="another-session")
    edit_verdict(project, "two", gate={"passed": "any", "repaired": "allow"})
    assert len(asked(project, project.up)) == 2 + 2 + 1
    assert {each["outcome"] for each in project.outputs()["verdicts"].values()} == {"passed"}


def test_ended_sessions_are_asked_once_for_diff_and_gate_together(slow_project: Project) -> None:
    """And running ones once in a preview, which fails at the declaration where the API cannot be asked."""
    project = slow_project
    project.declare(TWO)
    project.configure("tornado:wait", "false")
    project.up()
    expected = {f"GET /v1/agent-testing/tornado/{each['session_id']}/status" for each in project.sessions()}
    sent = asked(project, preview(project))
    assert (len(sent), set(sent)) == (2, expected)
    project.fail(kind="status", status=401, path="/status", times=10)
    printed = project.pulumi("preview", expect=None)
    assert re.search(r"sessions\.yaml:[45]:3: ", printed)
    assert "401" in printed
    assert "Traceback" not in printed

    project.http.delete("/_sandbox/faults")
    project.configure("tornado:wait", "true")
    project.finish_sessions()
    project.wait_for_ends()
    sent = asked(project, project.up)
    assert sorted(line.rpartition("/")[2] for line in sent) == ["2", "2", "status", "status"]


def test_sessions_of_a_library_program_are_asked_side_by_side(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, latency_ms=1500, program=LIBRARY)
    project.up()
    project.edit_outputs(dict.clear)
    before = len(project.requests())
    project.up()
    for part in ("/status", "/version/2"):
        sent = [row["at_ms"] for row in project.requests()[before:] if row["path"].endswith(part)]
        assert len(sent) == 2
        assert max(sent) - min(sent) < 1500


def test_a_recorded_failure_stays_red_whatever_its_verdict_says(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=FAILING)
    project.declare("version: 1\nsessions:\n  one: {pathway_id: pw-1, rerun: on_change}\n")
    project.up(expect=None)
    printed: list[str] = []
    assert asked(project, lambda: printed.append(project.up(expect=None))) == []
    assert "gate failed: 1 failed of 1 session" in printed[0]
    assert "unhandled error" not in printed[0]
    assert "sc-1" in printed[0]
    edit_verdict(project, "one", outcome="passed")
    project.up(expect=None)
    assert project.outputs()["verdicts"]["one"]["outcome"] == "failed"

    # With another gate, the same run is judged again.
    project.declare("version: 1\nsessions:\n  one: {pathway_id: pw-1, gate: {passed: 1}, rerun: on_failure}\n")
    assert [line.split()[0] for line in asked(project, project.up)] == ["GET"]
    assert project.outputs()["verdicts"]["one"]["outcome"] == "passed"
