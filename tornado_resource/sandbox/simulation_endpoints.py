"""The endpoints of the API's pages *Simulation Sets*, and the list of runs, which names the sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from tornado_resource.sandbox import described
from tornado_resource.sandbox.answers import limit_of, offset_of
from tornado_resource.sandbox.operations import Operation, Refusal, read_body
from tornado_resource.sandbox.runs import MAX_LISTED_RUNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from tornado_resource.sandbox.scenarios import Scenarios
    from tornado_resource.sandbox.scripts import Script
    from tornado_resource.sandbox.simulations import Simulations

PATH = "/v1/agent-testing"


class SimulationEndpoints:
    """Starts and shows simulation sets, and lists runs.

    Args:
        simulations: all sets.
        scenarios: the scenarios of all pathways.
        script_of: returns the script of a pathway; it refuses a pathway that there is not.
        session_runs: returns the runs of the sessions of a pathway, or of all, the newest first.

    """

    def __init__(
        self,
        simulations: Simulations,
        scenarios: Scenarios,
        script_of: Callable[[str], Script],
        session_runs: Callable[[str | None], list[dict[str, Any]]],
    ) -> None:
        self._simulations = simulations
        self._scenarios = scenarios
        self._script_of = script_of
        self._session_runs = session_runs

    def operations(self) -> list[Operation]:
        """Return the endpoints, with their descriptions."""
        return [
            Operation(
                "POST",
                f"{PATH}/simulation-sets",
                self._start_set,
                "Run scenarios several times",
                body=described.START_SET,
                response=described.STARTED_SET,
                done=(202,),
                refusals=(404,),
            ),
            Operation(
                "GET",
                f"{PATH}/simulation-sets/{{set_id}}",
                self._get_set,
                "Get a simulation set with its statistics",
                response=described.SET,
                refusals=(404,),
            ),
            Operation(
                "GET",
                f"{PATH}/runs",
                self._list_runs,
                "List the runs of scenarios, the newest first",
                query=described.RUNS_QUERY,
                response=described.RUNS,
            ),
        ]

    async def _start_set(self, request: Request) -> Response:
        body = await read_body(request, described.START_SET)
        pathway_id = body.get("pathway_id") or self._owner(body["scenario_ids"][0])
        script, known = self._script_of(pathway_id), self._scenarios.names(pathway_id)
        unknown = [each for each in body["scenario_ids"] if each not in known]
        if unknown and not script.is_open:
            raise Refusal(403, f"Scenario {unknown[0]} is not one of this organization's pathway")
        return JSONResponse(self._simulations.start(pathway_id, body), 202)

    def _owner(self, scenario_id: str) -> str:
        scenario = self._scenarios.get(scenario_id)
        if scenario is None or scenario["pathway_id"] is None:
            raise Refusal(403, f"Scenario {scenario_id} is not one of this organization's pathways")
        return str(scenario["pathway_id"])

    async def _get_set(self, request: Request) -> Response:
        found = self._simulations.get(request.path_params["set_id"])
        if found is None:
            raise Refusal(404, "Simulation set not found")
        return JSONResponse(found)

    async def _list_runs(self, request: Request) -> Response:
        given = request.query_params
        wanted = {key: given[key] for key in described.RUN_FILTERS if given.get(key)}
        pathway_id = given.get("pathway_id") or None
        all_runs = [*self._simulations.runs(pathway_id), *self._session_runs(pathway_id)]
        all_runs.sort(key=lambda run: str(run["created_at"]), reverse=True)
        found = [run for run in all_runs if all(run[key] == value for key, value in wanted.items())]
        limit, offset = limit_of(request, MAX_LISTED_RUNS, MAX_LISTED_RUNS), offset_of(request)
        return JSONResponse({"runs": found[offset : offset + limit], "total_count": len(found)})
