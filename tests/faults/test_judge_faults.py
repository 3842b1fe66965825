"""Lost responses and kills while judges are created and edited: never two of one name, and always a whole version."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from tests.support.api import FakeTime, json_response
from tests.support.judge_api import FIELDS, JudgeApi, order_of
from tests.support.sandbox_api import Fault, Killed
from tests.support.soak import IS_SOAK
from tornado_resource.checks.judge_lifecycle import create, update
from tornado_resource.errors import TornadoError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

SEEDS: Final = 5000 if IS_SOAK else 50
RUNS: Final = 40
"""How often a pipeline may be run again until it goes through."""


def some_faults(chance: random.Random) -> list[Fault | None]:
    kinds: list[httpx.Response | BaseException] = [
        httpx.ReadError("reset"),
        httpx.ReadTimeout("timeout"),
        json_response({"error": "oops"}, 500),
        httpx.Response(200, content=b"garbage"),
        httpx.Response(200, content=b"{}"),
        Killed(),
    ]
    lost: list[Any] = [(kind, has_effect) for kind in kinds for has_effect in (True, False)]
    unsent: list[Any] = [(httpx.ConnectError("refused"), False), (json_response({"error": "later"}, 429), False)]
    return [chance.choice([None, *lost, *unsent]) for _ in range(chance.randrange(9))]


def until_done(api: JudgeApi, chance: random.Random, step: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    kinds: list[Any] = [httpx.ReadError("reset"), json_response({"error": "oops"}, 500), Killed(), None, None]
    api.faults = some_faults(chance)
    api.read_faults = [chance.choice(kinds) for _ in range(chance.randrange(9))]
    for _ in range(RUNS):
        try:
            return asyncio.run(step())
        except (TornadoError, Killed):
            assert len(api.judges) <= 1
    pytest.fail("the pipeline never goes through")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_judges_live_through_faults(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed for tests
    api = JudgeApi(is_wrapped=chance.random() < 0.5)
    clock = FakeTime().clock()
    stored = until_done(api, chance, lambda: create(api.client(), order_of(), None, clock))
    assert (len(api.judges), api.published()["prompt_md"]) == (1, FIELDS["prompt"])
    assert stored.version_id == api.judges["j-1"]["active"]

    changed = order_of(fields={"prompt": "Pass or fail?", "weight": 3})
    stored = until_done(api, chance, lambda: update(api.client(), "j-1", changed, is_hidden_changed=False))
    assert (api.published()["prompt_md"], api.published()["levels"], api.published()["weight"]) == (
        "Pass or fail?",
        [],
        3,
    )
    assert stored.version_id == api.judges["j-1"]["active"]

    writes = len(api.writes)
    until_done(api, chance, lambda: update(api.client(), "j-1", changed, is_hidden_changed=False))
    assert (len(api.judges), len(api.writes)) == (1, writes)
