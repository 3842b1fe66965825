"""What has changed since the last verdicts of another stack, the baseline. It decides nothing. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from tornado_resource.core.text import clean, count
from tornado_resource.core.urns import stack_of
from tornado_resource.reports.outcomes import judge_views, scenario_results
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.verdict import unknown_result
from tornado_resource.stacks.recorded_verdicts import carried_results, parse_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tornado_resource.runs.model import Result, RunVerdict
    from tornado_resource.stacks.recorded import Recorded, RecordedRun

Change = Literal["newly_failing", "unknown_before", "still_failing", "fixed", "new"]
CHANGES: Final[Mapping[Change, str]] = {
    "newly_failing": "newly failing",
    "unknown_before": "failing, unknown there",
    "still_failing": "still failing",
    "fixed": "fixed",
    "new": "new",
}
"""In the order of the reports, with the words for people."""
_CHANGES: Final[Mapping[tuple[bool, bool | None], Change]] = {
    (False, True): "newly_failing",
    (False, None): "unknown_before",
    (False, False): "still_failing",
    (True, False): "fixed",
}
"""By whether it passes now, and whether it had passed there: None if that is unknown."""
UNREADABLE: Final = "its state could not be read, so nothing is compared with it; the log has the reason"
EMPTY: Final = "it has recorded no verdict, so there is nothing to compare with"
ITSELF: Final = "it is this stack itself, so there is nothing to compare with"
NOT_BLAMED: Final = "What is still failing had failed there before this change. That changes nothing about the gate."
MAX_FAILING_LINES: Final = 10


@dataclass(frozen=True, slots=True)
class Baseline:
    """Another stack, and the last results that it has recorded. *problem*: why there are none."""

    stack: str
    results: tuple[Result, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ResultChange:
    """A scenario or judge that is not as it was over there. *part_id*: the name of a judge, too."""

    kind: Literal["scenario", "judge"]
    part_id: str
    name: str | None
    change: Change

    @property
    def label(self) -> str:
        """The name and the id of a scenario, or its id alone; the name of a judge."""
        return f"{self.name} ({self.part_id})" if self.name and self.name != self.part_id else self.part_id


@dataclass(frozen=True, slots=True)
class RunChange:
    """A session or check run beside its last verdict over there: None if it has none. *change*: None without one."""

    name: str
    noun: str
    change: Change | None
    before: RunVerdict | None
    parts: tuple[ResultChange, ...]


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A row of the table in reports: a run, or a part of one. *there*: what that stack has of it."""

    change: Change
    run: str
    noun: str
    label: str
    there: str

    @property
    def words(self) -> str:
        """The change for people."""
        return CHANGES[self.change]


def is_same_stack(name: str, stack: str, project: str) -> bool:
    """Return whether *name*, which may be `organization/project/stack`, is a stack of a project itself."""
    *owners, last = name.split("/")
    return last == stack.rpartition("/")[2] and (not owners or owners[-1] == project)


def baseline_of(stack: str, recorded: Recorded) -> Baseline:
    """Return the last verdicts in the state of a stack. A damaged one, and one of another run, is unknown."""
    results = [result for result in map(_last_result, recorded.runs.values()) if result is not None]
    all_results = (*results, *carried_results(recorded.outputs))
    return Baseline(stack, all_results, None if all_results else EMPTY)


def _last_result(run: RecordedRun) -> Result | None:
    gated = run.gated
    if gated is None:
        return None
    result = unknown_result(gated, "no verdict is recorded")
    if run.verdict is not None:
        return replace(result, verdict=run.verdict, scenario_names=run.scenario_names)
    if run.recorded is not None and run.recorded["outcome"] == "incomplete":
        return replace(result, verdict=parse_verdict(run.recorded))
    return result


def changes(results: Sequence[Result], baseline: Baseline) -> tuple[RunChange, ...]:
    """Return what has changed for each session and check run, in their order; nothing if the baseline is unknown."""
    before = {result.gated.name: result for result in baseline.results}
    return (
        tuple(_run_change(result, before.get(result.gated.name)) for result in results) if not baseline.problem else ()
    )


def _run_change(now: Result, before: Result | None) -> RunChange:
    kind = kind_of(now.gated.kind)
    if before is not None and before.gated.kind != now.gated.kind:
        before = None
    there = _Before(before is None, {"": _is_passed(before)} if before is not None else {})
    return RunChange(
        now.gated.name,
        kind.noun,
        there.change("", "", is_passed=_is_passed(now)),
        before.verdict if before is not None else None,
        tuple(_part_changes(now, before)),
    )


def _is_passed(result: Result) -> bool | None:
    return None if result.verdict.outcome == "incomplete" else result.verdict.outcome == "passed"


@dataclass(frozen=True, slots=True)
class _Before:
    """Results over there, by id, and by name where no other one has it. *is_whole*: what is not there did not run."""

    is_whole: bool
    by_id: Mapping[str, bool | None]
    by_name: Mapping[str, bool | None] = field(default_factory=dict)

    def change(self, part_id: str, name: str | None, *, is_passed: bool | None) -> Change | None:
        """Return the change of what passes now or not; None if that is unknown, or nothing has changed."""
        if is_passed is None:
            return None
        if self.is_whole and part_id not in self.by_id and name not in self.by_name:
            return "new"
        return _CHANGES.get((is_passed, self.by_id.get(part_id, self.by_name.get(name or ""))))


