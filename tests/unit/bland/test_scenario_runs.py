"""The ends of failed runs, in whatever form the API shows them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tornado_resource.bland.scenario_runs import Transcript, failed_runs, read_transcript, run_pages

if TYPE_CHECKING:
    import httpx

RUN: dict[str, Any] = {
    "run_id": "r-1",
    "chat_history": [{"role": "user", "content": "Give me\nmy money back"}, {"role": "assistant", "content": "No."}],
    "assertion_results": [
        {"type": "LLM_JUDGE", "name": "Refunds", "passed": False, "reason": "It refused."},
        {"type": "NODE_REACHED", "passed": True},
        {"assertion_type": "BLAND_TONE", "passed": False},
    ],
    "overall_score": 0.0,
    "error_message": None,
}
TRANSCRIPT = Transcript(
    (("Refunds", "It refused."), ("BLAND_TONE", "")), (("user", "Give me my money back"), ("assistant", "No."))
)


@pytest.mark.parametrize("content", [RUN, {"run": RUN}, {"data": RUN, "errors": None}, {"data": {"run": RUN}}])
def test_a_run_is_read_in_every_form(content: Any) -> None:
    assert Transcript.parse(content) == TRANSCRIPT


@pytest.mark.parametrize(
    "message",
    [{"content": "Hello there"}, {"text": "Hello there"}, {"content": [{"text": "Hello"}, 7, {}, {"text": "there"}]}],
)
def test_a_message_is_read_in_every_form(message: dict[str, Any]) -> None:
    found = Transcript.parse({"chat_history": [{"role": "user", **message}]})
    assert found == Transcript((), (("user", "Hello there"),))


@pytest.mark.parametrize(
    "content",
    [None, [], 3, "x", {}, {"run": None}, {"chat_history": "x", "assertion_results": 7, "error_message": 3}],
)
def test_anything_else_is_no_transcript(content: Any) -> None:
    assert Transcript.parse(content) is None


def test_only_the_end_is_kept_and_nothing_is_active() -> None:
    hostile = "\x1b[2J<{%fg 1%}>\u202e" + "a" * 900
    content = {
        "chat_history": [{"role": hostile, "content": f"{number} {hostile}"} for number in range(50)] + [7, {}],
        "assertion_results": [{"passed": False, "name": hostile, "reason": hostile}] * 50,
        "error_message": hostile,
    }
    found = Transcript.parse(content)
    assert found is not None
    assert (len(found.messages), len(found.assertions)) == (6, 10)
    texts = [text for pair in (*found.messages, *found.assertions) for text in pair] + [found.error or ""]
    assert all(len(text) <= 330 and text.isprintable() and "<{%" not in text for text in texts)


async def test_pages_that_are_shorter_than_asked_for_are_followed() -> None:
    """Another limit than ours: the total says that there are more."""
    runs, asked = [{"id": f"run-{number}"} for number in range(5)], []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(int(request.url.params.get("offset", 0)))
        return json_response({"runs": runs[asked[-1] : asked[-1] + 2], "total_count": 5})

    async with client_of(handle) as client:
        pages = [page async for _, page in run_pages(client, "runs", {}, lambda reply: reply.body["runs"])]
    assert ([run for page in pages for run in page], asked) == (runs, [0, 2, 4])


def test_the_failed_runs_of_a_batch_are_found() -> None:
    runs = [
        {"run_id": "r-1", "scenario_id": "sc-1", "status": "FAILED"},
        {"id": "r-2", "scenario_id": "sc-2", "status": "error"},
        {"run_id": "r-3", "scenario_id": "sc-3", "status": "PASSED"},
        {"run_id": 4, "scenario_id": "sc-4", "status": "FAILED"},
        {"run_id": "r-5", "scenario_id": None, "status": "FAILED"},
        "r-6",
    ]

    def handle(request: httpx.Request) -> httpx.Response:
        paths = {"/v1/agent-testing/batches/b-1": {"data": {"runs": runs}}, "/v1/agent-testing/runs/r-1": RUN}
        return json_response(paths[request.url.path])

    async def read() -> None:
        async with client_of(handle) as client:
            assert await failed_runs(client, "b-1") == {"sc-1": "r-1", "sc-2": "r-2"}
            assert await read_transcript(client, "r-1") == TRANSCRIPT

    asyncio.run(read())
