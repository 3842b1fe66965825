"""Whether an unchanged declaration runs again."""

from __future__ import annotations

import pytest

from tornado_resource.bland.responses import Iteration, Scenario, Status
from tornado_resource.declarations.model import Gate, Rerun
from tornado_resource.gate.rerun import rerun_reason

PASSED = Status("COMPLETED_ALL_PASSED", total_scenarios=2, passed_scenarios=2, failed_scenarios=0)
FAILED = Status("COMPLETED_PARTIAL", total_scenarios=2, passed_scenarios=1, failed_scenarios=1)


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
    ],
)
def test_when_an_unchanged_declaration_runs_again(
    rerun: Rerun,
    gate: Gate | None,
    status: Status,
    is_due: bool,  # noqa: FBT001
) -> None:
    assert (rerun_reason(rerun, gate, status) is not None) is is_due


def test_the_reason_names_what_the_gate_requires() -> None:
    reason = rerun_reason("on_failure", Gate(), FAILED)
    assert reason == "the last run did not meet its gate: 1 of 2 scenarios passed; the gate requires all"
    assert rerun_reason("always", Gate(), PASSED) == "rerun is `always`"


def test_a_run_of_fewer_scenarios_than_declared_runs_again() -> None:
    reason = rerun_reason("on_failure", Gate("any"), PASSED, declared=3)
    assert reason == "the last run did not meet its gate: only 2 of 3 declared scenarios ran"
    assert rerun_reason("on_failure", Gate("any"), PASSED, declared=2) is None


@pytest.mark.parametrize(("is_required", "is_due"), [(True, False), (False, True)])
def test_a_promotion_gate_looks_at_the_pathways_scenarios(is_required: bool, is_due: bool) -> None:  # noqa: FBT001
    status = Status(
        "COMPLETED_ALL_PASSED",
        total_scenarios=1,
        passed_scenarios=1,
        iterations=(Iteration(1, None, None, ("sc-1",), (), ()),),
    )
    scenarios = (Scenario("sc-1", None, is_required),)
    assert (rerun_reason("on_failure", Gate("promotion"), status, scenarios=scenarios) is not None) is is_due
