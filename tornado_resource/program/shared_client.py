"""One API client for everything that a program asks, open only while something is asked, and what it has read."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pulumi

from tornado_resource.bland.content import is_older
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable

    from tornado_resource.bland.address import Endpoint
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.content import Digests
    from tornado_resource.bland.listing import Listing


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


OLDER: Final = (
    "some recorded passes have a digest of an older form (sha256:), which leaves out the global prompt and the "
    "settings of a version: an edit of these since then is not noticed; the next pass records a complete digest"
)


class Versions:
    """Reads each version, and the scenarios of each pathway, at most once, all of them side by side.

    Args:
        client: sends the requests.

    """

    def __init__(self, client: SharedClient) -> None:
        self._client = client
        self._reading: dict[tuple[str, int], asyncio.Task[Digests | None]] = {}
        self._listing: dict[str, asyncio.Task[Listing]] = {}
        self._has_older = False
        self.put_back: set[str] = set()
        """The ids of edited scenarios that this update puts back: they are as they were when they passed."""

    def note_form(self, recorded: str | None) -> None:
        """Say once in a run that a recorded digest is of an older form, and what that means."""
        if is_older(recorded) and not self._has_older:
            self._has_older = True
            pulumi.log.info(OLDER)

    async def digests(self, pathway_id: str, version: int) -> Digests | None:
        """Return the digests of a version's content, as it was when this run asked first; None if it is not shown.

        Raises:
            TornadoError: it could not be read.

        """
        key = (pathway_id, version)
        if key not in self._reading:
            self._reading[key] = asyncio.ensure_future(self.read_again(pathway_id, version))
        return await self._reading[key]

    async def read_again(self, pathway_id: str, version: int) -> Digests | None:
        """Return the digests of a version's content as it is now; None if it is not shown.

        Raises:
            TornadoError: it could not be read.

        """
        from tornado_resource.versions.reading import ContentReader

        async with self._client.open() as client:
            return await ContentReader(client).digests(pathway_id, version)

    async def scenarios(self, pathway_id: str, ids: Iterable[str] = ()) -> Listing:
        """Return the enabled scenarios of a pathway, as they were when this run asked first.

        Those of *ids* that exist are there in any case, but for those that are put back.

        Raises:
            TornadoError: they could not be read.

        """
        if pathway_id not in self._listing:
            self._listing[pathway_id] = asyncio.ensure_future(self._list_scenarios(pathway_id))
        listing = await self._listing[pathway_id]
        if listing.is_whole:
            return self._kept(listing.spelled_as(ids))
        from tornado_resource.bland.listing import Owner
        from tornado_resource.bland.scenarios import with_ids

        async with self._client.open() as client:
            return self._kept(await with_ids(client, Owner.pathway(pathway_id), listing, ids))

    def _kept(self, listing: Listing) -> Listing:
        kept = tuple(scenario for scenario in listing.scenarios if scenario.scenario_id not in self.put_back)
        return replace(listing, scenarios=kept)

    async def _list_scenarios(self, pathway_id: str) -> Listing:
        from tornado_resource.versions.reading import ContentReader

        async with self._client.open() as client:
            return await ContentReader(client).scenarios(pathway_id)
