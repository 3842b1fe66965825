"""Reading the content of a pathway version, from an API that may not show it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.content import STAGING
from tornado_resource.bland.listing import Owner
from tornado_resource.bland.pathways import read_version
from tornado_resource.bland.retrying import retried
from tornado_resource.bland.scenarios import list_scenarios, with_ids
from tornado_resource.errors import NotFound, OutcomeUnknown, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.content import Content, Digests, Which
    from tornado_resource.bland.listing import Listing
    from tornado_resource.bland.retrying import Retry

NOT_SHOWN_CODES: Final = frozenset({403, 404, 405, 410, 501})
"""How an API says that it does not show a version, or has none."""
MAX_EMPTY_RESPONSES: Final = 3
"""One response without nodes may be an accident. After this many in a row the API counts as not showing content."""
NOTHING_SHOWN: Final = "the response shows no content"


async def read_content(client: Client, pathway_id: str, version: Which, retry: Retry = retried) -> Content | None:
    """Return the content of a version, with retries.

    Args:
        client: sends the requests.
        pathway_id: the pathway.
        version: which one.
        retry: repeats the request through transient failures.

    Returns:
        None if the API does not show it: 403, 404, 405, 410, 501, or responses without nodes; for staging 400 too,
        since nothing may be published there.

    Raises:
        ApiError: the request failed for good, so nothing is known.

    """
    empty_responses = 0

    async def read() -> Content | None:
        nonlocal empty_responses
        content = await read_version(client, pathway_id, version)
        if content is None:
            empty_responses += 1
            if empty_responses < MAX_EMPTY_RESPONSES:
                label = f"version {version} of pathway {pathway_id}"
                raise OutcomeUnknown(label, NOTHING_SHOWN)
        return content

    try:
        version_content: Content | None = await retry(read)
    except Rejected as error:
        is_nothing_staged = version == STAGING and error.status_code == HTTPStatus.BAD_REQUEST
        if not is_nothing_staged and not _says_not_shown(error):
            raise
        return None
    return version_content


async def read_digests(client: Client, pathway_id: str, version: Which, retry: Retry = retried) -> Digests | None:
    """Return the digests of a version's content, as `read_content` does."""
    content = await read_content(client, pathway_id, version, retry)
    return content.digests if content is not None else None


def _says_not_shown(error: Rejected) -> bool:
    if error.status_code in {404, 410}:
        return isinstance(error, NotFound)  # a 404 that is not JSON may be that of a proxy
    return error.is_api and error.status_code in NOT_SHOWN_CODES


class ContentReader:
    """Reads what a session tests (`drift.Reader`): versions and scenarios of pathways.

    Args:
        client: sends the requests.

    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def digests(self, pathway_id: str, version: int) -> Digests | None:
        """Return the digests of a version's content; None if the API does not show it.

        Raises:
            ApiError: it could not be read.

        """
        return await read_digests(self._client, pathway_id, version)

    async def scenarios(self, pathway_id: str, ids: Iterable[str] = ()) -> Listing:
        """Return the enabled scenarios of a pathway; those of *ids* that exist are there in any case.

        Raises:
            ApiError: they could not be read.

        """
        owner = Owner.pathway(pathway_id)
        listing = await retried(lambda: list_scenarios(self._client, owner, enabled=True))
        return await with_ids(self._client, owner, listing, ids)
