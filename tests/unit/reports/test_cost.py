"""What an update starts at worst, and what its runs have really held, in the reports."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.support.paths import ROOT
from tests.support.results import (
    check_result_of,
    check_run_of,
    gated_check_run_of,
    gated_run_of,
    judge_of,
    report_of,
    result_of,
    status_of,
)
from tornado_resource.agents.kind import CheckStatus
from tornado_resource.bland.sessions import Omitted, Status
from tornado_resource.core.positions import Position
from tornado_resource.declarations.budget import Cost, Share
from tornado_resource.declarations.model import Budget, Declaration, Gate
from tornado_resource.reports.html import html
from tornado_resource.reports.outcomes import held
from tornado_resource.reports.summary import MAX_SECTIONS, summary
from tornado_resource.reports.verdicts_json import verdicts_json

if TYPE_CHECKING:
    from tornado_resource.reports.model import Report

SCHEMA = json.loads((ROOT / "schemas/verdicts.schema.json").read_text(encoding="utf-8"))


def cost(numbers: dict[str, int], budget: Budget | None = None) -> Cost:
    """What runs cost that hold so many conversations, by name, in ten minutes."""
    shares = []
    for name, number in numbers.items():
        declared = Declaration(name, {"pathway_id": name}, Gate(), Position("s.yaml", 1, 1))
        shares.append(Share(declared, number, 600_000))
    return Cost(tuple(shares), budget)


COST = cost({"support": 20, "desk": 250, "no-gate": 50}, Budget(60, 500))
SESSION = result_of(gated_run_of("support"), status_of("COMPLETED_ALL_PASSED", ("sc-1", "sc-2"), ()))
CHECK_RUN = check_result_of(
    gated_check_run_of("desk"),
    check_run_of("PASSED", judge_of("resolved", 0.9), scenario_count=5, simulations_count=10),
    cost_usd=1.2,
)


def report(costs: Cost | None = COST) -> Report:
    kept = result_of(gated_run_of("kept"), Status("COMPLETED_ALL_PASSED"))
    return replace(report_of(SESSION, CHECK_RUN, kept), cost=costs)


@pytest.mark.parametrize(
    ("status", "number"),
    [
        (status_of("COMPLETED_ALL_PASSED", ("sc-1", "sc-2"), ("sc-3",)), 6),
        (status_of("COMPLETED_ALL_PASSED", ("sc-1", "sc-2"), (), omitted=Omitted(ids=1)), 4),
        (status_of("COMPLETED_ALL_PASSED", ("sc-1",), (), iterations=(), current_iteration=3), 3),
        (Status("TIMEOUT"), None),
        (Status("TIMEOUT", current_iteration=2), None),
        (None, None),
    ],
)
def test_a_session_has_held_the_scenarios_of_its_iterations(status: Status | None, number: int | None) -> None:
    assert held(result_of(gated_run_of("a"), status)) == number


def test_the_simulations_of_its_confirmation_are_held_too() -> None:
    rates: Any = {
        "set_id": "set-1",
        "runs": 5,
        "scenarios": {"sc-1": {"passed": 5, "runs": 5}, "sc-2": {"passed": 0, "runs": 4}},
    }
    for status, number in ((SESSION.status, 4 + 9), (None, 2 * 2 + 9)):
        verdict = replace(SESSION.verdict, confirmation=rates)
        assert held(replace(SESSION, verdict=verdict, status=status)) == number


def test_a_check_run_has_held_its_scenarios_times_its_simulations() -> None:
    assert held(CHECK_RUN) == 50
    recorded = replace(CHECK_RUN, status=None)
    assert (held(recorded), held(replace(CHECK_RUN, status=CheckStatus.of(check_run_of("PASSED"))))) == (None, None)


def test_the_summary_shows_what_started_at_worst_and_in_fact() -> None:
    page = summary(report())
    assert "Starts, at worst: 10 minutes and 320 conversations (budget: 60 minutes, 500 conversations)" in page
    assert "| support | 20 | 4 |  |\n| desk | 250 | 50 | 1.20 US\\$ |\n| no-gate | 50 |  |  |\n" in page
    assert "at worst" not in summary(report(cost({})))
    assert "conversations (budget" not in summary(report(replace(COST, budget=None)))


def test_without_an_update_the_summary_has_what_was_held() -> None:
    assert "\nConversations held: 54\n" in summary(report(None))
    assert "held" not in summary(report_of(result_of(gated_run_of("a"), None)))


def test_a_long_list_is_cut_and_counted() -> None:
    page = summary(report(cost({f"s{number}": 1 for number in range(MAX_SECTIONS + 2)})))
    assert f"| s{MAX_SECTIONS - 1} | 1 |" in page
    assert "… and 2 more: see `verdicts.json`." in page


@pytest.mark.parametrize("costs", [COST, replace(COST, budget=None), replace(COST, budget=Budget(runs=7)), None])
def test_the_json_has_the_cost_of_the_update_and_of_each_run(costs: Cost | None) -> None:
    content = json.loads(verdicts_json(report(costs)))
    jsonschema.validate(content, SCHEMA)
    at_worst = 20 if costs is not None else None
    assert content["sessions"]["support"]["conversations"] == {"at_worst": at_worst, "held": 4}
    assert content["sessions"]["kept"]["conversations"] == {"at_worst": None, "held": None}
    if costs is not None:
        assert (content["cost"]["started"], content["cost"]["conversations"]) == (3, 320)


def test_the_page_shows_it_for_what_started() -> None:
    page = html(report())
    assert "<dt>Conversations</dt><dd>50 (at worst 250)</dd>" in page
    assert page.count("<dt>Conversations</dt>") == 2
