"""Whether a run still exists. A 404 also comes from a wrong address, and from a server that lags: no run is gone there.

Nothing else in this package may take a 404 for "gone": what follows from it (the id is removed from the state, a new
run starts) cannot be undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.bland.retrying import retried
from tornado_resource.core.clock import SYSTEM
from tornado_resource.errors import NotFound, Rejected
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.sessions import Status
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.order import Run

MAX_NOT_FOUND: Final = 3
"""A run counts as gone after this many 404 responses in a row: a read replica that lags may miss it once or twice."""
NOT_FOUND_PAUSE_SECONDS: Final = 1.0
"""Between them, where the run is not polled anyway."""


async def status_or_gone(client: Client, run: Run, clock: Clock | None = None) -> Status | None:
    """Return the status of a run; None if it certainly does not exist.

    Args:
        client: sends the requests.
        run: the run.
        clock: time; by default that of this machine.

    Raises:
        ApiError: a request failed, or the 404 may come from a wrong address.

    """
    missing: list[NotFound] = []
    while len(missing) < MAX_NOT_FOUND:
        if missing:
            await (clock or SYSTEM).sleep(NOT_FOUND_PAUSE_SECONDS)
        try:
            return await retried(lambda: kind_of(run.kind).read(client, run))
        except NotFound as error:
            missing.append(error)
    await retried(lambda: confirm_gone(client, run, missing[-1]))
    return None


async def confirm_gone(client: Client, run: Run, not_found: NotFound) -> None:
    """Return if the 404 for a run comes from the API, since another of its endpoints responds in its own form.

    Args:
        client: sends the requests.
        run: the run.
        not_found: the 404 for it.

    Raises:
        ApiError: nothing else of the API responded there, or the request for it failed.

    """
    kind = kind_of(run.kind)
    if client.has_responded or await kind.responds(client, run, not_found):
        return
    cause = (
        f"{not_found.cause}; this address does not answer like the Bland API, so the {kind.noun} may still exist: "
        f"check bland:baseUrl (or BLAND_BASE_URL). Nothing was changed"
    )
    raise Rejected(not_found.request, cause, status_code=not_found.status_code)
