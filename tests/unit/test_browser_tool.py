from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = Path(__file__).parents[2] / "tools/browser.py"
    spec = importlib.util.spec_from_file_location("browser_tool", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "browser_tool", module)
    spec.loader.exec_module(module)
    return module


def on_path(monkeypatch: pytest.MonkeyPatch, tool: ModuleType, *programs: str) -> None:
    monkeypatch.setattr(tool.shutil, "which", lambda name: f"/bin/{name}" if name in programs else None)


def test_a_browser_on_path_is_taken(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path(monkeypatch, tool, "google-chrome")
    assert tool.find() == "/bin/google-chrome"
    assert tool.main() == 0


def test_without_apt_it_says_what_to_install(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_path(monkeypatch, tool)
    assert tool.main() == 1
    assert "install Chromium, then run this again" in capsys.readouterr().err


@pytest.mark.parametrize("fails_at", ["update", "install", None])
def test_with_apt_it_installs_and_says_when_that_fails(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fails_at: str | None
) -> None:
    ran: list[str] = []

    def run(command: list[str], **_options: Any) -> Any:
        ran.append(command[2])
        return tool.subprocess.CompletedProcess(command, 100 if command[2] == fails_at else 0)

    on_path(monkeypatch, tool, "apt-get")
    monkeypatch.setattr(tool.os, "geteuid", lambda: 0)
    monkeypatch.setattr(tool.subprocess, "run", run)
    assert tool.main() == (0 if fails_at is None else 1)
    assert ran == (["update"] if fails_at == "update" else ["update", "install"])
    assert ("failed with 100" in capsys.readouterr().err) == (fails_at is not None)
