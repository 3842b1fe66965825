"""How sessions went over past updates, and the chart of it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lxml import html as lxml_html

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
from tornado_resource.declarations.model import Gate
from tornado_resource.reports.html import BASE, MAX_MARKS, SMALLEST, html, sparkline
from tornado_resource.reports.summary import summary
from tornado_resource.reports.trends import PartTrend, PastRun, Trend, Trends, flaky_lines, trends, trends_json
from tornado_resource.runs.model import Ending
from tornado_resource.runs.verdict import make_verdict
from tornado_resource.stacks.history import Update

SESSION_URN = "urn:pulumi:dev::agents::pulumi-python:dynamic/bland:TornadoSession::"
STACK_URN = "urn:pulumi:dev::agents::pulumi:pulumi:Stack::agents-dev"
SCHEMA = json.loads((ROOT / "schemas/history.schema.json").read_text(encoding="utf-8"))


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
NEWEST = [Update(each) for each in reversed(STATES)]


def read(text: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(text)
    Draft202012Validator(SCHEMA).validate(content)
    return content


CONTENTS = {letter: f"sha256v2:{letter * 64}" for letter in "ab"}


def update_of(run_id: str, content: str | None, results: dict[str, bool], **changes: Any) -> Update:
    """An update that records one run of session `a`, with the results of its scenarios."""
    passed, failed = (tuple(each for each in results if results[each] is wanted) for wanted in (True, False))
    verdict = make_verdict(gated_run_of("a", run_id), Ending(status_of(FAILED if failed else PASSED, passed, failed)))
    known: dict[str, Any] = {
        "content": CONTENTS.get(content or ""),
        "scenarios": [{"id": each, "name": None, "passed": result} for each, result in results.items()],
        "full_run": True,
    }
    recorded = verdict.as_output() | known | changes
    outputs = {"session_id": run_id, "pathway_id": "pw-1", "created_at": None}
    return Update({STACK_URN: {"outputs": {"verdicts": {"a": recorded}}}, SESSION_URN + "a": {"outputs": outputs}})


def part_of(updates: list[Update]) -> PartTrend:
    """What the updates, the oldest first, say of their only scenario."""
    [part] = trends(updates[::-1]).parts
    return part


def counted(part: PartTrend) -> tuple[int, int, int]:
    return part.passed, part.failed, part.flips


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.booleans(), st.integers(1, 3)), min_size=1, max_size=12),
)
def test_each_run_counts_once_and_flips_only_on_its_content(runs: list[tuple[str | None, bool, int]]) -> None:
    """Each run is repeated by as many updates. The numbers are counted here from the runs alone."""
    updates = [
        update_of(f"s-{number}", content, {"sc-1": passed})
        for number, (content, passed, times) in enumerate(runs)
        for _ in range(times)
    ]
    part = part_of(updates)
    by_content = {letter: [passed for content, passed, _ in runs if content == letter] for letter in "ab"}
    flips = sum(first != second for results in by_content.values() for first, second in pairwise(results))
    passed = sum(passed for _, passed, _ in runs)
    assert counted(part) == (passed, len(runs) - passed, flips)
    assert part.is_flaky is any(len(set(results)) == 2 for results in by_content.values())


def test_what_is_not_on_one_known_content_never_flips() -> None:
    cases: list[tuple[str | None, dict[str, Any]]] = [
        ("a", {"full_run": False}),
        (None, {}),
        (None, {"repaired": True}),
    ]
    for content, changes in cases:
        updates = [update_of(f"s-{passed}", content, {"sc-1": passed}, **changes) for passed in (True, False)]
        assert counted(part_of(updates)) == (1, 1, 0)
    numbered = [update_of(f"s-{number}", None, {"sc-1": number != 7}, version=number % 7) for number in range(8)]
    assert counted(part_of(numbered)) == (7, 1, 1)


def test_a_run_that_is_incomplete_says_nothing_of_its_scenarios() -> None:
    updates = [update_of("s-1", "a", {"sc-1": True}), update_of("s-2", "a", {"sc-1": False}, outcome="incomplete")]
    assert counted(part_of(updates)) == (1, 0, 0)


def test_the_first_iteration_before_repairs_is_a_result_too() -> None:
    """A session that fails repairs the pathway, so that its last results are on other content."""
    repaired = {"first_failed_ids": ["sc-1"], "first_content": CONTENTS["a"], "repaired": True}
    updates = [
        update_of("s-1", "a", {"sc-1": True, "sc-2": True}),
        update_of("s-2", "b", {"sc-1": True, "sc-2": True}, **repaired),
        update_of("s-3", "a", {"sc-1": True, "sc-2": True}),
    ]
    found = trends(updates[::-1])
    assert [(part.part_id, *counted(part)) for part in found.parts] == [("sc-1", 3, 0, 2), ("sc-2", 3, 0, 0)]
    assert [run.first_failed_ids for run in found.sessions[0].runs] == [None, ["sc-1"], None]
    page = lxml_html.document_fromstring(html(report_of(result_of(gated_run_of("a"), None), trends=found)))
    [row] = page.xpath("//h2[@id='flaky']/following-sibling::div//tbody/tr")
    assert [mark.text for mark in row.xpath(".//td[@class='marks']/span")] == ["✓", "✗✓", "✓"]
    assert row.xpath(".//td[@class='marks']/span/@title")[1] == "failed at first, passed"


CONFIRMED: dict[str, tuple[int, int]] = {"sc-1": (3, 5), "sc-2": (0, 5), "sc-3": (5, 5), "sc-4": (0, 0)}


def confirmed_update(run_id: str = "s-1", **changes: Any) -> Update:
    """An update that records a session whose scenarios all passed, and its confirmation."""
    rates = {each: {"passed": passed, "runs": runs} for each, (passed, runs) in CONFIRMED.items()}
    confirmation = {"set_id": "set-1", "runs": 5, "scenarios": rates}
    known = {"confirmation": confirmation, "outcome": "failed", "version": 7, **changes}
    return update_of(run_id, "a", dict.fromkeys(CONFIRMED, True), **known)


def test_simulations_of_one_content_that_differ_are_flaky() -> None:
    """A confirmation is the best evidence there is: many results of one version. Those that failed come first."""
    found = trends([confirmed_update()])
    assert [(part.part_id, *counted(part), part.simulations, part.is_flaky) for part in found.parts] == [
        ("sc-1", 1, 0, 0, (3, 5), True),
        ("sc-2", 1, 0, 0, (0, 5), True),
        ("sc-3", 1, 0, 0, (5, 5), False),
        ("sc-4", 1, 0, 0, None, False),
    ]
    assert flaky_lines(found) == [
        "flaky over the last update: 2 of 4 scenarios",
        "  a: sc-1: 1 passed, 0 failed, 0 flips, 3 of 5 simulations passed, version 7",
        "  a: sc-2: 1 passed, 0 failed, 0 flips, 0 of 5 simulations passed, version 7",
    ]
    written = read(trends_json("dev", "2026-04-14T10:20:00Z", found))["tests"]
    assert [(each["simulations"], each["simulations_passed"], each["flaky"]) for each in written] == [
        (5, 3, True),
        (5, 0, True),
        (5, 5, False),
        (0, 0, False),
    ]
    report = report_of(result_of(gated_run_of("a"), None), trends=found)
    assert "1 of 1, 3 of 5 simulations" in summary(report)
    page = lxml_html.document_fromstring(html(report))
    shown = page.xpath("//h2[@id='flaky']/following-sibling::div//tbody/tr")
    assert ["3 of 5 simulations" in row.text_content() for row in shown] == [True, False]
    assert shown[0].xpath(".//td[@class='marks']/span/@title") == ["passed on version 7, 3 of 5 simulations passed"]


def test_simulations_count_once_for_a_run_unless_it_is_incomplete() -> None:
    twice = trends([confirmed_update(), confirmed_update()])
    assert twice.parts[0].simulations == (3, 5)
    assert trends([confirmed_update("s-2"), confirmed_update()]).parts[0].simulations == (6, 10)
    assert trends([confirmed_update(outcome="incomplete")]).parts == ()


def test_of_results_of_several_versions_only_simulations_are_compared() -> None:
    found = {part.part_id: part.is_flaky for part in trends([confirmed_update(full_run=False)]).parts}
    assert found == {"sc-1": True, "sc-2": False, "sc-3": False, "sc-4": False}


def test_a_judge_flips_only_under_the_same_bar() -> None:
    urn = SESSION_URN.replace("TornadoSession", "CheckRun") + "support"
    updates = []
    for number, (rate, bar) in enumerate([(0.9, 80), (0.7, 80), (0.7, 60), (0.9, 80), (None, 80)]):
        gated = gated_check_run_of("support", f"run-{number}", gate=Gate(f"{bar}%"))
        judges = judge_of("resolved", rate), judge_of("brief", 0.2, is_required=False)
        verdict = check_result_of(gated, check_run_of("PASSED", *judges)).verdict
        outputs = {"run_id": gated.run_id, "agent_id": "ag-1", "created_at": None}
        verdicts = {STACK_URN: {"outputs": {"verdicts": {"support": verdict.as_output()}}}}
        updates.append(Update(verdicts | {urn: {"outputs": outputs}}))
    found = trends(updates[::-1])
    assert [(part.label, *counted(part)) for part in found.parts] == [("resolved", 3, 1, 2), ("brief", 0, 4, 0)]
    written = read(trends_json("dev", "2026-04-14T10:20:00Z", found))
    session = written["sessions"]["support"]
    assert (session["kind"], session["runs"][0]["semver"]) == ("check_run", "1.4.0")
    expected = {"name": "resolved", "required": True, "match_rate": 0.7, "bar": 80, "met": False}
    assert session["runs"][1]["judges"][0] == expected
    assert written["tests"][0] == {
        "session": "support",
        "kind": "judge",
        "id": None,
        "name": "resolved",
        "passed": 3,
        "failed": 1,
        "flips": 2,
        "simulations": 0,
        "simulations_passed": 0,
        "flaky": True,
        "version": "1.4.0",
        "run_url": None,
    }


URLS = {number: f"https://github.com/acme/agents/actions/runs/{number}" for number in range(9)}


def test_the_link_is_to_the_update_that_recorded_the_verdict_first() -> None:
    first = update_of("s-1", "a", {"sc-1": True})
    running = update_of("s-1", "a", {"sc-1": True}, outcome="incomplete")
    updates = [running, first, first, update_of("s-2", "a", {"sc-1": False})]
    addressed = [replace(each, run_url=URLS[number]) for number, each in enumerate(updates)]
    [trend] = trends(addressed[::-1]).sessions
    assert [run.run_url for run in trend.runs] == [URLS[1], URLS[3]]
    unsafe = [replace(each, run_url="javascript:alert(1)") for each in updates]
    assert {run.run_url for run in trends(unsafe).sessions[0].runs} == {None}


def flaky_sample(number: int = 1) -> Trends:
    """Scenarios that flip, one that only fails, one that always passes; run in CI but for the first time."""
    flaky = [f"sc-{each} | <b>" for each in range(number)]
    updates = [
        replace(
            update_of(
                f"s-{day}", "a", {"sc-ok": True, "sc-bad": False} | dict.fromkeys(flaky, day % 3 != 1), version=7
            ),
            run_url=URLS[day % 9] if day else None,
        )
        for day in range(MAX_MARKS + 2)
    ]
    return trends(updates[::-1])


def test_a_terminal_shows_the_flaky_ones_with_a_link() -> None:
    assert flaky_lines(flaky_sample()) == [
        "flaky over the last 22 updates: 1 of 3 scenarios",
        f"  a: sc-0 | <b>: 15 passed, 7 failed, 14 flips, version 7  {URLS[19 % 9]}",
    ]
    assert flaky_lines(flaky_sample(30))[-1] == "  and 20 more: see history.json"
    assert flaky_lines(trends([])) == ["flaky over the last 0 updates: 0 of 0 scenarios"]
    local = [update_of("s-1", "a", {"sc-1": True}), update_of("s-2", "a", {"sc-1": False})]
    assert flaky_lines(trends(local))[1:] == ["  a: sc-1: 1 passed, 1 failed, 1 flip"]


def test_the_summary_has_the_flaky_ones_only() -> None:
    def lines(found: Trends) -> list[str]:
        return summary(report_of(result_of(gated_run_of("a"), None), trends=found)).splitlines()

    shown = lines(flaky_sample())
    row = f"| a: sc-0 &#124; &lt;b&gt; | 14 | 15 of 22 | [the CI run]({URLS[1]}) version 7 |"
    assert shown[shown.index("### 1 flaky over the last 22 updates") + 4] == row
    assert "… and 10 more: see `report.html`." in lines(flaky_sample(30))
    assert not [line for line in lines(trends(NEWEST)) if "flaky" in line]


def test_the_page_marks_what_is_flaky_and_links_its_runs() -> None:
    page = html(report_of(result_of(gated_run_of("a"), None), trends=flaky_sample()))
    tree = lxml_html.document_fromstring(page)
    flaky, bad = tree.xpath("//h2[@id='flaky']/following-sibling::div//tbody/tr")
    assert " ".join(flaky.xpath("string(th)").split()) == "sc-0 | <b> flakya"
    assert [cell.text_content() for cell in flaky.xpath("td")][:3] == ["14", "15/22", "7"]
    assert len(flaky.xpath(".//td[@class='marks']/a")) == MAX_MARKS
    assert flaky.xpath(".//a/@href")[-1] == URLS[21 % 9]
    assert "flaky" not in bad.xpath("string(th)")
    assert tree.xpath("string(//h2[@id='flaky'])") == "1 of 3 scenarios and judges is flaky"
    assert "1 never failed, and are not shown." in page
    many = html(report_of(result_of(gated_run_of("a"), None), trends=flaky_sample(120)))
    assert "and 21 more: see history.json" in many


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
    last[inside] = state_of(("b", "s-8", PASSED))[f"{SESSION_URN}b"]
    last[STACK_URN]["outputs"]["verdicts"] |= state_of(("b", "s-8", PASSED))[STACK_URN]["outputs"]["verdicts"]
    renamed = {urn.replace(":dev:", ":prod:"): resource for urn, resource in last.items()}
    found = trends([Update(renamed), Update(STATES[0])]).sessions
    assert [(each.name, [run.session_id for run in each.runs]) for each in found] == [
        ("a", ["s-1", "s-3"]),
        ("a (acme:agents:Sales)", ["s-8"]),
        ("b", ["s-2"]),
    ]


def test_a_renamed_session_goes_on_with_its_runs() -> None:
    updates = [state_of(("new", "s-3", PASSED)), state_of(("new", "s-2", PASSED)), state_of(("b", "s-2", PASSED))]
    [found] = trends([*map(Update, updates), Update(state_of(("b", "s-1", FAILED)))]).sessions
    assert (found.name, [run.session_id for run in found.runs]) == ("new", ["s-1", "s-2", "s-3"])


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
        assert trends([Update(good | {STACK_URN: damage})]).sessions == ()
        assert [each.name for each in trends([Update(good | {SESSION_URN + "a": damage})]).sessions] == ["b"]
    odd = json.loads(json.dumps(good))
    odd[STACK_URN]["outputs"]["verdicts"]["a"]["outcome"] = "<script>"
    odd[SESSION_URN + "b"]["outputs"]["created_at"] = ["2026"]
    [b] = trends([Update(odd)]).sessions
    assert (b.name, b.median_ms) == ("b", None)


def test_history_json_has_all_of_it() -> None:
    written = read(trends_json("dev", "2026-04-14T10:20:00Z", trends([None, *NEWEST])))
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
            "version": None,
            "version_id": None,
            "semver": None,
            "content": None,
            "first_failed_ids": None,
            "first_content": None,
            "run_url": None,
            "passed_ids": [],
            "failed_ids": [],
            "judges": [],
        }
    ]
    assert written["sessions"]["a"]["runs"][0]["failed_ids"] == ["sc-2"]
    assert [(each["id"], each["failed"]) for each in written["tests"]] == [("sc-2", 1)]


def run_of(outcome: str, duration_ms: int | None) -> PastRun:
    return PastRun("s", outcome, None, None, None, None, duration_ms)


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
    page = html(report_of(result_of(gated_run_of("a"), None), trends=trends([Update({})])))
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
    [found] = trends([Update(state)]).sessions
    assert (found.name, found.passed, found.median_ms) == ("support", 1, 600_000)
