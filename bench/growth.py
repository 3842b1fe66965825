"""How the time grows with the number of sessions, beside the growth of Pulumi's engine itself.

The engine writes the whole state for each new resource, so its share grows with the square of their number, the more,
the larger the state of a resource is. The growth of new sessions is measured with the state written once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from projects import declarations, floor_project, our_project, sandbox
from reading import load_seconds
from rows import Row
from updates import FAST

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = (10, 30, 100, 300, 1000)
REPEATS = 3
NEW = "up of new sessions, above the floor, state written once"


@dataclass(frozen=True)
class Growth:
    """Seconds for one number of sessions. *once*: with a state that is written once."""

    sessions: int
    new: float
    new_floor: float
    new_once: float
    new_once_floor: float
    unchanged: float
    unchanged_floor: float
    load: float


def growths(folder: Path, numbers: tuple[int, ...] = NUMBERS) -> list[Growth]:
    """Measure new and unchanged sessions, ours and the floor's."""
    return [_growth(folder / str(number), number) for number in numbers]


def growth_rows(measured: list[Growth]) -> list[Row]:
    """Return how much more a session costs at the largest number than at a tenth of it, above the floor."""
    last = measured[-1]
    before = next(each for each in measured if each.sessions * 10 == last.sessions)
    costs = {
        NEW: [(each.new_once - each.new_once_floor) / each.sessions for each in (before, last)],
        "up of unchanged sessions, above the floor": [
            (each.unchanged - each.unchanged_floor) / each.sessions for each in (before, last)
        ],
        "reading and validating": [each.load / each.sessions for each in (before, last)],
    }
    written = [(each.new - each.new_floor) / each.sessions * 1000 for each in (before, last)]
    beside = {NEW: f"; state written for each: {written[1]:.2f} and {written[0]:.2f} ms"}
    against = f"one of {before.sessions}, time for a session of {last.sessions:,}"
    return [
        Row(
            f"growth of {what}",
            against,
            round(large / small, 4),
            1.2,
            f"{large * 1000:.2f} and {small * 1000:.2f} ms{beside.get(what, '')}",
        )
        for what, (small, large) in costs.items()
    ]


def _growth(folder: Path, number: int) -> Growth:
    with sandbox(*FAST) as url:
        ours, floor = our_project(folder / "ours", number, url), floor_project(folder / "floor", number)
        new, new_floor = ours.up().seconds, floor.up().seconds
        pairs = [(ours.up().seconds, floor.up().seconds) for _ in range(REPEATS)]
        once = [_new_once(folder / str(repeat), number, url) for repeat in range(REPEATS)]
    file = folder / "sessions.yaml"
    file.write_text(declarations(number, rich=True), encoding="utf-8")
    load = min(load_seconds(file) for _ in range(REPEATS))
    seconds = (new, new_floor, *min(once, key=sum), *min(pairs, key=sum), load)
    return Growth(number, *(round(each, 4) for each in seconds))


def _new_once(folder: Path, number: int, url: str) -> tuple[float, float]:
    ours, floor = our_project(folder / "ours", number, url), floor_project(folder / "floor", number)
    once = {"PULUMI_SKIP_CHECKPOINTS": "true"}
    return (
        replace(ours, environment={**ours.environment, **once}).up().seconds,
        replace(floor, environment={**floor.environment, **once}).up().seconds,
    )
