from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.bland.responses import FINAL, Fix, Iteration, Scenario, Status
from tornado_resource.declarations.model import Gate, digest
from tornado_resource.gate.judging import judge
from tornado_resource.gate.model import Ending, GatedSession, Verdict
from tornado_resource.gate.verdicts import make_verdict

GATED = GatedSession(
    "support-line", "s-1", Gate(), {"pathway_id": "pw-1", "version_number": 3}, "2026-04-14T10:00:00.000Z"
)
FIXES = (Fix("node-1", "say it", "prompt_edit"),)


def iteration(passed: str = "", failed: str = "", *, fixes: tuple[Fix, ...] = (), number: int = 1) -> Iteration:
    return Iteration(number, None, f"2026-04-14T10:0{number}:00.000Z", tuple(passed), tuple(failed), fixes)


def completed(passed: int, total: int, **fields: object) -> Status:
    status = "COMPLETED_ALL_PASSED" if passed == total else "COMPLETED_PARTIAL"
    values = {"total_scenarios": total, "passed_scenarios": passed, "failed_scenarios": total - passed, **fields}
    return Status(status, **values)  # type: ignore[arg-type] # the fields of Status


SCENARIOS = (Scenario("a", None, True), Scenario("b", None, True), Scenario("c", None, False))


statuses = st.builds(
    Status,
    status=st.sampled_from([*FINAL, "RUNNING", "QUEUED", "completed_all_passed"]),
    total_scenarios=st.none() | st.integers(-1, 4),
    passed_scenarios=st.none() | st.integers(-1, 5),
    failed_scenarios=st.none() | st.integers(-1, 5),
)
gates = st.builds(Gate, st.sampled_from(["all", "promotion", "any", "1%", "100%", 1, 3]))


@given(gates, statuses)
def test_a_pass_is_always_earned(gate: Gate, status: Status) -> None:
    outcome, reason = judge(gate, Ending(status), scenarios=SCENARIOS)
    assert reason
    if outcome == "passed":
        assert status.status in {"COMPLETED_ALL_PASSED", "COMPLETED_PARTIAL"}
        assert status.passed_scenarios is not None
        assert status.total_scenarios is not None
        assert 0 < status.total_scenarios >= status.passed_scenarios
        assert gate.passed == "any" or status.passed_scenarios > 0


def test_a_verdict_says_what_people_and_later_environments_need() -> None:
    iterations = (iteration("a", "bc", fixes=FIXES), iteration("b", "c", number=2))
    status = completed(2, 3, iterations=iterations, forked_version=7, current_iteration=2, unfixable_ids=("c",))
    verdict = make_verdict(GATED, Ending(status))
    assert verdict == Verdict(
        outcome="failed",
        reason="2 of 3 scenarios passed; the gate requires all",
        session_id="s-1",
        status="COMPLETED_PARTIAL",
        passed_scenarios=2,
        total_scenarios=3,
        failed_ids=["c"],
        unfixable_ids=["c"],
        iterations=2,
        repaired=True,
        version=7,
        declaration=digest(GATED.request),
        finished_at="2026-04-14T10:02:00.000Z",
    )


@pytest.mark.parametrize(
    ("fields", "version", "finished_at"),
    [
        ({"forked_version": None, "elapsed_ms": 90_000}, 3, "2026-04-14T10:01:30.000Z"),
        ({"forked_version": 0}, 0, None),
        ({"forked_version": 0, "elapsed_ms": 10**18}, 0, None),
        ({"elapsed_ms": 10**300}, 3, None),
    ],
)
def test_version_and_end_are_told_as_far_as_they_are_known(
    fields: dict[str, object], version: int, finished_at: str | None
) -> None:
    verdict = make_verdict(GATED, Ending(completed(1, 1, **fields)))
    assert (verdict.version, verdict.finished_at) == (version, finished_at)


def test_a_percentage_of_an_absurd_number_is_exact() -> None:
    most = 10**400
    assert judge(Gate("95%"), Ending(completed(most // 20 * 19, most)))[0] == "passed"
    assert judge(Gate("95%"), Ending(completed(most // 20 * 19 - 1, most)))[0] == "failed"


@pytest.mark.parametrize(
    ("fields", "adopted", "created_at", "version"),
    [
        ({}, False, "t", 3),
        ({"forked_version": 7}, False, "t", 7),
        ({"forked_version": 7}, False, None, 7),
        ({"iterations": (iteration("a", "b", fixes=FIXES), iteration("ab"))}, False, "t", None),
        ({"has_forked": True}, False, "t", None),
        ({}, True, "t", None),
        ({"forked_version": 7}, True, "t", 7),
        ({"forked_version": 7}, True, None, None),
        ({"iterations": (iteration("a", "b", fixes=FIXES), iteration("ab"))}, True, "t", None),
    ],
)
def test_a_verdict_speaks_for_no_version_that_may_not_be_the_one(
    fields: dict[str, object],
    adopted: bool,  # noqa: FBT001
    created_at: str | None,
    version: int | None,
) -> None:
    """A repaired session speaks for what it forked, an adopted one only for what it was seen to fork on its pathway."""
    verdict = make_verdict(replace(GATED, created_at=created_at, adopted=adopted), Ending(completed(2, 2, **fields)))
    assert (verdict.outcome, verdict.version) == ("passed", version)


@pytest.mark.parametrize(("adopted", "outcome"), [(False, "passed"), (True, "incomplete")])
def test_a_promoted_version_must_be_known_to_be_the_one_that_passed(adopted: bool, outcome: str) -> None:  # noqa: FBT001
    verdict = make_verdict(replace(GATED, adopted=adopted, promoted=7), Ending(completed(2, 2)))
    assert verdict.outcome == outcome
    assert adopted == ("whether it ran on the promoted version 7" in verdict.reason)
