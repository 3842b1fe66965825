"""How reports show outcomes, scenarios and judges: their order, icons, counts and advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.sessions import MAX_FIXES, MAX_IDS, MAX_ITERATIONS
from tornado_resource.core.shares import at_least, percent
from tornado_resource.core.text import clean, count
from tornado_resource.declarations.model import PASSING_PERCENT
from tornado_resource.declarations.quarantine import AT_MOST_HALF
from tornado_resource.runs.confirmation import excused, required
from tornado_resource.runs.kinds import count_runs, kind_of
from tornado_resource.runs.model import ONLY_REPAIRED, OTHERS_REPAIRED, OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from tornado_resource.bland.sessions import Fix, Iteration
    from tornado_resource.declarations.model import Gate
    from tornado_resource.declarations.quarantine import Quarantine
    from tornado_resource.runs.kinds import Kind
    from tornado_resource.runs.model import GatedRun, JudgeResult, Mismatch, Outcome, Result, RunVerdict


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """A scenario. *passed* is the result of its last run, None if no run is known."""

    scenario_id: str
    name: str | None
    passed: bool | None
    unfixable: bool
    quarantine: Quarantine | None = None

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
    declared = result.gated.request.get("scenario_ids") or ()
    verdict = result.verdict
    results = verdict.tested(result.status).last_results if result.status else recorded_results(verdict, declared)
    unfixable = set(result.verdict.unfixable_ids)
    ids = dict.fromkeys((*results, *result.verdict.unfixable_ids, *declared))
    return tuple(
        ScenarioResult(
            scenario_id,
            result.known_name(scenario_id),
            results.get(scenario_id),
            scenario_id in unfixable,
            result.verdict.gate.quarantine_of(scenario_id),
        )
        for scenario_id in ids
    )


def recorded_results(verdict: RunVerdict, declared: Sequence[str]) -> dict[str, bool]:
    """Return the results of the scenarios as far as a recorded verdict has them, whose session is not read again.

    Args:
        verdict: the verdict.
        declared: the ids of the scenarios that the session was to run; none if it ran all enabled ones.

    """
    if verdict.scenarios is not None:
        return {scenario["id"]: scenario["passed"] for scenario in verdict.scenarios}
    have_all_passed = verdict.total_scenarios is not None and verdict.passed_scenarios == verdict.total_scenarios
    passed = declared if have_all_passed and verdict.outcome != "incomplete" else ()
    return {**dict.fromkeys(passed, True), **dict.fromkeys(verdict.failed_ids, False)}


def unmet_scenarios(result: Result) -> tuple[tuple[ScenarioResult, ...], tuple[ScenarioResult, ...]]:
    """Return the scenarios that are not met, as two groups: the failed and the unfixable ones, without quarantine."""
    unmet = [scenario for scenario in scenario_results(result) if not scenario.is_met and scenario.quarantine is None]
    return (
        tuple(scenario for scenario in unmet if not scenario.unfixable),
        tuple(scenario for scenario in unmet if scenario.unfixable),
    )


@dataclass(frozen=True, slots=True)
class JudgeView:
    """A judge of a check run. *rate*: the share of the conclusive conversations that match, 0 to 1; None without any.

    *bar*: the percentage that the gate requires; None if the judge does not decide.
    """

    name: str
    is_required: bool | None
    rate: float | None
    bar: int | None
    quarantine: Quarantine | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the judge met the gate; of one that does not decide, whether it passed. None without a rate."""
        return at_least(self.rate, self.bar or PASSING_PERCENT) if self.rate is not None else None

    @property
    def outcome(self) -> Outcome:
        """The outcome by whose style the judge is shown."""
        if self.is_met is None:
            return "incomplete"
        return "passed" if self.is_met else "failed"

    @property
    def shown_rate(self) -> str:
        """`66.6%`, or that there is none."""
        return f"{percent(self.rate)} matched" if self.rate is not None else "no conversation was conclusive"

    @property
    def requirement(self) -> str:
        """What the gate requires of the judge."""
        if self.quarantine is not None:
            return f"in quarantine until {self.quarantine.until}"
        if self.bar is not None:
            return f"the gate requires {self.bar}%"
        return "it does not decide" if self.is_required else "not required"


def judge_views(result: Result) -> tuple[JudgeView, ...]:
    """Return the judges of a check run, in the order of the API; none of a session."""
    return tuple(judge_view(result.verdict.gate, judge) for judge in result.verdict.judges or ())


def judge_view(gate: Gate, judge: JudgeResult) -> JudgeView:
    """Return a judge as a gate sees it."""
    name, is_required = judge["name"], judge["required"]
    spellings = [spelling for spelling in (name, judge["id"]) if spelling is not None]
    bar = gate.bar(*spellings, is_required=is_required)
    return JudgeView(name, is_required, judge["match_rate"], bar, gate.quarantine_of(*spellings))


