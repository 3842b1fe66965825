"""Adopting a session that somebody else started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado_resource.bland.retrying import retried
from tornado_resource.core.text import clean
from tornado_resource.errors import TornadoError
from tornado_resource.runs.conflict import differences, other_timeout
from tornado_resource.runs.existence import status_or_gone
from tornado_resource.runs.order import Session

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.responses import Active, Status
    from tornado_resource.runs.order import Order


async def adopt(client: Client, order: Order, session_id: str) -> Session:
    """Return an existing session by its id: one status request, and one *active* request if it is running.

    `created_at` of a session that has ended is None: the API shows it for active sessions only.

    Raises:
        TornadoError: a request failed, the session does not exist, runs on another pathway, or differs from the order.

    """
    status = await status_or_gone(client, session_id, order.pathway_id)
    if status is None:
        message = (
            f"session {clean(session_id)} does not exist; check the id in tornado:adopt.{order.name} "
            f"(`tornado-resource doctor --stack {order.address.stack}` shows which session runs)"
        )
        raise TornadoError(message)
    active = None
    if status.is_running:
        status, active = await _active(client, order, session_id, status)
    found = (differences(order, active) if active is not None else []) or other_timeout(order, status.timeout_ms)
    if found:
        message = (
            f"session {clean(session_id)} cannot be adopted because it differs: {'; '.join(found)}. "
            f"Declare what it runs, or remove tornado:adopt.{order.name} to start a session of its own"
        )
        raise TornadoError(message)
    return Session(
        session_id=session_id,
        created_at=active.created_at if active else None,
        status=status.status,
        max_iterations=status.max_iterations,
        timeout_ms=status.timeout_ms,
        adopted=True,
    )


async def _active(client: Client, order: Order, session_id: str, status: Status) -> tuple[Status, Active | None]:
    """Return the status of a session that was running, and its *active* response (None if it has ended since)."""
    active = await retried(lambda: client.active(order.pathway_id))
    if active is not None and active.session_id == session_id:
        return status, active
    # It is not the active session: either it ended between the two requests, or it runs on another pathway.
    status = await retried(lambda: client.status(session_id, order.pathway_id))
    if status.is_running:
        message = (
            f"session {clean(session_id)} does not run on pathway {order.pathway_id} and cannot be adopted; "
            f"check the id in tornado:adopt.{order.name}"
        )
        raise TornadoError(message)
    return status, None
