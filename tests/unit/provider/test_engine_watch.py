from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from tornado_resource.provider import engine_watch
from tornado_resource.provider.engine_watch import CallsInFlight, EngineWatch

if TYPE_CHECKING:
    from collections.abc import Iterator

GUARD_SECONDS = 10.0


class Process:
    """Stands for the provider's process; remembers its end."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.codes: list[int] = []

    def end(self, code: int) -> None:
        self.codes.append(code)
        self.ended.set()


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
def engine() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_watch, "PROBE_SECONDS", 0.01)
    monkeypatch.setattr(engine_watch, "MAX_FINISH_SECONDS", 0.2)


def address(engine: socket.socket) -> str:
    return f"127.0.0.1:{engine.getsockname()[1]}"


def test_the_process_ends_when_the_engine_has_gone(engine: socket.socket, process: Process) -> None:
    EngineWatch(address(engine), CallsInFlight(), process.end).start()
    engine.accept()[0].close()
    assert not process.ended.is_set()
    engine.close()
    assert process.ended.wait(GUARD_SECONDS)
    assert process.codes == [0]


def test_calls_in_flight_finish_first(process: Process) -> None:
    calls = CallsInFlight()
    with calls, calls:
        EngineWatch("127.0.0.1:9", calls, process.end).start()
        assert not process.ended.wait(0.05)
    assert process.ended.wait(GUARD_SECONDS)


def test_a_call_that_hangs_does_not_keep_the_process(process: Process) -> None:
    with (calls := CallsInFlight()):
        EngineWatch("127.0.0.1:9", calls, process.end).start()
        assert process.ended.wait(GUARD_SECONDS)


def test_a_stopped_watch_ends_nothing(engine: socket.socket, process: Process) -> None:
    watch = EngineWatch(address(engine), CallsInFlight(), process.end)
    watch.start()
    engine.accept()[0].close()
    watch.stop()
    for thread in threading.enumerate():
        if thread.name == "engine-watch":
            thread.join(GUARD_SECONDS)
    engine.close()
    assert process.codes == []


@pytest.mark.parametrize("text", ["", "-x", "tests/unit", "example.com:80", "127.0.0.1:", "127.0.0.1:9x"])
def test_another_last_argument_is_no_engine(text: str, process: Process) -> None:
    EngineWatch(text, CallsInFlight(), process.end).start()
    assert not [thread for thread in threading.enumerate() if thread.name == "engine-watch"]


def test_calls_are_counted_in_and_out() -> None:
    calls = CallsInFlight()
    assert not calls
    with calls:
        with calls:
            assert calls
        assert calls
    assert not calls
