"""Clients without a network: of a sandbox, in either form of its answers, and of one body for every request."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx

from tests.support.api import KEY, client_of
from tornado_resource.bland.address import Endpoint
from tornado_resource.bland.api_key import ApiKey
from tornado_resource.bland.check_runs import read_check_run
from tornado_resource.bland.client import Client
from tornado_resource.sandbox.app import Api
from tornado_resource.sandbox.scenario_file import read_scripts
from tornado_resource.sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tornado_resource.bland.check_runs import CheckRun

URL: Final = "http://127.0.0.1:1"
HELD: Final = 0.001
DONE: Final = 1_000_000.0
FORMS: Final = ("wrapped", "bare")


def answering(body: Any, status: int = 200, **headers: str) -> Client:
    """A client whose requests are all answered with the same body: a text as it is, anything else as JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    return client_of(lambda _: httpx.Response(status, text=text, headers=headers))


class Bench:
    """A sandbox as an ASGI application, and a client of it."""

    def __init__(self, script: str, path: Path, form: str = "wrapped") -> None:
        path.write_text(f"answers: {form}\n{script}", encoding="utf-8")
        app: Any = Api(Store(), read_scripts(path), HELD).asgi()
        self._transport = httpx.ASGITransport(app=app)
        self.client = Client(Endpoint(URL, ApiKey(KEY)), transport=self._transport)

    async def post(self, path: str, body: Any) -> Any:
        """Send a request that is not the client's, and return the body of its response."""
        async with httpx.AsyncClient(transport=self._transport, base_url=URL, headers={"authorization": "k"}) as http:
            response = await http.post(path, json=body)
        assert response.status_code < 300, response.text
        return response.json()

    async def finish(self, run: CheckRun) -> CheckRun:
        """Let all runs go on, and return one once it has ended."""
        await self.post("/_sandbox/speed", {"speed": DONE})
        while run.is_running:
            run = await read_check_run(self.client, run.agent_id or "", run.run_id)
        return run


@asynccontextmanager
async def bench(script: str, path: Path, form: str = "wrapped") -> AsyncIterator[Bench]:
    """A sandbox that plays *script*, which is written to *path*."""
    made = Bench(script, path, form)
    async with made.client:
        yield made