@dataclass(frozen=True, slots=True)
class Parts:
    """How many parts of a run passed, of how many that decide. *noun* is what they are: scenarios, or judges."""

    passed: int | None
    total: int | None
    noun: str

    @property
    def unit(self) -> str:
        """What they are, as it follows the total: `1 of 1 judge`."""
        return f"{self.noun}{'' if self.total == 1 else 's'}"


def parts(result: Result) -> Parts:
    """Return the scenarios of a session, or the judges of a check run: those that the gate is about."""
    verdict, noun = result.verdict, kind_of(result.gated.kind).part_noun
    if not verdict.judges:
        return Parts(verdict.passed_scenarios, verdict.total_scenarios, noun)
    views = judge_views(result)
    deciding = [view for view in views if view.bar is not None] or [view for view in views if view.is_required]
    return Parts(sum(view.is_met is True for view in deciding), len(deciding), noun)


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """A scenario or judge that decides nothing about a run.

    *label* is what it is called, *found* what is known against it: that it failed, or missed its bar in a confirmation.
    """

    label: str
    entry: Quarantine
    days_left: int
    found: str | None

    @property
    def has_failed(self) -> bool:
        """Whether anything is known against it."""
        return self.found is not None

    @property
    def state(self) -> str:
        """`failed, decides again after 2026-12-31 (3 days left)`."""
        outcome, left = self.found or "did not fail", count(self.days_left, "day")
        return f"{outcome}, decides again after {self.entry.until} ({left} left)"


def quarantine_views(result: Result, day: date) -> tuple[QuarantineView, ...]:
    """Return what decides nothing about a run, those that failed first; *day* is the date in UTC."""
    missed = excused(result.verdict)
    outcomes = {
        scenario_id: f"passed {rate['passed']} of {rate['runs']} simulations" for scenario_id, rate in missed.items()
    }
    outcomes |= dict.fromkeys(result.verdict.quarantined, "failed")
    views = [
        QuarantineView(_part_label(result, entry.part), entry, max(entry.days_left(day), 0), outcomes.get(entry.part))
        for entry in result.verdict.gate.quarantine
    ]
    return tuple(sorted(views, key=lambda view: not view.has_failed))


def _part_label(result: Result, part: str) -> str:
    named = {judge["id"]: judge["name"] for judge in result.verdict.judges or () if judge["name"] != part}
    name = result.known_name(part) or named.get(part)
    return f"{name} ({part})" if name else part


def held(result: Result) -> int | None:
    """Return how many conversations the run of a result has held, as far as it is known."""
    return kind_of(result.gated.kind).held(result.verdict, result.status)


def gate_text(gate: Gate, judges: Iterable[JudgeResult] = ()) -> str:
    """Return `80%, polite: 90%`, or `all, confirm: 4 of 5 runs (80%)`. *judges*: those of the run, for their names."""
    names = {named_judge["id"]: named_judge["name"] for named_judge in judges}
    confirm = [f"confirm: {required(gate.confirm)}"] if gate.confirm is not None else []
    return ", ".join(
        [str(gate.passed), *(f"{names.get(judge, judge)}: {bar}" for judge, bar in gate.judges.items()), *confirm]
    )


