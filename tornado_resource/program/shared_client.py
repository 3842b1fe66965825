"""One API client for everything that a program asks, open only while something is asked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pulumi

from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.endpoint import Endpoint


class InvalidEnvironment(ConfigurationError, pulumi.RunError):
    """No request can be sent. Pulumi shows a `RunError` without a traceback."""


class SharedClient:
    """Opens a client for the first of its users, and closes it after the last.

    Args:
        endpoint: the API's base URL and key.
        ignored: the paths of a version that do not count (`tornado:ignoreContent`).

    """

    def __init__(self, endpoint: Endpoint, ignored: Collection[str] = ()) -> None:
        self._endpoint = endpoint
        self._ignored = ignored
        self._client: Client | None = None
        self._users = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        """Return the client, for as long as the context lasts. Call it on the program's event loop.

        Raises:
            InvalidEnvironment: the proxies or certificates of the environment cannot work.

        """
        # Imported here, since a program that asks nothing needs no HTTP client.
        from tornado_resource.bland.client import Client

        # Not opened by the constructor: httpx connections belong to one event loop.
        try:
            client = self._client = self._client or Client(self._endpoint, ignored=self._ignored)
        except ConfigurationError as error:
            raise InvalidEnvironment(str(error)) from None
        self._users += 1
        try:
            yield client
        finally:
            self._users -= 1
            if self._users == 0:
                self._client = None
                await client.close()
