"""The data of a YAML file, with the position of each value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tornado_resource.core.positions import Position, Problem
from tornado_resource.declarations.findings import Findings
from tornado_resource.declarations.quoting import Quoting

if TYPE_CHECKING:
    from collections.abc import Sequence

Key = str | int
"""A key of a mapping, or an index of a list."""
KeyPath = tuple[Key, ...]
"""The keys and indices that lead from the root to a value: `("sessions", "billing", "scenario_ids", 3)`."""


class Mark(Protocol):
    """A position as libyaml gives it, counted from 0."""

    line: int
    column: int


Marks = dict[int, dict[Key, tuple[Mark | None, Mark]]]
"""By `id()` of a mapping or list: the mark of each key (None in a list) and of its value.

The document keeps its data alive, so that no `id()` is used twice.
"""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its data as plain dicts, lists and scalars, and the position of each value.

    *findings* has the problems that did not keep the reader from reading on; the value of a merge key was dropped.
    """

    file: str
    data: Any
    marks: Marks
    lines: list[str]
    quoting: Quoting = field(default_factory=Quoting)
    findings: Findings = field(default_factory=Findings)
    has_merge_key: bool = False

    def has(self, path: Sequence[Key]) -> bool:
        """Return whether the file has a value at *path*."""
        node = self.data
        for key in path:
            if key not in self.marks.get(id(node), {}):
                return False
            node = node[key]
        return True

    def position(self, path: Sequence[Key], *, of_key: bool = False) -> Position:
        """Return where the value at *path* begins, or its key. If there is none: the key of its nearest parent."""
        node, found, is_whole = self.data, None, True
        for key in path:
            marks = self.marks.get(id(node), {}).get(key)
            if marks is None:
                is_whole = False
                break
            found, node = marks, node[key]
        if found is None:
            return Position(self.file, 1, 1)
        mark = found[0] or found[1] if of_key or not is_whole else found[1]
        return Position(self.file, mark.line + 1, mark.column + 1)

    def problem(self, path: Sequence[Key], text: str, *, of_key: bool = False) -> Problem:
        """Return a problem with the value at *path*, or with its key."""
        return Problem(self.position(path, of_key=of_key), self.quoting.path(path), text)
