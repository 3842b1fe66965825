"""How the runs of each session went over the last updates, and which scenarios and judges are flaky. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Literal

from tornado_resource.bland.responses import parse_time
from tornado_resource.core.text import clean, count, counts, json_text, plain_url
from tornado_resource.core.urns import STACK_TYPE, make_urn, name_of, parents_of, type_of, unique_names
from tornado_resource.reports.outcomes import judge_view, recorded_results
from tornado_resource.runs.kinds import kind_of_type
from tornado_resource.runs.model import OUTCOMES
from tornado_resource.stacks.recorded_verdicts import parse_verdict, verdicts_in
from tornado_resource.stacks.renames import Followed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tornado_resource.reports.outcomes import JudgeView
    from tornado_resource.runs.model import RunVerdict, ScenarioRun
    from tornado_resource.stacks.history import Update

FORMAT_VERSION: Final = 1
MAX_FLAKY_LINES: Final = 10
PartKind = Literal["scenario", "judge"]


@dataclass(frozen=True, slots=True)
class PastRun:
    """One session, and its verdict as last recorded. *duration_ms* is from its creation to its end.

    *run_url*: the run of the CI system that recorded the verdict first. *tested* is the same for runs that tested the
    same content; None if that is unknown, or if the results are of several versions. *scenarios* are those whose result
    is known.
    """

    session_id: str
    outcome: str
    passed_scenarios: int | None
    total_scenarios: int | None
    created_at: str | None
    finished_at: str | None
    duration_ms: int | None
    version: int | None = None
    version_id: str | None = None
    semver: str | None = None
    content: str | None = None
    first_failed_ids: list[str] | None = None
    first_content: str | None = None
    run_url: str | None = None
    tested: str | None = None
    scenarios: tuple[ScenarioRun, ...] = ()
    simulated: Mapping[str, tuple[int, int]] = field(default_factory=dict, hash=False)
    """By scenario id, how many of its simulations passed in the confirmation, and how many gave a result."""
    judges: tuple[JudgeView, ...] = ()

    @property
    def shown_version(self) -> str | None:
        """The version for people; None if it is unknown."""
        version = self.semver or (self.version_id[:8] if self.version_id is not None else self.version)
        return str(version) if version is not None else None


@dataclass(frozen=True, slots=True)
class PartRun:
    """A scenario or judge in one run. *basis*: what it ran on and under which bar of the gate; None if unknown.

    *passed_first*: whether it passed in the first iteration, if the session repaired the pathway after it, on *first*.
    *simulated*: as in `PastRun`, of those that gave a result; they ran on the version that the session passed with.
    """

    run: PastRun
    passed: bool
    basis: tuple[str, int | None] | None
    passed_first: bool | None = None
    first: tuple[str, int | None] | None = None
    simulated: tuple[int, int] | None = None

    @property
    def has_failed(self) -> bool:
        """Whether it failed at the end, at first, or in a simulation."""
        return not self.passed or self.passed_first is False or self.failed_simulations > 0

    @property
    def failed_simulations(self) -> int:
        """How many simulations failed."""
        return self.simulated[1] - self.simulated[0] if self.simulated is not None else 0

    @property
    def contradictions(self) -> int:
        """How many simulations contradict the others, or the result of the run, on the same content."""
        if self.simulated is None:
            return 0
        passed, failed = self.simulated[0], self.failed_simulations
        if self.basis is not None:
            passed, failed = passed + self.passed, failed + (not self.passed)
        return min(passed, failed)

    @property
    def label(self) -> str:
        """What happened, for people."""
        first = "failed at first, " if self.passed and self.passed_first is False else ""
        version = self.run.shown_version
        where = f" on version {version}" if version is not None else ""
        simulated = f", {_simulations(*self.simulated)} passed" if self.simulated is not None else ""
        return f"{first}{'passed' if self.passed else 'failed'}{where}{simulated}"


@dataclass(frozen=True)
class PartTrend:
    """A scenario or judge of one session over its runs, the oldest first. *part_id*: the name of a judge, too."""

    session: str
    kind: PartKind
    part_id: str
    name: str | None
    runs: tuple[PartRun, ...]

    @property
    def label(self) -> str:
        """The name and the id of a scenario, or its id alone; the name of a judge."""
        return f"{self.name} ({self.part_id})" if self.name and self.name != self.part_id else self.part_id

    @property
    def passed(self) -> int:
        """In how many runs it passed."""
        return sum(run.passed for run in self.runs)

    @property
    def failed(self) -> int:
        """In how many runs it failed."""
        return len(self.runs) - self.passed

    @cached_property
    def flips(self) -> int:
        """How often the result changed although it ran on the same content, under the same bar of the gate."""
        groups: dict[tuple[str, int | None], list[bool]] = {}
        for run in self.runs:
            for basis, passed in ((run.first, run.passed_first), (run.basis, run.passed)):
                if basis is not None and passed is not None:
                    groups.setdefault(basis, []).append(passed)
        return sum(one != other for group in groups.values() for one, other in pairwise(group))

    @property
    def simulations(self) -> tuple[int, int] | None:
        """How many of its simulations passed, and how many gave a result; None without any."""
        simulated = [run.simulated for run in self.runs if run.simulated is not None]
        return (sum(passed for passed, _ in simulated), sum(runs for _, runs in simulated)) if simulated else None

    @property
    def shown_simulations(self) -> str:
        """`3 of 5 simulations`; nothing without any."""
        return _simulations(*self.simulations) if self.simulations is not None else ""

    @cached_property
    def contradictions(self) -> int:
        """How often results on the same content were different: its flips, and the fewer ones of its simulations."""
        return self.flips + sum(run.contradictions for run in self.runs)

    @property
    def last_failure(self) -> PastRun | None:
        """The last run in which it failed: at the end, at first, or in a simulation."""
        return next((run.run for run in reversed(self.runs) if run.has_failed), None)

    @property
    def is_flaky(self) -> bool:
        """Whether it has both passed and failed on the same content."""
        return self.contradictions > 0


@dataclass(frozen=True, slots=True)
class Trend:
    """The runs of the session *name*, which no other one has, the oldest first. *kind* is that of the runs."""

    name: str
    runs: tuple[PastRun, ...]
    kind: str = "tornado"

    @property
    def passed(self) -> int:
        """How many runs passed."""
        return sum(run.outcome == "passed" for run in self.runs)

    @property
    def judged(self) -> int:
        """How many runs passed or failed: an incomplete one says nothing about the pathway."""
        return sum(run.outcome in {"passed", "failed"} for run in self.runs)

    @property
    def pass_rate(self) -> float | None:
        """The share of the judged runs that passed, from 0 to 1; None without a judged run."""
        return round(self.passed / self.judged, 4) if self.judged else None

    @property
    def median_ms(self) -> int | None:
        """The median duration in milliseconds; None if no duration is known."""
        durations = [run.duration_ms for run in self.runs if run.duration_ms is not None]
        return round(median(durations)) if durations else None

    @property
    def parts(self) -> tuple[PartTrend, ...]:
        """Its scenarios and judges, in the order of their first run."""
        names = {
            scenario["id"]: scenario["name"]
            for run in self.runs
            for scenario in run.scenarios
            if scenario["name"] is not None
        }
        runs: dict[tuple[PartKind, str], list[PartRun]] = {}
        for run in self.runs:
            for key, part_run in _part_runs(run):
                runs.setdefault(key, []).append(part_run)
        return tuple(
            PartTrend(self.name, kind, part_id, names.get(part_id) if kind == "scenario" else part_id, tuple(parts))
            for (kind, part_id), parts in runs.items()
        )


def _part_runs(run: PastRun) -> Iterator[tuple[tuple[PartKind, str], PartRun]]:
    """Yield the scenarios and judges whose result is known, by kind and id."""
    failed, first = run.first_failed_ids, (run.first_content, None) if run.first_content is not None else None
    for scenario in run.scenarios:
        basis = (run.tested, None) if run.tested is not None else None
        passed_first = scenario["id"] not in failed if failed is not None else None
        simulated = run.simulated.get(scenario["id"])
        yield ("scenario", scenario["id"]), PartRun(run, scenario["passed"], basis, passed_first, first, simulated)
    for judge in run.judges:
        if judge.is_met is not None:
            bar = (run.tested, judge.bar) if run.tested is not None else None
            yield ("judge", judge.name), PartRun(run, judge.is_met, bar)


@dataclass(frozen=True)
class Trends:
    """The runs of all sessions over the last *updates* updates; *unreadable* of them could not be read."""

    updates: int
    sessions: tuple[Trend, ...]
    unreadable: int = 0

    @property
    def shown_updates(self) -> str:
        """`update` or `7 updates`, as it follows "the last"."""
        return "update" if self.updates == 1 else f"{self.updates} updates"

    @cached_property
    def parts(self) -> tuple[PartTrend, ...]:
        """All scenarios and judges: those with most contradictions first, then those with most failures."""
        parts = (part for trend in self.sessions for part in trend.parts)
        return tuple(
            sorted(
                parts,
                key=lambda part_trend: (
                    -part_trend.contradictions,
                    -part_trend.failed,
                    part_trend.session,
                    part_trend.label,
                ),
            )
        )

    @property
    def flaky(self) -> tuple[PartTrend, ...]:
        """Those of them that have both passed and failed on the same content."""
        return tuple(part for part in self.parts if part.is_flaky)


def trends(updates: Iterable[Update | None]) -> Trends:
    """Return the runs that the last updates have recorded, in the order of the sessions' names.

    A session that several updates recorded is one run, with the last of its verdicts. One that was renamed goes on.

    Args:
        updates: what each update recorded; the newest first. None for one that cannot be read.

    """
    runs: dict[str, dict[str, PastRun]] = {}
    kinds: dict[str, str] = {}
    followed = Followed()
    number = unreadable = 0
    for update in updates:
        number += 1
        unreadable += update is None
        for recorded, kind, run in _runs(update) if update is not None else ():
            urn = followed.urn(recorded, run.session_id)
            kinds.setdefault(urn, kind)
            former = runs.setdefault(urn, {}).setdefault(run.session_id, run)
            if former.outcome == run.outcome:
                runs[urn][run.session_id] = replace(former, run_url=run.run_url)
    names = {urn: clean(name) for urn, name in unique_names(runs).items()}
    sessions = (
        Trend(names[urn], tuple(reversed(runs[urn].values())), kinds[urn])
        for urn in sorted(runs, key=names.__getitem__)
    )
    return Trends(number, tuple(sessions), unreadable)


def flaky_lines(trends: Trends) -> list[str]:
    """Return what a terminal shows: how many scenarios and judges are flaky, and a line for each of the first ones."""
    flaky = trends.flaky
    lines = [f"flaky over the last {trends.shown_updates}: {len(flaky)} of {_counted(trends.parts)}"]
    for part in flaky[:MAX_FLAKY_LINES]:
        url = part.last_failure.run_url if part.last_failure is not None else None
        simulated = f", {part.shown_simulations} passed" if part.simulations is not None else ""
        numbers = f"{part.passed} passed, {part.failed} failed, {count(part.flips, 'flip')}{simulated}"
        version = part.runs[-1].run.shown_version
        where = f", version {clean(version, 40)}" if version is not None else ""
        lines.append(f"  {part.session}: {clean(part.label, 120)}: {numbers}{where}{f'  {url}' if url else ''}")
    if len(flaky) > MAX_FLAKY_LINES:
        lines.append(f"  and {len(flaky) - MAX_FLAKY_LINES} more: see history.json")
    return lines


def _simulations(passed: int, runs: int) -> str:
    return f"{passed} of {count(runs, 'simulation')}"


def _counted(parts: Sequence[PartTrend]) -> str:
    kinds = Counter(part.kind for part in parts)
    return counts({"scenario": kinds["scenario"], "judge": kinds["judge"]})


def trends_json(stack: str, written_at: str, trends: Trends) -> str:
    """Return `history.json`: each session's runs, and the flips of scenarios and judges, as ASCII JSON."""
    content = {
        "version": FORMAT_VERSION,
        "stack": stack,
        "written_at": written_at,
        "updates": trends.updates,
        "unreadable_updates": trends.unreadable,
        "sessions": {trend.name: _session(trend) for trend in trends.sessions},
        "tests": [_test(part) for part in trends.parts],
    }
    return json_text(content)


