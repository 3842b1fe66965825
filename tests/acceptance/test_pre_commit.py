"""The hook as a team uses it: the real pre-commit installs this repository and rejects invalid declarations."""

from __future__ import annotations

import re
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
WRONG = "sessions.yaml:7:3: defaults.max_iteration: unknown key; did you mean `max_iterations`?"


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
    assert run_git(team, "git", "log", "--format=%s").splitlines() == ["Good", "All"]

    prompt = team / "prompts/payment-plan.md"
    text = prompt.read_text(encoding="utf-8")
    for change, problem in (
        (lambda: prompt.write_text("", encoding="utf-8"), "empty"),
        (prompt.unlink, "no such file"),
    ):
        change()
        printed = run_git(team, "git", "commit", "--all", "--message", "Prompt", expect=1, home=home)
        assert re.search(f"sessions.yaml:[0-9:]+ scenarios.payment-plan.tester_persona_prompt.*{problem}", printed)
    prompt.write_text(f"{text}Be brief.\n", encoding="utf-8")
    run_git(team, "git", "commit", "--all", "--message", "Prompt", home=home)

    config = team / ".pre-commit-config.yaml"
    several = config.read_text(encoding="utf-8").replace("# args: [", "args: [")
    config.write_text(several, encoding="utf-8")
    for name in ("sales", "support"):
        (team / name).mkdir()
        (team / name / "sessions.yaml").write_text(f"version: 1\nsessions: {{{name}: {{}}}}\n", encoding="utf-8")
    run_git(team, "git", "add", ".")
    printed = run_git(team, "git", "commit", "--message", "Several", expect=1, home=home)
    assert all(f"{name}/sessions.yaml:2:12: sessions.{name}" in printed for name in ("sales", "support"))