def _part_changes(now: Result, before: Result | None) -> Iterator[ResultChange]:
    scenarios, judges = _scenarios_of(before), _judges_of(before)
    for scenario in scenario_results(now):
        change = scenarios.change(scenario.scenario_id, _shared_name(now, scenario.name), is_passed=scenario.passed)
        if change is not None:
            yield ResultChange("scenario", scenario.scenario_id, scenario.name, change)
    for judge in judge_views(now):
        change = judges.change(judge.name, None, is_passed=judge.is_met)
        if change is not None:
            yield ResultChange("judge", judge.name, judge.name, change)


def _scenarios_of(before: Result | None) -> _Before:
    if before is None:
        return _Before(is_whole=True, by_id={})
    if _is_passed(before) is None:
        return _Before(is_whole=False, by_id={})
    judged = [scenario for scenario in scenario_results(before) if scenario.passed is not None]
    shared = {scenario.scenario_id: _shared_name(before, scenario.name) for scenario in judged}
    names = Counter(shared.values())
    return _Before(
        before.verdict.scenarios is not None,
        {scenario.scenario_id: scenario.passed for scenario in judged},
        {
            name: scenario.passed
            for scenario in judged
            if (name := shared[scenario.scenario_id]) is not None and names[name] == 1
        },
    )


def _shared_name(result: Result, name: str | None) -> str | None:
    """Return the name of a scenario without that of its stack, which `scenarios: own` adds."""
    stack = stack_of(result.gated.urn)
    return name.removesuffix(f" ({stack})") if name is not None and stack else name


def _judges_of(before: Result | None) -> _Before:
    if before is None:
        return _Before(is_whole=True, by_id={})
    is_known = _is_passed(before) is not None
    return _Before(is_known, {judge.name: judge.is_met for judge in judge_views(before) if is_known})


def rows(changes: Sequence[RunChange]) -> list[ChangeRow]:
    """Return the rows of the table: what is newly failing first. The parts of a new run are not listed."""
    listed = [row for run in changes for row in _rows_of(run)]
    order = list(CHANGES)
    return sorted(listed, key=lambda row: order.index(row.change))


def _rows_of(run: RunChange) -> Iterator[ChangeRow]:
    if run.change is not None:
        yield ChangeRow(run.change, run.name, run.noun, "", _there(run.before))
    if run.change == "new":
        return
    for part in run.parts:
        there = {"newly_failing": "passed", "fixed": "failed", "still_failing": "failed"}.get(part.change, "no result")
        yield ChangeRow(part.change, run.name, part.kind, part.label, there)


def _there(verdict: RunVerdict | None) -> str:
    if verdict is None:
        return "not there"
    version = verdict.semver or verdict.version_id or verdict.version
    details_known = [f"version {version}" if version is not None else None, verdict.finished_at]
    details = ", ".join(detail for detail in details_known if detail is not None)
    return f"{verdict.outcome}: {verdict.reason}{f' ({details})' if details else ''}"


def tally(rows: Sequence[ChangeRow]) -> str:
    """Return `newly failing: 1 session, 2 scenarios; fixed: 1 scenario`, or that nothing has changed."""
    by_change: dict[Change, Counter[str]] = {}
    for row in rows:
        by_change.setdefault(row.change, Counter())[row.noun] += 1
    told = [f"{words}: {_numbers(by_change[change])}" for change, words in CHANGES.items() if change in by_change]
    return "; ".join(told) or "nothing is newly failing, fixed, still failing or new"


def _numbers(numbers: Mapping[str, int]) -> str:
    return ", ".join(count(number, noun) for noun, number in numbers.items())


def baseline_lines(results: Sequence[Result], baseline: Baseline) -> list[str]:
    """Return what a terminal shows: the numbers, and what fails."""
    stack = clean(baseline.stack)
    if baseline.problem is not None:
        return [f"against stack {stack}: {baseline.problem}"]
    changed = rows(changes(results, baseline))
    failing = [row for row in changed if row.change not in {"fixed", "new"}]
    lines = [f"against stack {stack}: {tally(changed)}"]
    lines += [
        f"  {row.words}: {clean(row.run, 80)}{f': {clean(row.label, 120)}' if row.label else ''}"
        for row in failing[:MAX_FAILING_LINES]
    ]
    if len(failing) > MAX_FAILING_LINES:
        lines.append(f"  and {len(failing) - MAX_FAILING_LINES} more")
    if any(row.change == "still_failing" for row in changed):
        lines.append(f"  {NOT_BLAMED}")
    return lines


def as_json(results: Sequence[Result], baseline: Baseline) -> dict[str, Any]:
    """Return the part `baseline` of `verdicts.json`."""
    return {
        "stack": baseline.stack,
        "problem": baseline.problem,
        "sessions": {run.name: _run_json(run) for run in changes(results, baseline)},
    }


def _run_json(run: RunChange) -> dict[str, Any]:
    keys = ("outcome", "reason", "session_id", "version", "version_id", "semver", "finished_at")
    scenarios = [part for part in run.parts if part.kind == "scenario"]
    return {
        "change": run.change,
        **{key: getattr(run.before, key, None) for key in keys},
        "scenarios": [
            {"id": scenario.part_id, "name": scenario.name, "change": scenario.change} for scenario in scenarios
        ],
        "judges": [{"name": part.part_id, "change": part.change} for part in run.parts if part.kind == "judge"],
    }
