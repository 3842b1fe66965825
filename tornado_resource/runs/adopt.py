"""Adopting a run that somebody else started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado_resource.bland.retrying import retried
from tornado_resource.core.text import clean
from tornado_resource.errors import TornadoError
from tornado_resource.runs.existence import status_or_gone
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.order import StartedRun

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.sessions import Status
    from tornado_resource.runs.order import Found, Order


async def adopt(client: Client, order: Order, run_id: str) -> StartedRun:
    """Return an existing run by its id: its status, and what holds the place of the order if the run has not ended.

    `created_at` of a run that has ended is None where the API shows it only for those that run.

    Raises:
        TornadoError: a request failed, the run does not exist, is in another place, or differs from the order.

    """
    kind = kind_of(order.kind)
    status = await status_or_gone(client, order.run(run_id))
    if status is None:
        message = (
            f"{kind.noun} {clean(run_id)} does not exist; check the id in tornado:adopt.{order.name} "
            f"(`tornado-resource doctor --stack {order.address.stack}` shows which {kind.noun} runs)"
        )
        raise TornadoError(message)
    holder = None
    if status.is_running:
        status, holder = await _running(client, order, run_id, status)
    differences = (holder.differences if holder is not None else ()) or kind.status_differences(order, status)
    if differences:
        message = (
            f"{kind.noun} {clean(run_id)} cannot be adopted because it differs: {'; '.join(differences)}. "
            f"Declare what it runs, or remove tornado:adopt.{order.name} to start a {kind.noun} of its own"
        )
        raise TornadoError(message)
    created_at = holder.run.created_at if holder is not None else status.created_at
    return StartedRun.of_status(run_id, created_at, status, adopted=True)


async def _running(client: Client, order: Order, run_id: str, status: Status) -> tuple[Status, Found | None]:
    """Return the status of a run that had not ended, and the run in its place (None if it has ended since)."""
    kind = kind_of(order.kind)
    runs = await retried(lambda: kind.look(client, order))
    own = next((run for run in runs if run.run_id == run_id), None)
    if own is not None:
        return status, own
    # It is not there: either it ended between the two requests, or it runs in another place.
    status = await retried(lambda: kind.read(client, order.run(run_id)))
    if status.is_running:
        message = (
            f"{kind.noun} {clean(run_id)} does not run on {kind.place(order.request)} and cannot be adopted; "
            f"check the id in tornado:adopt.{order.name}"
        )
        raise TornadoError(message)
    return status, None
