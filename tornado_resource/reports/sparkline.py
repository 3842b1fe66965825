"""The small chart of a session's runs: where each bar is, in SVG units. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.core.durations import format_ms

if TYPE_CHECKING:
    from tornado_resource.reports.trends import Run, Trend

BASE: Final = 18
"""The base line: bars above it passed, bars below it failed."""
BAR: Final = 7
PITCH: Final = 9
SMALLEST: Final = 3
"""The height of a bar whose time is short, and of one that is incomplete."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The bar of one run."""

    outcome: str
    label: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The bars of a session's runs, and the text for people who do not see them."""

    marks: tuple[Mark, ...]
    label: str
    width: int
    height: int = 2 * BASE
    base: int = BASE
    bar: int = BAR


def sparkline(trend: Trend) -> Sparkline:
    """Lay out a bar for each run. Its height is its time, in proportion to the longest run."""
    longest = max((run.duration_ms or 0 for run in trend.runs), default=0)
    marks = tuple(_mark(run, index * PITCH, longest) for index, run in enumerate(trend.runs))
    return Sparkline(marks, ", ".join(mark.label for mark in marks), len(marks) * PITCH)


def _mark(run: Run, x: int, longest: int) -> Mark:
    time = f" in {format_ms(run.duration_ms)}" if run.duration_ms is not None else ""
    share = (run.duration_ms or 0) / (longest or 1)
    height = SMALLEST if run.outcome == "incomplete" else round(SMALLEST + share * (BASE - SMALLEST), 1)
    top = {"passed": BASE - height, "failed": BASE}.get(run.outcome, BASE - height / 2)
    return Mark(run.outcome, f"{run.outcome}{time}", x, round(top, 1), height)
