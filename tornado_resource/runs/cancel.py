"""Cancelling a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.bland.retrying import retried
from tornado_resource.core.clock import Backoff, Poller
from tornado_resource.core.text import clean
from tornado_resource.errors import ApiError, Conflict, Rejected
from tornado_resource.runs.existence import status_or_gone
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.sessions import Status
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.order import Run

MAX_SETTLE_SECONDS: Final = 60.0
"""How long a cancelled run may take to end. The API's page gives no limit; `pulumi destroy` waits this long."""
CANCEL_BACKOFF: Final = Backoff(first=0.2, longest=3.0)
_NO_ROUTE_CODES: Final = frozenset({404, 410})
_NOT_CANCELLABLE_CODES: Final = frozenset({400, 405, 422})


class Unsettled(ApiError):
    """The run has not ended although it was cancelled, or the API does not cancel it."""


async def cancel_if_running(client: Client, run: Run, clock: Clock) -> None:
    """Cancel a run if it has not ended, and return when its place is free.

    Raises:
        Unsettled: the run did not settle within a minute, or cannot be cancelled.
        ApiError: a request failed.

    """
    status = await status_or_gone(client, run, clock)
    if status is not None and not status.is_final:
        await cancel_and_settle(client, run, clock)


async def cancel_and_settle(client: Client, run: Run, clock: Clock) -> None:
    """Cancel a run and return when its place is free.

    A 409 means that it has ended. A 404 does only if another response agrees: the API may have another route for cancel
    requests, so the other known form is sent once.

    Raises:
        ApiError: as `cancel_if_running`.

    """
    kind = kind_of(run.kind)
    refusal = await _send(lambda: kind.cancel(client, run))
    is_other_form_due = refusal is not None
    poller = Poller(CANCEL_BACKOFF, MAX_SETTLE_SECONDS, clock)
    while (left := await _unsettled(client, run, clock)) is not None:
        if is_other_form_due and not left.is_final:
            is_other_form_due = False
            await _send(lambda: kind.cancel_otherwise(client, run))
        elif not await poller.pause():
            difference = (
                f"unknown status {clean(left.status, 60)}"
                if not left.is_running and not left.is_final
                else "still running"
            )
            response = f" (response to it: {refusal.cause})" if refusal is not None else ""
            cause = f"{difference} {MAX_SETTLE_SECONDS:g} s after the cancel request{response}"
            request = f"cancel {kind.noun} {clean(run.run_id)}"
            raise Unsettled(request, cause)


async def _send(cancel: Callable[[], Awaitable[None]]) -> Rejected | None:
    """Send a cancel request; return the error if there may be no such route."""
    try:
        await retried(cancel)
    except Conflict:
        return None
    except Rejected as error:
        if error.status_code in _NOT_CANCELLABLE_CODES:
            raise Unsettled(error.request, error.cause) from None
        if error.status_code not in _NO_ROUTE_CODES:
            raise
        return error
    return None


async def _unsettled(client: Client, run: Run, clock: Clock) -> Status | None:
    """Return the status of a run that has not ended or still holds its place; None if neither is so.

    The API changes the status first and frees the place later. A start in between would get a conflict.
    """
    status = await status_or_gone(client, run, clock)
    if status is None or status.is_running:
        return status
    return status if await retried(lambda: kind_of(run.kind).is_holding(client, run)) else None
