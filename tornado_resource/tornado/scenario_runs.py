"""Which scenarios a session ran, by name: recorded with its verdict, so that reports of later updates have them too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tornado_resource.bland.listing import Owner
from tornado_resource.bland.scenarios import complete, list_scenarios
from tornado_resource.bland.sessions import STATUSES, read_status
from tornado_resource.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.sessions import Status
    from tornado_resource.runs.model import Result, ScenarioRun


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
    runs: list[ScenarioRun] = [{"id": each, "name": names[each], "passed": passed[each]} for each in passed]
    known = {each: name for each, name in names.items() if name is not None}
    verdict = replace(result.verdict, scenarios=runs)
    return replace(result, verdict=verdict, status=status, scenario_names={**result.scenario_names, **known})


async def _recorded_status(client: Client, result: Result) -> Status | None:
    """Return the status that a recorded verdict is about; None if the API shows another one now."""
    gated, verdict = result.gated, result.verdict
    if verdict.status not in STATUSES:
        return None
    status = await read_status(client, verdict.session_id, gated.request.get("pathway_id"))
    return status.spelled_as(gated.declared_scenarios or ()) if status.status == verdict.status else None


async def _names(client: Client, result: Result, ids: Iterable[str]) -> dict[str, str | None]:
    names = {each: result.known_name(each) for each in ids}
    unknown = [each for each, name in names.items() if name is None]
    if not unknown:
        return names
    owner = Owner.pathway(result.gated.request["pathway_id"])
    listing = await list_scenarios(client, owner, enabled=True)
    if not listing.is_whole:
        listing = await complete(client, owner, listing, enabled=True)
    listed = {each.scenario_id: each.name for each in listing.spelled_as(unknown).scenarios}
    return {each: name if name is not None else listed.get(each) for each, name in names.items()}
