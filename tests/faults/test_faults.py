"""Every fault on every endpoint, over real sockets: no case may start a session twice, hang, or show the API key."""

from __future__ import annotations

import asyncio
import random
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.agents import FORMS
from tests.support.api import KEY, FakeTime
from tests.support.check_run_api import CHECKED, CheckRunApi, check_order, seen
from tests.support.faults import FAULTS, SLOW, faults_of, lasting
from tests.support.orders import RESET, order
from tests.support.raw_server import Fault, RawServer, reset, send
from tests.support.soak import IS_SOAK
from tornado_resource.bland.check_runs import list_check_runs, read_check_run
from tornado_resource.bland.listing import Owner
from tornado_resource.bland.retrying import retried
from tornado_resource.bland.scenarios import list_scenarios
from tornado_resource.bland.sessions import read_active, read_status
from tornado_resource.errors import OutcomeUnknown, TornadoError
from tornado_resource.runs.cancel import cancel_if_running
from tornado_resource.runs.order import Run
from tornado_resource.runs.start import start

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.mark.structures import ParameterSet

    from tornado_resource.bland.client import Client
    from tornado_resource.runs.order import Order

CASE_SECONDS = 120.0
SEEDS = 10_000 if IS_SOAK else 40
CHECK_SEEDS = 250 if IS_SOAK else 10
"""For each form of the responses, in flight and ended."""

Call = Callable[[RawServer], Awaitable[Any]]


def requesting(send: Callable[[Client], Awaitable[Any]]) -> Call:
    """A request about a run that is in flight."""

    async def call(server: RawServer) -> Any:
        server.api.add()
        async with server.client() as client:
            return await retried(lambda: send(client))

    return call


def cancelling(run: Run) -> Call:
    async def call(server: RawServer) -> Any:
        server.api.add()
        async with server.client() as client:
            return await cancel_if_running(client, run, server.api.time.clock())

    return call


def starting(chosen: Order) -> Call:
    async def call(server: RawServer) -> Any:
        async with server.client() as client:
            return await start(client, chosen, server.api.intents, server.api.time.clock())

    return call


run_start, start_checks = starting(order()), starting(check_order())
ENDPOINTS: Final[dict[str, Call]] = {
    "/start": run_start,
    "/active": requesting(lambda client: read_active(client, "pw-1")),
    "/status": requesting(lambda client: read_status(client, "s-1")),
    "/cancel": cancelling(Run("s-1", {"pathway_id": "pw-1"})),
    "/scenarios": requesting(lambda client: list_scenarios(client, Owner.pathway("pw-1"), enabled=True)),
}
CHECK_START: Final = "/environments/staging/check-runs"
LIST: Final = "/check-runs?env="
CHECK_ENDPOINTS: Final[dict[str, Call]] = {
    CHECK_START: start_checks,
    LIST: requesting(lambda client: list_check_runs(client, "a-1", "staging")),
    "/check-runs/cr-1": requesting(lambda client: read_check_run(client, "a-1", "cr-1")),
    "/check-runs/cr-1/cancel": cancelling(Run("cr-1", CHECKED, "check_run")),
}
VARIANTS: Final = [(form, begins) for begins in ("RUNNING", "ERROR") for form in FORMS]
"""The form of the responses, and the status that a run has when it is looked for: in flight, or ended."""


def varied(cases: Iterable[tuple[Any, ...]]) -> list[ParameterSet]:
    """Each case in each variant in `make soak`, else in one of them in turn."""
    return [
        pytest.param(*case, *variant, id=" ".join(map(str, (*case, *variant))))
        for number, case in enumerate(cases)
        for variant in (VARIANTS if IS_SOAK else [VARIANTS[number % len(VARIANTS)]])
    ]


def test_the_matrix_is_large_enough() -> None:
    assert len(FAULTS) >= 30
    assert len(FAULTS) * len(ENDPOINTS) >= 150


async def try_fault(server: RawServer, call: Call, *, is_start: bool) -> None:
    """Make a call, and check that nothing takes effect twice, and that a run that started is returned."""
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
        assert server.api.effective_starts == 0, "a started run must be recorded, not reported as an error"
    if is_start and error is None:
        assert result is not None
        assert [each.session_id for each in server.api.sessions] == [result.run_id]


@pytest.mark.parametrize(
    ("fault", "is_lasting", "endpoint"),
    [
        pytest.param(fault, is_lasting, endpoint, id=f"{fault} {'always' if is_lasting else 'once'} {endpoint}")
        for endpoint in ENDPOINTS
        for number, fault in enumerate(faults_of(endpoint))
        for is_lasting in lasting(number, endpoint)
    ],
)
async def test_a_fault_never_starts_two_sessions(fault: Fault, is_lasting: bool, endpoint: str) -> None:  # noqa: FBT001
    faults: list[Fault | None] = [fault] if is_lasting else [fault, None]
    async with RawServer(on=endpoint, faults=faults) as server:
        await try_fault(server, ENDPOINTS[endpoint], is_start=endpoint == "/start")


