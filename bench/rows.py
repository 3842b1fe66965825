"""What a measurement is written down as."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["time", "count"]


@dataclass(frozen=True)
class Row:
    """One result, and the target that design.md sets for it.

    *kind*: `count` for what does not depend on the machine (requests, bytes, memory), which a quick run checks too.
    """

    what: str
    against: str
    value: float
    target: float
    detail: str
    kind: Kind = "time"

    @property
    def is_met(self) -> bool:
        """Whether the value is within its target."""
        return self.value <= self.target


def ratio(what: str, against: str, pairs: Sequence[tuple[float, float]], target: float) -> Row:
    """Return the median of the ratios of pairs that were measured one right after the other, in seconds."""
    value = statistics.median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Row(what, against, round(value, 4), target, f"{ours:.2f} s and {theirs:.2f} s")


def difference(what: str, against: str, pairs: Sequence[tuple[float, float]], target: float) -> Row:
    """Return the median of the differences of pairs, in seconds."""
    value = statistics.median(ours - theirs for ours, theirs in pairs)
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Row(what, against, round(value, 4), target, f"{ours:.2f} s and {theirs:.2f} s")
