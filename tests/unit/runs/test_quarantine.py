"""What a quarantine can and cannot excuse, for any session and any check run, and what a record of it is worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.results import FIX, check_run_of, gated_check_run_of, gated_run_of, judge_of, report_of, status_of
from tornado_resource.agents.kind import CheckStatus
from tornado_resource.bland.sessions import Iteration
from tornado_resource.core.canonical import digest
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.quarantine import Quarantine
from tornado_resource.reports.html import html
from tornado_resource.reports.summary import summary
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import Ending, GatedRun, Result, RunVerdict
from tornado_resource.runs.verdict import make_verdict
from tornado_resource.stacks.recorded import Resource, read_state
from tornado_resource.stacks.recorded_promotion import PromotedSession, Promotion, as_output, from_output
from tornado_resource.stacks.recorded_verdicts import carried_results
from tornado_resource.tornado.results import session_result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.bland.sessions import Status

IDS = tuple("abcdef")
RULES = st.sampled_from(["all", "50%", "80%", "100%", 1, 3, 5, 6])
RATES = st.sampled_from([0.0, 0.4, 0.5, 0.8, 1.0])


def quarantine(parts: Iterable[str]) -> tuple[Quarantine, ...]:
    return tuple(Quarantine(each, "flaky", "2026-12-31") for each in parts)


def session(results: dict[str, bool]) -> Status:
    passed = tuple(each for each, has_passed in results.items() if has_passed)
    failed = tuple(each for each in results if each not in passed)
    return status_of("COMPLETED_PARTIAL" if failed else "COMPLETED_ALL_PASSED", passed, failed)


def verdict_of(gate: Gate, results: dict[str, bool], **changes: Any) -> RunVerdict:
    return make_verdict(gated_run_of("a", gate=gate, **changes), Ending(session(results)))


@given(st.dictionaries(st.sampled_from(IDS), st.booleans(), min_size=1), st.sets(st.sampled_from(IDS)), RULES)
def test_of_a_session_nothing_else_is_excused(results: dict[str, bool], parts: set[str], rule: str | int) -> None:
    gate = Gate(rule)
    plain, found = verdict_of(gate, results), verdict_of(replace(gate, quarantine=quarantine(sorted(parts))), results)
    healed = verdict_of(gate, {each: passed or each in parts for each, passed in results.items()})
    if found.outcome == "passed":
        assert healed.outcome == "passed"
    if plain.outcome == "passed":
        assert found.outcome == "passed"
    if rule == "all" and found.outcome == "passed":
        assert all(passed or each in parts for each, passed in results.items())
    if plain.outcome != found.outcome and len(parts & results.keys()) * 2 > len(results):
        assert found.outcome == "incomplete"
    assert set(found.quarantined) == {each for each, passed in results.items() if not passed} & parts
    assert (found.passed_scenarios, found.total_scenarios) == (plain.passed_scenarios, plain.total_scenarios)
    if found.outcome != "incomplete":
        assert kind_of("tornado").agrees(found, {"pathway_id": "pw-1"})


@given(
    st.dictionaries(st.sampled_from(IDS), RATES, min_size=1),
    st.sets(st.sampled_from(IDS)),
    st.sampled_from(["all", "80%"]),
)
def test_of_a_check_run_nothing_else_is_excused(rates: dict[str, float], parts: set[str], rule: str) -> None:
    def verdict(rates: dict[str, float], parts: Iterable[str] = ()) -> RunVerdict:
        word = "PASSED" if all(rate >= 0.5 for rate in rates.values()) else "FAILED"
        run = check_run_of(word, *(judge_of(*each) for each in rates.items()))
        gated = gated_check_run_of("b", gate=Gate(rule, quarantine=quarantine(parts)))
        found = make_verdict(gated, Ending(CheckStatus.of(run)))
        assert found.outcome == "incomplete" or kind_of("check_run").agrees(found, gated.request)
        return found

    plain, found = verdict(rates), verdict(rates, sorted(parts))
    if found.outcome == "passed":
        assert verdict({name: 1.0 if name in parts else rate for name, rate in rates.items()}).outcome == "passed"
    if plain.outcome == "passed":
        assert found.outcome == "passed"
    elif parts >= rates.keys():
        assert found.outcome == "incomplete"


def test_the_whole_set_is_never_excused() -> None:
    gate = Gate(quarantine=quarantine("ab"))
    assert verdict_of(gate, {"a": False, "b": True}).outcome == "incomplete"
    assert verdict_of(gate, {"a": False, "b": False}).outcome == "incomplete"


async def test_ids_are_excused_in_whatever_case_the_api_writes_them() -> None:
    gated = gated_run_of("a", gate=Gate(quarantine=quarantine(["AB-1"])))
    result = await session_result(None, gated, Ending(session({"ab-1": False, "x": True})), None)  # type: ignore[arg-type]
    assert (result.verdict.outcome, result.verdict.quarantined) == ("passed", ["AB-1"])


EXCUSED = {"gate": Gate(quarantine=quarantine("b"))}
RESULTS = {"a": True, "b": False}


@pytest.mark.parametrize(
    "changes",
    [
        {"quarantined": []},
        {"quarantined": ["a"]},
        {"gate": Gate()},
        {"gate": Gate(quarantine=quarantine("a"))},
        {"passed_scenarios": 0},
        {"failed_ids": []},
        {"outcome": "failed"},
        {"status": "COMPLETED_ALL_PASSED"},
    ],
    ids=str,
)
def test_a_record_that_does_not_agree_with_itself_is_worth_nothing(changes: dict[str, Any]) -> None:
    verdict = verdict_of(EXCUSED["gate"], RESULTS)
    kind, request = kind_of("tornado"), {"pathway_id": "pw-1"}
    assert verdict.outcome == "passed"
    assert kind.agrees(verdict, request)
    assert not kind.agrees(replace(verdict, **changes), request)


def test_a_pass_of_what_ran_before_repairs_agrees() -> None:
    """The word of the session is of its end, when all passed; the numbers are those of its first iteration."""
    gate = replace(EXCUSED["gate"], repaired="refuse")
    rounds = (Iteration(1, None, None, ("a",), ("b",), (FIX,)), Iteration(2, None, None, ("a", "b"), (), ()))
    status = status_of("COMPLETED_ALL_PASSED", ("a", "b"), (), iterations=rounds, forked_version=7)
    verdict = make_verdict(gated_run_of("a", gate=gate), Ending(status))
    assert (verdict.outcome, verdict.passed_scenarios, verdict.repaired) == ("passed", 1, False)
    assert kind_of("tornado").agrees(verdict, {"pathway_id": "pw-1"})


def recorded(verdict: RunVerdict, request: dict[str, Any], **declared: Any) -> Any:
    stack = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"
    run = "urn:pulumi:dev::p::pulumi-python:dynamic/bland:TornadoSession::a"
    outputs = {"session_id": verdict.session_id, "declared": {**request, **declared}}
    own = {"verdicts": {"a": {**verdict.as_output(), "declaration": digest(request)}}}
    [found] = read_state([Resource(stack, own), Resource(run, outputs)]).runs.values()
    return found


def test_a_recorded_pass_counts_while_its_quarantine_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    request = {"pathway_id": "pw-1"}
    entry = {"scenario": "b", "reason": "flaky", "until": "2026-12-31"}
    found = recorded(verdict_of(EXCUSED["gate"], RESULTS), request, quarantine=[entry])
    assert found.verdict.quarantined == ["b"]

    def result_on(day: date) -> Result | None:
        monkeypatch.setattr("tornado_resource.stacks.recorded.today", lambda: day)
        gated: GatedRun = found.gated
        return found.result(gated)  # type: ignore[no-any-return]

    last = result_on(date(2026, 12, 31))
    assert last is not None
    assert last.verdict.outcome == "passed"
    assert result_on(date(2027, 1, 1)) is None
    assert make_verdict(found.gated, Ending(session(RESULTS))).outcome == "failed"


def test_a_record_of_an_older_release_has_no_quarantine() -> None:
    request, verdict = {"pathway_id": "pw-1"}, verdict_of(Gate(), {"a": True})
    old = verdict.as_output()
    del old["quarantined"]
    assert "quarantine" not in old["gate"]
    stack = Resource("urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev", {"a": {**old, "declaration": digest(request)}})
    run = "urn:pulumi:dev::p::pulumi-python:dynamic/bland:TornadoSession::a"
    [found] = read_state([stack, Resource(run, {"session_id": verdict.session_id, "declared": request})]).runs.values()
    assert found.verdict is not None
    assert (found.verdict.quarantined, found.verdict.gate.quarantine) == ([], ())


@pytest.mark.parametrize(
    "damaged", [{"quarantine": [{"part": "b"}]}, {"quarantine": "b"}, {"quarantine": [None]}], ids=str
)
def test_a_record_with_a_damaged_quarantine_is_no_verdict(damaged: dict[str, Any]) -> None:
    output = verdict_of(EXCUSED["gate"], RESULTS).as_output()
    stack = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"
    run = "urn:pulumi:dev::p::pulumi-python:dynamic/bland:TornadoSession::a"
    own = {"a": {**output, "gate": {**output["gate"], **damaged}, "declaration": digest({"pathway_id": "pw-1"})}}
    outputs = {"session_id": output["session_id"], "declared": {"pathway_id": "pw-1"}}
    [found] = read_state([Resource(stack, own), Resource(run, outputs)]).runs.values()
    assert found.verdict is None


def test_what_another_stack_excused_counts_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    output = {**verdict_of(EXCUSED["gate"], RESULTS).as_output(), "promoted": True, "promoted_from": "o/p/staging"}

    def found(day: date) -> RunVerdict:
        monkeypatch.setattr("tornado_resource.stacks.recorded_verdicts.today", lambda: day)
        [result] = carried_results({"verdicts": {"a": output}})
        return result.verdict

    assert found(date(2026, 12, 31)).outcome == "passed"
    ended = found(date(2027, 1, 1))
    assert (ended.outcome, ended.reason) == (
        "incomplete",
        "its quarantine over there has ended: run `pulumi up` again",
    )


def test_a_promotion_keeps_what_was_excused_there() -> None:
    session = PromotedSession("s-1", 7, None, quarantined=("b",))
    record = Promotion("o/p/staging", None, {"a": session, "c": PromotedSession("s-2", 8, None)})
    assert from_output(as_output(record)) == record
    old = as_output(record)
    del old["sessions"]["a"]["quarantined"]
    assert from_output(old).quarantined == {}  # type: ignore[union-attr]
    report = report_of(promotion=record)
    assert "a failed there in quarantine: b" in summary(report)
    assert "a failed there in quarantine: b" in html(report)
