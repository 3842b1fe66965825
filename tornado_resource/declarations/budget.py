"""What an update starts, what that costs at worst, and whether the budget allows it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.declarations.model import Budget, Declaration

MAX_LISTED: Final = 5
"""How many runs a message lists: those that cost most."""
CURES: Final = (
    "Let less run at a time (`only`), name fewer scenarios or lower `max_iterations`, or raise the budget. What would "
    "not run again does not count."
)


def worst_case_minutes(declarations: Sequence[Declaration]) -> int:
    """Return the longest that all runs can take: places run side by side, the runs in one place in turn."""
    totals: dict[tuple[str, ...], int] = {}
    for declaration in (each for each in declarations if each.retest):
        totals[declaration.place] = totals.get(declaration.place, 0) + declaration.limit_ms
    return math.ceil(max(totals.values(), default=0) / 60_000)


@dataclass(frozen=True, slots=True)
class Cost:
    """What an update starts, and what that costs at worst.

    *conversations*: how many each run that starts may hold, by name, in the file's order. *minutes*: how long it may
    take until all of them have ended. *budget*: the limits; None if there are none.
    """

    conversations: Mapping[str, int]
    minutes: int
    budget: Budget | None = None

    @property
    def total(self) -> int:
        """How many conversations there may be."""
        return sum(self.conversations.values())

    def __str__(self) -> str:
        """Return `50 minutes and 640 conversations`."""
        return f"{count(self.minutes, 'minute')} and {count(self.total, 'conversation')}"

    @property
    def excesses(self) -> list[str]:
        """By how much it exceeds each limit of the budget, in words."""
        if self.budget is None:
            return []
        rows = ("minute", self.minutes, "minutes"), ("conversation", self.total, "runs")
        limits = {"minutes": self.budget.minutes, "runs": self.budget.runs}
        return [
            f"{count(worst, noun)} at worst, {worst - limit} more than `{key}: {limit}` ({self.budget.places[key]})"
            for noun, worst, key in rows
            if (limit := limits[key]) is not None and worst > limit
        ]


def cost_of(declarations: Sequence[Declaration], budget: Budget | None) -> Cost:
    """Return what starting *declarations* costs at worst."""
    started = {each.name: each.conversations for each in declarations if each.retest}
    return Cost(started, worst_case_minutes(declarations), budget)


def most_expensive(declarations: Sequence[Declaration]) -> list[str]:
    """Return a line for each of the runs that cost most, and how many more there are."""
    ranked = sorted(
        (each for each in declarations if each.retest),
        key=lambda each: (each.conversations, each.limit_ms),
        reverse=True,
    )
    lines = [
        f"{each.name} ({each.position}): {count(each.conversations, 'conversation')}, "
        f"{count(each.limit_ms // 60_000, 'minute')}"
        for each in ranked[:MAX_LISTED]
    ]
    return [*lines, f"and {len(ranked) - MAX_LISTED} more"] if len(ranked) > MAX_LISTED else lines


def refusal(cost: Cost, declarations: Sequence[Declaration]) -> str | None:
    """Return why an update that starts *declarations* is refused; None if the budget allows it."""
    if not cost.excesses:
        return None
    lines = [
        "nothing was started: over the budget:",
        *(f"  {each}" for each in cost.excesses),
        "What costs most:",
        *(f"  {each}" for each in most_expensive(declarations)),
        CURES,
    ]
    return "\n".join(lines)
