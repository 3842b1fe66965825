"""Cancelling a running session."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.retrying import retried
from tornado_resource.core.polling import Backoff, Poller
from tornado_resource.core.text import clean
from tornado_resource.errors import ApiError, Conflict, NotFound

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.core.clock import Clock

MAX_SETTLE_SECONDS: Final = 60.0
"""How long a cancelled session may take to end. The API's page gives no limit; `pulumi destroy` waits this long."""
BACKOFF: Final = Backoff(first=0.2, longest=3.0)


async def cancel_if_running(client: Client, session_id: str, pathway_id: str, clock: Clock) -> None:
    """Cancel a session if it is running, and return when its pathway is free.

    Raises:
        ApiError: a request failed, or the session did not settle within a minute.

    """
    try:
        status = await retried(lambda: client.status(session_id))
    except NotFound:
        return
    if not status.is_final:
        await cancel_and_settle(client, session_id, pathway_id, clock)


async def cancel_and_settle(client: Client, session_id: str, pathway_id: str, clock: Clock) -> None:
    """Cancel a session and return when its pathway is free. 404, 409 and 410 mean that it has already ended.

    Raises:
        ApiError: as `cancel_if_running`.

    """
    with suppress(NotFound, Conflict):
        await retried(lambda: client.cancel(session_id))
    poller = Poller(BACKOFF, MAX_SETTLE_SECONDS, clock)
    while not await _has_settled(client, session_id, pathway_id):
        if not await poller.pause():
            request = f"cancel session {clean(session_id)}"
            cause = f"still running {MAX_SETTLE_SECONDS:g} s after the cancel request"
            raise ApiError(request, cause)


async def _has_settled(client: Client, session_id: str, pathway_id: str) -> bool:
    """Return whether a session has ended and its pathway is free.

    The API changes the status first and frees the pathway later. A start in between would get a conflict.
    """
    try:
        status = await retried(lambda: client.status(session_id))
    except NotFound:
        return True
    if status.is_running:
        return False
    active = await retried(lambda: client.active(pathway_id))
    return active is None or active.session_id != session_id
