"""Judges and what they said: against the sandbox in both forms, page by page, and against other responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.agents import FORMS, Bench, answering, bench
from tests.support.api import client_of, json_response
from tests.support.payloads import commands, shows
from tornado_resource.bland.agents import list_versions
from tornado_resource.bland.check_runs import start_check_run
from tornado_resource.bland.judges import (
    MAX_CANDIDATES,
    MAX_FINDING_PAGES,
    PAGE_LIMIT,
    EvalRun,
    Finding,
    Judge,
    JudgeNotFound,
    Judges,
    list_judges,
    read_eval_run,
    read_findings,
    resolve_judge,
)
from tornado_resource.errors import NotFound, OutcomeUnknown, ReportedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    import httpx

SCRIPT = """\
pathways: {}
judges: {tone: {name: Tone, levels: [rude, friendly]}}
agents:
  a-1:
    scenarios: [{id: tc-1}, {id: tc-2}, {id: tc-3}]
    checks: {staging: {judges: [resolved, tone], simulations_count: 25}}
    runs: [{rates: {resolved: 0.96, tone: null}}]
"""


@pytest.fixture(params=FORMS)
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(SCRIPT, tmp_path / "s.yaml", request.param) as api:
        yield api


async def once(call: Callable[[], Awaitable[Any]]) -> Any:
    """No retries."""
    return await call()


async def test_judges_are_listed_with_their_active_versions(api: Bench) -> None:
    await api.post("/v1/evals/agents", {"name": "Draft", "modality": "text"})
    judges = await list_judges(api.client)
    assert sorted(each.name or "" for each in judges.judges) == ["Draft", "Tone", "resolved"]
    assert judges.is_whole
    [tone] = judges.named("Tone")
    assert tone.judge_id == "tone"
    assert tone.active_version_id is not None
    assert judges.named("Draft")[0].active_version_id is None
    assert judges.named("Nobody") == ()


async def test_a_judge_is_found_by_id_and_by_name(api: Bench) -> None:
    await api.post("/v1/evals/agents", {"name": "Draft", "modality": "text"})
    judges = await list_judges(api.client)
    by_name = resolve_judge(judges, name="Tone")
    assert by_name == resolve_judge(judges, judge_id="TONE")
    assert (by_name[0].judge_id, by_name[1]) == ("tone", by_name[0].active_version_id)
    with pytest.raises(JudgeNotFound, match=r"^judge 'tone' does not exist; the judges are: .*Tone \(tone\)"):
        resolve_judge(judges, name="tone")
    with pytest.raises(JudgeNotFound, match=r"^judge Tone2 does not exist; "):
        resolve_judge(judges, judge_id="Tone2")
    with pytest.raises(JudgeNotFound, match=r"^judge 'Draft' has no published version; ") as caught:
        resolve_judge(judges, name="Draft")
    assert "Draft (" not in str(caught.value)


def test_a_name_that_several_judges_have_is_refused() -> None:
    judges = Judges((Judge("j-1", "Tone", "v-1"), Judge("j-2", "Tone", None), Judge("j-3", None, "v-3")), is_whole=True)
    text = "judge 'Tone': 2 judges have this name; name one by its id; the judges are: Tone (j-1), Tone (j-2)"
    with pytest.raises(JudgeNotFound) as caught:
        resolve_judge(judges, name="Tone")
    assert str(caught.value) == text
    assert resolve_judge(judges, judge_id="j-3")[1] == "v-3"


def test_a_list_that_is_not_whole_does_not_say_that_a_judge_is_unknown() -> None:
    judges = Judges(tuple(Judge(f"j-{number}", "J", "v") for number in range(MAX_CANDIDATES + 3)), is_whole=False)
    with pytest.raises(JudgeNotFound, match=r"judge 'Tone' is not among those that the API lists; .* and 3 more$"):
        resolve_judge(judges, name="Tone")
    with pytest.raises(JudgeNotFound, match=r"^judge 'Tone' does not exist; there are no such judges$"):
        resolve_judge(Judges((), is_whole=True), name="Tone")


async def test_the_findings_of_a_run_are_read_from_all_pages(api: Bench) -> None:
    version = (await list_versions(api.client, "a-1")).versions[0]
    run = await api.finish(await start_check_run(api.client, "a-1", "staging", version.version_id))
    found = await read_findings(api.client, run.eval_run_id or "")
    assert (len(found.findings), found.is_whole) == (150, True)
    unmatched = [each for each in found.findings if each.judge_id == "resolved" and each.is_match is False]
    assert len(unmatched) == 3
    assert unmatched[0].conversation_id
    assert "did not do" in (unmatched[0].reasoning or "")
    assert all(each.is_inconclusive for each in found.findings if each.judge_id == "tone")
    eval_run = await read_eval_run(api.client, run.eval_run_id or "")
    assert (eval_run.status, eval_run.cost_usd) == ("COMPLETE", 3.0)
    with pytest.raises(NotFound):
        await read_eval_run(api.client, "eval-9")


def paged(pages: list[Any]) -> tuple[Any, list[str]]:
    """A client that gets *pages* one after the other, the last of them again and again; and what it asked for."""
    cursors: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        cursors.append(request.url.params.get("starting_after", ""))
        return json_response(pages[min(len(cursors), len(pages)) - 1])

    return client_of(respond), cursors


def page(ids: list[str], **more: Any) -> dict[str, Any]:
    return {"data": {"object": "list", "data": [{"id": each} for each in ids], **more}, "errors": None}


@pytest.mark.parametrize(
    ("pages", "cursors", "is_whole"),
    [
        ([page(["a"], has_more=False, next_cursor=None)], [""], True),
        ([page(["a"], has_more=True, next_cursor="c"), page(["b"], has_more=False)], ["", "c"], True),
        ([page(["a"], has_more=True), page(["b"], has_more=False)], ["", "a"], True),
        ([page(["a"], has_more=True, next_cursor="\x1b"), page(["b"], has_more=False)], ["", "a"], True),
        ([page(["a"], has_more=True, next_cursor="c")], ["", "c"], False),
        ([page([], has_more=True)], [""], False),
        ([page(["a"], has_more="yes")], [""], False),
        ([page(["a"] * PAGE_LIMIT)], [""], False),
        ([[{"id": "a"}]], [""], True),
        ([[{"id": "a"}] * PAGE_LIMIT], [""], False),
        ([{"data": [{"id": "a"}], "errors": None}], [""], True),
        ([{"data": [{"id": "a"}], "has_more": False}], [""], True),
        ([page(["a b"], has_more=False)], [""], False),
    ],
    ids=str,
)
async def test_pages_are_followed_as_far_as_they_lead(
    pages: list[Any],
    cursors: list[str],
    is_whole: bool,  # noqa: FBT001
) -> None:
    client, asked = paged(pages)
    assert (await list_judges(client, once)).is_whole is is_whole
    assert asked == cursors


async def test_pages_without_an_end_are_read_up_to_a_limit() -> None:
    numbers = iter(range(10_000))
    client = client_of(lambda _: json_response(page([str(next(numbers))], has_more=True)))
    judges = await list_judges(client, once)
    assert (len(judges.judges), judges.is_whole) == (MAX_FINDING_PAGES, False)


@pytest.mark.parametrize("content", [None, {}, '"x"', 5, {"data": None}, {"data": {}}, {"object": "list"}], ids=str)
async def test_a_list_of_another_shape_is_unknown(content: Any) -> None:
    for body in (content, {"data": content, "errors": None}):
        with pytest.raises(OutcomeUnknown):
            await list_judges(answering(body), once)


async def test_an_error_with_a_list_is_no_list() -> None:
    for body in (
        page(["a"]) | {"errors": [{"error": "E"}]},
        {"data": [], "errors": [{"error": "E"}], "has_more": False},
    ):
        with pytest.raises(ReportedError):
            await read_findings(answering(body), "e-1", once)


def test_a_finding_says_why_there_is_no_result() -> None:
    failed = Finding.parse({"failed": True, "failure_code": "TIMEOUT", "selected_level_key": "pass"})
    assert failed is not None
    assert (failed.failure, failed.level, failed.is_match) == ("TIMEOUT", "pass", None)
    unnamed = Finding.parse({"failed": True, "failure_code": 5, "is_target_match": "yes"})
    assert unnamed is not None
    assert (unnamed.failure, unnamed.is_match, unnamed.is_inconclusive) == ("unknown", None, False)
    assert Finding.parse("x") is None


def test_a_finding_is_clean_and_short() -> None:
    nasty = "\x1b[31m<{%fg 1%}>\n::error::x\u202e" * 200
    fields = ("eval_agent_id", "call_id", "failure_code", "selected_level_label", "reasoning_md")
    found = Finding.parse({**dict.fromkeys(fields, nasty), "failed": True})
    assert not shows(repr(found))
    assert not commands(repr(found))
    assert len(repr(found)) < 5_000


@pytest.mark.parametrize("cost", [-1, True, "1", None, 10**400, 1e7, float("nan")], ids=str)
def test_a_cost_that_is_none_is_unknown(cost: Any) -> None:
    assert EvalRun.parse({"status": "COMPLETE", "billable_cost_usd": cost}) == EvalRun("COMPLETE", None)


@pytest.mark.parametrize("content", [None, [], {}, {"status": 5}, {"status": "\x1b"}], ids=json.dumps)
async def test_an_eval_run_without_a_status_is_unknown(content: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        await read_eval_run(answering({"data": content, "errors": None}), "e-1")
