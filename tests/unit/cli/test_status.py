"""What `tornado-resource status` shows, sessions without a gate included."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import jsonschema

from tests.support.paths import ROOT
from tests.support.recorded_stack import FAILED, PASSED, RUNNING, checked, record
from tests.support.results import gated_run_of, result_of, status_of
from tornado_resource.cli import main
from tornado_resource.errors import ApiError
from tornado_resource.stacks.reader import Stack
from tornado_resource.stacks.recorded_verdicts import carried_results

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tornado_resource.bland.client import Client
    from tornado_resource.runs.order import Run

INTERRUPTED = "its start was interrupted: run `pulumi up --stack dev` again, which records the session if one runs"
NOT_STARTED = "it was not started: run `pulumi up --stack dev` again"
STATUS = ["status", "--stack", "dev"]


def test_sessions_without_a_gate_are_shown_last_and_change_no_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    statuses = {"canary": RUNNING, "booking": PASSED, "other": {"status": "QUEUED"}}
    record(monkeypatch, statuses, ungated=["canary", "other"])
    assert main(STATUS) == 0
    assert capsys.readouterr().out.splitlines() == [
        "booking  passed      s-booking  COMPLETED_ALL_PASSED: 1 of 1 scenario passed",
        "canary   no gate     s-canary  RUNNING iteration 2: 5 of 8 scenarios passed",
        "other    no gate     s-other  QUEUED",
    ]


def test_what_is_not_known_of_a_session_without_a_gate_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    statuses = {"a": 401, "b": 404, "c": PASSED, "d": PASSED}
    record(monkeypatch, statuses, ungated="abcd", replaced="cd", interrupted="d")
    assert main(STATUS) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("a  no gate     s-a  unknown: the API request failed: status of session s-a: HTTP 401")
    assert lines[1:] == [
        "b  no gate     s-b  unknown: the API no longer knows it",
        "c  no gate     s-c  unknown: it was deleted for a replacement that was not started",
        f"d  no gate     s-d  unknown: {INTERRUPTED}",
    ]


def test_no_command_shows_a_secret_pathway_in_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repaired = {**PASSED, "forked_version": 7}
    record(monkeypatch, {"a": repaired, "b": 404}, ungated="b", is_secret=True)
    monkeypatch.setattr("tornado_resource.runs.existence.status_or_gone", fails)
    assert main(STATUS) == 0
    assert main(["diff", "--stack", "dev"]) == 3
    shown = "".join(capsys.readouterr())
    assert "b  no gate     s-b  unknown: the API request failed: active session of pathway [secret]: HTTP 500" in shown
    assert "the API does not show version 7 of pathway [secret]" in shown


async def fails(_client: Client, run: Run) -> None:
    label = f"active session of pathway {run.request['pathway_id']}"
    raise ApiError(label, "HTTP 500")


def test_a_session_whose_start_was_interrupted_is_one_incomplete_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = record(monkeypatch, {"a": PASSED, "b": PASSED}, replaced="ab", interrupted="a")
    assert main(STATUS) == 3
    assert capsys.readouterr().out.splitlines() == [
        f"a  incomplete    unknown: {INTERRUPTED}",
        f"b  incomplete    unknown: {NOT_STARTED}",
    ]
    assert paths == []


def test_json_is_the_report_with_the_sessions_without_a_gate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record(monkeypatch, {"booking": FAILED, "canary": RUNNING, "gone": 404}, ungated=["canary", "gone"])
    assert main([*STATUS, "--format", "json"]) == 1
    written = json.loads(capsys.readouterr().out)
    without_gate = written.pop("without_gate")
    jsonschema.validate(written, json.loads((ROOT / "schemas/verdicts.schema.json").read_text(encoding="utf-8")))
    assert list(written["sessions"]) == ["booking"]
    canary, gone = without_gate.values()
    assert canary == {
        "kind": "tornado",
        "session_id": "s-canary",
        "pathway_id": "c3d4e5f6-789a-bcde-f012-34567890abcd",
        "agent_id": None,
        "env": None,
        "status": "RUNNING",
        "problem": None,
    }
    assert (gone["status"], gone["problem"]) == (None, "the API no longer knows it")


MISSED = "0 of 1 judge met the gate: resolved matched 40%, the gate requires 50%"
MIXED = {"booking": PASSED, "sales": checked("sales", "FAILED", 0.4), "canary": checked("canary", "RUNNING")}


def test_sessions_and_check_runs_have_one_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    statuses = {**MIXED, "support": checked("support"), "gone": 404}
    paths = record(monkeypatch, statuses, check_runs=[*MIXED, "support", "gone"][1:], ungated=["canary", "gone"])
    assert main(STATUS) == 1
    assert capsys.readouterr().out.splitlines() == [
        "booking  passed      s-booking  COMPLETED_ALL_PASSED: 1 of 1 scenario passed",
        f"sales    failed      s-sales  FAILED: {MISSED} (version v-2, 1.4.0)",
        "support  passed      s-support  PASSED: 1 of 1 judge met the gate (version v-2, 1.4.0)",
        "canary   no gate     s-canary  RUNNING",
        "gone     no gate     s-gone  unknown: the API no longer knows it",
    ]
    assert "/v2/agents/ag-sales/check-runs/s-sales" in paths


def test_agents_alone_have_a_status_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    statuses = {"sales": checked("sales", "RUNNING"), "cut": checked("cut"), "canary": checked("canary", "ERROR")}
    record(monkeypatch, statuses, check_runs=statuses, ungated=["canary"], replaced=["cut"], interrupted=["cut"])
    assert main(STATUS) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "sales   incomplete  s-sales  RUNNING: it is still running (version v-2, 1.4.0)",
        f"cut     incomplete    unknown: {INTERRUPTED.replace('session', 'check run')} (version v-2)",
        "canary  no gate     s-canary  ERROR",
    ]


def test_what_passed_in_another_stack_counts_in_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    paths = record(monkeypatch, {})
    passed = result_of(gated_run_of("booking", "s-1"), status_of("COMPLETED_ALL_PASSED", ("a",), ())).verdict
    reason = "it passed in stack organization/agents/staging, and is not tested again (retest: false)"
    carried = replace(passed, reason=reason, promoted=True, promoted_from="organization/agents/staging").as_output()
    outputs = {"verdicts": {"booking": carried}, "sessions": {"booking": {"pathway_id": "pw-1"}}}
    stack = Stack("dev", {"bland:apiKey": "a-long-key"}, carried=tuple(carried_results(outputs)))
    monkeypatch.setattr("tornado_resource.cli.stack.read_stack", lambda _name: stack)
    assert main(STATUS) == 0
    assert capsys.readouterr().out == f"booking  passed      s-1  COMPLETED_ALL_PASSED: {reason}\n"
    assert main(["wait", "--stack", "dev", "--format", "json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["sessions"]["booking"]["promoted"] is True
    assert "nothing to wait for" not in captured.err
    assert main(["report", "--stack", "dev", "--folder", str(tmp_path)]) == 0
    assert reason in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert paths == []
    monkeypatch.setattr("tornado_resource.cli.stack.read_stack", lambda _name: replace(stack, carried=()))
    assert main(STATUS) == 2
    assert "stack dev has recorded no session or check run" in capsys.readouterr().err


def test_json_says_which_agent_and_shows_none_that_is_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record(monkeypatch, MIXED, check_runs=["sales", "canary"], ungated=["canary"], is_secret=True)
    assert main([*STATUS, "--format", "json"]) == 1
    written = json.loads(capsys.readouterr().out)
    canary = written.pop("without_gate")["canary"]
    jsonschema.validate(written, json.loads((ROOT / "schemas/verdicts.schema.json").read_text(encoding="utf-8")))
    assert canary == {
        "kind": "check_run",
        "session_id": "s-canary",
        "pathway_id": None,
        "agent_id": "[secret]",
        "env": "staging",
        "status": "RUNNING",
        "problem": None,
    }
    assert written["sessions"]["sales"]["agent_id"] == "[secret]"


def test_quiet_shows_only_what_has_not_passed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record(monkeypatch, {"booking": PASSED, "billing": FAILED, "canary": RUNNING}, ungated=["canary"])
    assert main([*STATUS, "--quiet"]) == 1
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("billing  failed ")
    record(monkeypatch, {"booking": PASSED})
    assert main([*STATUS, "-q"]) == 0
    assert capsys.readouterr() == ("", "")
