"""Positions in files, and problems found there.

The names of files and the texts of problems come from outside. They are made fit to be shown here, so that nobody who
finds or prints a problem needs to think of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from tornado_resource.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PROBLEM_TEXT: Final = 1000
"""How many characters of a problem's text are shown."""
MAX_MORE: Final = 9000
"""How many problems are counted beyond those that are shown."""
MAX_PATH: Final = 4096
"""The longest path on Linux, so that no position is cut."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A position that editors can jump to. Line and column count from 1; columns count characters."""

    file: str
    line: int
    column: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "file", _shown(self.file))

    def __str__(self) -> str:
        return _shown(f"{self.file}:{self.line}:{self.column}")

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Parse `file:line:column`; None if *text* is anything else."""
        file, line, column = (["", "", *(text or "").rsplit(":", 2)])[-3:]
        is_position = bool(file) and all(_is_count(part) for part in (line, column))
        return cls(file, int(line), int(column)) if is_position else None


ROOTS: Final = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "CIRCLE_WORKING_DIRECTORY")
"""The variables in which GitHub Actions, GitLab CI and CircleCI name the folder of the repository."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The folder of a repository on a CI system, and the present folder. Both are absolute, without symbolic links."""

    root: Path
    folder: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self | None:
        """Return the checkout that the environment names; None outside of the CI systems of `ROOTS`."""
        root = next((environ[name] for name in ROOTS if environ.get(name)), None)
        return cls(Path(root).expanduser().resolve(), Path.cwd()) if root is not None else None

    def linked(self, position: Position) -> Position:
        """Return a position as CI systems link it: its file is relative to the repository, unless it is elsewhere."""
        path = Path(os.path.normpath(self.folder / position.file))
        if not path.is_relative_to(self.root):
            return position
        return replace(position, file=path.relative_to(self.root).as_posix())


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem in a file: its position, the path of the value, and what was found and expected."""

    position: Position
    path: str
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", clean(self.path))
        object.__setattr__(self, "text", clean(self.text, MAX_PROBLEM_TEXT))

    def __str__(self) -> str:
        return f"{self.position}: {self.path}: {self.text}" if self.path else f"{self.position}: {self.text}"


def more_problems(number: int) -> str:
    """Return the line that follows the problems that are shown if there are more."""
    least = "at least " if number == MAX_MORE else ""
    return f"… and {least}{number:,} more {'problem' if number == 1 else 'problems'}"


@lru_cache
def _shown(file: str) -> str:
    return clean(file, MAX_PATH)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10
