"""Every fault on every endpoint, over real sockets: no case may start a session twice, hang, or show the API key."""

from __future__ import annotations

import asyncio
import random
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import KEY
from tests.support.faults import FAULTS, lasting
from tests.support.raw_server import Fault, RawServer, reset, send
from tests.support.soak import IS_SOAK
from tornado_resource.bland.retrying import retried
from tornado_resource.errors import TornadoError
from tornado_resource.runs.cancel import cancel_if_running
from tornado_resource.runs.order import Address, Order, Run
from tornado_resource.runs.start import start

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ORDER = Order(Address("b", "agents", "dev", "support-line"), {"pathway_id": "pw-1", "max_iterations": 5})
CASE_SECONDS = 120.0
SEEDS = 10_000 if IS_SOAK else 40


async def run_start(server: RawServer) -> Any:
    async with server.client() as client:
        return await start(client, ORDER, server.api.intents, server.api.time.clock())


async def get_active(server: RawServer) -> Any:
    server.api.add()
    async with server.client() as client:
        return await retried(lambda: client.active("pw-1"))


async def get_status(server: RawServer) -> Any:
    server.api.add()
    async with server.client() as client:
        return await retried(lambda: client.status("s-1"))


async def run_cancel(server: RawServer) -> Any:
    server.api.add()
    async with server.client() as client:
        return await cancel_if_running(client, Run("s-1", {"pathway_id": "pw-1"}), server.api.time.clock())


async def get_scenarios(server: RawServer) -> Any:
    async with server.client() as client:
        return await retried(lambda: client.scenarios("pw-1"))


ENDPOINTS = {"/start": run_start, "/active": get_active, "/status": get_status}
ENDPOINTS |= {"/cancel": run_cancel, "/scenarios": get_scenarios}


def test_the_matrix_is_large_enough() -> None:
    assert len(FAULTS) >= 30
    assert len(FAULTS) * len(ENDPOINTS) >= 150


@pytest.mark.parametrize(
    ("fault", "is_lasting", "endpoint"),
    [
        pytest.param(fault, is_lasting, endpoint, id=f"{fault} {'always' if is_lasting else 'once'} {endpoint}")
        for endpoint in ENDPOINTS
        for number, fault in enumerate(FAULTS)
        for is_lasting in lasting(number, endpoint)
    ],
)
async def test_a_fault_never_starts_two_sessions(fault: Fault, is_lasting: bool, endpoint: str) -> None:  # noqa: FBT001
    faults: list[Fault | None] = [fault] if is_lasting else [fault, None]
    call: Callable[[RawServer], Awaitable[Any]] = ENDPOINTS[endpoint]
    async with RawServer(on=endpoint, faults=faults) as server:
        result, error = None, None
        try:
            async with asyncio.timeout(CASE_SECONDS):
                result = await call(server)
        except TornadoError as caught:
            error = str(caught)
        assert server.hits >= 1
        assert server.api.effective_starts <= 1
        if error is not None:
            assert "\n" not in error
            assert KEY not in error
            assert server.api.effective_starts == 0, "a started session must be recorded, not reported as an error"
        if endpoint == "/start" and error is None:
            assert result is not None
            assert [session.session_id for session in server.api.sessions] == [result.run_id]


async def test_no_connection_and_no_tls_start_nothing() -> None:
    async with RawServer() as server:
        for client in (server.client(port=9), server.client("https")):
            with pytest.raises(TornadoError, match="no connection to") as caught:
                await start(client, ORDER, server.api.intents, server.api.time.clock())
            assert KEY not in str(caught.value)
    assert server.api.effective_starts == 0


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.name in {"gzip bomb", "64 MiB"}], ids=str)
async def test_a_huge_response_uses_at_most_25_mb(fault: Fault) -> None:
    async with RawServer(on="/status", faults=[fault]) as server:
        server.api.add()
        async with server.client() as client:
            tracemalloc.start()
            with pytest.raises(TornadoError, match=r"larger than 10 MiB|compressed"):
                await client.status("s-1")
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    assert peak < 25 * 1024**2  # unpacking grows its buffer beyond the 10 MiB that are allowed


async def test_random_lost_responses_lose_no_session_and_start_none_twice() -> None:
    """The connection breaks at a random byte of the response or a random moment, once or twice in a row."""
    lost = 0
    for seed in range(SEEDS):
        chance = random.Random(seed)  # noqa: S311 - chosen faults, no secrets
        faults: list[Fault | None] = [_random_fault(chance) for _ in range(chance.choice([1, 1, 2]))]
        async with RawServer(on="/start", faults=[*faults, None]) as server:
            session = await run_start(server)
            lost += server.hits > 0
            assert server.api.effective_starts == 1, f"seed {seed}"
            assert [entry.session_id for entry in server.api.sessions] == [session.run_id], f"seed {seed}"
            assert session.created_at == "2026-04-14T10:00:00.000Z" or server.api.time.seconds > 0, f"seed {seed}"
    assert lost == SEEDS


def _random_fault(chance: random.Random) -> Fault:
    offset = chance.randrange(1, 420)
    has_effect = chance.random() < 0.7
    delay = chance.choice([0.0, 0.0, 0.001])

    async def deliver(writer: asyncio.StreamWriter, response: bytes) -> None:
        await asyncio.sleep(delay)
        await send(writer, response[: min(offset, len(response) - 1)] if has_effect else b"")
        reset(writer) if chance.random() < 0.5 else writer.close()

    return Fault(f"offset {offset}", deliver, has_effect=has_effect, reads_request=chance.random() < 0.9)
