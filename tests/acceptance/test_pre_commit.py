"""The hook as a team uses it: the real pre-commit installs this repository and rejects invalid declarations."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from addresses import REPOSITORY, VERSION

from tests.support.paths import ROOT
from tests.support.repository import commit_all, copy_of_the_repository, run_git

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.package
EXAMPLE = ROOT / "examples/agents"
WRONG = "sessions.yaml:6:3: defaults.max_iteration: unknown key; did you mean `max_iterations`?"


@pytest.fixture
def hooks(tmp_path: Path) -> tuple[Path, str]:
    """A repository with one commit of the files as they are now, and the id of that commit."""
    return copy_of_the_repository(tmp_path / "tornado-resource")


@pytest.fixture
def team(tmp_path: Path, hooks: tuple[Path, str]) -> Path:
    """The example's repository, whose pre-commit config has another address and revision."""
    folder = tmp_path / "agents"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("reports", ".venv", "__pycache__"))
    file = folder / ".pre-commit-config.yaml"
    text = file.read_text(encoding="utf-8")
    for printed, meant in ((REPOSITORY, str(hooks[0])), (f"v{VERSION}", hooks[1])):
        assert printed in text
        text = text.replace(printed, meant)
    file.write_text(text, encoding="utf-8")
    commit_all(folder)
    return folder


def test_the_hook_rejects_invalid_declarations_and_accepts_valid_ones(team: Path, tmp_path: Path) -> None:
    home = tmp_path / "pre-commit"
    run_git(team, "pre-commit", "install", home=home)
    declarations = team / "sessions.yaml"
    good = declarations.read_text(encoding="utf-8")
    declarations.write_text(good.replace("max_iterations: 5", "max_iteration: 5"), encoding="utf-8")
    printed = run_git(team, "git", "commit", "--all", "--message", "Wrong", expect=1, home=home)
    assert WRONG in printed.splitlines()
    declarations.write_text(good.replace("max_iterations: 5", "max_iterations: 4"), encoding="utf-8")
    assert "Passed" in run_git(team, "git", "commit", "--all", "--message", "Good", home=home)
    (team / "README.md").write_text("No declarations.", encoding="utf-8")
    assert "(no files to check)Skipped" in run_git(team, "git", "commit", "--all", "--message", "Other", home=home)
    assert run_git(team, "git", "log", "--format=%s").splitlines() == ["Other", "Good", "All"]
