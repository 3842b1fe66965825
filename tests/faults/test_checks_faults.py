"""Lost responses and kills while checks are stored, changed and removed: the config is always one of two whole ones."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from tests.support.api import json_response
from tests.support.checks_api import DECLARED, OTHER, ChecksApi, order_of, shown_of
from tests.support.sandbox_api import Fault, Killed
from tests.support.soak import IS_SOAK
from tornado_resource.bland.check_runs import Checks
from tornado_resource.checks.check_config import ChecksExist, differences
from tornado_resource.checks.lifecycle import Claim, remove, store
from tornado_resource.errors import TornadoError
from tornado_resource.runs.declared_checks import config_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

SEEDS: Final = 5000 if IS_SOAK else 50
RUNS: Final = 30
"""How often a pipeline may be run again until it goes through."""


def some_faults(chance: random.Random) -> list[Fault | None]:
    kinds: list[httpx.Response | BaseException] = [
        httpx.ReadError("reset"),
        httpx.ReadTimeout("timeout"),
        json_response({"error": "oops"}, 500),
        json_response({"error": "gateway"}, 504),
        httpx.Response(200, content=b"garbage"),
        httpx.Response(200, content=b"{}"),
        Killed(),
    ]
    lost: list[Any] = [(kind, has_effect) for kind in kinds for has_effect in (True, False)]
    unsent: list[Any] = [(httpx.ConnectError("refused"), False), (json_response({"error": "later"}, 429), False)]
    return [chance.choice([None, *lost, *unsent]) for _ in range(chance.randrange(7))]


class Pipeline:
    """Runs one step again and again until it goes through, and looks at the config each time."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a seed for tests
        self.api = ChecksApi(is_wrapped=self.chance.random() < 0.5)

    def until_done(self, step: Callable[[], Coroutine[Any, Any, Any]], *whole: Checks | None) -> Any:
        """*whole*: the only configs that may ever be there."""
        kinds: list[Any] = [httpx.ReadError("reset"), json_response({"error": "oops"}, 500), Killed(), None, None]
        self.api.faults = some_faults(self.chance)
        self.api.read_faults = [self.chance.choice(kinds) for _ in range(self.chance.randrange(5))]
        for _ in range(RUNS):
            try:
                return asyncio.run(self._run(step))
            except ChecksExist:  # a config of our own is no conflict
                raise
            except (TornadoError, Killed):
                pass
            finally:
                assert any(is_there(self.api, each) for each in whole)
        pytest.fail("the pipeline never goes through")

    async def _run(self, step: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return await step()


def is_there(api: ChecksApi, wanted: Checks | None) -> bool:
    if api.config is None or wanted is None:
        return api.config is None and wanted is None
    found = Checks.parse(api.config)
    return found is not None and not differences(wanted, found)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_checks_live_through_faults(seed: int) -> None:
    pipeline = Pipeline(seed)
    api = pipeline.api
    pipeline.until_done(lambda: store(api.client(), order_of(), Claim()), None, DECLARED)
    assert is_there(api, DECLARED)

    changed = order_of(checks=OTHER)
    pipeline.until_done(lambda: store(api.client(), changed), DECLARED, OTHER)
    assert is_there(api, OTHER)

    api.config = shown_of(DECLARED)
    adopted = order_of(checks=OTHER, on_conflict="adopt")
    pipeline.until_done(lambda: store(api.client(), adopted, Claim()), DECLARED, OTHER)
    assert is_there(api, OTHER)

    writes = api.writes
    pipeline.until_done(lambda: store(api.client(), changed), OTHER)
    assert api.writes == writes

    def is_ours(found: Checks) -> bool:
        return config_digest(found) == config_digest(OTHER)

    pipeline.until_done(lambda: remove(api.client(), "a-1", "staging", is_ours), OTHER, None)
    assert api.config is None
