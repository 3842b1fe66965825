"""Whether an unchanged declaration runs again."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.support.results import last_run_of
from tornado_resource.bland.listing import Scenario
from tornado_resource.bland.sessions import Iteration, Status
from tornado_resource.declarations.model import Gate, Rerun
from tornado_resource.runs.model import Ending, GatedRun, Known
from tornado_resource.runs.rerun import ANY, Fork, LastRun, is_newer, rerun_reason
from tornado_resource.runs.verdict import make_verdict

PASSED = Status("COMPLETED_ALL_PASSED", total_scenarios=2, passed_scenarios=2, failed_scenarios=0)
FAILED = Status("COMPLETED_PARTIAL", total_scenarios=2, passed_scenarios=1, failed_scenarios=1)


def reason_of(
    rerun: Rerun,
    gate: Gate | None,
    status: Status | None,
    *,
    request: dict[str, Any] | None = None,
    scenarios: tuple[Scenario, ...] = (),
) -> str | None:
    gated = GatedRun("support-line", "session-1", gate or ANY, request or {}, known=Known(status=status))
    return rerun_reason(rerun, gate, last_run_of(gated, scenarios))


@pytest.mark.parametrize(
    ("rerun", "gate", "status", "is_due"),
    [
        ("on_failure", Gate(), PASSED, False),
        ("on_failure", Gate(), FAILED, True),
        ("on_failure", Gate(1), FAILED, False),
        ("on_failure", Gate(), Status("TIMEOUT"), True),
        ("on_failure", Gate(), Status("RUNNING"), False),
        ("on_failure", Gate(), Status("NEW_STATUS"), False),
        ("on_failure", None, FAILED, False),
        ("on_change", Gate(), FAILED, False),
        ("always", Gate(), PASSED, True),
        ("always", None, PASSED, True),
        ("always", Gate(), Status("NEW_STATUS"), True),
        ("always", Gate(), Status("RUNNING"), False),
        ("always", Gate(), None, False),
        ("on_failure", Gate(), None, False),
        ("on_drift", Gate(), FAILED, True),
        ("on_drift", Gate(), PASSED, False),
        ("on_drift", None, FAILED, False),
    ],
)
def test_when_an_unchanged_declaration_runs_again(
    rerun: Rerun,
    gate: Gate | None,
    status: Status | None,
    is_due: bool,  # noqa: FBT001
) -> None:
    assert (reason_of(rerun, gate, status) is not None) is is_due


def test_the_reason_names_what_the_gate_requires() -> None:
    reason = reason_of("on_failure", Gate(), FAILED)
    assert reason == "the last run did not meet its gate: 1 of 2 scenarios passed; the gate requires all"
    assert reason_of("always", Gate(), PASSED) == "rerun is `always`"


def test_a_run_of_fewer_scenarios_than_declared_runs_again() -> None:
    reason = reason_of("on_failure", Gate("any"), PASSED, request={"scenario_ids": ["a", "b", "c"]})
    assert reason == "the last run did not meet its gate: only 2 of 3 declared scenarios ran"
    assert reason_of("on_failure", Gate("any"), PASSED, request={"scenario_ids": ["a", "b"]}) is None


@pytest.mark.parametrize(("is_required", "is_due"), [(True, False), (False, True)])
def test_a_promotion_gate_looks_at_the_pathways_scenarios(is_required: bool, is_due: bool) -> None:  # noqa: FBT001
    status = Status(
        "COMPLETED_ALL_PASSED",
        total_scenarios=1,
        passed_scenarios=1,
        iterations=(Iteration(1, None, None, ("sc-1",), (), ()),),
    )
    scenarios = (Scenario("sc-1", None, is_required),)
    assert (reason_of("on_failure", Gate("promotion"), status, scenarios=scenarios) is not None) is is_due


@pytest.mark.parametrize("status", [PASSED, FAILED])
@pytest.mark.parametrize("rerun", ["on_failure", "on_change", "always"])
def test_a_recorded_verdict_decides_as_the_status_does(rerun: Rerun, status: Status) -> None:
    gated = GatedRun("support-line", "session-1", Gate(), {}, known=Known(status=status))
    recorded = LastRun.recorded(make_verdict(gated, Ending(status)))
    assert recorded == last_run_of(gated)
    assert rerun_reason(rerun, gated.gate, recorded) == reason_of(rerun, gated.gate, status)


@pytest.mark.parametrize(("rerun", "is_due"), [("on_drift", True), ("on_failure", False), ("on_change", False)])
def test_only_on_drift_looks_at_drift(rerun: str, is_due: bool) -> None:  # noqa: FBT001
    last = LastRun("session-1", Gate(), "ended", "passed", drift="version 6 was edited since it was tested")
    assert rerun_reason(rerun, Gate(), last) == (last.drift if is_due else None)


def updates(outcomes: random.Random, sessions: int, number: int = 8) -> list[list[str]]:
    """Return which of the sessions on one pathway each of several updates starts, none of which sees a change."""
    names = [f"session-{index}" for index in range(sessions)]
    runs: dict[str, tuple[int, int, int | None]] = {}  # the versions that it was started on, has tested, and has made
    newest, begun = 1, []
    for _ in range(number):
        forks = {fork: Fork(name, at, has_passed=True) for name, (at, _, fork) in runs.items() if fork is not None}
        due = [
            name
            for name in names
            if name not in runs or (runs[name][1] != newest and is_newer(newest, name, runs[name][0], forks))
        ]
        begun.append(due)
        started, made = newest, newest
        for name in due:
            has_forked = outcomes.random() < 0.8
            made += has_forked
            runs[name] = (started, made if has_forked else started, made if has_forked else None)
        newest = made
    return begun


@pytest.mark.parametrize("sessions", [1, 2, 3, 5])
def test_sessions_that_repair_a_pathway_in_turns_come_to_rest(sessions: int) -> None:
    """Each tests what another one has made at most once more."""
    for seed in range(300):
        begun = updates(random.Random(seed), sessions)  # noqa: S311 - chosen outcomes, no secrets
        assert begun[3:] == [[]] * 5, seed
        assert max(sum(due.count(f"session-{index}") for due in begun) for index in range(sessions)) <= 2, seed


@pytest.mark.parametrize(
    ("newest", "started", "fork", "expected"),
    [
        (8, 6, Fork("b", 6, has_passed=True), True),
        (8, 6, Fork("b", 6, has_passed=False), False),
        (8, 6, Fork("a", 6, has_passed=True), False),
        (9, 6, Fork("b", 6, has_passed=True), True),
    ],
    ids=["of another one", "of one that failed", "its own, which its pass is not for", "of somebody else"],
)
def test_a_version_that_a_session_has_made_may_be_no_newer_one(
    newest: int, started: int, fork: Fork, *, expected: bool
) -> None:
    assert is_newer(newest, "a", started, {8: fork}) is expected


def test_the_fork_of_an_older_record_is_its_version() -> None:
    gated = GatedRun("a", "s-1", Gate(), {"pathway_id": "pw-1", "version_number": 3}, created_at="2026-01-01T00:00:00Z")
    status = Status("COMPLETED_ALL_PASSED", total_scenarios=1, passed_scenarios=1, forked_version=7)
    verdict = make_verdict(gated, Ending(status))
    found = Fork("urn", 3, has_passed=True)
    assert Fork.of("urn", 3, verdict) == (7, found)
    assert Fork.of("urn", 3, replace(verdict, forked_version=None)) == (7, found)
    assert Fork.of("urn", 3, replace(verdict, forked_version=None, repaired=False)) is None


def test_the_fork_of_a_verdict_for_an_earlier_version_has_its_content() -> None:
    gated = GatedRun("a", "s-1", Gate(), {"pathway_id": "pw-1", "version_number": 3}, created_at="2026-01-01T00:00:00Z")
    status = Status("COMPLETED_ALL_PASSED", total_scenarios=1, passed_scenarios=1, forked_version=7)
    of_fork = replace(make_verdict(gated, Ending(status)), content="sha256v2:7")
    assert Fork.of("urn", 3, of_fork) == (7, Fork("urn", 3, has_passed=True, content="sha256v2:7"))
    of_started = replace(of_fork, version=3, content="sha256v2:3", forked_content="sha256v2:77")
    assert Fork.of("urn", 3, of_started) == (7, Fork("urn", 3, has_passed=True, content="sha256v2:77"))