def _session(trend: Trend) -> dict[str, Any]:
    return {
        "kind": trend.kind,
        "passed": trend.passed,
        "judged": trend.judged,
        "pass_rate": trend.pass_rate,
        "median_ms": trend.median_ms,
        "runs": [_run_json(run) for run in trend.runs],
    }


def _run_json(run: PastRun) -> dict[str, Any]:
    return {
        "session_id": run.session_id,
        "outcome": run.outcome,
        "passed_scenarios": run.passed_scenarios,
        "total_scenarios": run.total_scenarios,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "duration_ms": run.duration_ms,
        "version": run.version,
        "version_id": run.version_id,
        "semver": run.semver,
        "content": run.content,
        "first_failed_ids": run.first_failed_ids,
        "first_content": run.first_content,
        "run_url": run.run_url,
        "passed_ids": [scenario["id"] for scenario in run.scenarios if scenario["passed"]],
        "failed_ids": [scenario["id"] for scenario in run.scenarios if not scenario["passed"]],
        "judges": [_judge(scenario) for scenario in run.judges],
    }


def _judge(judge: JudgeView) -> dict[str, Any]:
    return {
        "name": judge.name,
        "required": judge.is_required,
        "match_rate": judge.rate,
        "bar": judge.bar,
        "met": judge.is_met,
    }


