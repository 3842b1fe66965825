"""The scenarios of pathways and agents: those of the scenario file, what was changed since, and their endpoints."""

from __future__ import annotations

import uuid
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from tornado_resource.sandbox import described
from tornado_resource.sandbox.agent_scripts import ANY_AGENT
from tornado_resource.sandbox.operations import FLAG, TEXT, Operation, Refusal, list_of, read_body, record
from tornado_resource.sandbox.playing import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from tornado_resource.sandbox.agent_scripts import AgentScript
    from tornado_resource.sandbox.operations import Json
    from tornado_resource.sandbox.scenario_file import Scripts
    from tornado_resource.sandbox.scripts import Scenario, Script
    from tornado_resource.sandbox.store import Source, Store

SCENARIO_DEFAULTS: Final[Mapping[str, Any]] = {
    "tags": [],
    "description": "",
    "tester_persona_prompt": "",
    "tester_persona_name": "",
    "advanced_instructions": "",
    "category": "CUSTOM",
    "scenario_type": "AGENT",
    "input_messages": [],
    "max_turns": 20,
    "request_data": {},
    "metadata": {},
    "start_node_id": None,
    "bland_tone_enabled": False,
    "is_required_for_promotion": False,
    "enabled": True,
    "assertions": [],
}
_FREE_TEXTS: Final = frozenset({"description", "tester_persona_prompt", "tester_persona_name", "advanced_instructions"})
_TEXTS: Final[Mapping[str, Callable[[str], str]]] = {"kept": str, "stripped": str.strip, "lowered": str.lower}
OWNERS: Final = ("pathway_id", "persona_id", "agent_id")
_NOBODY: Final[Mapping[str, Any]] = dict.fromkeys(OWNERS)
ASSERTION_DEFAULTS: Final[Mapping[str, Any]] = {"name": "", "is_required": True, "weight": 1.0, "order": 0}
SCENARIOS_PATH = "/v1/agent-testing/scenarios"
MAX_PAGE_SCENARIOS = 100
"""The documented API lists the newest ones, and has no pages."""


class NameTaken(Exception):
    """Another scenario of the pathway, persona or agent has this name."""


class Scenarios:
    """The scenarios of every pathway and agent.

    Those of the scenario file may be on many pathways or agents (`*`): an edit of one is seen on all of them.

    Args:
        store: where what was created, edited or deleted is kept.
        scripts: the scenario file.
        script_of: returns the script of a pathway.
        source: the time and new ids.

    """

    def __init__(
        self,
        store: Store,
        scripts: Scripts,
        script_of: Callable[[str], Script],
        source: Source,
    ) -> None:
        self._store = store
        self._scripts = scripts
        self._script_of = script_of
        self._now_ms = source.now_ms
        self._new_id = source.new_id

    def listed(
        self, pathway_id: str | None = None, persona_id: str | None = None, agent_id: str | None = None
    ) -> list[Json]:
        """Return the scenarios of a pathway, of a persona, of an agent, or all; those of the file first."""
        stored = self._store.scenarios()
        created = [{**_NOBODY, **scenario} for scenario in stored if scenario["created_at"] != iso(0)]
        owners = {"persona_id": persona_id, "pathway_id": pathway_id, "agent_id": agent_id}
        for key, owner in owners.items():
            if owner is not None:
                return [*self._in_file(key, owner), *(scenario for scenario in created if scenario[key] == owner)]
        in_file = (*map(self._of_pathway, self._scripts.pathways), *map(self._of_agent, self._scripts.agents))
        return [*chain.from_iterable(in_file), *created]

    def enabled_ids(self, pathway_id: str) -> tuple[str, ...]:
        """Return the ids of a pathway's enabled scenarios."""
        return tuple(scenario["id"] for scenario in self.listed(pathway_id) if scenario["enabled"])

    def names(self, pathway_id: str | None = None, agent_id: str | None = None) -> dict[str, str]:
        """Return the names of the scenarios of a pathway or an agent by id."""
        return {scenario["id"]: scenario["name"] for scenario in self.listed(pathway_id, agent_id=agent_id)}

    def get(self, scenario_id: str) -> Json | None:
        """Return a scenario; None if there is none."""
        return next((scenario for scenario in self.listed() if scenario["id"] == scenario_id), None)

    def create(self, body: Json) -> Json:
        """Create a scenario from a checked body.

        Raises:
            NameTaken: its name is not unique.

        """
        now = iso(self._now_ms())
        owner = {key: body.get(key) for key in OWNERS}
        scenario = {
            "id": self._new_id("scenario"),
            "org_id": "org-sandbox",
            **owner,
            **SCENARIO_DEFAULTS,
            **self._as_stored(body, body.get("pathway_id")),
            "created_at": now,
            "updated_at": now,
        }
        self._refuse_name(scenario)
        self._store.put_scenario(scenario["id"], scenario)
        return scenario

    def update(self, scenario: Json, changes: Json) -> Json:
        """Change the fields in *changes*; `assertions` replace all, and get new ids.

        Raises:
            NameTaken: the new name is not unique.

        """
        stored = self._as_stored(changes, scenario["pathway_id"])
        changed = {**scenario, **stored, "updated_at": iso(self._now_ms())}
        self._refuse_name(changed)
        self._store.put_scenario(scenario["id"], changed)
        return changed

    def delete(self, scenario_id: str) -> None:
        """Delete a scenario."""
        self._store.put_scenario(scenario_id, None)

    def _as_stored(self, body: Json, pathway_id: str | None) -> Json:
        """Return what becomes of the fields of a body: texts as the script says, assertions with ids and defaults."""
        change = _TEXTS[self._script_of(pathway_id).scenario_texts] if pathway_id is not None else str
        stored = {key: change(value) if key in _FREE_TEXTS else value for key, value in body.items()}
        return {**stored, "assertions": _assertions(body["assertions"])} if "assertions" in body else stored

    def _in_file(self, key: str, owner: str) -> list[Json]:
        if key == "persona_id":
            return []
        return self._of_pathway(owner) if key == "pathway_id" else self._of_agent(owner)

    def _of_pathway(self, pathway_id: str) -> list[Json]:
        return self._of_file(self._script_of(pathway_id).scenarios, {"pathway_id": pathway_id})

    def _of_agent(self, agent_id: str) -> list[Json]:
        script = self._scripts.agents.get(agent_id) or self._scripts.agents.get(ANY_AGENT)
        return self._of_file(script.scenarios if script is not None else (), {"agent_id": agent_id})

    def _of_file(self, scenarios: Collection[Scenario], owner: Json) -> list[Json]:
        edited = self._store.edited_scenarios() if scenarios else {}
        file = [_of_file(scenario) for scenario in scenarios]
        current = [edited.get(scenario["id"], scenario) for scenario in file]
        return [{**_NOBODY, **scenario, **owner} for scenario in current if scenario is not None]

    def _refuse_name(self, scenario: Json) -> None:
        owner = next(key for key in OWNERS if scenario[key] is not None)
        others = self.listed(**{owner: scenario[owner]})
        if any(other["name"] == scenario["name"] and other["id"] != scenario["id"] for other in others):
            raise NameTaken


