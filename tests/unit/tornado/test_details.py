"""Transcripts are for people: whatever happens to them, the verdict stays."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.api import client_of, json_response
from tests.support.results import gated_run_of, result_of, status_of
from tornado_resource.bland.scenario_runs import Transcript
from tornado_resource.bland.sessions import Iteration
from tornado_resource.tornado.details import MAX_TRANSCRIPTS
from tornado_resource.tornado.kind import KIND

if TYPE_CHECKING:
    from tornado_resource.runs.model import Result

RUN = {"chat_history": [{"role": "user", "content": "Hello"}]}


def failed(*ids: str, batch: str | None = "b-2") -> Result:
    """A session in which scenarios failed twice; the last iteration is of *batch*."""
    first = Iteration(1, None, None, ("sc-ok",), ids, (), "b-1")
    second = Iteration(2, None, None, (), ids[:1], (), batch)
    return result_of(gated_run_of("a"), status_of("COMPLETED_PARTIAL", ("sc-ok",), ids, iterations=(first, second)))


class Api:
    def __init__(self, **responses: Any) -> None:
        self.responses = responses
        self.requests: list[str] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        kind, _, name = request.url.path.removeprefix("/v1/agent-testing/").partition("/")
        self.requests.append(f"{kind} {name}")
        given = self.responses.get(kind, 404)
        if isinstance(given, Exception):
            raise given
        if isinstance(given, int):
            return json_response({"error": "x"}, given)
        return json_response(given(name) if callable(given) else given)

    async def read(self, result: Result) -> Result:
        async with client_of(self.handle) as client:
            return await KIND.with_transcripts(client, result)


def batch(name: str) -> Any:
    return {
        "runs": [{"run_id": f"{name}.{each}", "scenario_id": each, "status": "FAILED"} for each in ("sc-1", "sc-2")]
    }


async def test_each_failed_scenario_has_the_transcript_of_its_last_failed_run() -> None:
    api = Api(batches=batch, runs=RUN)
    result = failed("sc-1", "sc-2")
    found = await api.read(result)
    assert set(found.transcripts) == {"sc-1", "sc-2"}
    assert sorted(api.requests) == ["batches b-1", "batches b-2", "runs b-1.sc-2", "runs b-2.sc-1"]
    assert found.verdict == result.verdict


async def test_a_run_may_spell_the_scenario_in_another_case() -> None:
    found = await Api(batches=batch, runs=RUN).read(failed("SC-1"))
    assert set(found.transcripts) == {"SC-1"}


@pytest.mark.parametrize("fault", [404, 403, 500, {"runs": None}, [], httpx.ReadError("reset")])
@pytest.mark.parametrize("endpoint", ["batches", "runs"])
async def test_what_cannot_be_read_is_left_out_and_not_retried(endpoint: str, fault: Any) -> None:
    api = Api(**{"batches": batch, "runs": RUN, endpoint: fault})
    found = await api.read(failed("sc-1"))
    assert found.transcripts == {}
    assert len(api.requests) == (1 if endpoint == "batches" else 2)
    assert found.verdict.outcome == "failed"


async def test_a_session_has_a_limited_number_of_transcripts() -> None:
    ids = tuple(f"sc-{number}" for number in range(30))
    runs = {"runs": [{"run_id": each, "scenario_id": each, "status": "FAILED"} for each in ids]}
    found = await Api(batches=runs, runs=RUN).read(failed(*ids))
    assert len(found.transcripts) == MAX_TRANSCRIPTS


async def test_an_iteration_without_a_batch_has_no_transcript() -> None:
    api = Api(batches=batch, runs=RUN)
    assert (await api.read(failed("sc-1", batch=None))).transcripts == {}
    assert api.requests == []


async def test_only_a_failed_session_is_looked_into() -> None:
    api = Api(batches=batch, runs=RUN)
    passed = result_of(gated_run_of("a"), status_of("COMPLETED_ALL_PASSED", ("sc-1",), ()))
    for result in (passed, result_of(gated_run_of("a"), None)):
        assert (await api.read(result)).transcripts == {}
    assert api.requests == []


async def test_slow_transcripts_do_not_hold_up_the_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tornado_resource.tornado.details.TRANSCRIPT_SECONDS", 0.0)
    assert (await Api(batches=batch, runs=RUN).read(failed("sc-1"))).transcripts == {}


async def test_what_has_arrived_when_the_time_is_over_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    first = asyncio.Event()

    async def read(_client: object, run_id: str) -> Transcript:
        if run_id == "b-1.sc-2":
            await first.wait()
            raise TimeoutError
        first.set()
        return Transcript((), (("user", run_id),))

    monkeypatch.setattr("tornado_resource.tornado.details.read_transcript", read)
    assert set((await Api(batches=batch).read(failed("sc-1", "sc-2"))).transcripts) == {"sc-1"}
