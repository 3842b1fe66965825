"""What all reports are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tornado_resource.gate.judging import Outcome
    from tornado_resource.gate.verifying import Result


@dataclass(frozen=True, slots=True)
class Report:
    """The results of one stack's sessions, in the order of their declaration; *written_at* is ISO 8601 UTC."""

    stack: str
    environment: str | None
    written_at: str
    results: tuple[Result, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of all: `failed`, else `incomplete`, else `passed`."""
        outcomes = {result.verdict.outcome for result in self.results}
        return "failed" if "failed" in outcomes else "incomplete" if "incomplete" in outcomes else "passed"

    @property
    def tally(self) -> dict[Outcome, int]:
        """How many sessions have each outcome."""
        outcomes = [result.verdict.outcome for result in self.results]
        return {
            "passed": outcomes.count("passed"),
            "failed": outcomes.count("failed"),
            "incomplete": outcomes.count("incomplete"),
        }
