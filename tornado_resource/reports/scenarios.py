"""The scenarios of a session, and its last fix plan, as reports show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tornado_resource.bland.responses import MAX_FIXES, MAX_IDS, MAX_ITERATIONS
from tornado_resource.gate.judging import last_results

if TYPE_CHECKING:
    from tornado_resource.bland.responses import Fix, Iteration
    from tornado_resource.gate.model import Result


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """A scenario. *passed* is the result of its last run, None if no run is known."""

    scenario_id: str
    name: str | None
    passed: bool | None
    unfixable: bool

    @property
    def label(self) -> str:
        """The name and the id, or the id alone: unique, as names are not."""
        return f"{self.name} ({self.scenario_id})" if self.name else self.scenario_id

    @property
    def is_met(self) -> bool:
        """Whether it neither failed nor is unfixable without a known run."""
        return self.passed is True or (self.passed is None and not self.unfixable)


def scenario_results(result: Result) -> tuple[ScenarioResult, ...]:
    """Return the scenarios that ran, in the order of their first run, then the other unfixable and declared ones."""
    results = last_results(result.status) if result.status else _recorded_results(result)
    unfixable = set(result.verdict.unfixable_ids)
    declared = result.gated.request.get("scenario_ids") or ()
    ids = dict.fromkeys((*results, *result.verdict.unfixable_ids, *declared))
    return tuple(
        ScenarioResult(scenario_id, result.known_name(scenario_id), results.get(scenario_id), scenario_id in unfixable)
        for scenario_id in ids
    )


def _recorded_results(result: Result) -> dict[str, bool]:
    """Return the results of the scenarios as far as a recorded verdict has them, whose session is not read again."""
    verdict = result.verdict
    declared = result.gated.request.get("scenario_ids") or ()
    have_all_passed = verdict.total_scenarios is not None and verdict.passed_scenarios == verdict.total_scenarios
    passed = declared if have_all_passed and verdict.outcome != "incomplete" else ()
    return {**dict.fromkeys(passed, True), **dict.fromkeys(verdict.failed_ids, False)}


def unmet_scenarios(result: Result) -> tuple[tuple[ScenarioResult, ...], tuple[ScenarioResult, ...]]:
    """Return the scenarios that are not met, as two groups: the failed and the unfixable ones."""
    unmet = [scenario for scenario in scenario_results(result) if not scenario.is_met]
    return (
        tuple(scenario for scenario in unmet if not scenario.unfixable),
        tuple(scenario for scenario in unmet if scenario.unfixable),
    )


def last_plan(result: Result) -> Iteration | None:
    """Return the last iteration that planned fixes, or None."""
    iterations = result.status.iterations if result.status else ()
    return next((iteration for iteration in reversed(iterations) if iteration.fixes), None)


def last_fixes(result: Result) -> tuple[Fix, ...]:
    """Return the fixes of the last plan that has any."""
    plan = last_plan(result)
    return plan.fixes if plan is not None else ()


def omission(result: Result) -> str | None:
    """Return how much of the response was left out, and what is kept; None if all of it is."""
    if result.status is None or not result.status.has_omissions:
        return None
    omitted = result.status.omitted
    numbers = {"iterations": omitted.iterations, "scenario ids": omitted.ids, "fixes": omitted.fixes}
    more = ", ".join(f"{number:,} {noun}" for noun, number in numbers.items() if number)
    return (
        f"… and {more} more in the API's response (kept: the last {MAX_ITERATIONS} iterations, the first {MAX_IDS:,} "
        f"scenario ids, and {MAX_FIXES} fixes of an iteration)"
    )
