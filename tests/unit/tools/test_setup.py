"""The decisions that the set-up makes. CI, which starts from an empty machine, tests the rest."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import engine
import pytest
import setup

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small `.venv` that is complete."""
    venv = tmp_path / ".venv"
    monkeypatch.setattr(setup, "VENV", venv)
    site = venv / "lib/python3.11/site-packages"
    (site / "thing-1.dist-info").mkdir(parents=True)
    (site / "thing.py").write_text("x = 1\n", encoding="utf-8")
    (site / "thing-1.dist-info/RECORD").write_text(
        "thing.py,sha256=x,6\nthing-1.dist-info/RECORD,,\n", encoding="utf-8"
    )
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(sys.executable)
    setup._stamp().write_text(setup._fingerprint(), encoding="utf-8")
    return venv


def test_a_complete_install_has_no_fault(venv: Path) -> None:
    assert venv.exists()
    assert setup.find_fault() is None


def test_a_missing_truncated_or_unfinished_install_is_a_fault(venv: Path) -> None:
    module = venv / "lib/python3.11/site-packages/thing.py"
    module.write_text("x", encoding="utf-8")
    assert setup.find_fault() == "thing.py of thing-1 is missing or damaged"
    module.unlink()
    assert setup.find_fault() == "thing.py of thing-1 is missing or damaged"
    setup._stamp().write_text("older", encoding="utf-8")
    assert setup.find_fault() == "the install is incomplete or older than the lock file"
    (venv / "bin/python").unlink()
    assert setup.find_fault() == ".venv has no working Python"


def test_a_python_that_does_not_start_is_a_fault(venv: Path) -> None:
    (venv / "bin/python").unlink()
    (venv / "bin/python").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (venv / "bin/python").chmod(0o755)
    assert setup.find_fault() == "the Python of .venv does not start"


def fake_command(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho {text}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def test_commands_on_path_are_used_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_command(tmp_path / "official", "pulumi", "v9.9.9")
    fake_command(tmp_path / "official", "pulumi-language-python", "")
    monkeypatch.setenv("PATH", f"{tmp_path / 'official'}:/usr/bin:/bin")
    printed: list[str] = []
    assert engine.prepare(tmp_path / "bin", say=printed.append).startswith("pulumi v9.9.9 from PATH")
    assert printed == []


@pytest.mark.parametrize(("path", "is_built"), [("sdk/v3/python/cmd", True), ("sdk/python/cmd", False)])
def test_a_language_host_that_was_built_is_recognised(path: str, tmp_path: Path, *, is_built: bool) -> None:
    assert not engine.is_built_here(tmp_path)
    note = f"go1.25\npath\tgithub.com/pulumi/pulumi/{path}/pulumi-language-python\nmod"
    fake_command(tmp_path, "pulumi-language-python", note)
    assert engine.is_built_here(tmp_path) is is_built


@pytest.mark.parametrize("go", [None, "go version go1.22.3 linux/amd64"])
def test_without_an_engine_or_go_one_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go: str | None
) -> None:
    (tmp_path / "path").mkdir()
    if go is not None:
        fake_command(tmp_path / "path", "go", go)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(engine, "_install_release", lambda _root: False)
    with pytest.raises(engine.EngineError, match=r"install one of: Pulumi .* or Go 1\.25\.11 or newer"):
        engine.prepare(tmp_path / "bin", say=lambda _text: None)


def test_a_partly_built_engine_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    home = tmp_path / "cache/tornado-resource/engine"
    fake_command(home / engine._key(), "pulumi", "half")
    (home / "unfinished-x").mkdir()
    monkeypatch.setattr(engine, "_install_release", lambda _root: False)
    builds: list[Path] = []

    def build(target: Path, _say: engine.Say) -> None:
        builds.append(target)
        for name in engine.FILES:
            fake_command(target, name, "v1.2.3")

    monkeypatch.setattr(engine, "_build", build)
    (tmp_path / "bin").mkdir()
    for _ in range(2):
        assert engine.prepare(tmp_path / "bin", say=lambda _text: None).startswith("pulumi v1.2.3")
    assert len(builds) == 1
    assert not (home / "unfinished-x").exists()
    assert not (tmp_path / "bin/pulumi").is_symlink()


def test_the_lock_has_a_hash_for_every_package_and_no_index() -> None:
    lock = setup.LOCK.read_text(encoding="utf-8")
    packages = [block for block in lock.split("\n") if "==" in block]
    assert len(packages) > 40
    assert all(line.rstrip().endswith("\\") for line in packages)
    assert "index-url" not in lock
    assert subprocess.run(["git", "check-ignore", ".venv/"], cwd=setup.ROOT, check=False).returncode in {0, 128}
