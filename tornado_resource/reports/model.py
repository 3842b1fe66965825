"""The values that all reports are written from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tornado_resource.bland.responses import parse_time
from tornado_resource.core.clock import today
from tornado_resource.runs.model import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from tornado_resource.core.positions import Checkout, Position
    from tornado_resource.declarations.budget import Cost
    from tornado_resource.reports.baseline import Baseline
    from tornado_resource.reports.trends import Trends
    from tornado_resource.runs.model import Outcome, Result
    from tornado_resource.stacks.recorded_promotion import Promotion
    from tornado_resource.stacks.rollback import Rollback


@dataclass(frozen=True, slots=True)
class Report:
    """The results of one stack's sessions, each with a name of its own. *written_at* is ISO 8601 in UTC.

    *promotion* is set if the sessions run on versions that passed in another stack. *run_url*: the run of the CI system
    that writes it, if it is known. *trends*: how the sessions went over the last updates, if that was asked for.
    *project*: empty if it is unknown. *problem*: why an update has failed or judged nothing, beside its sessions.
    *is_skipped*: whether it is only that there was no gate to judge, so that the update did not fail. *checkout*: the
    repository on a CI system, whose links to files are relative to it. *baseline*: the stack whose last verdicts these
    are compared with, if that was asked for. *cost*: what the update has started, and what that costs at worst; None if
    no update writes it.
    """

    stack: str
    environment: str | None
    written_at: str
    results: tuple[Result, ...]
    promotion: Promotion | None = None
    run_url: str | None = None
    trends: Trends | None = None
    project: str = ""
    problem: str | None = None
    is_skipped: bool = False
    checkout: Checkout | None = None
    baseline: Baseline | None = None
    rollbacks: Mapping[str, Rollback] = field(default_factory=dict)
    """By the names of sessions and agents, what the stack has gone back to."""
    cost: Cost | None = None

    def linked(self, position: Position | None) -> Position | None:
        """Return a position as CI systems link it; None if it is unknown."""
        return self.checkout.linked(position) if self.checkout is not None and position is not None else position

    @property
    def day(self) -> date:
        """The date in UTC on which it is written, for what is left of a quarantine."""
        written = parse_time(self.written_at)
        return written.date() if written is not None else today()

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of all: `failed`, else `incomplete`, else `passed`. With a problem, nothing has passed."""
        outcomes = {result.verdict.outcome for result in self.results}
        outcomes |= {"incomplete"} if self.problem is not None else set()
        return next((outcome for outcome in OUTCOMES if outcome in outcomes), "passed")

    @property
    def tally(self) -> dict[Outcome, int]:
        """How many sessions have each outcome."""
        outcomes = [result.verdict.outcome for result in self.results]
        return {outcome: outcomes.count(outcome) for outcome in ("passed", "failed", "incomplete")}
