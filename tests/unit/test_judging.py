from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.bland.models import FINAL, Fix, Iteration, Scenario, Status
from tornado_resource.declarations.model import Gate
from tornado_resource.gate.judging import Ending, Verdict, judge, verdict_of

FIXES = (Fix("node-1", "say it", "prompt_edit"),)


def iteration(passed: str = "", failed: str = "", *, fixes: tuple[Fix, ...] = (), number: int = 1) -> Iteration:
    return Iteration(number, None, f"2026-04-14T10:0{number}:00.000Z", tuple(passed), tuple(failed), fixes)


def completed(passed: int, total: int, **fields: object) -> Status:
    status = "COMPLETED_ALL_PASSED" if passed == total else "COMPLETED_PARTIAL"
    values = {"total_scenarios": total, "passed_scenarios": passed, "failed_scenarios": total - passed, **fields}
    return Status(status, **values)  # type: ignore[arg-type] # the fields of Status


@pytest.mark.parametrize(
    ("gate", "status", "outcome"),
    [
        (Gate(), completed(4, 4), "passed"),
        (Gate(), completed(3, 4), "failed"),
        (Gate(3), completed(3, 4), "passed"),
        (Gate(4), completed(3, 4), "failed"),
        (Gate(5), completed(4, 4), "failed"),
        (Gate("75%"), completed(3, 4), "passed"),
        (Gate("76%"), completed(3, 4), "failed"),
        (Gate("1%"), completed(0, 4), "failed"),
        (Gate("any"), completed(0, 4), "passed"),
        (Gate("any"), completed(0, 0), "incomplete"),
        (Gate(), completed(0, 0), "incomplete"),
        (Gate(repaired="refuse"), completed(4, 4), "passed"),
        (Gate(repaired="refuse"), completed(4, 4, forked_version=7), "failed"),
        (Gate(repaired="refuse"), completed(4, 4, iterations=(iteration(fixes=FIXES),)), "failed"),
        (Gate(), completed(4, 4, forked_version=7), "passed"),
        (Gate("any"), Status("TIMEOUT"), "failed"),
        (Gate("any"), Status("STUCK"), "failed"),
        (Gate("any"), Status("CANCELLED"), "failed"),
        (Gate("any"), Status("ERROR"), "failed"),
        (Gate("any"), Status("RUNNING"), "incomplete"),
        (Gate("any"), Status("SOMETHING_NEW", total_scenarios=4, passed_scenarios=4), "incomplete"),
        (Gate(), Status("COMPLETED_ALL_PASSED"), "incomplete"),
        (Gate(), Status("COMPLETED_ALL_PASSED", total_scenarios=4), "incomplete"),
        (Gate(), Status("COMPLETED_ALL_PASSED", total_scenarios=4, passed_scenarios=3), "incomplete"),
        (Gate(), Status("COMPLETED_ALL_PASSED", total_scenarios=4, passed_scenarios=5), "incomplete"),
        (
            Gate(),
            Status("COMPLETED_ALL_PASSED", total_scenarios=4, passed_scenarios=4, failed_scenarios=1),
            "incomplete",
        ),
        (Gate(), Status("COMPLETED_PARTIAL", total_scenarios=4, passed_scenarios=4, failed_scenarios=0), "incomplete"),
        (Gate(), Status("COMPLETED_ALL_PASSED", total_scenarios=-1, passed_scenarios=-1), "incomplete"),
    ],
)
def test_the_outcome(gate: Gate, status: Status, outcome: str) -> None:
    assert judge(gate, Ending(status))[0] == outcome


def test_fewer_scenarios_than_declared_are_never_a_pass() -> None:
    assert judge(Gate("any"), Ending(completed(2, 2)), declared=3) == ("incomplete", "2 scenarios ran, declared are 3")


def test_what_was_given_up_is_incomplete_even_if_it_looked_passed() -> None:
    assert judge(Gate("any"), Ending(completed(2, 2), "the network went away"))[0] == "incomplete"
    assert judge(Gate("any"), Ending(None))[0] == "incomplete"


REQUIRED = (Scenario("a", None, True), Scenario("b", None, True), Scenario("c", None, False))


@pytest.mark.parametrize(
    ("iterations", "outcome"),
    [
        ((iteration("abc"),), "passed"),
        ((iteration("ab", "c"),), "passed"),
        ((iteration("a", "bc"), iteration("b", "c", number=2)), "passed"),
        ((iteration("ab", "c"), iteration("c", "b", number=2)), "failed"),
        ((iteration("ac"),), "failed"),
        ((), "failed"),
    ],
)
def test_promotion_asks_for_every_required_scenario(iterations: tuple[Iteration, ...], outcome: str) -> None:
    status = completed(2, 3, iterations=iterations)
    assert judge(Gate("promotion"), Ending(status), required=REQUIRED)[0] == outcome


def test_promotion_without_any_required_scenario_is_no_pass() -> None:
    assert judge(Gate("promotion"), Ending(completed(3, 3)), required=REQUIRED[2:])[0] == "failed"


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
    outcome, reason = judge(gate, Ending(status), required=REQUIRED)
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
    verdict = verdict_of(
        Gate(),
        Ending(status),
        session_id="s-1",
        created_at="2026-04-14T10:00:00.000Z",
        request={"pathway_id": "pw-1", "version_number": 3},
        declaration="abc",
    )
    assert verdict == Verdict(
        outcome="failed",
        reason="2 of 3 scenarios passed, the gate asks for all",
        session_id="s-1",
        status="COMPLETED_PARTIAL",
        passed_scenarios=2,
        total_scenarios=3,
        failed_ids=["c"],
        unfixable_ids=["c"],
        iterations=2,
        repaired=True,
        version=7,
        declaration="abc",
        finished_at="2026-04-14T10:02:00.000Z",
    )


@pytest.mark.parametrize(
    ("fields", "version", "finished_at"),
    [
        ({"forked_version": None, "elapsed_ms": 90_000}, 3, "2026-04-14T10:01:30.000Z"),
        ({"forked_version": 0}, 0, None),
    ],
)
def test_version_and_end_are_told_as_far_as_they_are_known(
    fields: dict[str, object], version: int, finished_at: str | None
) -> None:
    verdict = verdict_of(
        Gate(),
        Ending(completed(1, 1, **fields)),
        session_id="s-1",
        created_at="2026-04-14T10:00:00.000Z",
        request={"pathway_id": "pw-1", "version_number": 3},
        declaration="abc",
    )
    assert (verdict.version, verdict.finished_at) == (version, finished_at)
