"""What has changed since the last verdicts of another stack, and what each report says of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lxml import html as lxml_html

from tests.support.large_report import NAMES
from tests.support.paths import ROOT
from tests.support.results import (
    check_result_of,
    check_run_of,
    gated_check_run_of,
    gated_run_of,
    judge_of,
    report_of,
    result_of,
    status_of,
)
from tornado_resource.core.urns import SESSION_TYPE, STACK_TYPE, make_urn
from tornado_resource.declarations.model import Gate
from tornado_resource.reports.baseline import (
    EMPTY,
    ITSELF,
    NOT_BLAMED,
    UNREADABLE,
    Baseline,
    baseline_lines,
    baseline_of,
    changes,
    is_same_stack,
    rows,
    tally,
)
from tornado_resource.reports.html import html
from tornado_resource.reports.summary import summary
from tornado_resource.reports.verdicts_json import verdicts_json
from tornado_resource.runs.verdict import unknown_result
from tornado_resource.stacks.recorded import read_outputs

if TYPE_CHECKING:
    from tornado_resource.reports.model import Report
    from tornado_resource.runs.model import Result

SCHEMA = json.loads((ROOT / "schemas/verdicts.schema.json").read_text(encoding="utf-8"))
DONE, PARTIAL = "COMPLETED_ALL_PASSED", "COMPLETED_PARTIAL"


def session(name: str, scenarios: dict[str, bool], names: dict[str, str] | None = None) -> Result:
    """A session whose scenarios have passed or not, as it is read from the API."""
    passed, failed = (tuple(each for each in scenarios if scenarios[each] is wanted) for wanted in (True, False))
    shown = {each: (names or {}).get(each) for each in scenarios}
    known = {each: name for each, name in shown.items() if name is not None}
    return result_of(
        gated_run_of(name, f"s-{name}"), status_of(PARTIAL if failed else DONE, passed, failed), names=known
    )


def recorded(result: Result, *, has_scenarios: bool = True) -> Result:
    """The same as an update has recorded it."""
    known = result.status.last_results if result.status is not None else {}
    runs: Any = [{"id": each, "name": result.known_name(each), "passed": passed} for each, passed in known.items()]
    verdict = replace(result.verdict, scenarios=runs if has_scenarios else None, version=6)
    return replace(result, verdict=verdict, status=None)


def check_run(name: str, rate: float | None, bar: int = 80, **changes: Any) -> Result:
    gated = gated_check_run_of(name, f"r-{name}", gate=Gate(f"{bar}%"))
    return check_result_of(gated, check_run_of("PASSED", judge_of("resolved", rate)), **changes)


def against(now: Result, *before: Result) -> tuple[str | None, dict[str, str]]:
    """The change of a run, and those of its parts."""
    [found] = changes([now], Baseline("staging", before))
    return found.change, {each.part_id: each.change for each in found.parts}


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (True, True, (None, {})),
        (False, True, ("newly_failing", {"sc-1": "newly_failing"})),
        (False, False, ("still_failing", {"sc-1": "still_failing"})),
        (True, False, ("fixed", {"sc-1": "fixed"})),
        (True, None, ("new", {"sc-1": "new"})),
        (False, None, ("new", {"sc-1": "new"})),
    ],
)
def test_a_session_and_its_scenario_are_compared(now: Any, before: Any, expected: Any) -> None:
    there = [recorded(session("a", {"sc-1": before}))] if before is not None else []
    assert against(session("a", {"sc-1": now}), *there) == expected


def test_what_is_not_known_on_one_side_is_never_called_new() -> None:
    failing, unknown = session("a", {"sc-1": False}), unknown_result(gated_run_of("a"), "it still runs")
    assert against(failing, unknown) == ("unknown_before", {"sc-1": "unknown_before"})
    assert against(session("a", {"sc-1": True}), unknown) == (None, {})
    assert against(unknown, recorded(failing)) == (None, {})
    assert against(unknown) == (None, {})
    before = recorded(session("a", {"sc-1": False, "sc-2": True}), has_scenarios=False)
    now = session("a", {"sc-1": False, "sc-2": False, "sc-3": True})
    assert against(now, before) == ("still_failing", {"sc-1": "still_failing", "sc-2": "unknown_before"})


def test_scenarios_of_another_pathway_are_found_by_name() -> None:
    before = recorded(
        session("a", dict.fromkeys(["x-1", "x-2", "x-3"], True), {"x-1": "Refunds", "x-2": "Twice", "x-3": "Twice"})
    )
    now = session("a", {"y-1": False, "y-2": False}, {"y-1": "Refunds", "y-2": "Twice"})
    assert against(now, before) == ("newly_failing", {"y-1": "newly_failing", "y-2": "new"})


def test_scenarios_of_a_stack_of_its_own_are_found_without_its_name() -> None:
    """With `scenarios: own`, each stack has scenarios of its own, under names with the stack."""

    def on(stack: str, result: Result) -> Result:
        return replace(result, gated=replace(result.gated, urn=make_urn(stack, "agents", SESSION_TYPE, "a")))

    now = on("pr-7", session("a", {"y-1": False}, {"y-1": "Refunds (pr-7)"}))
    for name in ("Refunds", "Refunds (pr-8)"):
        before = on("pr-8", recorded(session("a", {"x-1": True}, {"x-1": name})))
        assert against(now, before) == ("newly_failing", {"y-1": "newly_failing"})


def test_judges_are_compared_each_by_the_bar_of_its_gate() -> None:
    assert against(check_run("a", 0.7), check_run("a", 0.9)) == ("newly_failing", {"resolved": "newly_failing"})
    assert against(check_run("a", 0.7), check_run("a", 0.7, bar=60)) == ("newly_failing", {"resolved": "newly_failing"})
    assert against(check_run("a", 0.7), check_run("a", None)) == ("unknown_before", {"resolved": "unknown_before"})
    assert against(check_run("a", 0.9), session("a", {"sc-1": False})) == ("new", {"resolved": "new"})


RESULTS = st.dictionaries(st.sampled_from([f"sc-{number}" for number in range(6)]), st.booleans(), min_size=1)


@given(RESULTS, RESULTS)
def test_the_numbers_are_those_of_the_two_sets(now: dict[str, bool], before: dict[str, bool]) -> None:
    expected = Counter(
        "new"
        if each not in before
        else {(True, False): "newly_failing", (False, True): "fixed", (False, False): "still_failing"}.get(
            (before[each], now[each]), "same"
        )
        for each in now
    )
    found = changes([session("a", now)], Baseline("staging", (recorded(session("a", before)),)))
    counted = Counter(each.change for each in found[0].parts)
    assert counted == Counter({change: number for change, number in expected.items() if change != "same"})
    assert sum(row.noun == "scenario" for row in rows(found)) == counted.total()


def state_of(*results: Result, **outputs: Any) -> dict[str, Any]:
    """The state of a stack whose last update has recorded these results."""
    verdicts = {each.gated.name: each.verdict.as_output() for each in results}
    resources = {
        make_urn("staging", "agents", SESSION_TYPE, each.gated.name): {
            "outputs": {"session_id": each.gated.run_id, "pathway_id": "pw-1", "declared": dict(each.gated.request)}
        }
        for each in results
    }
    return {make_urn("staging", "agents", STACK_TYPE, "x"): {"outputs": {"verdicts": verdicts, **outputs}}, **resources}


def test_a_baseline_has_the_verdicts_of_the_recorded_runs_alone() -> None:
    failed = recorded(session("a", {"sc-1": False}))
    state = state_of(failed, unknown_result(gated_run_of("b", "s-b"), "it still runs"))
    found = {each.gated.name: each.verdict.outcome for each in baseline_of("staging", read_outputs(state)).results}
    assert found == {"a": "failed", "b": "incomplete"}

    other = replace(failed, gated=replace(failed.gated, run_id="s-other"))
    [unknown] = baseline_of("staging", read_outputs(state_of(other))).results
    assert (unknown.verdict.outcome, unknown.verdict.reason) == ("incomplete", "no verdict is recorded")

    damaged = replace(failed, verdict=replace(failed.verdict, outcome="passed"))
    assert against(session("a", {"sc-1": False}), *baseline_of("s", read_outputs(state_of(damaged))).results) == (
        "unknown_before",
        {"sc-1": "unknown_before"},
    )
    ungated = state_of(failed)
    ungated[make_urn("staging", "agents", SESSION_TYPE, "a")]["outputs"]["declared"]["gate"] = "none"
    assert baseline_of("staging", read_outputs(ungated)) == Baseline("staging", (), EMPTY)
    assert baseline_of("staging", read_outputs({})) == Baseline("staging", (), EMPTY)


@pytest.mark.parametrize(
    ("name", "is_same"),
    [("dev", True), ("acme/agents/dev", True), ("acme/other/dev", False), ("staging", False), ("a/agents/prod", False)],
)
def test_a_stack_is_no_baseline_of_itself(name: str, is_same: Any) -> None:
    assert is_same_stack(name, "acme/agents/dev", "agents") is is_same


def sample() -> Report:
    """Everything that can be said: two sessions and an agent that were there, one that is new, one that still runs."""
    now = (
        session("support-line", {"sc-refund": False, "sc-cancel": False, "sc-hours": True, "sc-new": False}, NAMES),
        session("booking", {"sc-status": True}, NAMES),
        check_run("sales", 0.7),
        session("surveys", {"sc-language": True}, NAMES),
        unknown_result(gated_run_of("returns", "s-returns"), "it still runs"),
    )
    before = (
        recorded(session("support-line", {"sc-refund": True, "sc-cancel": False, "sc-hours": False}, NAMES)),
        recorded(session("booking", {"sc-status": True}, NAMES)),
        check_run("sales", 0.9),
        recorded(session("returns", {"sc-human": True}, NAMES)),
    )
    return replace(report_of(*now), baseline=Baseline("acme/voice/main", before))


def test_the_json_holds_what_has_changed_beside_the_verdict_there() -> None:
    written = json.loads(verdicts_json(sample()))
    Draft202012Validator(SCHEMA).validate(written)
    found = written["baseline"]
    assert (found["stack"], found["problem"]) == ("acme/voice/main", None)
    assert found["sessions"]["support-line"] == {
        "change": "still_failing",
        "outcome": "failed",
        "reason": "1 of 3 scenarios passed; the gate requires all",
        "session_id": "s-support-line",
        "version": 6,
        "version_id": None,
        "semver": None,
        "finished_at": "2026-04-14T10:03:10.000Z",
        "scenarios": [
            {"id": "sc-hours", "name": NAMES["sc-hours"], "change": "fixed"},
            {"id": "sc-refund", "name": NAMES["sc-refund"], "change": "newly_failing"},
            {"id": "sc-cancel", "name": NAMES["sc-cancel"], "change": "still_failing"},
            {"id": "sc-new", "name": None, "change": "new"},
        ],
        "judges": [],
    }
    assert found["sessions"]["sales"]["judges"] == [{"name": "resolved", "change": "newly_failing"}]
    assert found["sessions"]["surveys"]["outcome"] is None
    assert {name: each["change"] for name, each in found["sessions"].items()} == {
        "support-line": "still_failing",
        "booking": None,
        "sales": "newly_failing",
        "surveys": "new",
        "returns": None,
    }


NUMBERS = (
    "newly failing: 1 scenario, 1 check run, 1 judge; still failing: 1 session, 1 scenario; "
    "fixed: 1 scenario; new: 1 scenario, 1 session"
)


def test_a_terminal_shows_the_numbers_and_what_fails() -> None:
    report = sample()
    assert report.baseline is not None
    assert baseline_lines(report.results, report.baseline) == [
        f"against stack acme/voice/main: {NUMBERS}",
        f"  newly failing: support-line: {NAMES['sc-refund']} (sc-refund)",
        "  newly failing: sales",
        "  newly failing: sales: resolved",
        "  still failing: support-line",
        f"  still failing: support-line: {NAMES['sc-cancel']} (sc-cancel)",
        f"  {NOT_BLAMED}",
    ]
    failing = dict.fromkeys([f"sc-{number}" for number in range(20)], False)
    passing = dict.fromkeys(failing, True)
    many = Baseline("main", (recorded(session("a", passing)),))
    assert baseline_lines([session("a", failing)], many)[-1] == "  and 11 more"
    same = Baseline("main", (recorded(session("a", passing)),))
    assert baseline_lines([session("a", passing)], same) == [f"against stack main: {tally([])}"]


@pytest.mark.parametrize("problem", [UNREADABLE, EMPTY, ITSELF])
def test_each_report_says_why_nothing_is_compared(problem: str) -> None:
    report = replace(sample(), baseline=Baseline("main", problem=problem))
    assert report.baseline is not None
    assert baseline_lines(report.results, report.baseline) == [f"against stack main: {problem}"]
    assert f"### Against stack main\n\n{problem.capitalize()}.\n" in summary(report)
    page = lxml_html.document_fromstring(html(report))
    assert problem.capitalize() in page.xpath("string(//section[@aria-labelledby='against'])")
    written = json.loads(verdicts_json(report))
    Draft202012Validator(SCHEMA).validate(written)
    assert written["baseline"] == {"stack": "main", "problem": problem, "sessions": {}}
    assert written["outcome"] == "failed"


def test_the_summary_matches_the_golden_file() -> None:
    """Golden: look at the change, then copy it over."""
    assert summary(sample()) == (ROOT / "tests/examples/reports/baseline/summary.md").read_text(encoding="utf-8")
    many = dict.fromkeys([f"sc-{number}" for number in range(99)], False)
    before = Baseline("main", (recorded(session("a", dict.fromkeys(many, True))),))
    assert "… and 50 more: see `verdicts.json`." in summary(replace(report_of(session("a", many)), baseline=before))


def test_the_page_shows_what_has_changed_and_blames_nobody() -> None:
    page = lxml_html.document_fromstring(html(sample()))
    [section] = page.xpath("//section[@aria-labelledby='against']")
    assert NOT_BLAMED in section.text_content()
    shown = [[" ".join(cell.text_content().split()) for cell in row] for row in section.xpath(".//tbody/tr")]
    assert shown[0] == [f"{NAMES['sc-refund']} (sc-refund)support-line", "newly failing", "passed"]
    there = "failed: 1 of 3 scenarios passed; the gate requires all (version 6, 2026-04-14T10:03:10.000Z)"
    assert ["support-line", "still failing", there] in shown
    assert ["surveys", "new", "not there"] in shown
    assert not lxml_html.document_fromstring(html(replace(sample(), baseline=None))).xpath("//*[@id='against']")


def test_text_of_the_other_stack_is_cleaned_and_escaped() -> None:
    hostile = "<img src=x onerror=alert(1)>|\x1b[31m@team"
    before = session("a", {"sc-1": True}, {"sc-1": hostile})
    before = replace(recorded(before), verdict=replace(recorded(before).verdict, reason=hostile))
    now = session("a", {"sc-1": False}, {"sc-1": hostile})
    report = replace(report_of(now), baseline=Baseline(hostile, (before,)))
    assert report.baseline is not None
    assert not lxml_html.document_fromstring(html(report)).xpath("//img")
    told = summary(report)
    assert "<img" not in told
    assert "\x1b" not in told
    assert "| newly failing | a | &lt;img" in told
    assert all(line.isprintable() for line in baseline_lines(report.results, report.baseline))
