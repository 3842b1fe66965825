"""The transcripts of failed scenarios, for reports. They change no verdict, and are in no state or stack output."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.runs import failed_runs, read_transcript
from tornado_resource.errors import TornadoError

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.responses import Iteration
    from tornado_resource.bland.runs import Transcript
    from tornado_resource.gate.model import Result

MAX_SCENARIOS: Final = 10
"""For how many failed scenarios of a session a transcript is read."""
MAX_SECONDS: Final = 20.0
"""How long the reports wait for the transcripts of a session."""


async def with_transcripts(client: Client, result: Result) -> Result:
    """Return the result with the ends of the transcripts of its failed scenarios, as far as the API shows them.

    Never raises for what the API does; each request is sent once.
    """
    if result.verdict.outcome != "failed" or result.status is None:
        return result
    wanted = result.verdict.failed_ids[:MAX_SCENARIOS]
    batches: dict[str, set[str]] = {}
    for scenario_id in wanted:
        batch_id = _last_batch(result.status.iterations, scenario_id)
        if batch_id is not None:
            batches.setdefault(batch_id, set()).add(scenario_id)
    found: dict[str, Transcript] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(MAX_SECONDS):
            for each in await asyncio.gather(*(_of_batch(client, *batch) for batch in batches.items())):
                found.update(each)
    return replace(result, transcripts=found)


def _last_batch(iterations: tuple[Iteration, ...], scenario_id: str) -> str | None:
    """Return the batch of the last iteration in which a scenario failed."""
    failed = (each.batch_id for each in reversed(iterations) if scenario_id in each.failed_ids)
    return next(failed, None)


async def _of_batch(client: Client, batch_id: str, scenario_ids: set[str]) -> dict[str, Transcript]:
    try:
        runs = await failed_runs(client, batch_id)
    except TornadoError:
        return {}
    chosen = {scenario_id: run_id for scenario_id, run_id in runs.items() if scenario_id in scenario_ids}
    found = await asyncio.gather(*(_of_run(client, run_id) for run_id in chosen.values()))
    return {scenario_id: each for scenario_id, each in zip(chosen, found, strict=True) if each is not None}


async def _of_run(client: Client, run_id: str) -> Transcript | None:
    try:
        return await read_transcript(client, run_id)
    except TornadoError:
        return None
