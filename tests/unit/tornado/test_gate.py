"""What `tests/examples/gate.md` cannot show: properties, extreme numbers and lists of results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.bland.listing import Scenario, parse_scenarios
from tornado_resource.bland.sessions import SESSION_STATUSES, Iteration, Omitted, Status
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.quarantine import Quarantine
from tornado_resource.runs import verdict
from tornado_resource.runs.model import ONLY_REPAIRED, Ending, GatedRun, Outcome
from tornado_resource.tornado.gate import facts

SCENARIOS = (Scenario("a", None, True), Scenario("b", None, True), Scenario("c", None, False))


def judge(gate: Gate, ending: Ending, scenarios: tuple[Scenario, ...] = ()) -> tuple[Outcome, str]:
    return verdict.judge(GatedRun("support-line", "s-1", gate, {}), ending, scenarios)


statuses = st.builds(
    Status,
    status=st.sampled_from([*SESSION_STATUSES, "RUNNING", "QUEUED", "completed_all_passed"]),
    total_scenarios=st.none() | st.integers(-1, 4),
    passed_scenarios=st.none() | st.integers(-1, 5),
    failed_scenarios=st.none() | st.integers(-1, 5),
)
gates = st.builds(Gate, st.sampled_from(["all", "promotion", "any", "1%", "100%", 1, 3]))


@given(gates, statuses)
def test_a_pass_needs_scenarios_that_passed(gate: Gate, status: Status) -> None:
    outcome, reason = judge(gate, Ending(status), scenarios=SCENARIOS)
    assert reason
    if outcome == "passed":
        assert status.status in {"COMPLETED_ALL_PASSED", "COMPLETED_PARTIAL"}
        assert status.passed_scenarios is not None
        assert status.total_scenarios is not None
        assert 0 < status.total_scenarios >= status.passed_scenarios
        assert gate.passed == "any" or status.passed_scenarios > 0


def test_a_percentage_of_a_huge_number_is_exact() -> None:
    total = 10**400
    assert judge(Gate("95%"), Ending(completed(total // 20 * 19, total)))[0] == "passed"
    assert judge(Gate("95%"), Ending(completed(total // 20 * 19 - 1, total)))[0] == "failed"


def test_without_a_status_the_outcome_is_unknown() -> None:
    assert judge(Gate("any"), Ending(None)) == ("incomplete", "its status is unknown")


def test_only_the_last_run_of_a_scenario_counts() -> None:
    iterations = (
        Iteration(1, None, None, ("a", "b"), ("c", "d"), ()),
        Iteration(2, None, None, ("c",), ("b",), ()),
        Iteration(3, None, None, ("e",), ("e",), ()),
    )
    status = Status("COMPLETED_PARTIAL", iterations=iterations)
    assert status.last_results == {"a": True, "b": False, "c": True, "d": False, "e": False}
    assert status.failed_ids == ["b", "d", "e"]


def test_an_unreadable_forked_version_is_a_repair() -> None:
    assert Status("COMPLETED_PARTIAL", has_forked=True).is_repaired
    assert Status("COMPLETED_PARTIAL", forked_version=7).is_repaired
    assert not Status("COMPLETED_PARTIAL").is_repaired


@pytest.mark.parametrize("number", [0, -1, "0"])
def test_a_forked_version_below_1_is_no_fork(number: Any) -> None:
    """Version 0 is the live one: a pass for it would publish what nobody has tested."""
    status = Status.parse({"status": "COMPLETED_ALL_PASSED", "forked_version": number})
    assert status is not None
    assert (status.forked_version, status.is_repaired) == (None, False)
    verdict = facts(GatedRun("a", "s-1", Gate(), {"pathway_id": "pw-1", "version_number": 3}), status, "passed")
    assert (verdict["version"], verdict["forked_version"], verdict["repaired"]) == (3, None, False)


def test_text_of_the_api_is_made_safe_in_reasons() -> None:
    assert judge(Gate(), Ending(Status("\x1b[2J"))) == ("incomplete", "unknown status \\x1b[2J")
    scenarios = (Scenario("\x1b", None, is_required_for_promotion=True),)
    reason = judge(Gate("promotion"), Ending(completed(1, 1)), scenarios=scenarios)[1]
    assert reason == "required for promotion but not passed: \\x1b"


def completed(passed: int, total: int) -> Status:
    status = "COMPLETED_ALL_PASSED" if passed == total else "COMPLETED_PARTIAL"
    return Status(status, total_scenarios=total, passed_scenarios=passed, failed_scenarios=total - passed)


def iterations(*rounds: tuple[str, str]) -> tuple[Iteration, ...]:
    """Iterations by the ids that passed and failed in each, a letter for each id."""
    return tuple(
        Iteration(number, None, None, tuple(passed), tuple(failed), ())
        for number, (passed, failed) in enumerate(rounds, 1)
    )


@pytest.mark.parametrize(
    ("rounds", "total", "is_full"),
    [
        ([("ab", "")], 2, True),
        ([("", "ab"), ("ab", "")], 2, True),
        ([("a", "b"), ("b", "a")], 2, True),
        ([("a", "b"), ("b", "")], 2, False),
        ([("ab", ""), ("b", "")], 1, False),
        ([("ab", "")], 3, False),
        ([("ab", "")], None, False),
        ([], 0, False),
    ],
)
def test_a_full_run_ends_with_all_scenarios(rounds: list[tuple[str, str]], total: int | None, is_full: bool) -> None:  # noqa: FBT001
    status = Status("COMPLETED_ALL_PASSED", total_scenarios=total, iterations=iterations(*rounds))
    assert status.is_full_run is is_full


def test_what_was_left_out_of_a_response_is_not_known_to_be_full() -> None:
    status = Status(
        "COMPLETED_ALL_PASSED", total_scenarios=2, iterations=iterations(("ab", "")), omitted=Omitted(ids=1)
    )
    assert not status.is_full_run


@pytest.mark.parametrize(("omitted", "is_known"), [(Omitted(), True), (Omitted(iterations=3), False)])
def test_a_repair_of_what_is_not_required_is_told_apart(omitted: Omitted, is_known: bool) -> None:  # noqa: FBT001
    """Only where the first iteration is shown, which ran before any repair."""
    status = Status(
        "COMPLETED_PARTIAL",
        total_scenarios=3,
        passed_scenarios=2,
        forked_version=7,
        iterations=iterations(("ab", "c"), ("", "c")),
        omitted=omitted,
    )
    outcome, reason = judge(Gate("promotion", "refuse"), Ending(status), SCENARIOS)
    assert (outcome == "passed", reason.startswith(ONLY_REPAIRED)) == (is_known, not is_known)


def test_the_first_iteration_ran_before_any_repair() -> None:
    """Whatever the number of the last one: its verdict is for the version that was tested first."""
    status = Status(
        "COMPLETED_PARTIAL",
        current_iteration=2,
        total_scenarios=3,
        passed_scenarios=2,
        forked_version=7,
        iterations=iterations(("ab", "c"), ("", "c")),
    )
    assert status.is_repaired
    assert status.at_first is not None
    assert not status.at_first.is_repaired


@pytest.mark.parametrize(("number", "outcome"), [(None, "passed"), (0, "passed"), (1, "passed"), (2, "failed")])
def test_a_first_iteration_that_is_not_shown_is_unknown(number: int | None, outcome: str) -> None:
    rounds = tuple(replace(each, number=number) for each in iterations(("ab", "c")))
    status = Status("COMPLETED_PARTIAL", total_scenarios=3, passed_scenarios=2, forked_version=7, iterations=rounds)
    assert judge(Gate("promotion", "refuse"), Ending(status), SCENARIOS)[0] == outcome


@pytest.mark.parametrize(
    ("first", "last", "is_passed"),
    [(("ab", "c"), ("ab", "c"), True), (("abc", ""), ("ab", "c"), False), (("a", "bc"), ("ab", "c"), False)],
    ids=["only what is in quarantine", "nothing", "something else"],
)
def test_a_repair_of_what_is_in_quarantine_is_told_apart(
    first: tuple[str, str],
    last: tuple[str, str],
    is_passed: bool,  # noqa: FBT001
) -> None:
    """Only where nothing else had failed before any repair, so that none was for what decides."""
    gate = Gate("33%", "refuse", quarantine=(Quarantine("c", "flaky", "2026-12-31"),))
    rounds = iterations(first, last)
    status = Status("COMPLETED_PARTIAL", total_scenarios=3, passed_scenarios=2, forked_version=7, iterations=rounds)
    outcome, reason = judge(gate, Ending(status), SCENARIOS)
    assert (outcome == "passed", reason.startswith(ONLY_REPAIRED)) == (is_passed, not is_passed)


@pytest.mark.parametrize("mark", [{}, [], 2, "yes"])
def test_a_mark_that_cannot_be_read_lets_nothing_pass(mark: Any) -> None:
    """It may be the one scenario that failed."""
    marked = parse_scenarios(
        [{"id": "a", "is_required_for_promotion": mark}, {"id": "b", "is_required_for_promotion": 1}]
    )
    status = Status(
        "COMPLETED_PARTIAL",
        total_scenarios=2,
        passed_scenarios=1,
        failed_scenarios=1,
        iterations=(Iteration(1, None, None, ("b",), ("a",), ()),),
    )
    reason = "cannot be read in the response: is_required_for_promotion of a"
    assert judge(Gate(passed="promotion"), Ending(status), marked or ()) == ("incomplete", reason)
