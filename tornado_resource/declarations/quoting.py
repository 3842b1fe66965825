"""How messages about a file quote what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import cut, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MAX_NAME: Final = 80
"""How many characters of a key, tag or anchor a message shows."""
MAX_TEXT: Final = 60
"""How many characters of a value a message shows."""
MAX_NAMES: Final = 20
"""How many names a list of names shows."""
MAX_COMPARED: Final = 2_000_000
"""How many pairs of characters are compared for all hints of a file: thousands of names, each compared with thousands
of others, take minutes."""
HIDDEN: Final = "…"


@dataclass(slots=True)
class Quoting:
    """Quotes keys and values, shortened.

    A file outside of the project may be anything that the pipeline can read, such as passwords. *is_off_because* says
    so: then messages have places and expectations only, and of the keys those in *known*.
    """

    is_off_because: str = ""
    known: Collection[str] = ()
    comparisons_left: int = MAX_COMPARED

    @property
    def is_on(self) -> bool:
        """Whether anything is quoted."""
        return not self.is_off_because

    def text(self, value: str) -> str:
        """Return a string in quotes, or what it is."""
        return f"'{cut(value, MAX_TEXT)}'" if self.is_on else "a string"

    def name(self, name: str) -> str:
        """Return the name of something."""
        return HIDDEN if not self.is_on and name not in self.known else cut(name, MAX_NAME)

    def names(self, names: Sequence[str]) -> str:
        """Return a list of names."""
        if not self.is_on:
            return HIDDEN
        more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
        return ", ".join(self.name(name) for name in names[:MAX_NAMES]) + more

    def path(self, path: Sequence[str | int]) -> str:
        """Format a path: `sessions.support-line.scenario_ids[3]`."""
        written = "".join(f"[{key}]" if isinstance(key, int) else f".{self.name(key)}" for key in path)
        return written.removeprefix(".")

    def hint(self, word: str, known: Collection[str]) -> str:
        """Return "; did you mean `x`?" if one of the *known* names is close.

        Nothing once the hints of a file have taken too much work.
        """
        if not self.is_on or len(word) > MAX_NAME or self.comparisons_left <= 0:
            return ""
        self.comparisons_left -= len(word) * sum(map(len, known))
        return did_you_mean(word, known) if self.comparisons_left >= 0 else ""
