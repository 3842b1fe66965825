"""The content of pathway versions, as one run of a program has read it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tornado_resource.program.shared_client import SharedClient


class Versions:
    """Reads each version at most once, all of them side by side.

    Args:
        client: sends the requests.

    """

    def __init__(self, client: SharedClient) -> None:
        self._client = client
        self._reading: dict[tuple[str, int], asyncio.Task[str | None]] = {}

    async def digest(self, pathway_id: str, version: int) -> str | None:
        """Return the digest of a version's content, as it was when this run asked first; None if it is not shown.

        Raises:
            TornadoError: it could not be read.

        """
        key = (pathway_id, version)
        if key not in self._reading:
            self._reading[key] = asyncio.ensure_future(self.read_again(pathway_id, version))
        return await self._reading[key]

    async def read_again(self, pathway_id: str, version: int) -> str | None:
        """Return the digest of a version's content as it is now; None if it is not shown.

        Raises:
            TornadoError: it could not be read.

        """
        from tornado_resource.bland.versions import read_digest

        async with self._client.open() as client:
            return await read_digest(client, pathway_id, version)
