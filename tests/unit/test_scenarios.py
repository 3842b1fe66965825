from __future__ import annotations

from tests.unit.reportdata import PATHWAY_ID, result_of, status_of, subject_of
from tornado_resource.bland.models import Fix, Iteration
from tornado_resource.reports.scenarios import Played, last_fixes, played

FIXES = tuple(Fix(f"node-{number}", "x", "y") for number in range(3))


def test_those_that_ran_then_the_unfixable_then_the_declared() -> None:
    subject = subject_of("a", request={"pathway_id": PATHWAY_ID, "scenario_ids": ["sc-4", "sc-1"]})
    status = status_of("COMPLETED_PARTIAL", ("sc-1",), ("sc-2",), unfixable_ids=("sc-3", "sc-2"))
    assert played(result_of(subject, status, names={"sc-2": "Two"})) == (
        Played("sc-1", None, passed=True, unfixable=False),
        Played("sc-2", "Two", passed=False, unfixable=True),
        Played("sc-3", None, passed=None, unfixable=True),
        Played("sc-4", None, passed=None, unfixable=False),
    )


def test_a_label_has_the_id_so_that_it_is_the_only_one() -> None:
    assert Played("sc-2", "Two", passed=True, unfixable=False).label == "Two (sc-2)"
    assert Played("sc-2", None, passed=True, unfixable=False).label == "sc-2"


def test_the_last_fix_plan_that_has_a_fix() -> None:
    iterations = tuple(
        Iteration(number, None, None, (), ("sc-1",), fixes)
        for number, fixes in enumerate((FIXES[:1], FIXES[1:], ()), start=1)
    )
    status = status_of("COMPLETED_PARTIAL", (), ("sc-1",), iterations=iterations)
    assert last_fixes(result_of(subject_of("a"), status)) == FIXES[1:]
    assert last_fixes(result_of(subject_of("a"), None, "no answer")) == ()
