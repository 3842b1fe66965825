"""What `tornado-resource report` and `wait` say beside the verdicts: of another stack, and of kept files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.recorded_stack import FAILED, PASSED, record
from tornado_resource.cli import main, stack
from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.baseline import EMPTY, ITSELF, UNREADABLE
from tornado_resource.stacks.recorded import Recorded

if TYPE_CHECKING:
    from pathlib import Path

REPORT = ["report", "--stack", "dev", "--folder"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks that are read to be compared with."""
    names: list[str] = []

    def read_recorded(name: str) -> Recorded:
        names.append(name)
        if name == "gone":
            message = "no stack named 'gone' found"
            raise ConfigurationError(message)
        return Recorded()

    record(monkeypatch, {"booking": PASSED, "billing": FAILED})
    monkeypatch.setattr(stack, "read_recorded", read_recorded)
    return names


@pytest.mark.parametrize(
    ("name", "problem"), [("main", EMPTY), ("acme/agents/main", EMPTY), ("gone", UNREADABLE), ("dev", ITSELF)]
)
def test_another_stack_changes_no_exit_code(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, problem: str
) -> None:
    assert main([*REPORT, str(tmp_path), "--against", name]) == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines()[-1] == f"against stack {name}: {problem}"
    assert ("warning: cannot compare with stack gone: no stack named" in captured.err) is (name == "gone")
    written = json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"))
    assert written["baseline"] == {"stack": name, "problem": problem, "sessions": {}}
    assert asked == ([] if problem == ITSELF else [name])


def test_the_config_names_the_other_stack_for_wait_too(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    record(monkeypatch, {"booking": PASSED, "billing": FAILED}, config={"tornado:baseline": "main"})
    assert main(["wait", "--stack", "dev"]) == 1
    assert main([*REPORT, str(tmp_path)]) == 1
    assert main([*REPORT, str(tmp_path), "--against", "other"]) == 1
    assert asked == ["main", "main", "other"]
    assert main(["wait", "--stack", "dev", "--quiet"]) == 1
    assert capsys.readouterr().out.count("against stack main: ") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--against", "agents/main"], "expected a stack of this project, or organization/project/stack"),
        (["--against", "main --yes"], "expected a stack of this project, or organization/project/stack"),
        (["--from", "kept"], "--from needs --history N"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main([*REPORT, str(tmp_path / "reports"), *options]) == 2
    assert message in capsys.readouterr().err
    assert (asked, (tmp_path / "reports").exists()) == ([], False)


def test_kept_files_that_are_left_out_are_named(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    assert main([*REPORT, str(kept)]) == 1
    assert asked == []
    own = json.loads((kept / "verdicts.json").read_text(encoding="utf-8"))
    for number in range(7):
        (kept / f"verdicts-other-{number}.json").write_text(json.dumps(own | {"stack": f"s{number}"}), encoding="utf-8")
        (kept / f"verdicts-cut-{number}.json").write_text("{", encoding="utf-8")
    capsys.readouterr()
    assert main([*REPORT, str(tmp_path / "new"), "--history", "5", "--from", str(kept)]) == 1
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert warnings[0] == f"warning: left out 7 files in {kept}, of other stacks: /s0, /s1, /s2, /s3, /s4 and others"
    assert warnings[1].startswith(f"warning: {kept}/verdicts-cut-0.json cannot be read: it is not JSON")
    assert warnings[-1] == "warning: 2 more files cannot be read"
    history = json.loads((tmp_path / "new/history.json").read_text(encoding="utf-8"))
    assert (history["updates"], history["unreadable_updates"]) == (8, 7)
    assert main([*REPORT, str(tmp_path / "new"), "--history", "5", "--from", str(tmp_path / "none")]) == 1
    assert f"warning: --from {tmp_path}/none has no file named verdicts*.json" in capsys.readouterr().err
