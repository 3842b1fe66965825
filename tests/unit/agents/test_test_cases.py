"""A check run that passed, and its declared test cases: what is there must be what is declared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tests.support.results import check_run_of, gated_check_run_of, judge_of
from tornado_resource.agents.kind import CheckStatus
from tornado_resource.bland.listing import Owner
from tornado_resource.declarations.model import ScenarioDeclaration
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


async def test_test_cases_that_cannot_be_read_leave_it_incomplete() -> None:
    result, _ = await result_of(passed(), status=403)
    assert (result.verdict.outcome, result.cause) == ("incomplete", "scenarios_unreadable")
