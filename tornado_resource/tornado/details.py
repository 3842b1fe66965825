"""What reports show of a session beside its verdict: transcripts of failed scenarios, and which scenarios ran.

It changes no outcome.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.listing import Owner
from tornado_resource.bland.responses import spelling
from tornado_resource.bland.scenario_runs import failed_runs, read_transcript
from tornado_resource.bland.scenarios import complete, list_scenarios
from tornado_resource.bland.sessions import SESSION_STATUSES, read_status
from tornado_resource.errors import ApiError, TornadoError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.scenario_runs import Transcript
    from tornado_resource.bland.sessions import Iteration, Status
    from tornado_resource.runs.model import Result, ScenarioRun

MAX_TRANSCRIPTS: Final = 10
"""For how many failed scenarios of a session a transcript is read."""
TRANSCRIPT_SECONDS: Final = 20.0
"""How long the reports wait for the transcripts of a session."""


async def with_transcripts(client: Client, result: Result) -> Result:
    """Return the result with the ends of the transcripts of its failed scenarios, as far as the API shows them.

    Never raises for what the API does; each request is sent once.
    """
    if result.verdict.outcome != "failed" or result.status is None:
        return result
    wanted = result.verdict.failed_ids[:MAX_TRANSCRIPTS]
    batches: dict[str, set[str]] = {}
    for scenario_id in wanted:
        batch_id = _last_batch(result.status.iterations, scenario_id)
        if batch_id is not None:
            batches.setdefault(batch_id, set()).add(scenario_id)
    transcripts: dict[str, Transcript] = {}
    # What has arrived when the time is over is shown.
    with suppress(TimeoutError):
        async with asyncio.timeout(TRANSCRIPT_SECONDS):
            await asyncio.gather(*(_read_batch(client, *batch, transcripts) for batch in batches.items()))
    return replace(
        result,
        transcripts={scenario_id: transcripts[scenario_id] for scenario_id in wanted if scenario_id in transcripts},
    )


def _last_batch(iterations: tuple[Iteration, ...], scenario_id: str) -> str | None:
    """Return the batch of the last iteration in which a scenario failed."""
    failed = (iteration.batch_id for iteration in reversed(iterations) if scenario_id in iteration.failed_ids)
    return next(failed, None)


async def _read_batch(
    client: Client, batch_id: str, scenario_ids: set[str], transcripts: dict[str, Transcript]
) -> None:
    """Add the transcripts of scenarios that failed in a batch to *transcripts*, each when it arrives."""
    try:
        runs = await failed_runs(client, batch_id)
    except TornadoError:
        return
    spell = spelling(scenario_ids)
    spelled = {spell(scenario_id): run_id for scenario_id, run_id in runs.items()}
    chosen = [(scenario_id, run_id) for scenario_id, run_id in spelled.items() if scenario_id in scenario_ids]
    await asyncio.gather(*(_read_run(client, *run, transcripts) for run in chosen))


async def _read_run(client: Client, scenario_id: str, run_id: str, transcripts: dict[str, Transcript]) -> None:
    with suppress(TornadoError):
        transcript = await read_transcript(client, run_id)
        if transcript is not None:
            transcripts[scenario_id] = transcript


async def with_scenario_runs(client: Client, result: Result) -> Result:
    """Return the result with the last run of each scenario in its verdict. Never raises for what the API does.

    Only what is unknown is read: the status of a session whose verdict an update has recorded that wanted no reports,
    and the names of scenarios that are not declared. If a request fails, the verdict stays without them.
    """
    if result.verdict.scenarios is not None:
        return result
    try:
        status = result.status or await _recorded_status(client, result)
        if status is None:
            return result
        passed = result.verdict.tested(status).last_results
        names = await _names(client, result, (*passed, *(result.gated.declared_scenarios or ())))
    except ApiError:
        return result
    runs: list[ScenarioRun] = [
        {"id": scenario_id, "name": names[scenario_id], "passed": passed[scenario_id]} for scenario_id in passed
    ]
    known_names = {scenario_id: name for scenario_id, name in names.items() if name is not None}
    verdict = replace(result.verdict, scenarios=runs)
    return replace(result, verdict=verdict, status=status, scenario_names={**result.scenario_names, **known_names})


async def _recorded_status(client: Client, result: Result) -> Status | None:
    """Return the status that a recorded verdict is about; None if the API shows another one now."""
    gated, verdict = result.gated, result.verdict
    if verdict.status not in SESSION_STATUSES:
        return None
    status = await read_status(client, verdict.session_id, gated.request.get("pathway_id"))
    return status.spelled_as(gated.declared_scenarios or ()) if status.status == verdict.status else None


async def _names(client: Client, result: Result, ids: Iterable[str]) -> dict[str, str | None]:
    names = {scenario_id: result.known_name(scenario_id) for scenario_id in ids}
    unknown = [scenario_id for scenario_id, name in names.items() if name is None]
    if not unknown:
        return names
    owner = Owner.pathway(result.gated.request["pathway_id"])
    listing = await list_scenarios(client, owner, enabled=True)
    if not listing.is_whole:
        listing = await complete(client, owner, listing, enabled=True)
    listed = {scenario.scenario_id: scenario.name for scenario in listing.spelled_as(unknown).scenarios}
    return {scenario_id: name if name is not None else listed.get(scenario_id) for scenario_id, name in names.items()}
