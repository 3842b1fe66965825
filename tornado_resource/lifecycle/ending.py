"""Ending a session that runs."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.retrying import retried
from tornado_resource.errors import ApiError, Conflict, NotFound
from tornado_resource.text import clean

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.clock import Clock

SETTLE_SECONDS: Final = 60.0
LONGEST_POLL_SECONDS: Final = 3.0


async def end(client: Client, session_id: str, pathway_id: str, clock: Clock) -> None:
    """Cancel a session unless it has ended or is gone, and return when its pathway is free.

    Raises:
        ApiError: the API could not be asked, or the session did not settle within a minute.

    """
    try:
        status = await retried(lambda: client.status(session_id))
    except NotFound:
        return
    if not status.is_final:
        await cancel_and_settle(client, session_id, pathway_id, clock)


async def cancel_and_settle(client: Client, session_id: str, pathway_id: str, clock: Clock) -> None:
    """Cancel a session and wait until it has settled; 404, 409 or 410 mean that it has. Raises as `end`."""
    with suppress(NotFound, Conflict):
        await retried(lambda: client.cancel(session_id))
    deadline, pause = clock.monotonic() + SETTLE_SECONDS, 0.2
    while not await _has_settled(client, session_id, pathway_id):
        if clock.monotonic() >= deadline:
            request, cause = f"cancel session {clean(session_id)}", f"still running {SETTLE_SECONDS:g} s after"
            raise ApiError(request, cause)
        await clock.sleep(pause)
        pause = min(pause * 1.5, LONGEST_POLL_SECONDS)


async def _has_settled(client: Client, session_id: str, pathway_id: str) -> bool:
    try:
        status = await retried(lambda: client.status(session_id))
    except NotFound:
        return True
    if status.is_running:
        return False
    active = await retried(lambda: client.active(pathway_id))
    return active is None or active.session_id != session_id
