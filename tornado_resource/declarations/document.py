"""The data of a YAML file with the position of each value, how messages quote it, and the problems found in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from tornado_resource.core.positions import MAX_MORE, Position, Problem
from tornado_resource.core.text import and_more, cut, did_you_mean, show_spaces
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

MAX_QUOTED_NAME: Final = 80
"""How many characters of a key, tag or anchor a message shows."""
MAX_TEXT: Final = 60
"""How many characters of a value a message shows."""
MAX_NAMES: Final = 20
"""How many names a list of names shows."""
MAX_COMPARED_CHARACTERS: Final = 2_000_000
"""How many pairs of characters are compared for all hints of a file: thousands of names, each compared with thousands
of others, take minutes."""
ELLIPSIS: Final = "…"


@dataclass(slots=True)
class Quoting:
    """Quotes keys and values, shortened.

    A file outside of the project may be anything that the pipeline can read, such as passwords. *is_off_because* says
    so: then messages have places and expectations only, and of the keys those in *known*.
    """

    is_off_because: str = ""
    known: Collection[str] = ()
    comparisons_left: int = MAX_COMPARED_CHARACTERS

    @property
    def is_on(self) -> bool:
        """Whether anything is quoted."""
        return not self.is_off_because

    def text(self, value: str) -> str:
        """Return a string in quotes, or what it is."""
        return f"'{show_spaces(cut(value, MAX_TEXT))}'" if self.is_on else "a string"

    def name(self, name: str) -> str:
        """Return the name of something."""
        return ELLIPSIS if not self.is_on and name not in self.known else show_spaces(cut(name, MAX_QUOTED_NAME))

    def names(self, names: Sequence[str]) -> str:
        """Return a list of names."""
        if not self.is_on:
            return ELLIPSIS
        return ", ".join(self.name(name) for name in names[:MAX_NAMES]) + and_more(len(names), MAX_NAMES)

    def path(self, path: Sequence[str | int]) -> str:
        """Format a path: `sessions.support-line.scenario_ids[3]`."""
        written = "".join(f"[{key}]" if isinstance(key, int) else f".{self.name(key)}" for key in path)
        return written.removeprefix(".")

    def hint(self, word: str, names: Collection[str]) -> str:
        """Return "; did you mean `x`?" if one of *names* is close.

        Nothing once the hints of a file have taken too much work.
        """
        if not self.is_on or len(word) > MAX_QUOTED_NAME or self.comparisons_left <= 0:
            return ""
        self.comparisons_left -= len(word) * sum(map(len, names))
        return did_you_mean(word, names) if self.comparisons_left >= 0 else ""


MAX_PROBLEMS: Final = 1000
"""How many problems of a file are shown."""

MAX_WARNINGS: Final = 20


@dataclass(slots=True)
class Findings:
    """At most 1,000 problems, the first that were found; *more* counts those beyond, up to `MAX_MORE`.

    *note* explains the others, and is shown above them. *warnings*, at most 20, are about what is valid, but probably
    not meant.
    """

    note: Problem | None = None
    shown: list[Problem] = field(default_factory=list)
    more: int = 0
    warnings: list[Problem] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether no more problems are counted, so that none need to be looked for."""
        return self.more == MAX_MORE

    def add(self, problem: Problem) -> None:
        """Add a problem."""
        if len(self.shown) < MAX_PROBLEMS:
            self.shown.append(problem)
        else:
            self.more += 1

    def warn(self, problem: Problem) -> None:
        """Add a warning, once."""
        if len(self.warnings) < MAX_WARNINGS and problem not in self.warnings:
            self.warnings.append(problem)

    def add_all(self, problems: Iterable[Problem]) -> None:
        """Add problems until no more are counted."""
        for problem in problems:
            if self.is_full:
                return
            self.add(problem)

    def error(self) -> DeclarationError:
        """Return the problems as an error, in the file's order."""
        notes = [self.note] if self.note is not None else []
        return DeclarationError([*notes, *sorted(self.shown)], self.more)


Key = str | int
"""A key of a mapping, or an index of a list."""
KeyPath = tuple[Key, ...]
"""The keys and indices that lead from the root to a value: `("sessions", "billing", "scenario_ids", 3)`."""


class Mark(Protocol):
    """A position as libyaml gives it, counted from 0."""

    line: int
    column: int
    index: int


Marks = dict[int, dict[Key, tuple[Mark | None, Mark]]]
"""By `id()` of a mapping or list: the mark of each key (None in a list) and of its value.

The document keeps its data alive, so that no `id()` is used twice.
"""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its data as plain dicts, lists and scalars, and the position of each value.

    *findings* has the problems that did not keep the reader from reading on; the value of a merge key was dropped.
    *empty* has the index in the text of each value that is null because nothing is written there. *prompts* has the
    content of the prompt files by their paths as declared, if it is not that of the files on disk.
    """

    file: str
    data: Any
    marks: Marks
    lines: list[str]
    quoting: Quoting = field(default_factory=Quoting)
    findings: Findings = field(default_factory=Findings)
    empty: Collection[int] = ()
    has_merge_key: bool = False
    prompts: Mapping[str, bytes] | None = None

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
        node, marks_above, is_whole = self.data, None, True
        for key in path:
            marks = self.marks.get(id(node), {}).get(key)
            if marks is None:
                is_whole = False
                break
            marks_above, node = marks, node[key]
        if marks_above is None:
            return Position(self.file, 1, 1)
        mark = marks_above[0] or marks_above[1] if of_key or not is_whole else marks_above[1]
        return Position(self.file, mark.line + 1, mark.column + 1)

    def problem(self, path: Sequence[Key], text: str, *, of_key: bool = False) -> Problem:
        """Return a problem with the value at *path*, or with its key."""
        return Problem(self.position(path, of_key=of_key), self.quoting.path(path), text)
