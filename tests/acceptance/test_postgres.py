"""State in PostgreSQL: two machines on one backend, with the real engine and a real server."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.crashes import Victim, crash
from tests.support.postgres import PASSWORD, USER
from tests.support.project import PULUMI_SECONDS, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import Server
    from tests.support.project import Project

ONE = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n"
TWO = ONE + "  billing: {pathway_id: pw-fail}\n"
STACKS = ONE + "environments:\n  dev: {}\n  staging: {sessions: {support-line: {pathway_id: pw-2}}}\n"
SCRIPT = """\
pathways:
  pw-fail: {scenarios: [{id: sc-1}, {id: sc-2}], failing: [2, [sc-1]]}
  "*": {scenarios: [{id: sc-1}, {id: sc-2}], failing: [1, 0]}
"""
LOCKED = "error: the stack is currently locked by 1 lock(s)."
CLI = Victim("cli")


@pytest.fixture
def make_machine(
    make_project: Callable[..., Project], postgres_server: Server, tmp_path: Path
) -> Iterator[Callable[..., Project]]:
    """Make the first machine of a project with its state in a fresh database; no file of ours gets the password."""

    def make(**options: Any) -> Project:
        return make_project(script=SCRIPT, backend=postgres_server.database(), **options)

    yield make
    # Pulumi's own home is left out: `pulumi stack init` notes the URL there.
    ours = [path for path in tmp_path.rglob("*") if path.is_file() and "pulumi-home" not in path.parts]
    assert [path for path in ours if PASSWORD.encode() in path.read_bytes()] == []


def run(project: Project, *arguments: str) -> tuple[int, str]:
    """Run a command as a user does; give its exit code and all that it printed, which never holds the password."""
    code, printed = project.run(*arguments)
    assert PASSWORD not in printed
    return code, printed


def end(*processes: subprocess.Popen[str]) -> list[tuple[int, str]]:
    """Wait for `pulumi up`s to end; give their exit codes and all that they printed."""
    ended = []
    for process in processes:
        printed, _ = process.communicate(timeout=PULUMI_SECONDS)
        assert PASSWORD not in printed
        assert "Traceback" not in printed
        ended.append((process.returncode, printed))
    return ended


def recorded(project: Project) -> list[str]:
    return sorted(resource["id"] for resource in project.resources())


def started(project: Project) -> list[str]:
    return sorted(row["session_id"] for row in project.sessions())


def test_another_machine_waits_reports_updates_and_destroys(make_machine: Callable[..., Project]) -> None:
    here = make_machine(speed=1000)
    here.declare(TWO)
    here.configure("tornado:wait", "false")
    printed = here.up()
    there = here.on_another_machine()
    code, said = run(there, "tornado-resource", "wait", "--stack", "dev")
    assert code == 1
    assert "support-line passed: 2 of 2 scenarios passed" in said
    code, said = run(there, "tornado-resource", "status", "--stack", "dev", "--format", "json")
    assert code == 1
    assert json.loads(said)["tally"] == {"passed": 1, "failed": 1, "incomplete": 0}
    assert len(here.requests("POST")) == 2
    without_a_history_report_reads_the_files_that_were_kept(there)

    there.configure("tornado:wait", "true")
    there.declare(ONE)
    printed += there.up()
    assert len(here.requests("/start")) == 2
    assert recorded(here) == recorded(there)
    assert [there.outputs()["verdicts"]["support-line"][key] for key in ("outcome", "session_id")] == [
        "passed",
        *recorded(there),
    ]
    printed += there.pulumi("destroy", "--yes", "--skip-preview")
    assert recorded(here) == []
    assert len(here.requests("POST")) == 2
    assert PASSWORD not in printed


def without_a_history_report_reads_the_files_that_were_kept(machine: Project) -> None:
    code, printed = run(machine, "tornado-resource", "report", "--stack", "dev", "--history", "5")
    assert code == 1
    assert "warning: the backend postgres shows no past states: --history needs Pulumi Cloud" in printed
    assert (machine.folder / "reports/report.html").exists()
    assert not (machine.folder / "reports/history.json").exists()
    kept = ("report", "--stack", "dev", "--history", "5", "--from", "reports", "--folder", "new")
    code, printed = run(machine, "tornado-resource", *kept)
    assert (code, printed.splitlines()[-1]) == (1, "flaky over the last update: 0 of 4 scenarios")
    found = json.loads((machine.folder / "new/history.json").read_text(encoding="utf-8"))
    assert [len(each["runs"]) for each in found["sessions"].values()] == [1, 1]


def test_after_a_kill_in_the_wait_another_machine_goes_on(make_machine: Callable[..., Project]) -> None:
    here = make_machine()
    here.declare(TWO)
    crash(here, CLI, lambda: len(here.requests("/status")) >= 2)
    there = here.on_another_machine()
    _, printed = run(there, "tornado-resource", "doctor")
    assert "support-line (pathway pw-1)" in printed
    assert "Traceback" not in printed
    there.pulumi("cancel", "--yes")
    code, printed = there.up_of_held_sessions()  # a failed session that had ended before would run again
    assert (code != 0, "gate failed: 1 failed of 2 sessions" in printed) == (True, True)
    assert PASSWORD not in printed
    verdicts = there.outputs()["verdicts"]
    assert {name: verdict["outcome"] for name, verdict in verdicts.items()} == {
        "support-line": "passed",
        "billing": "failed",
    }
    assert len(here.requests("/start")) == 2
    assert recorded(there) == started(here)


def test_after_a_kill_in_a_start_another_machine_meets_a_conflict(make_machine: Callable[..., Project]) -> None:
    here = make_machine()
    here.declare(ONE.replace("pw-1", "pw-1, gate: none"))
    here.fail(kind="delay_after", seconds=1.0, path="/start")
    crash(here, CLI, lambda: bool(here.sessions()))
    assert len(list(here.state_home.rglob("*.json"))) == 1
    there = here.on_another_machine()
    there.pulumi("cancel", "--yes")
    (session_id,) = started(here)
    printed = there.up(expect=None)
    assert f"session {session_id} is already active on pathway pw-1" in printed
    assert f"pulumi config set --path tornado:adopt.support-line {session_id} --stack dev && pulumi up" in printed
    assert "Traceback" not in printed
    there.configure("tornado:adopt.support-line", session_id)
    there.up()
    assert started(here) == recorded(there) == [session_id]
    assert there.outputs()["sessions"]["support-line"]["adopted"] is True


def test_two_stacks_at_once_from_two_machines(make_machine: Callable[..., Project]) -> None:
    here = make_machine(speed=1000)
    here.declare(STACKS)
    there = replace(here.on_another_machine(), stack="staging")
    there.init()
    ended = end(here.begin_up(), there.begin_up())
    assert [code for code, _ in ended] == [0, 0]
    assert sorted(body["pathway_id"] for body in here.bodies()) == ["pw-1", "pw-2"]
    assert sorted(recorded(here) + recorded(there)) == started(here)


def test_two_machines_that_update_one_stack_start_one_session(
    make_machine: Callable[..., Project],
) -> None:
    here = make_machine(speed=1000)
    here.declare(ONE)
    there = here.on_another_machine()
    here.fail(kind="delay_after", seconds=3600, path="/start")
    first = here.begin_up()
    until(here.sessions)
    ((code, printed),) = end(there.begin_up())
    assert first.poll() is None
    assert code != 0
    assert LOCKED in printed
    assert "delete the lock file with `pulumi cancel`" in printed
    here.http.delete("/_sandbox/faults")
    assert end(first)[0][0] == 0
    assert len(here.requests("/start")) == 1
    assert recorded(there) == started(here)


def test_a_password_shows_in_no_error_wherever_it_is(
    make_machine: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    here = make_machine(speed=1000)
    here.declare(ONE)
    here = replace(here, backend=here.backend.replace(f"{USER}:{PASSWORD}@", f"{USER}@"))
    assert PASSWORD not in here.up(TORNADO_DEBUG="1")
    assert run(here, "pulumi", "whoami", "--verbose")[0] == 0
    gone = replace(here, backend=f"postgres://{USER}@127.0.0.1:1/nowhere?sslmode=disable")
    assert PASSWORD not in gone.up(expect=None)
    code, printed = run(gone, "tornado-resource", "doctor")
    assert (code, "failed to ping PostgreSQL" in printed) == (3, True)
    in_the_url = replace(here, backend=f"postgres://{USER}:{PASSWORD}@127.0.0.1:1/nowhere?sslmode=disable")
    for command in ("wait", "status", "doctor"):
        code, printed = run(in_the_url, "tornado-resource", command)  # it looks for the password itself
        assert code == 3
        assert 'unable to open state database "postgres://127.0.0.1:1/nowhere?sslmode=disable"' in printed


def test_many_stacks_are_listed(make_machine: Callable[..., Project]) -> None:
    here = make_machine()
    here.declare(ONE)
    for number in range(min(2 * (os.cpu_count() or 1), 10)):  # where it hangs: two connections a core, ten readers
        replace(here, stack=f"stack-{number}").init()
    code, printed = run(here, "tornado-resource", "doctor")
    assert (code, "free      support-line (pathway pw-1): no session runs" in printed) == (0, True)
