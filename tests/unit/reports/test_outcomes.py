from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import pytest

from tests.support.results import gated_run_of, result_of
from tornado_resource.bland.listing import Scenario
from tornado_resource.bland.sessions import SESSION_STATUSES, Fix, Iteration, Status
from tornado_resource.declarations.model import Gate
from tornado_resource.reports.outcomes import ADVICE, RERUN_ADVICE, advice, tally, tally_of_all
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import Cause, Ending, PromotedVersion, Result
from tornado_resource.runs.verdict import make_verdict, unknown_result

if TYPE_CHECKING:
    from tornado_resource.runs.model import GatedRun

GATED = gated_run_of("support-line")


def completed(passed: int | None, total: int | None, word: str = "COMPLETED_PARTIAL") -> Status:
    return Status(word, passed_scenarios=passed, total_scenarios=total)


def result(status: Status | None, gated: GatedRun = GATED, **ending: Any) -> Result:
    end = Ending(status, **ending)
    return Result(gated, make_verdict(gated, end), status, cause=end.cause)


def advice_for(situation: str) -> str:
    first = kind_of("tornado").cures.get(situation) or (
        SESSION_STATUSES[situation].advice if situation in SESSION_STATUSES else None
    )
    again = ADVICE["contradictory"].partition(", ")[2] if situation == "contradictory" else RERUN_ADVICE
    text = f"{first}, {again}" if first is not None else ADVICE[situation]
    return text.format(stack="dev", up="`pulumi up --stack dev`", version=7, noun="session")


@pytest.mark.parametrize(
    ("status", "changes", "situation"),
    [
        (completed(1, 2), {}, "missed"),
        (completed(2, 2, "COMPLETED_ALL_PASSED"), {"gate": Gate(3)}, "missed"),
        (replace(completed(1, 2), has_forked=True), {"gate": Gate(1, "refuse")}, "missed"),
        (replace(completed(1, 2), forked_version=7), {"gate": Gate(1, "refuse")}, "repaired"),
        (
            replace(completed(1, 2), forked_version=7),
            {"gate": Gate(1, "refuse"), "promoted": PromotedVersion(6)},
            "missed",
        ),
        *((Status(word), {}, word) for word, meaning in SESSION_STATUSES.items() if meaning.failure),
        (completed(0, 0), {}, "none_ran"),
        (completed(None, None), {}, "contradictory"),
        (completed(1, 1), {}, "contradictory"),
        (completed(1, 1, "COMPLETED_ALL_PASSED"), {"adopted": True, "promoted": PromotedVersion(3)}, "adopted"),
        (Status("RUNNING"), {}, "running"),
        (Status("REBALANCING"), {}, "unknown_status"),
        (None, {}, "unknown"),
        (None, {"run_id": ""}, "not_started"),
    ],
)
def test_the_advice_fits_what_happened(status: Status | None, changes: dict[str, Any], situation: str) -> None:
    found = result(status, replace(GATED, **changes))
    assert found.verdict.outcome != "passed"
    assert advice(found, "dev") == advice_for(situation)


@pytest.mark.parametrize("cause", get_args(Cause))
@pytest.mark.parametrize("status", [None, Status("RUNNING"), completed(1, 2)])
def test_the_cause_of_an_unknown_outcome_decides(cause: Cause, status: Status | None) -> None:
    assert advice(result(status, given_up="for a reason", cause=cause), "dev") == advice_for(cause)
    assert advice(unknown_result(gated_run_of("a", ""), "for a reason", cause), "dev") == advice_for(cause)


def test_all_advice_is_different_where_it_must_be() -> None:
    assert {*get_args(Cause)} < {*ADVICE}
    assert all(meaning.advice for meaning in SESSION_STATUSES.values() if meaning.failure)
    assert "runs again" not in ADVICE["running"] + ADVICE["unknown_status"] + ADVICE["gone"] + ADVICE["interrupted"]
    assert all(text.endswith(".") for text in ADVICE.values())
    assert [situation for situation, text in ADVICE.items() if "refresh" in text] == ["gone"]


@pytest.mark.parametrize("situation", ADVICE)
def test_every_advised_command_names_the_stack(situation: str) -> None:
    commands = re.findall(r"`((?:pulumi|tornado-resource) [^`]+)`", advice_for(situation))
    assert commands
    assert all(command.endswith(" --stack dev") for command in commands)


def test_failed_and_incomplete_sessions_are_counted_apart() -> None:
    failed, incomplete = result_of(GATED, completed(1, 2)), result_of(GATED, None)
    passed = result_of(GATED, completed(2, 2, "COMPLETED_ALL_PASSED"))
    assert tally([failed, incomplete, passed, incomplete]) == "1 failed, 2 incomplete"
    assert tally_of_all([failed, failed, *[incomplete] * 3]) == "2 failed, 3 incomplete of 5 sessions"
    assert tally_of_all([passed, incomplete]) == "1 incomplete of 2 sessions"
    assert tally_of_all([failed]) == "1 failed of 1 session"


def test_repairs_for_others_are_to_be_allowed_or_made_unneeded() -> None:
    rounds = (Iteration(1, None, None, ("a",), ("b",), (Fix("node-1", "say it", "prompt_edit"),)),)
    status = replace(completed(1, 2), iterations=rounds)
    gated = gated_run_of("support", gate=Gate("promotion", "refuse"))
    required = (Scenario("a", None, is_required_for_promotion=True),)
    told = advice(Result(gated, make_verdict(gated, Ending(status), required), status), "staging")
    assert told.startswith("Fix the pathway for the scenarios that are not required for promotion")
    assert "`gate: {repaired: allow}`" in told
