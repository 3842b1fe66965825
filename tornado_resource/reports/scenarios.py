"""What is known of each scenario of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tornado_resource.gate.judging import last_results

if TYPE_CHECKING:
    from tornado_resource.bland.responses import Fix
    from tornado_resource.gate.model import Result


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """A scenario; *passed* tells how it ended the last time that it ran, None where no run is known."""

    scenario_id: str
    name: str | None
    passed: bool | None
    unfixable: bool

    @property
    def label(self) -> str:
        """The name and the id, or the id alone."""
        return f"{self.name} ({self.scenario_id})" if self.name else self.scenario_id

    @property
    def is_met(self) -> bool:
        """Whether nothing speaks against it."""
        return self.passed is True or (self.passed is None and not self.unfixable)


def scenario_results(result: Result) -> tuple[ScenarioResult, ...]:
    """List those that ran, in the order of their first run, then the unfixable and the declared ones."""
    results = last_results(result.status) if result.status else {}
    unfixable = set(result.verdict.unfixable_ids)
    declared = result.gated.request.get("scenario_ids") or ()
    ids = dict.fromkeys((*results, *result.verdict.unfixable_ids, *declared))
    return tuple(
        ScenarioResult(
            scenario_id, result.scenario_names.get(scenario_id), results.get(scenario_id), scenario_id in unfixable
        )
        for scenario_id in ids
    )


def last_fixes(result: Result) -> tuple[Fix, ...]:
    """Give the last fix plan that has any fix."""
    iterations = result.status.iterations if result.status else ()
    return next((iteration.fixes for iteration in reversed(iterations) if iteration.fixes), ())
