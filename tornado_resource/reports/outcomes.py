"""How reports show outcomes and scenarios: their order, icons, counts and advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.responses import MAX_FIXES, MAX_IDS, MAX_ITERATIONS
from tornado_resource.core.text import clean, count
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import ONLY_REPAIRED, OTHERS_REPAIRED, OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tornado_resource.bland.responses import Fix, Iteration
    from tornado_resource.runs.model import Outcome, Result


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
    results = result.verdict.tested(result.status).last_results if result.status else _recorded_results(result)
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
    if verdict.scenarios is not None:
        return {each["id"]: each["passed"] for each in verdict.scenarios}
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


@dataclass(frozen=True, slots=True)
class Style:
    """*symbol* is for text and HTML, *emoji* for Markdown on GitHub."""

    symbol: str
    emoji: str


STYLES: Final[dict[Outcome, Style]] = {
    "passed": Style("✓", "✅"),
    "failed": Style("✗", "❌"),
    "incomplete": Style("?", "⚠️"),
}
RERUN: Final = "then run {up}. Failed sessions run again, unless `rerun` is `on_change`."
_RESUME: Final = "run {up} again: a session that was started is resumed, not started twice."
# No advice may lead to a second session: what may still run is only ever resumed.
ADVICE: Final[dict[str, str]] = {
    "missed": f"Fix the pathway or the scenarios, {RERUN}",
    "others_repaired": "Fix the pathway for the scenarios that are not required for promotion, disable them, or allow "
    f"repairs (`gate: {{{{repaired: allow}}}}`), {RERUN}",
    "repaired": "Version {version} has the fixes: declare `version_number: {version}`, then run {up}.",
    "none_ran": f"Enable scenarios of the pathway, or name some in `scenario_ids`, {RERUN}",
    "contradictory": f"Check that the declared scenarios exist and are enabled, {RERUN}",
    "adopted": "Change one of its triggers, then run {up}: it starts a new session on the promoted version.",
    "running": f"To keep waiting, {_RESUME}",
    "out_of_time": f"To keep waiting, {_RESUME}",
    "interrupted": f"To keep waiting, {_RESUME}",
    "unreachable": f"When the API can be reached, {_RESUME}",
    "request_failed": f"Fix what the reason says, then {_RESUME}",
    "misdirected": "Check that bland:baseUrl is the address of the API, and that no proxy or cache responds in its "
    f"place, then {_RESUME}",
    "scenarios_unreadable": "Run {up} again: it reads them again, and starts nothing that met its gate.",
    "scenarios_unlisted": "Disable scenarios until fewer than 100 of the pathway are enabled, or declare another gate, "
    "then run {up}: it reads them again.",
    "scenarios_changed": "Run {up}: it puts the scenarios back, and runs the session again.",
    "content_unreadable": "Run {up} again: it reads the version again, and starts nothing that met its gate.",
    "edited": f"Leave the version as it is while it is tested, {RERUN}",
    "unknown_status": "Look at the session in Bland's dashboard: it may still be running. {up} reads it again.",
    "gone": "Check that bland:baseUrl and the API key are those of the account that started it. If so, `pulumi refresh "
    "--stack {stack}` removes it, and the next {up} starts a new one.",
    "not_awaited": "Run `tornado-resource wait --stack {stack}`, or `pulumi config rm tornado:wait --stack {stack}` "
    "and {up}.",
    "not_started": "Fix what the reason says, then run {up} again.",
    "unknown": f"To read it again, {_RESUME}",
}
"""What to do, by what happened: the cause of an unknown outcome, or as below. A status has the advice of its kind.

`{up}` stands for the command that updates the stack, `{stack}` for the stack's name, and `{version}` for the version of
the verdict.
"""


def advice(result: Result, stack: str) -> str:
    """Return what to do about a session of a stack that did not pass."""
    shown = clean(stack)
    meaning = kind_of(result.gated.kind).statuses.get(result.verdict.status or "")
    if result.cause is None and result.verdict.outcome == "failed" and meaning is not None and meaning.failure:
        text = f"{meaning.advice}, {RERUN}"
    else:
        text = ADVICE[_situation(result)]
    return text.format(stack=shown, up=f"`pulumi up --stack {shown}`", version=result.verdict.version)


def worst_first(results: Iterable[Result]) -> list[Result]:
    """Return the results ordered by outcome, the worst first, and otherwise in the order of the declarations."""
    return sorted(results, key=lambda result: OUTCOMES.index(result.verdict.outcome))


def tally(results: Sequence[Result]) -> str:
    """Return how many did not pass, failed and incomplete ones apart: `2 failed, 3 incomplete`."""
    outcomes = [result.verdict.outcome for result in results]
    numbers = {outcome: outcomes.count(outcome) for outcome in OUTCOMES if outcome != "passed"}
    return ", ".join(f"{number} {outcome}" for outcome, number in numbers.items() if number)


def tally_of_all(results: Sequence[Result]) -> str:
    """Return `2 failed, 3 incomplete of 5 sessions`."""
    return f"{tally(results)} of {count(len(results), 'session')}"


def _situation(result: Result) -> str:
    verdict = result.verdict
    if result.cause is not None:
        return result.cause
    if not verdict.session_id:
        return "not_started"
    if verdict.outcome == "failed":
        return _miss(result)
    return _doubt(result)


def _miss(result: Result) -> str:
    """Return why a session that completed did not meet its gate.

    A promoted version is repaired in the environment that it comes from.
    """
    if OTHERS_REPAIRED in result.verdict.reason:
        return "others_repaired"
    is_repaired = result.verdict.reason.startswith(ONLY_REPAIRED) and result.verdict.version is not None
    return "repaired" if is_repaired and result.gated.promoted is None else "missed"


def _doubt(result: Result) -> str:
    """Return why a session is incomplete although its status may be known."""
    status = result.status
    if status is None:
        return "unknown"
    if not status.is_final:
        return "running" if status.is_running else "unknown_status"
    if status.total_scenarios == 0:
        return "none_ran"
    return "adopted" if result.gated.adopted and result.gated.promoted is not None else "contradictory"
