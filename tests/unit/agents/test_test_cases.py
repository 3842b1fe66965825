"""A check run that passed, and its declared test cases: what is there must be what is declared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tests.support.results import check_run_of, gated_check_run_of, judge_of
from tornado_resource.agents.kind import CheckStatus
from tornado_resource.bland.check_runs import Checks, ConfiguredJudge
from tornado_resource.bland.listing import Owner
from tornado_resource.declarations.model import Gate, ScenarioDeclaration
from tornado_resource.reports.outcomes import advice
from tornado_resource.runs.model import Known
from tornado_resource.runs.results import read_last_run, read_result

if TYPE_CHECKING:
    import httpx

    from tornado_resource.runs.model import GatedRun, Result

DECLARED = ScenarioDeclaration("refund", Owner.agent("ag-1"), {"name": "Refund", "max_turns": 10})
SHOWN = {"id": "sc-1", "agent_id": "ag-1", "name": "Refund", "max_turns": 10}


def passed(doubt: str | None = None) -> GatedRun:
    run = check_run_of("PASSED", judge_of("Resolved", 0.9))
    gated = gated_check_run_of("support", known=Known(status=CheckStatus.of(run), doubt=doubt))
    return replace(gated, request={**gated.request, "agent_id": "ag-1"}, test_cases=(DECLARED,))


async def result_of(gated: GatedRun, *scenarios: dict[str, Any], status: int = 200) -> tuple[Result, list[str]]:
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url.params))
        return json_response({"scenarios": list(scenarios)}, status)

    return await read_result(client_of(respond), gated), asked


async def test_a_pass_is_one_of_the_declared_test_cases() -> None:
    result, asked = await result_of(passed(), SHOWN)
    assert (result.verdict.outcome, asked) == ("passed", ["agent_id=ag-1"])
    result, asked = await result_of(replace(passed(), test_cases=()))
    assert (result.verdict.outcome, asked) == ("passed", [])


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ([{**SHOWN, "max_turns": 3}], "scenario 'Refund' was edited (max_turns)"),
        ([{**SHOWN, "enabled": False}], "scenario 'Refund' is disabled"),
        ([{**SHOWN, "agent_id": "ag-2"}], "scenario 'Refund' does not exist any more"),
        ([], "scenario 'Refund' does not exist any more"),
    ],
)
async def test_a_test_case_that_was_edited_meanwhile_leaves_it_incomplete(
    shown: list[dict[str, Any]], reason: str
) -> None:
    result, _ = await result_of(passed(), *shown)
    assert (result.verdict.outcome, result.cause) == ("incomplete", "scenarios_changed")
    assert result.verdict.reason == f"not tested as declared: {reason}"
    last, _ = await read_last_run(client_of(lambda _: json_response({"scenarios": shown})), passed())
    assert (last.outcome, last.reason) == ("incomplete", result.verdict.reason)


async def test_a_doubt_stays_when_the_test_case_is_back() -> None:
    result, asked = await result_of(passed("not tested as declared: x"), SHOWN)
    assert (result.verdict.outcome, result.verdict.reason, asked) == ("incomplete", "not tested as declared: x", [])


CHECKS = Checks(("sc-1",), (ConfiguredJudge("j-1", None, "Polite", is_required=True),), True, 5, None)


async def test_a_run_of_other_checks_is_incomplete_and_the_advice_says_why() -> None:
    result, _ = await result_of(replace(passed(), checks=CHECKS), SHOWN)
    reason = "not tested as declared: judged by Resolved (declared: Polite)"
    assert (result.verdict.outcome, result.verdict.reason) == ("incomplete", reason)
    assert advice(result, "dev").startswith("Let nobody edit the checks in Bland while they are tested")


async def test_another_run_has_the_judges_that_this_one_left_out() -> None:
    gated = replace(passed(), gate=Gate(judges={"Polite": "90%"}), test_cases=())
    last, _ = await read_last_run(client_of(lambda _: json_response({})), gated)
    assert last.verdict is None, "another run would know no more"
    last, _ = await read_last_run(client_of(lambda _: json_response({})), replace(gated, checks=CHECKS))
    assert last.outcome == "incomplete"


async def test_test_cases_that_cannot_be_read_leave_it_incomplete() -> None:
    result, _ = await result_of(passed(), status=403)
    assert (result.verdict.outcome, result.cause) == ("incomplete", "scenarios_unreadable")
