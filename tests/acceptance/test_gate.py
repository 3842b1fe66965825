from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.project import PULUMI_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

ONE = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n"
FAILING = """\
pathways:
  "*":
    scenarios: [{id: sc-1}, {id: sc-2}, {id: sc-3}]
    failing: [2, [sc-2]]
"""


def test_a_failed_gate_fails_the_update_and_replaces_the_old_verdict(
    make_project: Callable[..., Project],
) -> None:
    project = make_project(speed=1000, script=FAILING)
    project.declare(ONE.replace("pw-1", "pw-1, gate: {passed: any}"))
    project.up()
    assert project.outputs()["verdicts"]["support-line"]["outcome"] == "passed"
    project.declare(ONE.replace("pw-1", "pw-1, rerun: on_change"))
    printed = project.up(expect=None)
    verdict = project.outputs()["verdicts"]["support-line"]
    assert (verdict["outcome"], verdict["failed_ids"], verdict["version"]) == ("failed", ["sc-2"], 2)
    assert "gate failed: 1 failed of 1 session" in printed
    assert "support-line (sessions.yaml:3:3, session " in printed
    assert "failed: 2 of 3 scenarios passed; the gate requires all" in printed
    assert "Traceback" not in printed
    assert len(project.requests("/start")) == 1
    assert len(project.resources()) == 1


def test_a_run_that_failed_is_started_anew_and_the_preview_says_why(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=FAILING)
    project.declare(ONE)
    project.up(expect=None)
    printed = project.pulumi("preview")
    assert "support-line: runs again, the last run did not meet its gate: 2 of 3 scenarios passed" in printed
    assert len(project.requests("POST")) == 1
    project.up(expect=None)
    assert len(project.requests("/start")) == 2
    assert len(project.requests("/cancel")) == 0


def test_rerun_always_runs_with_every_up_but_never_twice_at_once(make_project: Callable[..., Project]) -> None:
    project = make_project()
    project.declare("version: 1\nsessions:\n  support-line: {pathway_id: pw-1, rerun: always, gate: none}\n")
    project.up()
    project.up()
    assert len(project.requests("/start")) == 1
    session_id = project.sessions()[0]["session_id"]
    project.http.post(f"/v1/agent-testing/tornado/{session_id}/cancel")
    project.pulumi("up", "--yes")
    assert len(project.requests("/start")) == 2


def test_wait_false_starts_and_leaves_the_verdict_to_others(slow_project: Project) -> None:
    project = slow_project
    project.declare(ONE)
    project.configure("tornado:wait", "false")
    project.up()
    assert len(project.sessions()) == 1
    assert project.outputs()["verdicts"] == {}
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(project.folder) not in processes, "no process of ours is left"


def test_scenarios_that_cannot_be_read_leave_a_promotion_gate_incomplete(project: Project) -> None:
    project.declare(ONE.replace("pw-1", "pw-1, gate: {passed: promotion}"))
    project.fail(kind="status", status=403, path="/scenarios", times=9)
    printed = project.up(expect=None)
    assert "the scenarios required for promotion could not be read: scenarios of pathway pw-1: HTTP 403" in printed
    assert "Traceback" not in printed
    assert project.outputs()["verdicts"]["support-line"]["outcome"] == "incomplete"


def test_an_outage_of_a_network_before_the_api_changes_nothing(project: Project) -> None:
    project.declare(ONE)
    for code in (520, 522, 524, 529, 503):
        project.fail(kind="status", status=code, body="<html>", path="/status")
    project.up()
    assert project.outputs()["verdicts"]["support-line"]["outcome"] == "passed"
    assert (len(project.requests("/start")), len(project.requests("/status"))) == (1, 6)


def test_a_session_that_ran_other_scenarios_is_red(make_project: Callable[..., Project]) -> None:
    """All passed by the numbers."""
    answer = "{iterations: [{iteration: 1, passed_ids: [sc-8, sc-9], failed_ids: []}]}"
    scenarios = "[{id: sc-1}, {id: sc-2}]"
    script = f"pathways:\n  pw-1: {{scenarios: {scenarios}, failing: [0], answer: {answer}}}\n"
    project = make_project(speed=1000, script=script)
    project.declare(ONE.replace("pw-1", "pw-1, scenario_ids: [sc-1, sc-2], rerun: on_change"))
    printed = project.up(expect=None)
    assert "incomplete: declared, but did not run: sc-1, sc-2; ran: sc-8, sc-9" in printed
    assert "Traceback" not in printed
    verdict = project.outputs()["verdicts"]["support-line"]
    assert (verdict["outcome"], verdict["passed_scenarios"], verdict["total_scenarios"]) == ("incomplete", 2, 2)


def test_a_session_that_vanishes_is_incomplete(slow_project: Project) -> None:
    project = slow_project
    project.declare(ONE)
    project.configure("tornado:wait", "false")
    project.up()
    project.http.delete(f"/_sandbox/sessions/{project.sessions()[0]['session_id']}")
    project.configure("tornado:wait", None)
    printed = project.up(expect=None)
    assert "gate incomplete" in printed
    assert "the API no longer knows session" in printed
    assert project.outputs()["verdicts"]["support-line"]["outcome"] == "incomplete"
    assert len(project.requests("/start")) == 1


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_wait_ends_at_once_keeps_the_ids_and_resumes(slow_project: Project, interrupt: int) -> None:
    project = slow_project
    project.declare(ONE + "  billing: {pathway_id: pw-2}\n")
    process = project.begin_up()
    until(lambda: len(project.requests("/status")) >= 4)
    os.killpg(process.pid, interrupt)
    printed, _ = process.communicate(timeout=PULUMI_SECONDS)  # the sessions take longer
    assert process.returncode != 0
    assert "Traceback" not in printed
    assert "Ctrl-C stops the wait, sessions keep running, and `pulumi up --stack dev` resumes it" in printed
    recorded = {resource["id"] for resource in project.resources()}
    assert recorded == {row["session_id"] for row in project.sessions()}
    for session_id in recorded:
        project.http.post(f"/v1/agent-testing/tornado/{session_id}/cancel")
    project.declare((ONE + "  billing: {pathway_id: pw-2}\n").replace("}", ", rerun: on_change}"))
    assert "gate failed" in project.up(expect=None)
    assert len(project.requests("/start")) == 2


def test_an_update_of_some_resources_still_holds_the_gate(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=FAILING)
    project.declare(ONE)
    project.up(expect=None)
    project.declare(ONE.replace("pw-1", "pw-1, rerun: on_change") + "  billing: {pathway_id: pw-2}\n")
    urn = next(resource["urn"] for resource in project.resources())
    printed = project.up(None, "--target", urn)
    assert "gate failed: 1 failed of 1 session" in printed
    assert "not a target of this update, so not started and not passed: billing" in printed
    assert "Traceback" not in printed
    verdicts = project.outputs()["verdicts"]
    assert {name: verdict["outcome"] for name, verdict in verdicts.items()} == {
        "support-line": "failed",
        "billing": "incomplete",
    }
