"""The report for CI systems: JUnit XML with a suite per run, a case per scenario or judge, and one for the gate itself.

CI systems follow a case by its `classname` and `name`. So these are the names of the session and of the scenario, and
the same whatever happened; ids differ from environment to environment.

A CI system turns red on any failure. So a failed scenario is a failure only if the gate did not pass; if it did
(`passed: 80%`), the scenario is skipped and says why. So is a judge that failed and does not decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self
from xml.etree import ElementTree as ET

from junitparser import Attr, Error, Failure, IntAttr, JUnitXml, Skipped, TestCase, TestSuite

from tornado_resource.bland.responses import parse_time
from tornado_resource.core.text import clean, clean_lines
from tornado_resource.reports.outcomes import (
    ScenarioResult,
    advice,
    gate_text,
    judge_views,
    last_fixes,
    mismatch_title,
    omission,
    scenario_results,
)
from tornado_resource.reports.rates import rate_views
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tornado_resource.bland.scenario_runs import Transcript
    from tornado_resource.core.positions import Position
    from tornado_resource.declarations.quarantine import Quarantine
    from tornado_resource.reports.model import Report
    from tornado_resource.reports.outcomes import JudgeView
    from tornado_resource.reports.rates import RateView
    from tornado_resource.runs.model import Result
    from tornado_resource.stacks.recorded_promotion import Promotion

GATE_CASE: Final = "gate"
UPDATE: Final = "update"
NO_GATE: Final = "nothing was judged: no session has a gate"
MAX_ENTRY_CHARACTERS: Final = 10_000
NAMELESS: Final = "a scenario without an id"
NAMELESS_JUDGE: Final = "a judge without a name"
MAX_CASE_FIXES: Final = 10
MAX_MILLISECONDS: Final = 10**12


class _Case(TestCase):
    """A case with the place of its declaration, which CI systems link."""

    file = Attr()
    line = IntAttr()

    def place(self, position: Position | None) -> Self:
        """Set the place, if it is known."""
        if position is not None:
            self.file, self.line = clean(position.file), position.line
        return self


def junit(report: Report) -> str:
    """Return the results as JUnit XML."""
    document = JUnitXml(clean(f"tornado {report.stack}"))
    if report.problem is not None:
        document.append(_problem(report.problem, is_skipped=report.is_skipped))
    elif not report.results:
        document.append(_problem(NO_GATE, is_skipped=True))  # CI systems take a file without a case for a broken one
    for result in report.results:
        document.append(_suite(result, report))  # add_testsuite() would compare it with all others
    document.update_statistics()
    # Not `document.write`, whose DOM takes half a gigabyte for 100,000 cases.
    root = ET.fromstring(document.tostring())  # noqa: S314 - written above
    ET.indent(root, "\t")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _problem(text: str, *, is_skipped: bool) -> TestSuite:
    """Return a suite whose one case says why the update has failed or judged nothing."""
    suite, case = TestSuite(UPDATE), TestCase(UPDATE, UPDATE)
    message, _, more = text.partition("\n")
    summary = clean(message, 1000)
    entry = Skipped(summary) if is_skipped else Error(summary, type_="incomplete")
    entry.text = clean_lines(more, MAX_ENTRY_CHARACTERS)
    case.result = [entry]
    suite.add_testcases([case])
    return suite


def _suite(result: Result, report: Report) -> TestSuite:
    suite = TestSuite(clean(result.gated.name))
    moment = _timestamp(result.gated.created_at)
    if moment is not None:
        suite.timestamp = moment
    for name, value in (*_properties(result), *_promoted(result, report.promotion), *_rolled_back(result, report)):
        suite.add_property(name, clean(value))
    suite.add_testcases(_cases(result, report))
    return suite


def _properties(result: Result) -> Iterator[tuple[str, str]]:
    gated, verdict, kind = result.gated, result.verdict, kind_of(result.gated.kind)
    properties = {
        kind.id_output: verdict.session_id or None,
        "pathway_id": gated.shown_pathway,
        "agent_id": gated.shown_agent,
        "env": gated.request.get("env"),
        "version_id": verdict.version_id,
        "semver": verdict.semver,
        "cost_usd": result.cost_usd,
        "version": verdict.version,
        "content": verdict.content,
        "full_run": None if verdict.full_run is None else str(verdict.full_run).lower(),
        "drift": result.drift,
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "status": verdict.status,
        "gate": gate_text(gated.gate, verdict.judges or ()),
        "repaired": str(verdict.repaired).lower() if kind.has_iterations else None,
        "iterations": verdict.iterations,
        "declaration": verdict.declaration,
        "finished_at": verdict.finished_at,
        "declared_at": gated.position,
        "left_out": omission(result),
    }
    return ((name, str(value)) for name, value in properties.items() if value is not None)


def _promoted(result: Result, promotion: Promotion | None) -> Iterator[tuple[str, str]]:
    if promotion is not None:
        yield "promoted_from", promotion.source
        if result.gated.name in promotion.waived:
            yield "promoted_without", promotion.override or ""


def _rolled_back(result: Result, report: Report) -> Iterator[tuple[str, str]]:
    rollback = report.rollbacks.get(result.gated.name)
    if rollback is not None:
        yield "rollback", str(rollback)


def _cases(result: Result, report: Report) -> list[TestCase]:
    """Return a case for the gate, with the run's time, and one per scenario or judge. No two have the same name."""
    scenarios = _scenarios(result)
    unique, names = _Names(), dict[str, str]()
    # In the order of their ids: that of their runs differs from session to session.
    for scenario in sorted(scenarios, key=lambda scenario: scenario.scenario_id):
        names[scenario.scenario_id] = unique.unique(clean((scenario.name or scenario.scenario_id).strip()) or NAMELESS)
    cases: list[TestCase] = [_gate_case(result, report.stack).place(report.linked(result.gated.position))]
    rates = {view.scenario_id: view for view in rate_views(result)}
    for scenario in scenarios:
        position = report.linked(result.scenario_position(scenario.scenario_id))
        case = _scenario_case(result, scenario, names[scenario.scenario_id]).place(position)
        cases.append(_with_rate(case, rates[scenario.scenario_id]) if scenario.scenario_id in rates else case)
    for judge in judge_views(result):
        name = unique.unique(clean(judge.name.strip()) or NAMELESS_JUDGE)
        cases.append(_judge_case(result, judge, name).place(report.linked(result.gated.position)))
    return cases


