from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import editor
import programs
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Put programs on a PATH that has no others."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "PROGRAMS", (programs.BROWSER, programs.SHELLCHECK))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(editor, "prepare", lambda: None)

    def install(*names: str) -> None:
        for name in names:
            (tmp_path / name).touch(mode=0o755)

    return install


def stand_in_for_apt(
    monkeypatch: pytest.MonkeyPatch, *, fails_at: str | None = None, effect: Callable[[], None] = lambda: None
) -> list[list[str]]:
    """Record how apt-get is called; *effect* is called by an install."""
    ran: list[list[str]] = []

    def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        arguments = command[command.index("-qq") + 1 :]
        ran.append([arguments[0], *(word for word in arguments[1:] if not word.startswith("-"))])
        if arguments[0] == "install":
            effect()
        return subprocess.CompletedProcess(command, 100 if arguments[0] == fails_at else 0)

    monkeypatch.setattr(subprocess, "run", run)
    return ran


def test_a_browser_of_any_known_name_is_found(install: Callable[..., None], tmp_path: Path) -> None:
    install("google-chrome", "shellcheck")
    assert programs.BROWSER.find() == str(tmp_path / "google-chrome")
    assert programs.main() == 0


def test_a_server_outside_the_path_is_found_newest_first(install: Callable[..., None], tmp_path: Path) -> None:
    for version in ("9", "15", "13"):
        (tmp_path / f"lib/{version}/bin").mkdir(parents=True)
        (tmp_path / f"lib/{version}/bin/initdb").touch(mode=0o755)
    pattern = str(tmp_path.relative_to("/") / "lib/*/bin")
    program = programs.Program("a server", "server", ("initdb",), folders=pattern)
    assert program.find() == str(tmp_path / "lib/15/bin/initdb")
    install("initdb")
    assert program.find() == str(tmp_path / "initdb")


def test_without_apt_the_message_says_what_to_install(
    install: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    install("chromium")
    assert programs.main() == 1
    message = "programs: the tests need ShellCheck: not on PATH, and there is no apt-get to install it. Install by hand"
    assert capsys.readouterr().err.startswith(message)


def test_without_root_the_message_says_what_to_run_as_root(
    install: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install("apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert programs.main() == 1
    printed = capsys.readouterr().err
    assert "the tests need Chromium and ShellCheck" in printed
    assert "only root may run apt-get install chromium shellcheck" in printed


def test_apt_installs_only_what_is_missing(install: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    install("apt-get", "chromium")
    ran = stand_in_for_apt(monkeypatch, effect=lambda: install("shellcheck"))
    assert programs.main() == 0
    assert ran == [["update"], ["install", "shellcheck"]]


@pytest.mark.parametrize("fails_at", ["update", "install"])
def test_a_failure_of_apt_is_reported(
    install: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fails_at: str,
) -> None:
    install("apt-get")
    ran = stand_in_for_apt(monkeypatch, fails_at=fails_at)
    assert programs.main() == 1
    assert ran[-1][0] == fails_at
    assert f"apt-get {fails_at} failed with 100" in capsys.readouterr().err


def test_a_package_without_the_program_is_reported(
    install: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install("apt-get", "shellcheck")
    stand_in_for_apt(monkeypatch)
    assert programs.main() == 1
    assert "the tests need Chromium: the packages are installed, but" in capsys.readouterr().err