def _of_file(scenario: Scenario) -> Json:
    return {
        "id": scenario.id,
        "org_id": "org-sandbox",
        **_NOBODY,
        "name": scenario.name,
        **SCENARIO_DEFAULTS,
        "is_required_for_promotion": scenario.is_required_for_promotion,
        "created_at": iso(0),
        "updated_at": iso(0),
    }


def _assertions(assertions: list[Json]) -> list[Json]:
    return [
        {"id": str(uuid.uuid4()), **ASSERTION_DEFAULTS, "order": index, **assertion}
        for index, assertion in enumerate(assertions)
    ]


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
        one, response = f"{SCENARIOS_PATH}/{{scenario_id}}", described.SCENARIO
        calls: list[tuple[str, str, Any, str, dict[str, Any]]] = [
            (
                "GET",
                SCENARIOS_PATH,
                self._list,
                "List scenarios",
                {"query": query, "response": forms, "refusals": (404,)},
            ),
            (
                "POST",
                SCENARIOS_PATH,
                self._create,
                "Create a scenario",
                {"body": described.NEW_SCENARIO, "response": response, "refusals": (404, 409)},
            ),
            ("GET", one, self._get, "Get a scenario", {"response": response, "refusals": (404,)}),
            (
                "PUT",
                one,
                self._update,
                "Change fields of a scenario",
                {"body": described.SCENARIO_CHANGES, "response": response, "refusals": (404, 409)},
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
            {**scenario, "most_recent_run": None}
            for scenario in self._scenarios.listed(**owners)
            if _is_wanted(scenario, query, owners)
        ]
        form = self._script_of(pathway_id).scenario_lists if pathway_id is not None else "scenarios"
        if owners["agent_id"] is not None:
            self._agent_of(owners["agent_id"])
        listed = _newest_first(listed)[:MAX_PAGE_SCENARIOS]
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
    created = [scenario for scenario in scenarios if scenario["created_at"] != iso(0)]
    created.sort(key=lambda scenario: str(scenario["created_at"]))
    return [*reversed(created), *(scenario for scenario in scenarios if scenario["created_at"] == iso(0))]


def _refuse_replay(scenario: dict[str, Any]) -> None:
    if scenario.get("scenario_type") == "REPLAY" and not scenario.get("input_messages"):
        raise Refusal(400, "input_messages is required for the scenario type REPLAY")
