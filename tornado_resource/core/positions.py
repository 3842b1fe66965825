"""Positions in files, and problems found there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A position that editors can jump to. Line and column count from 1; columns count characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Parse `file:line:column`; None if *text* is anything else."""
        file, line, column = (["", "", *(text or "").rsplit(":", 2)])[-3:]
        is_position = bool(file) and all(_is_count(part) for part in (line, column))
        return cls(file, int(line), int(column)) if is_position else None


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem in a file: its position, the path of the value, and what was found and expected."""

    position: Position
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.position}: {self.path}: {self.text}" if self.path else f"{self.position}: {self.text}"


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10