@pytest.mark.parametrize(
    ("endpoint", "fault", "is_lasting", "form", "begins"),
    varied(
        (endpoint, fault, is_lasting)
        for endpoint in CHECK_ENDPOINTS
        for number, fault in enumerate(faults_of(endpoint))
        for is_lasting in lasting(number, "/start" if endpoint == CHECK_START else endpoint)
    ),
)
async def test_a_fault_never_starts_two_check_runs(
    endpoint: str,
    fault: Fault,
    is_lasting: bool,  # noqa: FBT001
    form: str,
    begins: str,
) -> None:
    faults: list[Fault | None] = [fault] if is_lasting else [fault, None]
    api = CheckRunApi.of(FakeTime(), form, begins=begins)
    async with RawServer(api, endpoint, faults) as server:
        await try_fault(server, CHECK_ENDPOINTS[endpoint], is_start=endpoint == CHECK_START)


@pytest.mark.parametrize(
    ("fault", "form", "begins"),
    varied(
        (fault,) for fault in faults_of(LIST) if fault.name != "200 and a list" and (IS_SOAK or fault.name not in SLOW)
    ),
)
async def test_an_unreadable_list_leaves_a_start_unknown_until_later(fault: Fault, form: str, begins: str) -> None:
    api = CheckRunApi.of(FakeTime(), form, begins=begins, faults=[(RESET, True)])
    async with RawServer(api, LIST, [fault]) as server:
        with pytest.raises(OutcomeUnknown, match="could not determine whether a check run was started"):
            await start_checks(server)
        assert (api.calls.count("POST start"), api.effective_starts) == (1, 1)
        server.faults = [None]
        run = await start_checks(server)
    assert (run.run_id, seen(run.status), run.adopted) == ("cr-1", begins, False)
    assert api.calls.count("POST start") == 1


async def test_no_connection_and_no_tls_start_nothing() -> None:
    async with RawServer() as server:
        for client in (server.client(port=9), server.client("https")):
            with pytest.raises(TornadoError, match="no connection to") as caught:
                await start(client, order(), server.api.intents, server.api.time.clock())
            assert KEY not in str(caught.value)
    assert server.api.effective_starts == 0


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.name in {"gzip bomb", "64 MiB"}], ids=str)
async def test_a_huge_response_uses_at_most_25_mb(fault: Fault) -> None:
    async with RawServer(on="/status", faults=[fault]) as server:
        server.api.add()
        async with server.client() as client:
            tracemalloc.start()
            with pytest.raises(TornadoError, match=r"larger than 10 MiB|compressed"):
                await read_status(client, "s-1")
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    assert peak < 25 * 1024**2  # unpacking grows its buffer beyond the 10 MiB that are allowed


async def try_lost_responses(seed: int, server: RawServer, call: Call) -> None:
    """The connection breaks at a random byte of the response or a random moment, once or twice in a row."""
    chance = random.Random(seed)  # noqa: S311 - chosen faults, no secrets
    server.faults = [*(_random_fault(chance) for _ in range(chance.choice([1, 1, 2]))), None]
    async with server:
        run = await call(server)
    assert server.hits > 0
    assert server.api.effective_starts == 1, f"seed {seed}"
    assert [entry.session_id for entry in server.api.sessions] == [run.run_id], f"seed {seed}"
    assert run.created_at == "2026-04-14T10:00:00.000Z" or server.api.time.seconds > 0, f"seed {seed}"


async def test_random_lost_responses_lose_no_session_and_start_none_twice() -> None:
    for seed in range(SEEDS):
        await try_lost_responses(seed, RawServer(on="/start"), run_start)


@pytest.mark.parametrize(("form", "begins"), VARIANTS)
async def test_random_lost_responses_lose_no_check_run(form: str, begins: str) -> None:
    for seed in range(CHECK_SEEDS):
        api = CheckRunApi.of(FakeTime(), form, begins=begins)
        await try_lost_responses(seed, RawServer(api, CHECK_START), start_checks)


def _random_fault(chance: random.Random) -> Fault:
    offset = chance.randrange(1, 420)
    has_effect = chance.random() < 0.7
    delay = chance.choice([0.0, 0.0, 0.001])

    async def deliver(writer: asyncio.StreamWriter, response: bytes) -> None:
        await asyncio.sleep(delay)
        await send(writer, response[: min(offset, len(response) - 1)] if has_effect else b"")
        reset(writer) if chance.random() < 0.5 else writer.close()

    return Fault(f"offset {offset}", deliver, has_effect=has_effect, reads_request=chance.random() < 0.9)
