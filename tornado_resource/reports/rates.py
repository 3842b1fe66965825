"""The rates of a confirmed session, as reports show them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.core.shares import percent, wilson

if TYPE_CHECKING:
    from tornado_resource.runs.model import Outcome, Result

MAX_RATES: Final = 20
"""How many rates a message or a section of a report lists: the lowest ones."""


@dataclass(frozen=True, slots=True)
class RateView:
    """How a scenario did in a confirmation. *needed* of *total* runs must pass; *runs* of them gave a result."""

    scenario_id: str
    name: str | None
    passed: int
    runs: int
    total: int
    needed: int
    is_excused: bool = False
    """Whether it is in quarantine, and so does not decide."""

    @property
    def label(self) -> str:
        """The name, else the id."""
        return self.name or self.scenario_id

    @property
    def rate(self) -> float:
        """The share of the runs that passed, 0 to 1; 0 without any."""
        return self.passed / self.runs if self.runs else 0.0

    @property
    def bar(self) -> int:
        """The share that the gate requires, in percent."""
        return 100 * self.needed // self.total

    @property
    def outcome(self) -> Outcome:
        """What the scenario alone would be."""
        if self.passed + self.total - self.runs < self.needed:
            return "failed"
        return "passed" if self.runs == self.total else "incomplete"

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the rate, 0 to 1 each; all of it without any run."""
        return wilson(self.passed, self.runs) if self.runs else (0.0, 1.0)

    @property
    def shown_rate(self) -> str:
        """`80% (4 of 5 runs)`."""
        return f"{percent(self.rate)} ({self._tally})" if self.runs else self._nothing

    @property
    def shown_interval(self) -> str:
        """`95% interval 38% to 96%`."""
        low, high = self.interval
        return f"95% interval {100 * low:.0f}% to {100 * high:.0f}%"

    @property
    def shown(self) -> str:
        """`80% (4 of 5 runs; 95% interval 38% to 96%)`."""
        return f"{percent(self.rate)} ({self._tally}; {self.shown_interval})" if self.runs else self._nothing

    @property
    def _nothing(self) -> str:
        return f"none of {self.total} runs gave a result"

    @property
    def _tally(self) -> str:
        silent = f", {self.total - self.runs} without a result" if self.runs < self.total else ""
        return f"{self.passed} of {self.runs} runs{silent}"

    @property
    def requirement(self) -> str:
        """What the gate requires of the scenario."""
        return "in quarantine" if self.is_excused else f"the gate requires {self.needed} of {self.total}"


def rate_views(result: Result) -> tuple[RateView, ...]:
    """Return the rates of a session, the lowest first; none if it was not confirmed."""
    confirmation, gate = result.verdict.confirmation, result.verdict.gate
    if confirmation is None or gate.confirm is None:
        return ()
    views = [
        RateView(
            key,
            result.known_name(key),
            rate["passed"],
            rate["runs"],
            confirmation["runs"],
            gate.confirm.needed,
            is_excused=gate.quarantine_of(key) is not None,
        )
        for key, rate in confirmation["scenarios"].items()
    ]
    return tuple(sorted(views, key=lambda view: (view.rate, view.scenario_id)))
