"""The hook as a team uses it: the real pre-commit installs this repository and rejects invalid declarations."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

EXAMPLE = ROOT / "examples/agents"
INSTALL_SECONDS = 300
WRONG = "sessions.yaml:6:3: defaults.max_iteration: unknown key; did you mean `max_iterations`?"
IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def run(folder: Path, *command: str, home: Path | None = None, expect: int = 0) -> str:
    """Run a command without the variables of a hook that may run these tests, and return all that it printed.

    *home* is the folder for the hooks that pre-commit installs.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PRE_COMMIT"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command,
        cwd=folder,
        env={**inherited, **IDENTITY, "PATH": path, **({"PRE_COMMIT_HOME": str(home)} if home else {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    assert result.returncode == expect, f"exit {result.returncode}\n{result.stdout}"
    return result.stdout.strip()


@pytest.fixture
def hooks(tmp_path: Path) -> tuple[Path, str]:
    """A repository with one commit of the files as they are now, and the id of that commit."""
    folder = tmp_path / "tornado-resource"
    tracked = run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(None, tracked):
        if os.path.lexists(ROOT / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder, commit_all(folder)


@pytest.fixture
def team(tmp_path: Path, hooks: tuple[Path, str]) -> Path:
    """The example's repository, whose pre-commit config has another address and revision."""
    folder = tmp_path / "agents"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("reports", ".venv", "__pycache__"))
    file = folder / ".pre-commit-config.yaml"
    text = file.read_text(encoding="utf-8")
    for printed, meant in (("https://git.example.com/tornado-resource", str(hooks[0])), ("v0.1.0", hooks[1])):
        assert printed in text
        text = text.replace(printed, meant)
    file.write_text(text, encoding="utf-8")
    commit_all(folder)
    return folder


def commit_all(folder: Path) -> str:
    run(folder, "git", "init", "--quiet")
    run(folder, "git", "add", "--all")
    run(folder, "git", "commit", "--quiet", "--message", "All")
    return run(folder, "git", "rev-parse", "HEAD")


def test_the_hook_rejects_invalid_declarations_and_accepts_valid_ones(team: Path, tmp_path: Path) -> None:
    home = tmp_path / "pre-commit"
    run(team, "pre-commit", "install", home=home)
    declarations = team / "sessions.yaml"
    good = declarations.read_text(encoding="utf-8")
    declarations.write_text(good.replace("max_iterations: 5", "max_iteration: 5"), encoding="utf-8")
    printed = run(team, "git", "commit", "--all", "--message", "Wrong", expect=1, home=home)
    assert WRONG in printed.splitlines()
    declarations.write_text(good.replace("max_iterations: 5", "max_iterations: 4"), encoding="utf-8")
    assert "Passed" in run(team, "git", "commit", "--all", "--message", "Good", home=home)
    (team / "README.md").write_text("No declarations.", encoding="utf-8")
    assert "(no files to check)Skipped" in run(team, "git", "commit", "--all", "--message", "Other", home=home)
    assert run(team, "git", "log", "--format=%s").splitlines() == ["Other", "Good", "All"]