def _test(part: PartTrend) -> dict[str, Any]:
    last = part.runs[-1].run
    return {
        "session": part.session,
        "kind": part.kind,
        "id": part.part_id if part.kind == "scenario" else None,
        "name": part.name,
        "passed": part.passed,
        "failed": part.failed,
        "flips": part.flips,
        "simulations": part.simulations[1] if part.simulations is not None else 0,
        "simulations_passed": part.simulations[0] if part.simulations is not None else 0,
        "flaky": part.is_flaky,
        "version": last.shown_version,
        "run_url": last.run_url,
    }


def _runs(update: Update) -> Iterator[tuple[str, str, PastRun]]:
    resources = update.resources
    outputs = {urn: entry["outputs"] for urn, entry in resources.items() if isinstance(entry.get("outputs"), dict)}
    verdicts = verdicts_in(
        next((resource_outputs for urn, resource_outputs in outputs.items() if type_of(urn) == STACK_TYPE), {})
    )
    for urn, outputs_of_run in outputs.items():
        kind = kind_of_type(type_of(urn))
        verdict = verdicts.get(str(outputs_of_run.get(kind.id_output))) if kind is not None else None
        if kind is not None and verdict is not None and verdict["outcome"] in OUTCOMES:
            # Without stack and project: both can be renamed.
            anywhere = make_urn("_", "_", type_of(urn), name_of(urn), parents_of(urn))
            run = _run(outputs_of_run, parse_verdict(verdict), str(outputs_of_run.get(kind.place_outputs[0])))
            yield anywhere, kind.name, replace(run, run_url=plain_url(update.run_url))