def _scenarios(result: Result) -> list[ScenarioResult]:
    """Return the scenarios that are a case: not one of which only an id is known, which would be a case of its own."""
    scenarios = list(scenario_results(result))
    if not result.verdict.session_id:
        scenarios += [
            ScenarioResult(key, scenario.name, passed=None, unfixable=False)
            for key, scenario in result.gated.scenarios.items()
        ]
    return [scenario for scenario in scenarios if scenario.name or scenario.passed is not None or scenario.unfixable]


class _Names:
    """The names of a suite's cases."""

    def __init__(self) -> None:
        self._taken = {GATE_CASE}
        self._numbers: dict[str, int] = {}

    def unique(self, label: str) -> str:
        """Return the label, with a number (` #2`) if it is taken. What was tried before is not tried again."""
        name, number = label, self._numbers.get(label, 1)
        while name in self._taken:
            number += 1
            name = f"{label} #{number}"
        self._numbers[label] = number
        self._taken.add(name)
        return name


def _gate_case(result: Result, stack: str) -> _Case:
    verdict = result.verdict
    seconds = min(max(verdict.elapsed_ms or 0, 0), MAX_MILLISECONDS) / 1000
    case = _Case(GATE_CASE, clean(result.gated.name), seconds)
    if verdict.outcome == "passed":
        return case
    kind = Failure if verdict.outcome == "failed" else Error
    entry = kind(clean(verdict.reason, 1000), type_=verdict.outcome)
    noun = kind_of(result.gated.kind).noun
    details = {noun: verdict.session_id, "declared at": str(result.gated.position or "")}
    where = ", ".join(f"{word} {clean(value)}" for word, value in details.items() if value)
    entry.text = "\n".join(line for line in (where, advice(result, stack), *_fix_plan(result)) if line)
    case.result = [entry]
    return case


