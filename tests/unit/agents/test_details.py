"""What reports show of a check run beside its verdict: its cost, and the conversations that did not match."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.agents import FORMS, Bench, answering, bench
from tests.support.api import client_of
from tests.support.results import check_result_of, check_run_of, gated_check_run_of, judge_of
from tornado_resource.agents.details import MAX_MISMATCHES, MAX_REASONING_CHARACTERS
from tornado_resource.agents.kind import KIND, CheckStatus
from tornado_resource.bland.agents import list_versions
from tornado_resource.bland.check_runs import start_check_run
from tornado_resource.declarations.model import Gate
from tornado_resource.runs.model import Ending, GatedRun, Result
from tornado_resource.runs.verdict import make_verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

SCRIPT = """\
pathways: {}
judges: {tone: {name: Tone, levels: [rude, friendly]}}
agents:
  a-1:
    scenarios: [{id: tc-1}, {id: tc-2}]
    checks: {staging: {judges: [resolved, tone], simulations_count: 5}}
    runs: [{rates: {resolved: 0.4, tone: 0.8}}]
"""


@pytest.fixture(params=FORMS)
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(SCRIPT, tmp_path / "s.yaml", request.param) as api:
        yield api


async def ended(api: Bench, gate: Gate) -> Result:
    """The result of a run that a sandbox has judged, under a gate."""
    version_id = (await list_versions(api.client, "a-1")).versions[0].version_id
    run = await api.finish(await start_check_run(api.client, "a-1", "staging", version_id))
    request = {"agent_id": "a-1", "env": "staging", "version_id": version_id}
    gated, status = GatedRun("support", run.run_id, gate, request, kind="check_run"), CheckStatus.of(run)
    return Result(gated, make_verdict(gated, Ending(status)), status)


def missed(**changes: Any) -> Result:
    run = check_run_of("FAILED", judge_of("resolved", 0.4), judge_of("tone", 0.9), **changes)
    return check_result_of(gated_check_run_of("support"), run)


def rows(*entries: dict[str, Any]) -> Any:
    return answering({"data": [{"eval_agent_id": "j-resolved", **each} for each in entries], "has_more": False})


async def test_the_conversations_of_a_judge_that_missed_the_gate_are_shown(api: Bench) -> None:
    result = await KIND.with_transcripts(api.client, await ended(api, Gate()))
    assert {each.judge for each in result.mismatches} == {"resolved"}
    assert (len(result.mismatches), result.omitted_mismatches) == (MAX_MISMATCHES, 1)
    assert result.mismatches[0].reasoning.startswith("resolved: in conversation ")
    assert (result.mismatches[0].how, result.mismatches[0].conversation_id is not None) == ("no match", True)


async def test_the_gate_decides_which_judges_are_shown(api: Bench) -> None:
    gate = Gate("any", judges={"Tone": "90%"})
    result = await KIND.with_transcripts(api.client, await ended(api, gate))
    assert [each.judge for each in result.mismatches] == ["Tone", "Tone"]
    passed = await ended(api, Gate("any"))
    assert await KIND.with_transcripts(api.client, passed) is passed


async def test_the_cost_is_read_also_of_a_pass(api: Bench) -> None:
    for gate in (Gate(), Gate("any")):
        result = await KIND.with_details(api.client, await ended(api, gate))
        assert result.cost_usd is not None
        assert result.cost_usd > 0


async def test_what_has_no_result_comes_last_and_a_long_reasoning_is_cut() -> None:
    client = rows(
        {"is_insufficient_evidence": True, "is_target_match": False},
        {"failed": True, "failure_code": "TIMEOUT"},
        {"is_target_match": True, "reasoning_md": "fine"},
        {"is_target_match": None},
        {"is_target_match": False, "selected_level_label": "poor", "reasoning_md": "- it\n- " + "x" * 900},
        {"is_target_match": False, "eval_agent_id": "j-tone"},
    )
    found = (await KIND.with_transcripts(client, missed())).mismatches
    assert [each.how for each in found] == ["no match", "inconclusive", "failed: TIMEOUT"]
    assert found[0].level == "poor"
    assert found[0].reasoning.startswith("- it - xx")
    assert len(found[0].reasoning) == MAX_REASONING_CHARACTERS


@pytest.mark.parametrize(
    "result",
    [
        missed(eval_run_id=None),
        replace(missed(), status=None),
        check_result_of(gated_check_run_of("support"), check_run_of("RUNNING")),
        check_result_of(
            gated_check_run_of("support"), check_run_of("PASSED", judge_of("resolved", 1.0), overall_passed=False)
        ),
    ],
    ids=["no eval run", "recorded", "running", "incomplete, and no judge missed the gate"],
)
async def test_nothing_is_read_where_nothing_can_be_shown(result: Result) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    assert await KIND.with_transcripts(client_of(refuse), result) is result


@pytest.mark.parametrize("result", [missed(eval_run_id=None), replace(missed(), status=None)])
async def test_no_cost_is_read_without_an_eval_run(result: Result) -> None:
    assert await KIND.with_details(answering({}, 500), result) is result


async def test_a_failed_request_changes_nothing() -> None:
    result = missed()
    assert await KIND.with_transcripts(answering({"message": "no"}, 403), result) is result
    assert await KIND.with_details(answering({"message": "no"}, 403), result) is result


async def test_slow_responses_do_not_hold_up_the_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("tornado_resource.agents.details.DETAIL_SECONDS", 0.0)
    for name in ("read_findings", "read_eval_run"):
        monkeypatch.setattr(f"tornado_resource.agents.details.{name}", never)
    result = missed()
    assert await KIND.with_transcripts(rows(), result) is result
    assert await KIND.with_details(rows(), result) is result
