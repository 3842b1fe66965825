"""The endpoints of the API's page *Scenarios*."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from tornado_resource.sandbox import described
from tornado_resource.sandbox.operations import FLAG, TEXT, Operation, Refusal, list_of, read_body, record
from tornado_resource.sandbox.playing import iso
from tornado_resource.sandbox.scenarios import OWNERS, NameTaken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from tornado_resource.sandbox.agent_scripts import AgentScript
    from tornado_resource.sandbox.scenarios import Scenarios
    from tornado_resource.sandbox.scripts import Script

PATH = "/v1/agent-testing/scenarios"
MAX_LISTED = 100
"""The documented API lists the newest ones, and has no pages."""


class ScenarioEndpoints:
    """Lists, creates, shows, changes and deletes scenarios.

    Args:
        scenarios: the scenarios of all pathways and agents.
        script_of: returns the script of a pathway; it refuses a pathway that there is not.
        agent_of: the same for an agent.

    """

    def __init__(
        self, scenarios: Scenarios, script_of: Callable[[str], Script], agent_of: Callable[[str], AgentScript]
    ) -> None:
        self._scenarios = scenarios
        self._script_of = script_of
        self._agent_of = agent_of

    def operations(self) -> list[Operation]:
        """Return the endpoints, with their descriptions."""
        query = {
            **dict.fromkeys((*OWNERS, "category"), TEXT),
            "enabled": {"enum": ["true", "false"]},
        }
        listed = list_of(described.LISTED_SCENARIO)
        forms = {"anyOf": [record(scenarios=listed), record(data=listed), listed]}
        one, shown = f"{PATH}/{{scenario_id}}", described.SCENARIO
        calls: list[tuple[str, str, Any, str, dict[str, Any]]] = [
            ("GET", PATH, self._list, "List scenarios", {"query": query, "response": forms, "refusals": (404,)}),
            (
                "POST",
                PATH,
                self._create,
                "Create a scenario",
                {"body": described.NEW_SCENARIO, "response": shown, "refusals": (404, 409)},
            ),
            ("GET", one, self._get, "Get a scenario", {"response": shown, "refusals": (404,)}),
            (
                "PUT",
                one,
                self._update,
                "Change fields of a scenario",
                {"body": described.SCENARIO_CHANGES, "response": shown, "refusals": (404, 409)},
            ),
            (
                "DELETE",
                one,
                self._delete,
                "Delete a scenario and its runs",
                {"response": record(deleted=FLAG), "refusals": (404,)},
            ),
        ]
        return [Operation(method, path, endpoint, summary, **more) for method, path, endpoint, summary, more in calls]

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        if query.get("enabled") not in {None, "true", "false"}:
            raise Refusal(400, "enabled must be 'true' or 'false'")
        owners = {key: query.get(key) or None for key in OWNERS}
        pathway_id = owners["pathway_id"]
        listed = [
            {**each, "most_recent_run": None}
            for each in self._scenarios.listed(**owners)
            if _is_wanted(each, query, owners)
        ]
        form = self._script_of(pathway_id).scenario_lists if pathway_id is not None else "scenarios"
        if owners["agent_id"] is not None:
            self._agent_of(owners["agent_id"])
        listed = _newest_first(listed)[:MAX_LISTED]
        return JSONResponse(listed if form == "bare" else {form: listed})

    async def _create(self, request: Request) -> Response:
        body = await read_body(request, described.NEW_SCENARIO)
        _refuse_replay(body)
        if body.get("pathway_id") is not None:
            self._script_of(body["pathway_id"])
        if body.get("agent_id") is not None:
            self._agent_of(body["agent_id"])
        return self._respond(lambda: self._scenarios.create(body))

    async def _get(self, request: Request) -> Response:
        return JSONResponse(self._known(request))

    async def _update(self, request: Request) -> Response:
        scenario, body = self._known(request), await read_body(request, described.SCENARIO_CHANGES)
        _refuse_replay({**scenario, **body})
        return self._respond(lambda: self._scenarios.update(scenario, body))

    async def _delete(self, request: Request) -> Response:
        self._scenarios.delete(self._known(request)["id"])
        return JSONResponse({"deleted": True})

    def _respond(self, change: Callable[[], dict[str, Any]]) -> Response:
        try:
            return JSONResponse(change())
        except NameTaken:
            raise Refusal(409, "A scenario with this name already exists") from None

    def _known(self, request: Request) -> dict[str, Any]:
        scenario = self._scenarios.get(request.path_params["scenario_id"])
        if scenario is None:
            raise Refusal(404, "Scenario not found")
        return scenario


def _is_wanted(scenario: dict[str, Any], query: Mapping[str, str], owners: Mapping[str, str | None]) -> bool:
    is_owned = all(owner in {None, scenario[key]} for key, owner in owners.items())
    is_enabled = query.get("enabled") in {None, str(scenario["enabled"]).lower()}
    return is_owned and is_enabled and query.get("category") in {None, "", scenario["category"]}


def _newest_first(scenarios: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return scenarios by their age; those of the scenario file are all as old, in its order."""
    created = [each for each in scenarios if each["created_at"] != iso(0)]
    created.sort(key=lambda each: str(each["created_at"]))
    return [*reversed(created), *(each for each in scenarios if each["created_at"] == iso(0))]


def _refuse_replay(scenario: dict[str, Any]) -> None:
    if scenario.get("scenario_type") == "REPLAY" and not scenario.get("input_messages"):
        raise Refusal(400, "input_messages is required for the scenario type REPLAY")
