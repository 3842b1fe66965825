"""How sessions went over past updates, and the chart of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from lxml import html as lxml_html

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
from tornado_resource.reports.html import BASE, SMALLEST, html, sparkline
from tornado_resource.reports.trends import Run, Trend, Trends, trends, trends_json
from tornado_resource.runs.model import Ending
from tornado_resource.runs.verdict import make_verdict

SESSION_URN = "urn:pulumi:dev::agents::pulumi-python:dynamic/bland:TornadoSession::"
STACK_URN = "urn:pulumi:dev::agents::pulumi:pulumi:Stack::agents-dev"


def state_of(*sessions: tuple[str, str, str | None]) -> dict[str, Any]:
    """The state after an update: name, id and status of each session; None for one without a verdict."""
    resources: dict[str, Any] = {}
    verdicts: dict[str, Any] = {}
    for name, session_id, word in sessions:
        gated = gated_run_of(name, session_id)
        resources[SESSION_URN + name] = {"outputs": {"session_id": session_id, "created_at": gated.created_at}}
        if word is not None:
            failed = () if word == "COMPLETED_ALL_PASSED" else ("sc-2",)
            verdict = make_verdict(gated, Ending(status_of(word, ("sc-1",), failed)))
            verdicts[name] = asdict(verdict)
    return {STACK_URN: {"outputs": {"verdicts": verdicts}}, **resources}


PASSED, FAILED, RUNNING = "COMPLETED_ALL_PASSED", "COMPLETED_PARTIAL", "RUNNING"
STATES = [
    state_of(("a", "s-1", FAILED), ("b", "s-2", PASSED)),
    state_of(("a", "s-3", RUNNING), ("b", "s-2", PASSED)),
    state_of(("a", "s-3", PASSED), ("b", "s-2", PASSED), ("c", "s-4", None)),
    state_of(("a", "s-5", RUNNING), ("b", "s-2", PASSED)),
]
NEWEST = STATES[::-1]


def test_a_session_counts_once_with_its_last_verdict() -> None:
    a, b = trends(NEWEST).sessions
    assert [(run.session_id, run.outcome) for run in a.runs] == [
        ("s-1", "failed"),
        ("s-3", "passed"),
        ("s-5", "incomplete"),
    ]
    assert [(run.session_id, run.outcome) for run in b.runs] == [("s-2", "passed")]


def test_sessions_of_one_name_have_trends_of_their_own() -> None:
    inside = SESSION_URN.replace("::pulumi-python", "::acme:agents:Sales$pulumi-python") + "a"
    last = state_of(("a", "s-3", PASSED))
    last[inside] = state_of(("b", "s-2", PASSED))[f"{SESSION_URN}b"]
    last[STACK_URN]["outputs"]["verdicts"] |= state_of(("b", "s-2", PASSED))[STACK_URN]["outputs"]["verdicts"]
    renamed = {urn.replace(":dev:", ":prod:"): resource for urn, resource in last.items()}
    found = trends([renamed, STATES[0]]).sessions
    assert [(each.name, [run.session_id for run in each.runs]) for each in found] == [
        ("a", ["s-1", "s-3"]),
        ("a (acme:agents:Sales)", ["s-2"]),
        ("b", ["s-2"]),
    ]


def test_incomplete_runs_are_not_in_the_pass_rate() -> None:
    a, b = trends(NEWEST).sessions
    assert (a.passed, a.judged, a.pass_rate) == (1, 2, 0.5)
    assert (b.passed, b.judged, b.pass_rate) == (1, 1, 1.0)
    assert Trend("c", a.runs[2:]).pass_rate is None


def test_the_duration_is_from_creation_to_end() -> None:
    a, _ = trends(NEWEST).sessions
    assert [run.duration_ms for run in a.runs] == [190_000, 190_000, None]
    assert a.median_ms == 190_000
    assert Trend("c", a.runs[2:]).median_ms is None


def test_damaged_states_have_no_runs() -> None:
    good = STATES[0]
    damages: list[dict[str, Any]] = [{"outputs": None}, {"outputs": []}, {}]
    for damage in damages:
        assert trends([good | {STACK_URN: damage}]).sessions == ()
        assert [each.name for each in trends([good | {SESSION_URN + "a": damage}]).sessions] == ["b"]
    odd = json.loads(json.dumps(good))
    odd[STACK_URN]["outputs"]["verdicts"]["a"]["outcome"] = "<script>"
    odd[SESSION_URN + "b"]["outputs"]["created_at"] = ["2026"]
    [b] = trends([odd]).sessions
    assert (b.name, b.median_ms) == ("b", None)


def test_history_json_has_all_of_it() -> None:
    written = json.loads(trends_json("dev", "2026-04-14T10:20:00Z", trends([None, *NEWEST])))
    assert written["updates"] == 5
    assert written["unreadable_updates"] == 1
    assert written["sessions"]["a"]["pass_rate"] == 0.5
    assert written["sessions"]["b"]["runs"] == [
        {
            "session_id": "s-2",
            "outcome": "passed",
            "passed_scenarios": 1,
            "total_scenarios": 1,
            "created_at": "2026-04-14T10:00:00+00:00",
            "finished_at": "2026-04-14T10:03:10+00:00",
            "duration_ms": 190_000,
        }
    ]


def run_of(outcome: str, duration_ms: int | None) -> Run:
    return Run("s", outcome, None, None, None, None, duration_ms)


def test_bars_that_passed_are_above_the_line_and_failed_ones_below() -> None:
    runs = (run_of("passed", 100_000), run_of("failed", 50_000), run_of("incomplete", None), run_of("passed", None))
    chart = sparkline(Trend("a", runs))
    passed, failed, incomplete, unknown = chart.marks
    assert (passed.y, passed.height) == (0, BASE)
    assert (failed.y, failed.height) == (BASE, SMALLEST + (BASE - SMALLEST) / 2)
    assert (incomplete.y, incomplete.height) == (BASE - SMALLEST / 2, SMALLEST)
    assert (unknown.y + unknown.height, unknown.height) == (BASE, SMALLEST)
    assert chart.label == "passed in 1m40s, failed in 50s, incomplete, passed"
    assert sorted({mark.x for mark in chart.marks}) == [mark.x for mark in chart.marks]
    assert chart.width > chart.marks[-1].x


def test_the_page_has_a_chart_for_each_session() -> None:
    report = report_of(result_of(gated_run_of("a"), None))
    assert not lxml_html.document_fromstring(html(report)).xpath("//*[@id='trends']")
    hostile = Trend("<img src=x onerror=alert(1)>", (run_of("failed", 1),))
    found = trends([None, *NEWEST, None])
    page = html(report_of(result_of(gated_run_of("a"), None), trends=Trends(6, (*found.sessions, hostile), 2)))
    tree = lxml_html.document_fromstring(page)
    [section] = tree.xpath("//section[@aria-labelledby='trends']")
    assert section.xpath("string(h2)") == "The last 6 updates"
    assert "2 of them cannot be read" in section.text_content()
    rows = [" ".join(row.text_content().split()) for row in section.xpath(".//tbody/tr")]
    assert rows[0].startswith("a 1/2 · 50 % 3m10s")
    assert len(section.xpath(".//tbody/tr[1]//rect")) == 3
    assert not tree.xpath("//img | //*[@onerror]")


def test_the_page_says_when_no_verdict_is_recorded() -> None:
    page = html(report_of(result_of(gated_run_of("a"), None), trends=trends([{}])))
    assert "No verdict is recorded in them." in page
    assert "The last update<" in page


def test_check_runs_have_trends_beside_sessions() -> None:
    urn = SESSION_URN.replace("TornadoSession", "CheckRun") + "support"
    gated = gated_check_run_of("support", "run-1")
    verdict = check_result_of(gated, check_run_of("PASSED", judge_of("resolved", 1.0))).verdict
    state = {
        STACK_URN: {"outputs": {"verdicts": {"support": verdict.as_output()}}},
        urn: {"outputs": {"run_id": "run-1", "created_at": gated.created_at}},
    }
    [found] = trends([state]).sessions
    assert (found.name, found.passed, found.median_ms) == ("support", 1, 600_000)
