"""Orders for sessions, and starts against the fake API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from tornado_resource.runs.order import Address, Order, StartedRun
from tornado_resource.runs.start import start

if TYPE_CHECKING:
    from tests.support.api import FakeApi

ADDRESS = Address("b", "agents", "dev", "support-line")
REQUEST = {"pathway_id": "pw-1", "max_iterations": 5}
REFUSED = httpx.ConnectError("refused")
RESET = httpx.ReadError("reset")


def order(on_conflict: Any = "fail", **fields: Any) -> Order:
    return Order(ADDRESS, {**REQUEST, **fields}, on_conflict)


async def run(api: FakeApi, chosen: Order | None = None) -> StartedRun:
    async with api.client() as client:
        return await start(client, chosen or order(), api.intents, api.time.clock())
