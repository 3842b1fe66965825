"""From a run's id to its result: wait for its end or read its status once, then judge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tornado_resource.bland.retrying import retried
from tornado_resource.core.clock import SYSTEM
from tornado_resource.core.text import count
from tornado_resource.errors import ApiError
from tornado_resource.runs.confirmation import OTHER_RUNS, confirmed, must_be_confirmed, unconfirmed
from tornado_resource.runs.existence import status_or_gone
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import STILL_RUNNING, Ending
from tornado_resource.runs.rerun import LastRun
from tornado_resource.runs.wait import gone, request_failed, retry_through_outage, wait_for_end

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tornado_resource.bland.client import Client
    from tornado_resource.core.clock import Clock
    from tornado_resource.runs.model import GatedRun, Result
    from tornado_resource.runs.wait import Progress

    Confirmer = Callable[[Result], Awaitable[Result]]


async def wait_for_result(  # noqa: PLR0913 - the last two have defaults, and go by name
    client: Client,
    gated: GatedRun,
    poll_seconds: float,
    report: Callable[[Progress], None],
    clock: Clock = SYSTEM,
    *,
    confirm: Confirmer | None = None,
) -> Result:
    """Wait for a run's end and return its result. Never raises for what the API does.

    Args:
        client: sends the requests.
        gated: the run and its gate.
        poll_seconds: the longest pause between two status requests.
        report: called with each change.
        clock: time.
        confirm: confirms a pass, if its gate requires that. By default, the confirmation that the state has recorded
            is waited for.

    """
    ending = await wait_for_end(client, gated, poll_seconds, report, clock)
    result = await kind_of(gated.kind).result(
        client, gated, ending, lambda call: retry_through_outage(call, poll_seconds, clock)
    )
    return await _with_confirmation(
        result, confirm, lambda recorded: wait_for_result(client, recorded, poll_seconds, report, clock)
    )


async def read_last_run(client: Client, gated: GatedRun) -> tuple[LastRun, GatedRun]:
    """Return how a recorded run ended or that it runs, and the run with what was read of it.

    Args:
        client: sends the requests.
        gated: the run; its status is read unless it has one.

    Raises:
        ApiError: a request failed.

    """
    status = gated.known.status or await status_or_gone(client, gated.run)
    gated = replace(gated, known=replace(gated.known, status=status))
    if status is None or not status.is_final:
        return LastRun.unsettled(gated), gated
    return await kind_of(gated.kind).last_run(client, gated)


async def read_result(client: Client, gated: GatedRun, confirm: Confirmer | None = None) -> Result:
    """Return the result of a run as of now: `incomplete` if it still runs. Never raises for what the API does.

    Args:
        client: sends the requests.
        gated: the run and its gate.
        confirm: as in `wait_for_result`; by default, the confirmation that the state has recorded is read.

    """
    try:
        status = gated.known.status or await status_or_gone(client, gated.run)
    except ApiError as error:
        ending = request_failed(error)
    else:
        running = STILL_RUNNING if status is not None and status.is_running else None
        ending = Ending(status, running) if status is not None else gone(gated)
    result = await kind_of(gated.kind).result(client, gated, ending, retried)
    return await _with_confirmation(result, confirm, lambda recorded: read_result(client, recorded))


async def _with_confirmation(
    result: Result, confirm: Confirmer | None, of_recorded: Callable[[GatedRun], Awaitable[Result]]
) -> Result:
    """Return the result with its confirmation, if its gate requires one: by *confirm*, else of the recorded set."""
    if not must_be_confirmed(result):
        return result
    if confirm is not None:
        return await confirm(result)
    recorded, wanted = result.gated.known.confirmation, result.verdict.gate.confirm
    if recorded is None or wanted is None:
        return unconfirmed(result)
    runs = int(recorded.request["simulations_per_scenario"])
    if runs != wanted.runs:
        return unconfirmed(result, OTHER_RUNS.format(runs=count(runs, "time"), needed=wanted.runs))
    return confirmed(result, await of_recorded(recorded))
