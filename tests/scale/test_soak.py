"""A gate that waits for long: memory, descriptors and threads stay as they are.

`make soak` waits for 200 sessions, four hours of virtual time and twenty real minutes; `make test` waits for less.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil
from projects import sandbox

from tests.support.api import KEY, VirtualTime, client_of, json_response
from tests.support.soak import IS_SOAK
from tornado_resource.bland.address import Endpoint
from tornado_resource.bland.api_key import ApiKey
from tornado_resource.bland.client import Client
from tornado_resource.bland.sessions import start_session
from tornado_resource.declarations.model import Gate
from tornado_resource.runs.model import GatedRun
from tornado_resource.runs.results import wait_for_result

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

SESSIONS: Final = 200 if IS_SOAK else 20
VIRTUAL_SECONDS: Final = 4 * 3600 if IS_SOAK else 1800
REAL_SECONDS: Final = 1200 if IS_SOAK else 10
MAX_GROWTH: Final = 10 * 2**20
WARM: Final = 0.25
"""The share of the time after which everything has been allocated that is allocated once."""


@dataclass(frozen=True)
class Footprint:
    """What this process holds: bytes of memory, descriptors and threads."""

    memory: int
    descriptors: int
    threads: int

    @classmethod
    def now(cls) -> Footprint:
        process = psutil.Process()
        return cls(process.memory_info().rss, process.num_fds(), process.num_threads())


def assert_constant(warm: Footprint, last: Footprint) -> None:
    print(f"{(last.memory - warm.memory) / 2**20:+.1f} MiB, {last.descriptors} descriptors, {last.threads} threads")
    assert last.memory - warm.memory <= MAX_GROWTH
    assert last.descriptors <= warm.descriptors + 2
    assert last.threads == warm.threads


def respond(share: float, chance: random.Random) -> httpx.Response:
    """What the API says of a session after a *share* of its time: now and then an error."""
    if chance.random() < 0.02:
        return json_response({"message": "try again"}, chance.choice([429, 500, 503]))
    if share >= 0.99:
        return json_response({"status": "COMPLETED_ALL_PASSED", "total_scenarios": 40, "passed_scenarios": 40})
    passed = int(share * 40)
    return json_response({"status": "RUNNING", "current_iteration": 1 + passed // 10, "passed_scenarios": passed})


async def test_hours_of_waiting_need_no_more_memory_than_minutes() -> None:
    virtual = VirtualTime()
    chance = random.Random(1)  # noqa: S311 - a test
    footprints: list[Footprint] = []

    def handle(_request: httpx.Request) -> httpx.Response:
        share = virtual.seconds / VIRTUAL_SECONDS
        if share >= WARM and not footprints:
            footprints.append(Footprint.now())
        return respond(share, chance)

    limit = {"pathway_id": "pw-1", "timeout_ms": VIRTUAL_SECONDS * 1000}
    async with client_of(handle) as client:
        results = await virtual.run(
            wait_for_result(
                client,
                GatedRun(f"s-{number}", f"id-{number}", Gate(), limit),
                15.0,
                lambda _progress: None,
                virtual.clock(chance.random),
            )
            for number in range(SESSIONS)
        )
    assert {result.verdict.outcome for result in results} == {"passed"}
    assert_constant(footprints[0], Footprint.now())


async def test_minutes_over_real_sockets_keep_memory_and_descriptors(tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text(
        f"pathways: {{'*': {{scenarios: [{{id: a}}], iteration_ms: {REAL_SECONDS * 1000}}}}}\n", encoding="utf-8"
    )
    with sandbox("--scenario-file", str(script)) as url:
        async with Client(Endpoint(url, ApiKey(KEY))) as client:

            async def one(number: int) -> str:
                request = {"pathway_id": f"pw-{number}", "timeout_ms": 2 * REAL_SECONDS * 1000}
                started = await start_session(client, request)
                gated = GatedRun(f"s-{number}", started.session_id, Gate(), request, started.created_at)
                result = await wait_for_result(client, gated, 5.0, lambda _progress: None)
                return result.verdict.outcome

            async def watch() -> tuple[Footprint, Footprint]:
                await asyncio.sleep(WARM * REAL_SECONDS)
                warm, last, begun = Footprint.now(), Footprint.now(), time.monotonic()
                while time.monotonic() - begun < (1 - WARM) * REAL_SECONDS - 2:
                    await asyncio.sleep(1)
                    last = Footprint.now()
                return warm, last

            watching = asyncio.create_task(watch())
            outcomes = await asyncio.gather(*map(one, range(SESSIONS)))
            warm, last = await watching
    assert set(outcomes) == {"passed"}
    assert_constant(warm, last)
