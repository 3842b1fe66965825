"""What a measurement is written down as."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One result: a ratio or a count, and the target that design.md sets for it."""

    what: str
    against: str
    value: float
    target: float
    detail: str
