from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import editor
import programs
import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(editor, "FOLDER", tmp_path / "editor")
    return tmp_path / "editor"


def stand_in_for_npm(monkeypatch: pytest.MonkeyPatch, code: int = 0) -> list[list[str]]:
    ran: list[list[str]] = []

    def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, code, "", "npm error network\n")

    monkeypatch.setattr(subprocess, "run", run)
    return ran


def test_what_the_lock_names_is_installed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = stand_in_for_npm(monkeypatch)
    editor.prepare()
    editor.prepare()
    assert [command[:2] for command in ran] == [["npm", "ci"]]
    assert "--ignore-scripts" in ran[0]
    assert (folder / "package-lock.json").read_bytes() == (editor.SOURCE / "package-lock.json").read_bytes()
    (folder / "installed-from").write_text("an older lock", encoding="utf-8")
    editor.prepare()
    assert len(ran) == 2


def test_a_failed_install_is_reported_and_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(programs, "PROGRAMS", ())
    ran = stand_in_for_npm(monkeypatch, code=1)
    assert [programs.main(), programs.main()] == [1, 1]
    assert len(ran) == 2
    printed = capsys.readouterr().err
    assert "failed (is an npm registry reachable from here?)\nnpm error network\n" in printed
    assert not (folder / "installed-from").exists()


def test_every_package_is_pinned_by_its_hash_and_names_no_registry() -> None:
    lock = json.loads((editor.SOURCE / "package-lock.json").read_text(encoding="utf-8"))
    declared = json.loads((editor.SOURCE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())
    assert {name: packages[f"node_modules/{name}"]["version"] for name in declared} == declared
