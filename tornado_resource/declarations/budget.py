"""What an update starts, what that costs at worst, and whether the budget allows it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from tornado_resource.core.text import count
from tornado_resource.declarations.model import CONFIRMATION_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.declarations.model import Budget, Declaration

MAX_LISTED_COSTS: Final = 5
"""How many runs a message lists: those that cost most."""
CURES: Final = (
    "Let less run at a time (`only`), name fewer scenarios, lower `max_iterations` or the runs of `confirm`, or raise "
    "the budget. What would not run again does not count."
)


@dataclass(frozen=True, slots=True)
class Share:
    """What one run may cost in an update: *conversations*, and the longest that it is waited for, in milliseconds."""

    declaration: Declaration
    conversations: int
    limit_ms: int
    is_located: bool = True
    """Whether it is declared in a file, at a position; a program's own runs are not."""

    @classmethod
    def of(cls, declaration: Declaration) -> Self:
        """Return what a run costs that starts."""
        return cls(declaration, declaration.conversations, declaration.limit_ms)

    @classmethod
    def of_confirmation(cls, declaration: Declaration) -> Self:
        """Return what a session costs that does not start, and whose pass may be confirmed."""
        return cls(declaration, declaration.repeats, CONFIRMATION_MS)

    def __str__(self) -> str:
        """Return `support-line (sessions.yaml:6:3): 250 conversations, 16 minutes`."""
        declaration, minutes = self.declaration, count(self.limit_ms // 60_000, "minute")
        where = f" ({declaration.position})" if self.is_located else ""
        return f"{declaration.name}{where}: {count(self.conversations, 'conversation')}, {minutes}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What an update starts, and what that costs at worst.

    *shares*: of each run, in the file's order. *budget*: the limits; None if there are none.
    """

    shares: tuple[Share, ...] = ()
    budget: Budget | None = None

    @property
    def conversations(self) -> dict[str, int]:
        """How many conversations each run may hold, by name."""
        return {share.declaration.name: share.conversations for share in self.shares}

    @property
    def minutes(self) -> int:
        """The longest that all of them can take: places run side by side, the runs in one place in turn."""
        totals: dict[tuple[str, ...], int] = {}
        for share in self.shares:
            place = share.declaration.place
            totals[place] = totals.get(place, 0) + share.limit_ms
        return math.ceil(max(totals.values(), default=0) / 60_000)

    @property
    def total(self) -> int:
        """How many conversations there may be."""
        return sum(share.conversations for share in self.shares)

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

    @property
    def refusal(self) -> str | None:
        """Why an update that costs so much is refused, with what costs most; None if the budget allows it."""
        return self._refusal("nothing was started") if self.excesses else None

    def refusal_of(self, name: str) -> str | None:
        """Return why a run is not started with which a program costs so much; None if the budget allows it.

        What the program has declared before it may have started.
        """
        return self._refusal(f"{name}: not started") if self.excesses else None

    def _refusal(self, what: str) -> str:
        ranked = sorted(self.shares, key=lambda share: (share.conversations, share.limit_ms), reverse=True)
        more = [f"  and {len(ranked) - MAX_LISTED_COSTS} more"] if len(ranked) > MAX_LISTED_COSTS else []
        return "\n".join(
            [
                f"{what}: over the budget:",
                *(f"  {excess}" for excess in self.excesses),
                "What costs most:",
                *(f"  {share}" for share in ranked[:MAX_LISTED_COSTS]),
                *more,
                CURES,
            ]
        )


def cost_of(declarations: Sequence[Declaration], budget: Budget | None = None) -> Cost:
    """Return what starting *declarations* costs at worst."""
    return Cost(tuple(Share.of(declaration) for declaration in declarations if declaration.retest), budget)
