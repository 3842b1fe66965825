"""What `tornado-resource wait` prints and where, `--timeout`, and SIGTERM."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import jsonschema
import pytest

from tests.support.paths import ROOT
from tests.support.recorded_stack import FAILED, PASSED, RUNNING, record
from tornado_resource.cli import main
from tornado_resource.cli.live import HIDE_CURSOR
from tornado_resource.cli.output import ExitCode
from tornado_resource.cli.wait import _sigterm_as_ctrl_c

WAIT = ["wait", "--stack", "dev"]
RESUME = "To keep waiting, run `tornado-resource wait --stack dev`: what was started keeps running.\n"


def test_quiet_leaves_what_is_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    record(monkeypatch, {"booking": PASSED, "billing": FAILED})
    assert main([*WAIT, "--quiet"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("gate failed: 1 failed of 2 sessions\n  billing ")
    record(monkeypatch, {"booking": PASSED})
    assert main([*WAIT, "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_json_is_alone_on_stdout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    record(monkeypatch, {"booking": PASSED, "billing": FAILED})
    assert main([*WAIT, "--format", "json"]) == 1
    captured = capsys.readouterr()
    written = json.loads(captured.out)
    jsonschema.validate(written, json.loads((ROOT / "schemas/verdicts.schema.json").read_text(encoding="utf-8")))
    assert written["tally"] == {"passed": 1, "failed": 1, "incomplete": 0}
    lines = captured.err.splitlines()
    assert lines[0] == "waiting for 2 sessions of stack dev; Ctrl-C leaves them running"
    assert "booking passed: 1 of 1 scenario passed" in lines
    assert any(line.startswith("::error file=sessions.yaml") for line in lines)
    assert "gate failed: 1 failed of 2 sessions" in lines


def test_json_without_a_session_to_wait_for_is_a_report_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = record(monkeypatch, {"booking": PASSED}, ungated=["booking"])
    assert main([*WAIT, "--format", "json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["sessions"] == {}
    assert captured.err == "stack dev has no session or check run with a gate: nothing to wait for\n"
    assert paths == []


def test_a_timeout_is_incomplete_and_leaves_sessions_running(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = record(monkeypatch, {"booking": PASSED, "billing": RUNNING})
    assert main([*WAIT, "--timeout", "100ms", "--format", "json"]) == 3
    captured = capsys.readouterr()
    billing = json.loads(captured.out)["sessions"]["billing"]
    assert (billing["outcome"], billing["status"], billing["passed_scenarios"]) == ("incomplete", "RUNNING", 5)
    assert billing["reason"] == "no verdict before --timeout stopped the wait"
    assert "gate incomplete: 1 incomplete of 2 sessions\n" in captured.err
    assert captured.err.endswith(f"All verdicts: tornado-resource status --stack dev. {RESUME}")
    assert "pulumi up" not in captured.err, "one way to go on, and it holds with `tornado:wait false` too"
    assert not any(path.endswith("/cancel") for path in paths)


def test_a_wait_that_ends_in_time_says_nothing_of_the_timeout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record(monkeypatch, {"booking": FAILED})
    assert main([*WAIT, "--timeout", "1h"]) == 1
    assert RESUME not in capsys.readouterr().err


@pytest.mark.parametrize(("found", "code"), [(PASSED, ExitCode.INVALID), (FAILED, ExitCode.FAILED)])
@pytest.mark.parametrize("arguments", [WAIT, ["report", "--stack", "dev"]], ids=["wait", "report"])
def test_reports_that_cannot_be_written_are_invalid_after_the_gate(
    arguments: list[str],
    found: dict[str, Any],
    code: ExitCode,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is named in the config is the user's to mend, and the verdicts are known all the same."""
    folder = f"{__file__}/reports"
    record(monkeypatch, {"booking": found}, config={"tornado:reports": folder})
    assert main(arguments) == code
    assert f"the reports cannot be written to {folder}: Not a directory; name a folder" in capsys.readouterr().err
    assert "file that cannot be written" in ExitCode.INVALID.meaning
    assert "standard output" in ExitCode.INCOMPLETE.meaning


@pytest.mark.parametrize("text", ["soon", "10", "0s", "-5s", "1h30m"])
def test_a_timeout_is_a_number_above_0_with_a_unit(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WAIT, "--timeout", text]) == 2
    assert f"found '{text}', expected a number above 0 with a unit: 90s, 15m, 2h" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "is_coloured"),
    [("FORCE_COLOR=1", True), ("FORCE_COLOR=0", False), ("NO_COLOR=1", False), (None, False)],
    ids=str,
)
def test_colours_are_forced_or_left_out(
    variable: str | None, *, is_coloured: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(*variable.split("="))
    record(monkeypatch, {"booking": PASSED, "billing": FAILED})
    assert main(WAIT) == 1
    captured = capsys.readouterr()
    assert ("booking \x1b[32mpassed\x1b[0m: " in captured.out) is is_coloured
    assert captured.err.startswith("\x1b[31mgate failed: 1 failed of 2 sessions\x1b[0m\n") is is_coloured
    assert ("\x1b" in captured.out + captured.err) is is_coloured


@pytest.mark.parametrize(
    ("terminal", "arguments", "live"),
    [
        ("stdout", [], "out"),
        ("stderr", [], None),
        ("stdout", ["--quiet"], None),
        ("stdout", ["--format", "json"], None),
        ("stderr", ["--format", "json"], "err"),
    ],
)
def test_the_live_table_is_for_people_at_a_terminal(
    terminal: str,
    arguments: list[str],
    live: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    record(monkeypatch, {"booking": PASSED})
    monkeypatch.setattr(f"sys.{terminal}.isatty", lambda: True)
    for term in ("xterm", "dumb"):
        monkeypatch.setenv("TERM", term)
        assert main([*WAIT, *arguments]) == 0
        captured = capsys.readouterr()._asdict()
        has_table = [stream for stream, text in captured.items() if HIDE_CURSOR in text]
        assert has_table == ([live] if live is not None and term == "xterm" else [])
        if "json" in arguments:
            assert json.loads(captured["out"])["tally"]["passed"] == 1


def test_sigterm_ends_an_event_loop_like_ctrl_c() -> None:
    async def end() -> None:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt), _sigterm_as_ctrl_c():
        asyncio.run(end())


@pytest.mark.parametrize("ctrl_c", [signal.default_int_handler, signal.SIG_IGN])
def test_sigterm_ends_a_command_even_if_ctrl_c_is_ignored(ctrl_c: signal.Handlers) -> None:
    before = signal.signal(signal.SIGINT, ctrl_c)
    try:
        with pytest.raises(KeyboardInterrupt), _sigterm_as_ctrl_c():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_handler_of_sigterm_is_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with _sigterm_as_ctrl_c():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