def _run(outputs: Mapping[str, Any], verdict: RunVerdict, subject: str) -> PastRun:
    created_at = outputs.get("created_at")
    began = parse_time(created_at) if isinstance(created_at, str) else None
    ended = parse_time(verdict.finished_at)
    run = PastRun(
        session_id=clean(verdict.session_id),
        outcome=verdict.outcome,
        passed_scenarios=verdict.passed_scenarios,
        total_scenarios=verdict.total_scenarios,
        created_at=began.isoformat() if began else None,
        finished_at=ended.isoformat() if ended else None,
        duration_ms=round((ended - began).total_seconds() * 1000) if began and ended and ended >= began else None,
        version=verdict.version,
        version_id=verdict.version_id,
        semver=verdict.semver,
        content=verdict.content,
        first_failed_ids=verdict.first_failed_ids,
        first_content=verdict.first_content,
        tested=_tested(verdict, subject),
    )
    return run if verdict.outcome == "incomplete" else _with_results(run, verdict, outputs.get("declared"))


def _with_results(run: PastRun, verdict: RunVerdict, declared: Any) -> PastRun:
    ids = declared.get("scenario_ids") if isinstance(declared, dict) else None
    results = recorded_results(verdict, list(map(str, ids)) if isinstance(ids, list) else [])
    names = {scenario["id"]: scenario["name"] for scenario in verdict.scenarios or ()}
    return replace(
        run,
        scenarios=tuple(
            {"id": scenario_id, "name": names.get(scenario_id), "passed": passed}
            for scenario_id, passed in results.items()
        ),
        judges=tuple(judge_view(verdict.gate, judge) for judge in verdict.judges or ()),
        simulated=_simulated(verdict),
    )


def _simulated(verdict: RunVerdict) -> dict[str, tuple[int, int]]:
    rates = verdict.confirmation["scenarios"] if verdict.confirmation is not None else {}
    return {scenario_id: (rate["passed"], rate["runs"]) for scenario_id, rate in rates.items() if rate["runs"]}


def _tested(verdict: RunVerdict, subject: str) -> str | None:
    """Return what the results are for: the content, else the number of the version on its pathway."""
    if verdict.full_run is False:
        return None
    return verdict.content or (f"{subject} {verdict.version}" if verdict.version is not None else None)
