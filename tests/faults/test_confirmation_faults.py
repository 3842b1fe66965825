"""Updates that lose responses, meet errors and are cut off: one simulation set for one pass, and its id is kept."""

from __future__ import annotations

import random
from typing import Any, Final

import httpx
import pytest

from tests.support.api import json_response
from tests.support.orders import LOST, REFUSED, run
from tests.support.sandbox_api import Killed
from tests.support.simulations import REQUEST, SimulationApi, set_order
from tests.support.soak import IS_SOAK
from tornado_resource.errors import TornadoError

SEEDS: Final = range(2_000 if IS_SOAK else 40)
MOST_LATE: Final = 12.0
"""How many seconds the API may take to list the runs of a set."""
PAUSE_SECONDS: Final = 30.0
"""Between two updates."""
UNREADABLE: Final[list[httpx.Response | Exception]] = [
    json_response({"error": "no"}, 500),
    httpx.Response(200, text="<html>"),
    httpx.ReadError("reset"),
]


def faults(dice: random.Random) -> list[tuple[Any, bool]]:
    """What happens to the first starts: each may have had an effect, but for those that were never sent."""
    chosen = [dice.choice([*LOST, REFUSED]) for _ in range(dice.randrange(4))]
    return [(fault, fault is not REFUSED and dice.random() < 0.5) for fault in chosen]


async def update(api: SimulationApi, dice: random.Random) -> str | None:
    """Start the set of a pass as an update does; None if that fails, or if it is killed while it waits."""
    sleep, left = api.time.sleep, dice.choice([1, 2, 3, 99])

    async def may_be_killed(seconds: float) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        await sleep(seconds)

    api.time.sleep = may_be_killed  # type: ignore[method-assign]
    try:
        return (await run(api, set_order())).run_id
    except (TornadoError, Killed):
        return None
    finally:
        api.time.sleep = sleep  # type: ignore[method-assign]
        await sleep(PAUSE_SECONDS)


@pytest.mark.parametrize("seed", SEEDS)
async def test_updates_start_one_set_for_one_pass(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test
    api = SimulationApi(faults=faults(dice), active_late=dice.uniform(0, MOST_LATE))
    others = [api.add(**{**REQUEST, "simulations_per_scenario": 9}) for _ in range(dice.randrange(3))]
    for _ in range(4):
        api.read_faults = [dice.choice(UNREADABLE) for _ in range(dice.choice([0, 0, 1, 9]))]
        started = await update(api, dice)
        assert api.effective_starts <= 1, "a second set for one pass"
        if started is not None:
            break
    api.faults, api.read_faults = [], []
    started = started or (await run(api, set_order())).run_id
    assert started == f"s-{len(others) + 1}", "the id of the set that has been started"
    assert api.effective_starts == 1
    api.intents.settle(set_order().address, started)
