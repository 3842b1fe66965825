"""The gRPC server of the providers responds only to an `Exception`: to anything else, Pulumi would wait for ever."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import configure_request
from tornado_resource.provider.base import CALLS, BaseProvider
from tornado_resource.provider.runtime import Failure, start_runtime, stop_runtimes
from tornado_resource.tornado.kind import KIND
from tornado_resource.tornado.provider import TornadoProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tornado_resource.bland.client import Client

URL = "http://127.0.0.1:9"


class PanicException(BaseException):
    """A panic of a library in Rust."""


def panic(*_: Any) -> Any:
    message = "failed to import\nthe stdlib decimal module"
    raise PanicException(message)


class Panicking(BaseProvider[None]):
    check: Any = panic
    create: Any = panic
    diff: Any = panic
    update: Any = panic
    delete: Any = panic
    read: Any = panic
    _begin: Any = panic


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BLAND_BASE_URL", URL)
    yield
    stop_runtimes()


@pytest.mark.parametrize("call", CALLS)
def test_a_panic_is_an_error_of_the_call(call: str) -> None:
    with pytest.raises(Failure) as caught:
        getattr(Panicking(), call)(configure_request(URL))
    assert str(caught.value) == "unexpected error: PanicException: failed to import\\nthe stdlib decimal module"
    assert caught.value.__cause__ is None


def test_a_panic_while_inputs_are_checked_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(KIND), "problems", panic)
    provider = TornadoProvider()
    provider.configure(configure_request(URL))
    with pytest.raises(Failure, match="unexpected error: PanicException"):
        provider.check({}, {"name": "dev/a", "pathway_id": "pw-1"})


def test_an_interruption_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(KIND), "problems", interrupt)
    provider = TornadoProvider()
    provider.configure(configure_request(URL))
    with pytest.raises(KeyboardInterrupt):
        provider.check({}, {"name": "dev/a", "pathway_id": "pw-1"})


def test_the_end_of_the_event_loop_is_not_that_of_the_runtime() -> None:
    async def leave(_client: Client) -> None:
        sys.exit(3)

    async def work(_client: Client) -> str:
        return "done"

    runtime = start_runtime(configure_request(URL))
    with pytest.raises(SystemExit):
        runtime.run(leave)
    assert runtime.run(work) == "done"