def _scenario_case(result: Result, scenario: ScenarioResult, name: str) -> _Case:
    case = _Case(name, clean(result.gated.name))
    has_gate_passed = result.verdict.outcome == "passed"
    if scenario.quarantine is not None and not scenario.is_met:
        case.result = [Skipped(_in_quarantine("failed", scenario.quarantine))]
        return case
    if scenario.passed is None and (has_gate_passed or not scenario.unfixable):
        case.result = [Skipped("no result: no run of this scenario is known")]
    elif not scenario.is_met and has_gate_passed:
        case.result = [Skipped(f"failed, but the gate ({clean(str(result.gated.gate.passed))}) passed")]
    elif not scenario.is_met:
        case.result = [_failure(result, scenario)]
    return case


def _in_quarantine(outcome: str, entry: Quarantine) -> str:
    return f"{outcome}, but in quarantine until {entry.until}: {clean(entry.reason)}"


def _with_rate(case: _Case, view: RateView) -> _Case:
    """Return the case of a scenario that was confirmed, with its rate."""
    text = f"{view.shown}; {view.requirement}"
    case.system_out = text
    if view.outcome == "passed" or case.result:
        return case
    if view.is_excused:
        case.result = [Skipped(f"not confirmed: {text}")]
    else:
        kind = Failure if view.outcome == "failed" else Error
        case.result = [kind(f"not confirmed: {text}", type_=view.outcome)]
    return case


def _failure(result: Result, scenario: ScenarioResult) -> Failure:
    word = "unfixable" if scenario.unfixable else "failed"
    tail = ", and the session found no fix: unfixable" if scenario.unfixable else ""
    ran = "failed in its last run" if scenario.passed is False else "no run is known"
    failure = Failure(f"{ran}{tail}", type_=word)
    lines = list(_last_run(result.transcripts.get(scenario.scenario_id)))
    if lines:
        failure.text = "\n".join(lines)
    return failure


def _judge_case(result: Result, judge: JudgeView, name: str) -> _Case:
    case = _Case(name, clean(result.gated.name))
    rate = f"{judge.shown_rate}; {judge.requirement}"
    entry: Skipped | Failure | Error
    if judge.is_met:
        return case
    if judge.quarantine is not None:
        entry = Skipped(_in_quarantine(judge.shown_rate, judge.quarantine))
    elif judge.bar is None:
        entry = Skipped(rate)
    else:
        entry = Failure(rate, type_="failed") if judge.is_met is False else Error(rate, type_="incomplete")
        lines = list(_mismatches(result, judge))
        if lines:
            entry.text = "\n".join(lines)
    case.result = [entry]
    return case


def _mismatches(result: Result, judge: JudgeView) -> Iterator[str]:
    for mismatch in result.mismatches:
        if mismatch.judge == judge.name:
            yield f"- {_line(mismatch_title(mismatch))}{f': {_line(mismatch.reasoning)}' if mismatch.reasoning else ''}"


def _last_run(transcript: Transcript | None) -> Iterator[str]:
    """Yield the failed assertions of a scenario's last run, and how the call ended."""
    if transcript is None:
        return
    if transcript.assertions:
        yield "failed assertions:"
        yield from (f"- {_line(name)}: {_line(reason or 'failed')}" for name, reason in transcript.assertions)
    if transcript.messages:
        yield "the end of the call:"
        yield from (f"- {_line(role or 'unknown')}: {_line(text)}" for role, text in transcript.messages)
    if transcript.error:
        yield f"error: {_line(transcript.error)}"


def _fix_plan(result: Result) -> Iterator[str]:
    fixes = last_fixes(result)
    if fixes:
        yield "last fix plan of the session:"
    for fix in fixes[:MAX_CASE_FIXES]:
        target, kind = _line(fix.target_node or "unknown node"), _line(fix.kind or "unknown kind")
        yield f"- {target} ({kind}): {_line(fix.description or 'no description')}"
    if len(fixes) > MAX_CASE_FIXES:
        yield f"- and {len(fixes) - MAX_CASE_FIXES} more"


def _line(text: str) -> str:
    return clean(" ".join(text.split()), 1000)


def _timestamp(text: str | None) -> str | None:
    """Return a time as the JUnit schema wants it, in UTC without an offset; None if *text* is no time."""
    moment = parse_time(text)
    return moment.isoformat(timespec="seconds").removesuffix("+00:00") if moment is not None else None
