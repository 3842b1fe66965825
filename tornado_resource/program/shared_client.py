"""One API client for everything that a program asks, open only while something is asked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.endpoint import Endpoint


class SharedClient:
    """Opens a client for the first of its users, and closes it after the last.

    Args:
        endpoint: the API's base URL and key.

    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._client: Client | None = None
        self._users = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        """Return the client, for as long as the context lasts. Call it on the program's event loop."""
        # Imported here, since a program that asks nothing needs no HTTP client.
        from tornado_resource.bland.client import Client

        self._users += 1
        # Not opened by the constructor: httpx connections belong to one event loop.
        client = self._client = self._client or Client(self._endpoint)
        try:
            yield client
        finally:
            self._users -= 1
            if self._users == 0:
                self._client = None
                await client.close()
