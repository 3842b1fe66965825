"""Lost responses and kills while scenarios are created, changed and deleted: none doubled, none lost."""

from __future__ import annotations

import asyncio
import copy
import random
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from tests.support.api import json_response
from tests.support.sandbox_api import Killed
from tests.support.scenario_api import FIELDS, ScenarioApi, order_of
from tests.support.soak import IS_SOAK
from tornado_resource.bland.listing import Owner
from tornado_resource.errors import TornadoError
from tornado_resource.scenarios.lifecycle import RecordedScenario, create, delete, update
from tornado_resource.versions.definitions import changed_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.support.sandbox_api import Fault

SEEDS: Final = 5000 if IS_SOAK else 50
OWNERS: Final = {"pathway": Owner.pathway("pw-1"), "agent": Owner.agent("ag-1")}
RUNS: Final = 30
"""How often a pipeline may be run again until it goes through."""


def some_faults(chance: random.Random) -> list[Fault | None]:
    """Faults of writes: what is seen, and whether there was an effect."""
    kinds: list[httpx.Response | BaseException] = [
        httpx.ReadError("reset"),
        httpx.ReadTimeout("timeout"),
        json_response({"error": "oops"}, 500),
        json_response({"error": "gateway"}, 504),
        json_response({"error": "busy"}, 503),
        httpx.Response(200, content=b"garbage"),
        httpx.Response(200, content=b"{}"),
        Killed(),
    ]
    none: list[tuple[Any, bool]] = [
        (httpx.ConnectError("refused"), False),
        (json_response({"error": "later"}, 429), False),
    ]
    faults: list[Any] = [(kind, has_effect) for kind in kinds for has_effect in (True, False)] + none
    return [chance.choice([None, *faults]) for _ in range(chance.randrange(7))]


def some_read_faults(chance: random.Random) -> list[httpx.Response | BaseException | None]:
    kinds: list[Any] = [httpx.ReadError("reset"), json_response({"error": "oops"}, 500), Killed(), None, None]
    return [chance.choice(kinds) for _ in range(chance.randrange(5))]


class Pipeline:
    """Runs one step again and again, as a pipeline does, until it goes through. A kill loses what is in memory."""

    def __init__(self, seed: int, owner: Owner) -> None:
        self.order = partial(order_of, owner=owner)
        self.chance = random.Random(seed)  # noqa: S311 - a seed for tests
        self.api = ScenarioApi()

    def until_done(self, step: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        self.api.faults, self.api.read_faults = some_faults(self.chance), some_read_faults(self.chance)
        for _ in range(RUNS):
            try:
                return asyncio.run(self._run(step))
            except (TornadoError, Killed):
                self.api.time.seconds += 30
        pytest.fail("the pipeline never goes through")

    async def _run(self, step: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return await step()

    def create(self) -> RecordedScenario:
        found: RecordedScenario = self.until_done(
            lambda: create(self.api.client(), self.order(), self.api.intents, self.api.time.clock())
        )
        return found


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_scenario_lives_through_faults(seed: int, owner: str) -> None:
    pipeline = Pipeline(seed, OWNERS[owner])
    api = pipeline.api
    own: dict[str, Any] = {OWNERS[owner].field: OWNERS[owner].owner_id, "name": "Somebody else's"}
    # Other owners have one of the same name: it is not touched.
    foreign: list[dict[str, Any]] = [{each.field: "other", **FIELDS} for each in OWNERS.values()]
    others = [api.add(**each) for each in (own, *foreign)]
    theirs = copy.deepcopy(others)

    recorded = pipeline.create()
    [shown] = [each for each in api.named() if each not in others]
    assert Owner.of(shown) == OWNERS[owner]
    assert shown["id"] == recorded.scenario_id
    assert changed_fields(FIELDS, shown) == ()

    changed = pipeline.order(fields={"name": "Refunds", "max_turns": 30, "assertions": []})
    drift: tuple[str, ...] = ("name", "max_turns", "assertions")
    while drift:  # the next `pulumi up` writes again what the API shows otherwise
        drift = pipeline.until_done(partial(update, api.client(), recorded.scenario_id, changed, drift)).drift
    [shown] = api.named("Refunds")
    assert (shown["id"], changed_fields(changed.fields, shown)) == (recorded.scenario_id, ())

    pipeline.until_done(partial(delete, api.client(), recorded.scenario_id, OWNERS[owner]))
    assert list(api.scenarios.values()) == others == theirs
