from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.crashes import VICTIMS, Victim, crash, lift_lock, recover
from tests.support.project import PULUMI_SECONDS, until
from tests.support.soak import IS_SOAK, pairs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Project

ONE = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1, max_iterations: 5, gate: none}\n"
CHECKED = "version: 1\nagents:\n  support: {agent_id: ag-1, version: latest, gate: none}\n"
SCRIPT = """\
pathways: {}
agents:
  ag-1:
    versions: [{name: First}]
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}}
    runs: [{ends_as: %s, run_ms: 0}]
"""
START = "/environments/staging/check-runs"


def intents(project: Project) -> list[dict[str, Any]]:
    """The intents on this test's disk."""
    found = []
    for path in project.state_home.glob("tornado-resource/*intents/*.json"):
        with suppress(FileNotFoundError):
            found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def is_noted(project: Project) -> bool:
    """Or already past that, as in `is_answered`: a point that lasts a millisecond may be missed."""
    return bool(intents(project)) or is_recorded(project)


def is_sent(project: Project) -> bool:
    return bool(project.requests("/start") + project.requests(START))


def check_runs(project: Project) -> list[dict[str, Any]]:
    """The check runs that took effect."""
    return list(project.http.get("/_sandbox/check-runs").json())


def has_begun(project: Project) -> bool:
    return bool(project.sessions() or check_runs(project))


def is_answered(project: Project) -> bool:
    return any(intent["session_id"] for intent in intents(project)) or is_recorded(project)


def is_recorded(project: Project) -> bool:
    return any(b"created_at" in path.read_bytes() for path in project.state_folder.rglob("stacks/**/dev.json"))


POINTS: dict[str, tuple[dict[str, Any] | None, Callable[[Project], bool]]] = {
    "intent noted": (None, is_noted),
    "request on its way, no effect yet": ({"kind": "delay", "seconds": 1.0}, is_sent),
    "connection broken before the effect": ({"kind": "reset_before"}, is_sent),
    "started, answer on its way": ({"kind": "delay_after", "seconds": 1.0}, has_begun),
    "started, answer lost": ({"kind": "reset_after"}, has_begun),
    "started, 502 answered": ({"kind": "status_after", "status": 502}, has_begun),
    "answer noted": (None, is_answered),
    "recorded": (None, is_recorded),
}


APART = ("intent noted", "request on its way, no effect yet", "started, answer lost", "answer noted", "recorded")
"""What the next update finds: nothing was sent, nothing has begun, a session that runs, its id, and its resource."""


@pytest.mark.parametrize(("point", "victim"), pairs(POINTS if IS_SOAK else APART, VICTIMS))
def test_after_a_kill_there_is_one_session_and_it_is_in_the_state(
    slow_project: Project, point: str, victim: Victim
) -> None:
    project = slow_project
    project.declare(ONE)
    fault, is_reached = POINTS[point]
    if fault is not None:
        project.fail(path="/start", **fault)
    crash(project, victim, lambda: is_reached(project))
    recover(project)
    sessions = project.sessions()
    assert len(sessions) == 1, "one declared run is one session"
    outputs = project.outputs()["sessions"]["support-line"]
    assert outputs == {
        "session_id": sessions[0]["session_id"],
        "created_at": sessions[0]["created_at"],
        "status": "RUNNING",
        "pathway_id": "pw-1",
        "max_iterations": 5,
        "timeout_ms": outputs["timeout_ms"],
        "adopted": False,
    }
    assert [resource["id"] for resource in project.resources()] == [sessions[0]["session_id"]]
    if IS_SOAK:
        project.pulumi("preview", "--expect-no-changes")
        assert intents(project) == []


STARTED = ("started, answer lost",)
"""Found by the list of check runs. An id in the intent is what the session has, too."""


@pytest.mark.parametrize("ends_as", ["never", "ERROR"] if IS_SOAK else ["ERROR"])
@pytest.mark.parametrize(("point", "victim"), pairs(POINTS if IS_SOAK else STARTED, VICTIMS, turns=1))
def test_after_a_kill_there_is_one_check_run_and_it_is_in_the_state(
    make_project: Callable[..., Project], point: str, victim: Victim, ends_as: str
) -> None:
    """In flight, or ended before anybody looks for it."""
    project = make_project(script=SCRIPT % ends_as)
    project.declare(CHECKED)
    fault, is_reached = POINTS[point]
    if fault is not None:
        project.fail(path=START, method="POST", **fault)
    crash(project, victim, lambda: is_reached(project))
    recover(project)
    [run] = check_runs(project)
    outputs = project.outputs()["agents"]["support"]
    assert (outputs["run_id"], outputs["created_at"]) == (run["id"], run["created_at"])
    assert (outputs["version_id"], outputs["adopted"]) == (run["agent_version_id"], False)
    assert [resource["id"] for resource in project.resources("CheckRun")] == [run["id"]]
    if IS_SOAK:
        project.pulumi("preview", "--expect-no-changes")
        assert intents(project) == []


def orphan(project: Project) -> None:
    """Leave a session behind that no state has."""
    project.fail(kind="delay_after", seconds=1.0, path="/start")
    crash(project, Victim("both"), lambda: has_begun(project))


def test_a_session_that_ended_unobserved_is_recorded_and_not_run_again(
    make_project: Callable[..., Project],
) -> None:
    project = make_project(speed=1000)
    project.declare(ONE)
    crash(project, Victim("both"), lambda: is_answered(project))
    project.wait_for_ends()
    recover(project)
    assert len(project.sessions()) == 1
    assert project.outputs()["sessions"]["support-line"]["session_id"] == project.sessions()[0]["session_id"]
    assert intents(project) == []