def mismatch_title(mismatch: Mismatch) -> str:
    """Return `resolved: no match (level poor), conversation c-1`."""
    level = f" (level {mismatch.level})" if mismatch.level else ""
    where = f", conversation {mismatch.conversation_id}" if mismatch.conversation_id else ""
    return f"{mismatch.judge}: {mismatch.how}{level}{where}"


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
RERUN_ADVICE: Final = "then run {up}. Failed {noun}s run again, unless `rerun` is `on_change`."
_AGAIN: Final = "then run {up}: it runs again, unless `rerun` is `on_change`."
_RESUME: Final = "run {up} again: a {noun} that was started is resumed, not started twice."
# No advice may lead to a second session: what may still run is only ever resumed.
ADVICE: Final[dict[str, str]] = {
    "missed": f"Fix what the reason says, {RERUN_ADVICE}",
    "others_repaired": "Fix the pathway for the scenarios that are not required for promotion, disable them, or allow "
    f"repairs (`gate: {{{{repaired: allow}}}}`), {RERUN_ADVICE}",
    "repaired": "Version {version} has the fixes: declare `version_number: {version}`, then run {up}.",
    "none_ran": f"Enable scenarios of the pathway, or name some in `scenario_ids`, {RERUN_ADVICE}",
    "contradictory": f"Look at the {{noun}} in Bland's dashboard, {_AGAIN}",
    "wrong_gate": f"Correct its `gate`, {RERUN_ADVICE}",
    "much_in_quarantine": f"Shorten its `quarantine`, {RERUN_ADVICE}",
    "adopted": "Change one of its triggers, then run {up}: it starts a new {noun} on the promoted version.",
    "running": f"To keep waiting, {_RESUME}",
    "out_of_time": f"To keep waiting, {_RESUME}",
    "cut_off": "To keep waiting, run `tornado-resource wait --stack {stack}`: what was started keeps running.",
    "interrupted": f"To keep waiting, {_RESUME}",
    "unreachable": f"When the API can be reached, {_RESUME}",
    "account": f"Check the credit and the limits of the Bland account, then {_RESUME}",
    "request_failed": f"Fix what the reason says, then {_RESUME}",
    "misdirected": "Check that bland:baseUrl is the address of the API, and that no proxy or cache responds in its "
    f"place, then {_RESUME}",
    "scenarios_unreadable": "Run {up} again: it reads them again, and starts nothing that met its gate.",
    "scenarios_unlisted": "Disable scenarios until fewer than 100 of the pathway are enabled, or declare another gate, "
    "then run {up}: it reads them again.",
    "scenarios_changed": "Run {up}: it puts the scenarios back, and runs them again.",
    "content_unreadable": "Run {up} again: it reads the version again, and starts nothing that met its gate.",
    "unconfirmed": "Run {up}: it confirms the pass, and starts no other {noun}. With `tornado:wait` false, it does "
    "not.",
    "edited": f"Leave the version as it is while it is tested, {RERUN_ADVICE}",
    "unknown_status": "Look at the {noun} in Bland's dashboard: it may still be running. {up} reads it again.",
    "gone": "Check that bland:baseUrl and the API key are those of the account that started it. If so, `pulumi refresh "
    "--stack {stack}` removes it, and the next {up} starts a new one.",
    "not_awaited": "Run `tornado-resource wait --stack {stack}`, or `pulumi config rm tornado:wait --stack {stack}` "
    "and {up}.",
    "not_started": "Fix what the reason says, then run {up} again.",
    "unknown": f"To read it again, {_RESUME}",
}
"""What to do, by what happened: the cause of an unknown outcome, or as below. A kind may know better (`Kind.cures`),
and a status has an advice of its own.

`{up}` stands for the command that updates the stack, `{stack}` for the stack's name, `{version}` for the version of the
verdict, and `{noun}` for what the run is called.
"""


def advice(result: Result, stack: str) -> str:
    """Return what to do about a run of a stack that did not pass."""
    stack_shown, kind = clean(stack), kind_of(result.gated.kind)
    text = _advice_of_status(result, kind) or _advice_of_situation(result, kind)
    return text.format(
        stack=stack_shown, up=f"`pulumi up --stack {stack_shown}`", version=result.verdict.version, noun=kind.noun
    )


def _advice_of_status(result: Result, kind: Kind) -> str | None:
    meaning, outcome = kind.statuses.get(result.verdict.status or ""), result.verdict.outcome
    if result.cause is not None or meaning is None or meaning.failure is None:
        return None
    if meaning.says_nothing:
        return f"{meaning.advice}, {_AGAIN}"
    return f"{meaning.advice}, {RERUN_ADVICE}" if outcome == "failed" else None


def _advice_of_situation(result: Result, kind: Kind) -> str:
    situation = _situation(result)
    cure = kind.cures.get(situation)
    if cure is None:
        return ADVICE[situation]
    return f"{cure}, {RERUN_ADVICE if situation == 'missed' else _AGAIN}"


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
    return f"{tally(results)} of {count_runs(result.gated for result in results)}"


def nouns(runs: Iterable[GatedRun]) -> str:
    """Return `sessions and check runs`."""
    return " and ".join(f"{kind_of(name).noun}s" for name in dict.fromkeys(gated.kind for gated in runs)) or "runs"


@dataclass(frozen=True, slots=True)
class Headings:
    """The headings of a table of runs: of one kind, or of several."""

    run: str
    parts: str
    is_mixed: bool
    has_iterations: bool


def headings(runs: Iterable[GatedRun]) -> Headings:
    """Return the headings of a table. If it is of one kind, they name it; else, the cells say what they count."""
    kinds = [kind_of(name) for name in dict.fromkeys(gated.kind for gated in runs)]
    is_mixed, has_iterations = len(kinds) > 1, any(kind.has_iterations for kind in kinds)
    if is_mixed or not kinds:
        return Headings("Run", "Passed", is_mixed, has_iterations)
    return Headings(kinds[0].noun.capitalize(), f"{kinds[0].part_noun.capitalize()}s", is_mixed, has_iterations)


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
    return "repaired" if is_repaired and result.gated.promoted.version is None else "missed"


def _doubt(result: Result) -> str:
    """Return why a run is incomplete although its status may be known."""
    status, verdict = result.status, result.verdict
    situation = "much_in_quarantine" if AT_MOST_HALF in verdict.reason else kind_of(verdict.kind).doubt(verdict)
    if situation is not None:
        return situation
    if status is None:
        return "unknown"
    if not status.is_final:
        return "running" if status.is_running else "unknown_status"
    if status.total_scenarios == 0:
        return "none_ran"
    return "adopted" if result.gated.adopted and result.gated.promoted.version is not None else "contradictory"
