from __future__ import annotations

import asyncio
import gc
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from tornado_resource.errors import ConfigurationError
from tornado_resource.program import sdk
from tornado_resource.program import state as engine_state

URN = "urn:pulumi:dev::agents::pulumi:pulumi:Stack::agents-dev"
REFUSAL = "no such stack"


class Monitor:
    """An engine that answers one call; *response* is an exception where the call fails."""

    def __init__(self, response: provider_pb2.InvokeResponse | Exception) -> None:
        self.asked = threading.Event()
        self.requests: list[Any] = []
        self._response = response

    def Invoke(self, request: Any) -> provider_pb2.InvokeResponse:  # noqa: N802 - as gRPC calls it
        self.requests.append(request)
        self.asked.set()
        if isinstance(self._response, Exception):
            raise self._response
        return self._response


def state() -> provider_pb2.InvokeResponse:
    response = provider_pb2.InvokeResponse()
    getattr(response, "return").update({"outputs": {URN: {"outputs": {"environment": "dev"}}}})
    return response


def refusal() -> provider_pb2.InvokeResponse:
    failure = provider_pb2.CheckFailure(property="stackName", reason=REFUSAL)
    return provider_pb2.InvokeResponse(failures=[failure])


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets an engine give a response to the call that begins at once; later ones get an empty state."""

    async def invoke_async(function: str, arguments: dict[str, str]) -> dict[str, Any]:
        assert (function, arguments) == (engine_state.READ_STATE, {"stackName": "organization/agents/dev"})
        return {"outputs": {}}

    def answer(response: provider_pb2.InvokeResponse | Exception) -> Monitor:
        monitor = Monitor(response)
        monkeypatch.setattr(sdk, "get_monitor", lambda: monitor)
        return monitor

    monkeypatch.setattr(engine_state, "invoke_async", invoke_async)
    monkeypatch.setattr(engine_state, "READ_PAUSES_SECONDS", (0, 0))
    monkeypatch.setattr(engine_state, "organization", lambda: "organization")
    monkeypatch.setattr(engine_state, "pulumi", SimpleNamespace(get_project=lambda: "agents", get_stack=lambda: "dev"))
    return answer


async def test_the_engine_is_asked_before_the_event_loop_runs_again(engine: Any) -> None:
    monitor = engine(state())
    begun = engine_state.begin_reading()
    assert monitor.asked.wait(5)
    assert await engine_state.read_resources(begun) == {URN: {"outputs": {"environment": "dev"}}}
    assert await engine_state.read_resources(begun) == {URN: {"outputs": {"environment": "dev"}}}, "read once"
    assert [(each.tok, dict(each.args)) for each in monitor.requests] == [
        (engine_state.READ_STATE, {"stackName": "organization/agents/dev"})
    ]


@pytest.mark.parametrize("response", [refusal(), RuntimeError("failed to load checkpoint: EOF")])
async def test_a_reading_that_fails_is_repeated(engine: Any, response: Any) -> None:
    engine(response)
    assert await engine_state.read_resources(engine_state.begin_reading()) == {}


async def test_what_the_engine_refuses_is_said(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_state, "READ_PAUSES_SECONDS", (0,))
    engine(refusal())
    with pytest.raises(ConfigurationError, match=f"nothing was started: {REFUSAL}$"):
        await engine_state.read_resources(engine_state.begin_reading())


async def test_a_failure_that_nobody_asks_for_is_not_printed(engine: Any, caplog: pytest.LogCaptureFixture) -> None:
    monitor = engine(RuntimeError("cannot reach postgres://team:secret@db"))
    begun = engine_state.begin_reading()
    assert monitor.asked.wait(5)
    del begun
    for _ in range(100):
        await asyncio.sleep(0.001)
        gc.collect()
    assert caplog.text == ""


def test_outside_of_pulumi_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "get_monitor", lambda: None)
    assert engine_state.begin_reading() is None


async def test_with_mocks_nothing_is_asked(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = engine(state())
    monkeypatch.setattr(engine_state, "is_mocked", lambda: True)
    assert engine_state.begin_reading() is None
    assert await engine_state.read_resources() == {}
    assert not monitor.requests