def test_on_another_machine_the_orphan_is_a_conflict_that_adopt_resolves(slow_project: Project, tmp_path: Path) -> None:
    project = slow_project
    project.declare(ONE)
    orphan(project)
    lift_lock(project)
    other: dict[str, Any] = {"XDG_STATE_HOME": str(tmp_path / "other-machine")}
    assert "is already active on pathway pw-1" in project.up(expect=None, **other)
    project.pulumi("up", "--yes", "--skip-preview", "--config", "tornado:onConflict=adopt", **other)
    assert len(project.sessions()) == 1
    assert project.outputs()["sessions"]["support-line"]["adopted"] is True


def test_two_interrupts_end_at_once_and_the_next_up_finds_the_session(slow_project: Project) -> None:
    project = slow_project
    project.declare(ONE)
    project.fail(kind="delay_after", seconds=3600, path="/start")
    process = project.begin_up()
    until(lambda: has_begun(project))
    os.kill(process.pid, signal.SIGINT)
    assert process.stdout is not None
    assert any("^C" in line for line in process.stdout)  # Pulumi has noticed
    os.kill(process.pid, signal.SIGINT)
    with process.stdout:
        printed = process.stdout.read()
    assert process.wait(PULUMI_SECONDS) != 0  # the start takes an hour
    assert "Traceback" not in printed
    recover(project)
    assert len(project.sessions()) == 1
    assert [resource["id"] for resource in project.resources()] == [project.sessions()[0]["session_id"]]


def test_two_updates_at_once_are_one_session_and_a_quick_refusal(slow_project: Project) -> None:
    project = slow_project
    project.declare(ONE)
    project.fail(kind="delay_after", seconds=3600, path="/start")
    command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "dev"]
    first = subprocess.Popen(command, cwd=project.folder, env=project.environment, stdout=subprocess.DEVNULL)
    until(lambda: has_begun(project))
    refused = project.up(expect=None)
    assert first.poll() is None
    assert "locked" in refused
    project.http.delete("/_sandbox/faults")
    assert first.wait(PULUMI_SECONDS) == 0
    assert len(project.sessions()) == 1


def test_where_nothing_can_be_noted_nothing_is_sent(slow_project: Project) -> None:
    project = slow_project
    project.declare(ONE)
    printed = project.up(expect=None, XDG_STATE_HOME="/dev/null/x")
    assert "not sent: cannot write the intent file" in printed
    assert "Traceback" not in printed
    assert project.requests() == []


def doctor(project: Project, **environment: str) -> tuple[int, str]:
    result = subprocess.run(
        ["tornado-resource", "doctor"],
        cwd=project.folder,
        env={**project.environment, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout


def test_doctor_tells_ours_foreign_and_orphaned_apart_and_changes_nothing(slow_project: Project) -> None:
    project = slow_project
    project.declare(ONE + "  billing: {pathway_id: pw-2, gate: none}\n  quiet: {pathway_id: pw-3, gate: none}\n")
    assert doctor(project)[0] == 0
    project.declare(ONE)
    project.up()
    project.http.post("/v1/agent-testing/tornado/start", json={"pathway_id": "pw-2"})
    project.declare(ONE + "  billing: {pathway_id: pw-2, gate: none}\n  quiet: {pathway_id: pw-3, gate: none}\n")
    before = len(project.requests("POST"))
    code, printed = doctor(project)
    assert code == 1
    mine, theirs = project.sessions()
    assert f"ours      support-line (pathway pw-1): session {mine['session_id']} of stack dev runs since" in printed
    assert f"foreign   billing (pathway pw-2): session {theirs['session_id']} runs since" in printed
    assert f"pulumi config set --path tornado:adopt.billing {theirs['session_id']} --stack dev" in printed
    assert "free      quiet (pathway pw-3): no session runs" in printed
    assert len(project.requests("POST")) == before
    assert project.http.headers["authorization"] not in printed


def test_doctor_explains_a_lock_and_an_orphan_after_a_kill(slow_project: Project) -> None:
    project = slow_project
    project.declare(ONE)
    orphan(project)
    code, printed = doctor(project)
    assert code == 1
    assert "locked    stack dev is locked by" in printed
    assert "if that process is gone: pulumi cancel --yes --stack dev" in printed
    assert "pending   stack dev: the creation of support-line was cut off" in printed
    assert "orphaned  support-line (pathway pw-1)" in printed
    assert "pulumi up --stack dev (on this machine) records it" in printed
    recover(project)
    project.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    assert doctor(project)[0] == 0


def test_a_kill_in_a_replacement_is_one_row_until_the_next_update(slow_project: Project) -> None:
    project = slow_project
    text = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1, max_iterations: 5}\n"
    project.configure("tornado:wait", "false")
    project.declare(text)
    project.up()
    project.declare(text.replace("5", "6"))
    project.fail(kind="delay_after", seconds=5, path="/start")
    crash(project, Victim("both"), lambda: len(project.sessions()) == 2)
    [row] = project.run("tornado-resource", "status")[1].splitlines()
    assert "its start was interrupted: run `pulumi up --stack dev` again" in row
    recover(project)
    _, new = project.sessions()
    [row] = project.run("tornado-resource", "status")[1].splitlines()
    assert f"{new['session_id']}  RUNNING" in row
    assert "Pulumi still warns of an interrupted creation of support-line" in doctor(project)[1]


def test_debugging_brings_details_back_without_the_key(slow_project: Project) -> None:
    project = slow_project
    project.declare(ONE)
    project.fail(kind="status", status=422, path="/start")
    printed = project.up(expect=None, TORNADO_DEBUG="1")
    assert "Traceback" in printed
    assert project.http.headers["authorization"] not in printed
