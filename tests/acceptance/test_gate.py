from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

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


def test_rerun_always_runs_with_every_up_but_never_twice_at_once(make_project: Callable[..., Project]) -> None:
    project = make_project()
    project.declare("version: 1\nsessions:\n  support-line: {pathway_id: pw-1, rerun: always, gate: none}\n")
    project.up()
    project.up()
    assert len(project.requests("/start")) == 1
    session_id = project.sessions()[0]["session_id"]
    project.http.post(f"/v1/agent-testing/tornado/{session_id}/cancel")
    project.up()
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

    # A session that has vanished since is incomplete.
    project.http.delete(f"/_sandbox/sessions/{project.sessions()[0]['session_id']}")
    project.configure("tornado:wait", None)
    printed = project.up(expect=None)
    assert "gate incomplete" in printed
    assert "the API no longer knows session" in printed
    assert project.outputs()["verdicts"]["support-line"]["outcome"] == "incomplete"
    assert len(project.requests("/start")) == 1


def test_an_interrupted_wait_ends_at_once_keeps_the_ids_and_resumes(slow_project: Project) -> None:
    project = slow_project
    project.declare(ONE + "  billing: {pathway_id: pw-2}\n")
    for interrupt in (signal.SIGINT, signal.SIGTERM):
        before = Counter(row["path"] for row in project.requests("/status"))
        process = project.begin_up()
        # First it asks what has become of each, and then it waits.
        until(partial(are_awaited, project, before))
        os.killpg(process.pid, interrupt)
        printed, _ = process.communicate(timeout=PULUMI_SECONDS)  # the sessions take longer
        assert process.returncode != 0
        assert "Traceback" not in printed
        assert (
            "Ctrl-C stops the wait, what was started keeps running, and `pulumi up --stack dev` resumes it" in printed
        )
        ids = {resource["urn"].rpartition("::")[2]: resource["id"] for resource in project.resources()}
        assert {*ids.values()} == {row["session_id"] for row in project.sessions()}
        verdicts = project.outputs()["verdicts"]
        assert {name: verdict["session_id"] for name, verdict in verdicts.items()} == ids
        assert {verdict["outcome"] for verdict in verdicts.values()} == {"incomplete"}
    for session_id in ids.values():
        project.http.post(f"/v1/agent-testing/tornado/{session_id}/cancel")
    project.declare((ONE + "  billing: {pathway_id: pw-2}\n").replace("}", ", rerun: on_change}"))
    assert "gate failed" in project.up(expect=None)
    assert len(project.requests("/start")) == 2


def are_awaited(project: Project, before: Counter[str]) -> bool:
    polls = Counter(row["path"] for row in project.requests("/status")) - before
    return sum(count >= 2 for count in polls.values()) == 2


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
