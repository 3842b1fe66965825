"""Orders for sessions, and starts against the fake API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from tests.support.api import json_response
from tornado_resource.runs.order import Address, Order, StartedRun
from tornado_resource.runs.start import start

if TYPE_CHECKING:
    from tests.support.sandbox_api import RunApi

ADDRESS = Address("b", "agents", "dev", "support-line")
REQUEST = {"pathway_id": "pw-1", "max_iterations": 5}
REFUSED = httpx.ConnectError("refused")
RESET = httpx.ReadError("reset")
CANNOT_START = [REFUSED, json_response({}, 429), json_response({}, 429, {"retry-after": "7"})]
"""Responses to a start that had no effect for certain, or that a look settles at once."""
LOST = [
    RESET,
    httpx.RemoteProtocolError("cut"),
    httpx.ReadTimeout("slow"),
    httpx.Response(200, text="<html>"),
    *(json_response({}, code) for code in (500, 502, 503, 504, 520, 522, 524, 529, 429, 408)),
]
"""Responses that do not say whether the start took effect."""


def order(on_conflict: Any = "fail", **fields: Any) -> Order:
    return Order(ADDRESS, {**REQUEST, **fields}, on_conflict)


async def run(api: RunApi, chosen: Order | None = None) -> StartedRun:
    async with api.client() as client:
        return await start(client, chosen or order(), api.intents, api.time.clock())
