"""CI leaves out `make package` only where it knows that nothing has changed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import pytest
import unpackaged

from tests.support.paths import ROOT
from tests.support.repository import IDENTITY

if TYPE_CHECKING:
    from pathlib import Path

DAY: Final = 24 * 3600
LAST: Final = 1_800_000_000


def commit(folder: Path, name: str, days_ago: int) -> None:
    (folder / name).write_text(f"{days_ago} days ago", encoding="utf-8")
    date = {"GIT_COMMITTER_DATE": f"{LAST - days_ago * DAY} +0000"}
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", name)):
        subprocess.run(["git", *command], cwd=folder, env={"PATH": "/usr/bin:/bin", **IDENTITY, **date}, check=True)


@pytest.mark.parametrize(
    ("commits", "is_unchanged"),
    [
        ((("pyproject.toml", 9), ("README.md", 8), ("README.md", 0)), True),
        ((("README.md", 8), ("pyproject.toml", 3), ("README.md", 0)), False),
        ((("README.md", 8), ("pyproject.toml", 0)), False),
        ((("pyproject.toml", 5), ("README.md", 0)), False),
    ],
    ids=["older", "in the week", "in the last commit", "no commit is old enough"],
)
def test_a_change_in_the_week_before_the_last_commit_counts(
    tmp_path: Path,
    commits: tuple[tuple[str, int], ...],
    is_unchanged: bool,  # noqa: FBT001
) -> None:
    for name, days_ago in commits:
        commit(tmp_path, name, days_ago)
    assert unpackaged.unchanged(tmp_path)[0] is is_unchanged


def test_ci_can_name_the_base(tmp_path: Path) -> None:
    for number, name in enumerate(("pyproject.toml", "README.md", "LICENSE")):
        commit(tmp_path, name, 2 - number)
    assert unpackaged.unchanged(tmp_path, "HEAD~1")[0]
    assert unpackaged.unchanged(tmp_path, "0" * 40)[0] is False


def test_without_a_repository_it_is_unknown(tmp_path: Path) -> None:
    assert unpackaged.unchanged(tmp_path)[0] is False


def test_every_input_exists() -> None:
    assert [name for name in unpackaged.INPUTS if not (ROOT / name).exists()] == []
