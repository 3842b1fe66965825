"""`wait`, `status` and `report`: the same verdicts outside of `pulumi up`, from Pulumi's state alone."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.paths import ROOT
from tests.support.project import KEY, PULUMI_SECONDS, until
from tests.support.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Project

SCRIPT = """\
pathways:
  pw-fail: {scenarios: [{id: sc-1, name: Refunds an order}, {id: sc-2}], failing: [2, [sc-1]]}
  pw-slow: {scenarios: [{id: sc-1}], iteration_ms: 600000000}
  pw-stuck: {scenarios: [{id: sc-1}], ends_as: TIMEOUT}
  "*": {scenarios: [{id: sc-1}, {id: sc-2}], failing: [1, 0]}
"""
RECORDINGS = ROOT / "tests/examples/terminal"
BACKGROUND = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
"""Runs a command as shells without job control run one in the background: it ignores Ctrl-C."""
FILES = ["junit.xml", "report.html", "summary.md", "verdicts.json"]


def declared(*pathways: str) -> str:
    sessions = "".join(f"  session-{name}: {{pathway_id: pw-{name}, timeout_ms: 90000000}}\n" for name in pathways)
    return f"version: 1\nsessions:\n{sessions}"


def run(project: Project, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["tornado-resource", *arguments],
        cwd=project.folder,
        env={**project.environment, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=PULUMI_SECONDS,
    )


@pytest.fixture
def started(make_project: Callable[..., Project]) -> Callable[..., Project]:
    """Start sessions without waiting for them."""

    def start(*pathways: str) -> Project:
        project = make_project(speed=1000, script=SCRIPT)
        project.declare(declared(*pathways))
        project.configure("tornado:wait", "false")
        project.up()
        return project

    return start


def normal(text: str) -> str:
    """Replace ids and times, which differ from run to run."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "SESSION-ID", text)
    text = re.sub(r"(session-[a-z]+) [0-9a-f]{8} ", r"\1 SESSION ", text)
    text = re.sub(r"sha256v2:[0-9a-f]{12}", "DIGEST", text)
    return re.sub(r"· [0-9hms]+ of", "· ELAPSED of", text)


def assert_recorded(name: str, text: str) -> None:
    """Compare terminal output with its recording; `TORNADO_GOLDEN=1` writes the recording."""
    file = RECORDINGS / f"wait-{name}.txt"
    if "TORNADO_GOLDEN" in os.environ:
        file.write_text(normal(text), encoding="utf-8")
    assert normal(text) == file.read_text(encoding="utf-8")


def test_wait_enforces_the_gate_even_if_no_report_can_be_written(started: Callable[..., Project]) -> None:
    project = started("fail", "stuck")
    project.wait_for_ends()
    result = run(project, "wait", "--stack", "dev")
    assert result.returncode == 1
    assert_recorded("failed", result.stdout + result.stderr)
    (project.folder / "reports").write_text("a file is in the way", encoding="utf-8")
    result = run(project, "report")
    assert result.returncode == 1
    assert "the reports cannot be written to reports" in result.stderr
    assert "gate failed: 2 failed of 2 sessions" in result.stderr


def test_wait_is_incomplete_without_the_api_and_passes_with_it(started: Callable[..., Project]) -> None:
    project = started("good")
    project.fail(kind="status", status=401, path="/status", times=9)
    result = run(project, "wait")
    assert result.returncode == 3
    assert KEY not in result.stdout + result.stderr
    assert_recorded("incomplete", result.stdout + result.stderr)
    project.http.delete("/_sandbox/faults")
    project.wait_for_ends()
    result = run(project, "wait", "--stack", "dev")
    assert result.returncode == 0
    assert_recorded("passed", result.stdout + result.stderr)


def has_requests(project: Project, at_least: int) -> bool:
    return len(project.requests("/status")) >= at_least


def test_signals_end_the_wait_and_say_how_to_resume(started: Callable[..., Project]) -> None:
    project = started("slow")
    for number, shell in ((signal.SIGINT, []), (signal.SIGTERM, BACKGROUND)):
        before = len(project.requests("/status"))
        process = subprocess.Popen(
            [*shell, "tornado-resource", "wait", "--stack", "dev"],
            cwd=project.folder,
            env=project.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(partial(has_requests, project, before + 2))
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=PULUMI_SECONDS)  # the session takes a day
        assert process.returncode == 130
        assert_recorded("interrupted", stdout + stderr)
    assert len(project.requests("/cancel")) == 0


def test_status_asks_for_each_session_and_its_version(started: Callable[..., Project]) -> None:
    project = started("slow", "good")
    until(lambda: [row["status"] for row in project.sessions()].count("RUNNING") == 1)
    result = run(project, "status")
    assert result.returncode == 3
    lines = normal(result.stdout).splitlines()
    assert lines == [
        "session-slow  incomplete  SESSION-ID  RUNNING iteration 1: it is still running",
        (
            "session-good  passed      SESSION-ID  COMPLETED_ALL_PASSED iteration 2: 2 of 2 scenarios passed "
            "(version 2, DIGEST)"
        ),
    ]
    assert len(project.requests("/status")) == 2
    as_json = json.loads(run(project, "status", "--format", "json").stdout)
    assert as_json["tally"] == {"passed": 1, "failed": 0, "incomplete": 1}


