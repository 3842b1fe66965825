from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tornado_resource.agents.gate import agrees, facts, judge
from tornado_resource.agents.kind import KIND
from tornado_resource.bland.check_runs import CheckRun, JudgeVerdict
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.quarantine import Quarantine
from tornado_resource.runs.model import GatedRun, JudgeResult, RunVerdict

GATED = GatedRun("support", "run-1", Gate(), {"agent_id": "a-1", "env": "staging", "version_id": "v-7"})


def verdict_of(name: str, rate: float | None, *, is_required: bool = True) -> JudgeVerdict:
    return JudgeVerdict(f"j-{name}", "jv-1", name, is_required, rate, rate is not None and rate >= 0.5)


def run(*verdicts: JudgeVerdict, status: str = "PASSED") -> CheckRun:
    return CheckRun(
        "run-1", status, version_id="v-7", semver="1.4.0", verdicts=verdicts, completed_at="2026-11-20T10:20:00.000Z"
    )


def recorded(found: CheckRun, gate: Gate = GATED.gate) -> RunVerdict:
    outcome, reason = judge(gate, found)
    known: dict[str, Any] = {
        "outcome": outcome,
        "reason": reason,
        "status": found.status,
        **facts(replace(GATED, gate=gate), found),
    }
    return RunVerdict(session_id="run-1", gate=gate, declaration="0" * 64, **known)


def test_the_facts_of_a_run_are_its_version_and_its_judges() -> None:
    assert facts(GATED, run(verdict_of("resolved", 0.9), verdict_of("polite", None, is_required=False))) == {
        "content": "v-7",
        "version_id": "v-7",
        "semver": "1.4.0",
        "judges": [
            {"id": "j-resolved", "name": "resolved", "required": True, "match_rate": 0.9, "passed": True},
            {"id": "j-polite", "name": "polite", "required": False, "match_rate": None, "passed": False},
        ],
        "quarantined": [],
        "finished_at": "2026-11-20T10:20:00.000Z",
    }


def test_of_a_run_that_was_never_read_only_the_declared_version_is_known() -> None:
    known = {"content": "v-7", "version_id": "v-7", "semver": None, "judges": None, "finished_at": None}
    assert facts(GATED, None) == {**known, "quarantined": []}


def test_a_run_in_flight_has_no_end_and_its_version_may_not_be_shown() -> None:
    found = facts(GATED, replace(run(status="RUNNING"), version_id=None))
    assert (found["finished_at"], found["version_id"], found["judges"]) == (None, "v-7", [])


FAILED = run(verdict_of("resolved", 0.4), status="FAILED")


@pytest.mark.parametrize(
    ("found", "gate"),
    [
        (run(verdict_of("resolved", 0.9)), Gate()),
        (run(verdict_of("resolved", 0.9)), Gate("95%")),
        (run(verdict_of("resolved", 0.9), verdict_of("polite", 0.6)), Gate(judges={"polite": "90%"})),
        (FAILED, Gate()),
        (FAILED, Gate("any")),
    ],
)
def test_a_recorded_verdict_agrees_with_its_judges(found: CheckRun, gate: Gate) -> None:
    verdict = recorded(found, gate)
    assert agrees(verdict, GATED.request)
    other: Any = "failed" if verdict.outcome == "passed" else "passed"
    assert not agrees(replace(verdict, outcome=other), GATED.request)


@pytest.mark.parametrize(
    "changes",
    [
        {"judges": None},
        {"judges": []},
        {"judges": [{"id": "j-resolved", "name": "resolved", "required": False, "match_rate": 0.9, "passed": True}]},
        {"judges": [{"id": "j-resolved", "name": "resolved", "required": True, "match_rate": None, "passed": True}]},
        {"judges": [{"id": "j-resolved", "name": "resolved", "required": True, "match_rate": 0.4, "passed": True}]},
        {"status": "FAILED"},
        {"status": "ERROR"},
        {"status": "CANCELLED"},
        {"version_id": "v-8"},
        {"content": None},
        {"content": None, "version_id": None},
        {"gate": Gate(judges={"polite": "90%"})},
        {"gate": Gate("promotion")},
    ],
    ids=str,
)
def test_a_damaged_pass_does_not_agree(changes: dict[str, Any]) -> None:
    given = recorded(run(verdict_of("resolved", 0.9)))
    assert agrees(given, GATED.request)
    assert not agrees(replace(given, **changes), GATED.request)


@pytest.mark.parametrize("version", ["v-8", None])
def test_a_pass_of_another_version_than_the_declared_one_does_not_agree(version: str | None) -> None:
    request = {**GATED.request, "version_id": version}
    assert not agrees(recorded(run(verdict_of("resolved", 0.9))), request)


def test_upper_and_lower_case_of_an_id_are_the_same() -> None:
    assert agrees(recorded(run(verdict_of("resolved", 0.9))), {**GATED.request, "version_id": "V-7"})


def test_a_cancelled_run_failed_and_one_with_an_error_is_unknown() -> None:
    cancelled = replace(recorded(FAILED), status="CANCELLED", judges=[])
    assert agrees(cancelled, GATED.request)
    assert agrees(replace(cancelled, status="ERROR", outcome="incomplete"), GATED.request)
    assert not agrees(replace(cancelled, status="ERROR"), GATED.request)


def test_a_pass_by_the_ids_of_judges_still_agrees() -> None:
    """A gate names judges by their ids where the file declares no names for them."""
    excused = Quarantine("j-polite", "flaky", "2026-12-31")
    gate = Gate(judges={"j-resolved": "80%"}, quarantine=(excused,))
    verdict = recorded(run(verdict_of("resolved", 0.9), verdict_of("polite", 0.4), status="FAILED"), gate)
    assert (verdict.outcome, verdict.quarantined) == ("passed", ["j-polite"])
    assert agrees(verdict, GATED.request)
    assert not agrees(replace(verdict, quarantined=[]), GATED.request)
    below: list[JudgeResult] = [{**each, "match_rate": 0.7} for each in verdict.judges or ()]
    assert not agrees(replace(verdict, judges=below), GATED.request)


@pytest.mark.parametrize(
    ("found", "gate", "doubt"),
    [
        (run(verdict_of("resolved", 0.9, is_required=False)), Gate(), "vacuous"),
        (run(verdict_of("resolved", 0.9)), Gate(judges={"polite": "90%"}), "wrong_gate"),
        (run(verdict_of("resolved", None)), Gate(), "inconclusive"),
        (FAILED, Gate(), None),
    ],
)
def test_advice_is_about_what_is_in_doubt_of_a_recorded_verdict(found: CheckRun, gate: Gate, doubt: str | None) -> None:
    assert KIND.doubt(recorded(found, gate)) == doubt
