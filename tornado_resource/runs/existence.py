"""Whether a session still exists. A 404 also comes from a wrong address, where no session is gone.

Nothing else in this package may take a 404 for "gone": what follows from it (the id is removed from the state, a new
session starts) cannot be undone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tornado_resource.bland.retrying import is_transient, retried
from tornado_resource.errors import ApiError, NotFound, Rejected

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.responses import Status

_PATH = re.compile(r"\S*/\S*")


async def status_or_gone(client: Client, session_id: str, pathway_id: str | None) -> Status | None:
    """Return the status of a session; None if it certainly does not exist.

    Raises:
        ApiError: a request failed, or the 404 may come from a wrong address.

    """
    try:
        return await retried(lambda: client.status(session_id, pathway_id))
    except NotFound as error:
        not_found = error
    await retried(lambda: confirm_gone(client, not_found, pathway_id))
    return None


async def confirm_gone(client: Client, not_found: NotFound, pathway_id: str | None) -> None:
    """Return if the 404 for a session comes from the API, since another of its endpoints responds in its own form.

    Args:
        client: sends the requests.
        not_found: the 404 for the session.
        pathway_id: the pathway of the session; None if it is unknown.

    Raises:
        ApiError: nothing else of the API responded there, or the request for it failed.

    """
    if client.has_responded or (pathway_id is not None and await _is_api(client, not_found, pathway_id)):
        return
    cause = (
        f"{not_found.cause}; this address does not answer like the Bland API, so the session may still exist: "
        f"check bland:baseUrl (or BLAND_BASE_URL). Nothing was changed"
    )
    raise Rejected(not_found.request, cause, status_code=not_found.status_code)


async def _is_api(client: Client, not_found: NotFound, pathway_id: str) -> bool:
    """Return whether *active* responds with a session or with a 404 of its own; else, whether the scenarios respond.

    A web server that has no such routes may send JSON too, but then both responses are the same.
    """
    try:
        await client.find_active(pathway_id)
    except NotFound as error:
        if _PATH.sub("", error.cause) != _PATH.sub("", not_found.cause):
            return True
    except Rejected as error:
        if error.status_code != not_found.status_code:
            raise
        return False
    else:
        return True
    try:
        await client.scenarios(pathway_id)
    except ApiError as error:
        if is_transient(error):
            raise
        return False
    return True