def test_pulumi_up_writes_the_reports_of_a_failed_gate(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(declared("fail", "good"))
    project.configure("tornado:reports", "reports")
    printed = project.up(expect=None, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(project.folder / "step.md"))
    folder = project.folder / "reports"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))["outcome"] == "failed"
    assert any(line.strip().startswith("::error file=sessions.yaml,line=3") for line in printed.splitlines())
    assert "session-fail" in (project.folder / "step.md").read_text(encoding="utf-8")
    assert not any(KEY in path.read_text(encoding="utf-8") for path in folder.iterdir())


def test_reports_that_cannot_be_written_stop_the_update_at_once(
    make_project: Callable[..., Project],
) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(declared("good"))
    (project.folder / "reports").write_text("a file is in the way", encoding="utf-8")
    project.configure("tornado:reports", "reports")
    printed = project.up(expect=None)
    assert "the reports cannot be written to reports" in printed
    assert "Traceback" not in printed
    assert project.requests("/start") == []


def test_wait_draws_a_live_table_and_another_machine_reports(started: Callable[..., Project], tmp_path: Path) -> None:
    project = started("good", "fail")
    master, slave = pty.openpty()
    environment: dict[str, Any] = {**project.environment, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    command = ["tornado-resource", "wait", "--stack", "dev"]
    process = subprocess.Popen(command, cwd=project.folder, env=environment, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(master)
    assert process.wait(PULUMI_SECONDS) == 1
    terminal = Terminal(100, 30)
    terminal.write(shown.decode())
    assert terminal.has_cursor
    assert terminal.screen[0] == "waiting for 2 sessions of stack dev; Ctrl-C leaves them running"
    assert re.fullmatch(r"session-fail +1 of 2 +━+─+ +2/5 .*✗ failed", terminal.screen[2])
    assert re.fullmatch(r"session-good +2 of 2 +━+ +2/5 .*✓ passed", terminal.screen[3])
    assert terminal.screen[4] == "1 failed, 1 passed of 2 sessions"
    assert terminal.screen[5] == "gate failed: 1 failed of 2 sessions"

    # For the reports, the state is enough.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(project.folder / "Pulumi.yaml", elsewhere)
    shutil.copy(project.folder / "Pulumi.dev.yaml", elsewhere)
    project.folder = elsewhere
    result = run(project, "report", "--stack", "dev", "--folder", "out", XDG_STATE_HOME=str(tmp_path / "new"))
    assert result.returncode == 1
    assert sorted(path.name for path in (elsewhere / "out").iterdir()) == FILES
    verdicts = json.loads((elsewhere / "out/verdicts.json").read_text(encoding="utf-8"))
    assert verdicts["environment"] == "dev"
    assert verdicts["sessions"]["session-fail"]["outcome"] == "failed"
    assert len(project.requests("POST")) == 2


def test_a_deleted_session_without_replacement_does_not_pass(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(declared("good"))
    project.configure("tornado:reports", "reports")
    project.up()
    verdicts = project.folder / "reports/verdicts.json"
    assert json.loads(verdicts.read_text(encoding="utf-8"))["outcome"] == "passed"
    project.declare(declared("good").replace("{", "{triggers: {commit: b}, "))
    project.fail(kind="status", status=422, path="/start")
    project.up(expect=None)
    assert json.loads(verdicts.read_text(encoding="utf-8"))["outcome"] == "incomplete"
    result = run(project, "status")
    assert result.returncode == 3
    assert "it was not started: run `pulumi up --stack dev` again" in result.stdout


def test_report_shows_how_the_last_updates_went(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(declared("good", "fail"))
    for _ in range(2):
        project.up(None)  # the failed session runs again each time, the one that passed does not
    project.pulumi("refresh", "--yes", "--skip-preview")
    result = run(project, "report", "--history", "2")
    assert (result.returncode, "warning" in result.stderr) == (1, False)
    found = json.loads((project.folder / "reports/history.json").read_text(encoding="utf-8"))
    assert (found["updates"], found["unreadable_updates"]) == (2, 0)
    runs = {name: [run["outcome"] for run in each["runs"]] for name, each in found["sessions"].items()}
    assert runs == {"session-good": ["passed"], "session-fail": ["failed", "failed"]}
    assert [run["first_failed_ids"] for run in found["sessions"]["session-good"]["runs"]] == [["sc-1"]]
    assert {run["first_content"][:9] for run in found["sessions"]["session-fail"]["runs"]} == {"sha256v2:"}
    assert all(run["duration_ms"] > 0 for each in found["sessions"].values() for run in each["runs"])
    assert "The last 2 updates" in (project.folder / "reports/report.html").read_text(encoding="utf-8")
