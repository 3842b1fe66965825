"""Whether a pathway exists, as far as the API shows it: for `doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.bland.listing import Owner
from tornado_resource.bland.pathways import read_latest
from tornado_resource.bland.retrying import retried
from tornado_resource.bland.scenarios import list_scenarios
from tornado_resource.errors import NotFound, Rejected

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client

UNKNOWN_PATHWAY: Final = (
    "the API does not know the pathway",
    "check pathway_id, and that the API key is of its account",
)
NOT_SHOWN: Final = (
    "the API shows neither versions nor scenarios of the pathway",
    UNKNOWN_PATHWAY[1],
)
_REFUSED: Final = 403


async def find_faults(client: Client, pathway_id: str) -> list[tuple[str, str]]:
    """Return that a pathway does not exist, or that nothing shows that it does, with what to do about it.

    An API that shows no versions, or lists no scenarios, of a pathway may have it all the same: it must do neither.

    Args:
        client: sends the requests: two at most.
        pathway_id: the pathway.

    Raises:
        ApiError: a request failed for good.

    """
    owner = Owner.pathway(pathway_id)
    try:
        if (await retried(lambda: list_scenarios(client, owner))).scenarios:
            return []
    except NotFound:
        return [UNKNOWN_PATHWAY]
    try:
        await retried(lambda: read_latest(client, pathway_id))
    except NotFound:
        return [UNKNOWN_PATHWAY]
    except Rejected as error:
        if error.status_code == _REFUSED and error.is_api:
            return [NOT_SHOWN]
        raise
    return []
