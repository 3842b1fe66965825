"""CI systems follow a case by its classname and name: ten updates of one project are one history."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest
from junit2htmlreport.parser import Junit
from junitparser import JUnitXml
from lxml import etree
from xunitparser import Parser

from tests.support.results import gated_run_of, report_of, result_of, status_of
from tornado_resource.bland.listing import Owner
from tornado_resource.bland.scenario_runs import Transcript
from tornado_resource.bland.sessions import Iteration, Status
from tornado_resource.core.urns import SESSION_TYPE, STACK_TYPE
from tornado_resource.declarations.model import Gate, ScenarioDeclaration
from tornado_resource.program.shared_gate import INTERRUPTED_UPDATE
from tornado_resource.reports.junit import junit
from tornado_resource.runs.model import Ending, Result
from tornado_resource.runs.verdict import make_verdict, unknown_result
from tornado_resource.stacks.recorded import read_outputs

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = {"refund": "Refunds an order", "cancel": "Cancels an order", "hours": "Knows the opening hours"}
DECLARED = {key: ScenarioDeclaration(key, Owner.pathway("pw-1"), {"name": name}) for key, name in KEYS.items()}
URN = f"urn:pulumi:dev::agents::{SESSION_TYPE}::support-line"
STACK = f"urn:pulumi:dev::agents::{STACK_TYPE}::agents-dev"


def root_of(text: str) -> Any:
    return etree.fromstring(text.encode())


def ids(environment: str) -> dict[str, str]:
    """The API's ids of the scenarios, by key: UUIDs, others in each environment."""
    return {key: f"{environment}-0000-4000-8000-{index:012d}" for index, key in enumerate(KEYS)}


def session(
    word: str, passed: str, failed: str = "", *, environment: str = "aaaaaaaa", gate: Gate | None = None, **more: Any
) -> Result:
    """A session that has run; *passed* and *failed* are the keys of its scenarios."""
    known = ids(environment)
    gated = gated_run_of(
        "support-line",
        gate=gate or Gate(),
        request={"pathway_id": "pw-1", "scenario_ids": [*known.values()]},
        scenarios={known[key]: each for key, each in DECLARED.items()},
    )
    lists = [tuple(known[key] for key in keys.split()) for keys in (passed, failed)]
    more["unfixable_ids"] = tuple(known[key] for key in more.get("unfixable_ids", ()))
    status = status_of(word, *lists, **({"total_scenarios": 3} | more))
    verdict = make_verdict(gated, Ending(status, None if status.is_final else "it did not end in time"))
    runs: Any = [{"id": each, "name": None, "passed": each in lists[0]} for each in (*lists[0], *lists[1])]
    return Result(gated, replace(verdict, scenarios=runs), status)


def unchanged(result: Result) -> Result:
    """The result of an update that leaves the session alone: from the stack's own state."""
    outputs = {"session_id": result.gated.run_id, "declared": dict(result.gated.request)}
    state = {STACK: {"outputs": {"verdicts": {"a": asdict(result.verdict)}}}, URN: {"outputs": outputs}}
    recorded = read_outputs(state).runs[URN].result(result.gated)
    assert recorded is not None
    assert recorded.status is None
    return recorded


def before_it_starts() -> Result:
    gated = gated_run_of("support-line", "", created_at=None, request={"pathway_id": "pw-1"}, scenarios=DECLARED)
    return unknown_result(gated, INTERRUPTED_UPDATE, "interrupted")


PASSED = session("COMPLETED_ALL_PASSED", "refund cancel hours")
FAILED = session("COMPLETED_PARTIAL", "refund", "cancel hours")
UPDATES = {
    "passed": PASSED,
    "unchanged": unchanged(PASSED),
    "failed": FAILED,
    "failed and unchanged": unchanged(FAILED),
    "unfixable": session("STUCK", "hours", "refund cancel", unfixable_ids=("cancel",)),
    "by a threshold": session("COMPLETED_PARTIAL", "refund hours", "cancel", gate=Gate("60%")),
    "out of time": session("TIMEOUT", "refund", total_scenarios=None),
    "still running": session("RUNNING", "", "refund"),
    "in production": session("COMPLETED_ALL_PASSED", "hours cancel refund", environment="bbbbbbbb"),
    "interrupted": before_it_starts(),
}
Point = tuple[str, str]


def by_junitparser(text: str) -> dict[Point, str]:
    cases = [case for suite in JUnitXml.fromstring(text.encode()) for case in suite]
    return {
        (case.classname, case.name): next((type(each).__name__.lower() for each in case.result), "passed")
        for case in cases
    }


def by_junit2html(text: str) -> dict[Point, str]:
    cases = [case for suite in Junit(xmlstring=text).suites for case in suite.all()]
    return {(str(case.testclass.name), str(case.name)): str(case.outcome()) for case in cases}


