"""A file as data that remembers where each value stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tornado_resource.core.positions import Position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.core.positions import Problem

Step = str | int
Path = tuple[Step, ...]


class Mark(Protocol):
    """A position as libyaml gives it, counted from 0."""

    line: int
    column: int


Marks = dict[int, dict[Step, tuple[Mark | None, Mark]]]
"""By `id()` of a mapping or list: the marks of each key and of its value."""


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one YAML document: plain dicts, lists and scalars, and the place of each."""

    file: str
    data: Any
    marks: Marks
    lines: list[str]
    problems: tuple[Problem, ...] = ()
    """What reading found wrong and could go on after."""

    def has(self, path: Sequence[Step]) -> bool:
        """Whether the file has a value at *path*."""
        node = self.data
        for step in path:
            if step not in self.marks.get(id(node), {}):
                return False
            node = node[step]
        return True

    def position(self, path: Sequence[Step], *, of_key: bool = False) -> Position:
        """Find where the value at *path* begins (or its key); where there is none, its nearest parent's key."""
        node, found, is_whole = self.data, None, True
        for step in path:
            marks = self.marks.get(id(node), {}).get(step)
            if marks is None:
                is_whole = False
                break
            found, node = marks, node[step]
        if found is None:
            return Position(self.file, 1, 1)
        mark = found[0] or found[1] if of_key or not is_whole else found[1]
        return Position(self.file, mark.line + 1, mark.column + 1)


def dotted(path: Sequence[Step]) -> str:
    """Write a path as people do: `sessions.support-line.scenario_ids[3]`."""
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return written.removeprefix(".")
