"""Collects the problems of a file: the first ones to be shown, and how many there are in all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tornado_resource.core.positions import MAX_MORE
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.core.positions import Problem

MAX_PROBLEMS: Final = 1000
"""How many problems of a file are shown."""


@dataclass(slots=True)
class Findings:
    """At most 1,000 problems, the first that were found; *more* counts those beyond, up to `MAX_MORE`.

    *note* explains the others, and is shown above them.
    """

    note: Problem | None = None
    shown: list[Problem] = field(default_factory=list)
    more: int = 0

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