def by_xunitparser(text: str) -> dict[Point, str]:
    found: dict[Point, str] = {}
    for suite in root_of(text):
        cases, _ = Parser().parse_root(suite)
        found |= {(case.classname, case.methodname): case.result for case in cases}
    return found


CASES = {("support-line", name) for name in ("gate", *KEYS.values())}


@pytest.mark.parametrize("read", [by_junitparser, by_junit2html, by_xunitparser])
def test_ten_updates_are_ten_points_of_one_history(read: Callable[[str], dict[Point, str]]) -> None:
    history: dict[Point, list[str]] = {}
    for result in UPDATES.values():
        for case, outcome in read(junit(report_of(result))).items():
            history.setdefault(case, []).append(outcome)
    assert history.keys() == CASES
    assert {len(points) for points in history.values()} == {10}


def test_an_unchanged_update_has_the_same_points_and_times() -> None:
    for result in (PASSED, FAILED):
        first, later = (root_of(junit(report_of(each))) for each in (result, unchanged(result)))
        assert points(first) == points(later)
        assert dict(first.attrib) == dict(later.attrib)
        assert first.get("time") == "190.0"


def points(root: Any) -> list[Any]:
    return sorted(
        [*case.attrib.items(), *((each.tag, *each.attrib.items()) for each in case)] for case in root.iter("testcase")
    )


def test_a_scenario_that_is_not_declared_is_a_case_by_its_name() -> None:
    uuid = "6f1f7a52-0b1e-4c8a-9a55-6f0d6f6f1f01"
    status = status_of("COMPLETED_ALL_PASSED", (uuid,), ())
    text = junit(report_of(result_of(gated_run_of("a"), status, names={uuid: "Refunds an order"})))
    assert by_junitparser(text) == {("a", "gate"): "passed", ("a", "Refunds an order"): "passed"}
    assert uuid not in text


def test_names_that_share_their_beginning_are_numbered_by_id() -> None:
    names = {"sc-1": "x" * 400, "sc-2": "x" * 401}
    found = []
    for order in (("sc-1", "sc-2"), ("sc-2", "sc-1")):
        status = status_of("COMPLETED_PARTIAL", order[:1], order[1:])
        text = junit(report_of(result_of(gated_run_of("a"), status, names=names)))
        found.append({name[-2:] for (_, name), outcome in by_junitparser(text).items() if outcome == "failure"})
    assert found == [{"te", "#2"}, {"te", "x…"}]


def test_the_last_run_of_a_failed_scenario_is_its_text() -> None:
    transcript = Transcript(
        (("LLM_JUDGE", "It promised a\x1b refund."), ("NODE_REACHED", "")),
        (("user", "Give me my money back"), ("assistant", "Of course.")),
        "the line was cut",
    )
    [refund, _] = FAILED.verdict.failed_ids
    text = junit(report_of(replace(FAILED, transcripts={refund: transcript})))
    shown = {case.get("name"): case.findtext("failure") for case in root_of(text).iter("testcase")}
    assert shown["Cancels an order"] == (
        "failed assertions:\n"
        "- LLM_JUDGE: It promised a\\x1b refund.\n"
        "- NODE_REACHED: failed\n"
        "the end of the call:\n"
        "- user: Give me my money back\n"
        "- assistant: Of course.\n"
        "error: the line was cut"
    )
    assert not shown["Knows the opening hours"]


def test_the_fix_plan_is_in_the_case_of_the_gate() -> None:
    text = junit(report_of(FAILED))
    assert text.count("last fix plan of the session:") == 1
    assert "last fix plan" in (root_of(text).findtext(".//testcase[@name='gate']/failure") or "")


def test_a_scenario_of_which_only_the_id_is_known_is_no_case_of_its_own() -> None:
    status = Status("COMPLETED_PARTIAL", iterations=(Iteration(1, None, None, ("sc-1",), (), ()),))
    request = {"pathway_id": "pw-1", "scenario_ids": ["sc-1", "sc-2"]}
    text = junit(report_of(result_of(gated_run_of("a", request=request), status, names={"sc-1": "One"})))
    assert by_junitparser(text).keys() == {("a", "gate"), ("a", "One")}


def test_a_session_that_did_not_run_has_the_cases_of_its_last_verdict() -> None:
    request = {"pathway_id": "pw-1", "scenario_ids": ["sc-1"]}
    result = unknown_result(gated_run_of("a", "", request=request), INTERRUPTED_UPDATE, "interrupted")
    assert by_junitparser(junit(report_of(result))) == {("a", "gate"): "error"}
    named = replace(result, scenario_names={"sc-1": "Refunds an order"})
    assert by_junitparser(junit(report_of(named))) == {("a", "gate"): "error", ("a", "Refunds an order"): "skipped"}


def test_nothing_to_judge_is_one_skipped_case() -> None:
    assert by_junitparser(junit(report_of())) == {("update", "update"): "skipped"}
    assert by_xunitparser(junit(report_of())) == {("update", "update"): "skipped"}
