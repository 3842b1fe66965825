from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.results import PATHWAY_ID, gated_run_of, result_of, status_of
from tornado_resource.bland.sessions import Fix, Iteration
from tornado_resource.reports.outcomes import ScenarioResult, last_fixes, scenario_results

FIXES = tuple(Fix(f"node-{number}", "x", "y") for number in range(3))


def test_scenarios_that_ran_come_first() -> None:
    gated = gated_run_of("a", request={"pathway_id": PATHWAY_ID, "scenario_ids": ["sc-4", "sc-1"]})
    status = status_of("COMPLETED_PARTIAL", ("sc-1",), ("sc-2",), unfixable_ids=("sc-3", "sc-2"))
    assert scenario_results(result_of(gated, status, names={"sc-2": "Two"})) == (
        ScenarioResult("sc-1", None, passed=True, unfixable=False),
        ScenarioResult("sc-2", "Two", passed=False, unfixable=True),
        ScenarioResult("sc-3", None, passed=None, unfixable=True),
        ScenarioResult("sc-4", None, passed=None, unfixable=False),
    )


@pytest.mark.parametrize(
    ("passed", "failed", "expected"),
    [
        (("sc-1", "sc-2"), (), {"sc-1": True, "sc-2": True}),
        (("sc-1",), ("sc-2",), {"sc-1": None, "sc-2": False}),
    ],
)
def test_a_recorded_verdict_knows_what_failed_and_if_all_passed(
    passed: tuple[str, ...], failed: tuple[str, ...], expected: dict[str, bool | None]
) -> None:
    gated = gated_run_of("a", request={"pathway_id": PATHWAY_ID, "scenario_ids": ["sc-1", "sc-2"]})
    word = "COMPLETED_PARTIAL" if failed else "COMPLETED_ALL_PASSED"
    recorded = replace(result_of(gated, status_of(word, passed, failed)), status=None)
    assert {each.scenario_id: each.passed for each in scenario_results(recorded)} == expected
    interrupted = result_of(gated, None, "interrupted")
    assert {each.passed for each in scenario_results(interrupted)} == {None}


def test_a_label_has_the_id_to_be_unique() -> None:
    assert ScenarioResult("sc-2", "Two", passed=True, unfixable=False).label == "Two (sc-2)"
    assert ScenarioResult("sc-2", None, passed=True, unfixable=False).label == "sc-2"


def test_the_last_plan_with_a_fix_is_shown() -> None:
    iterations = tuple(
        Iteration(number, None, None, (), ("sc-1",), fixes)
        for number, fixes in enumerate((FIXES[:1], FIXES[1:], ()), start=1)
    )
    status = status_of("COMPLETED_PARTIAL", (), ("sc-1",), iterations=iterations)
    assert last_fixes(result_of(gated_run_of("a"), status)) == FIXES[1:]
    assert last_fixes(result_of(gated_run_of("a"), None, "no answer")) == ()
