"""The API's scenarios in the sandbox, which a test may edit and delete as somebody else does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.sandbox_api import SandboxApi
from tornado_resource.bland.listing import Owner
from tornado_resource.runs.order import Address
from tornado_resource.scenarios.lifecycle import ScenarioOrder

if TYPE_CHECKING:
    import httpx

ADDRESS = Address("file", "agents", "dev", "refund@pw-1")
FIELDS: dict[str, Any] = {
    "name": "Refund",
    "tester_persona_prompt": "You want your money back.",
    "max_turns": 10,
    "assertions": [{"type": "NODE_REACHED", "config": {"node_id": "done"}}],
}


def order_of(**changes: Any) -> ScenarioOrder:
    fields = {**FIELDS, **changes.pop("fields", {})}
    return ScenarioOrder(**{"address": ADDRESS, "owner": Owner.pathway("pw-1"), "fields": fields, **changes})


@dataclass
class ScenarioApi(SandboxApi):
    """The API's scenarios. *ignored*: the filters that are ignored; *queries*: those of each list.

    *fills*: what a scenario of somebody else has beside what a test names. *shows_writes*: whether the response to an
    update has the scenario.
    """

    ignored: frozenset[str] = frozenset()
    queries: list[dict[str, str]] = field(default_factory=list)
    shows_writes: bool = True
    fills: dict[str, Any] = field(default_factory=lambda: {"tester_persona_name": "Sam"})

    PREFIX = "/v1/agent-testing/scenarios"

    @property
    def scenarios(self) -> dict[str, dict[str, Any]]:
        return {each["id"]: each for each in self.store.scenarios()}

    def named(self, name: str = "Refund") -> list[dict[str, Any]]:
        return [each for each in self.scenarios.values() if each["name"] == name]

    def add(self, *, age: float = 0.0, **fields: Any) -> dict[str, Any]:
        """Add a scenario: of pathway pw-1, unless its fields name another owner."""
        owner = {} if "agent_id" in fields else {"pathway_id": "pw-1"}
        return self.stage.add_scenario({**owner, **self.fills, **fields}, self.now_ms(age))

    def edit(self, scenario_id: str, **fields: Any) -> None:
        self.store.put_scenario(scenario_id, {**self.scenarios[scenario_id], **fields})

    def delete(self, scenario_id: str) -> None:
        self.store.put_scenario(scenario_id, None)

    def recreate(self, scenario_id: str, new_id: str, **fields: Any) -> None:
        """Delete a scenario and create it again with another id."""
        self.store.put_scenario(new_id, {**self.scenarios[scenario_id], "id": new_id, **fields})
        self.delete(scenario_id)

    async def respond(self, call: str, request: httpx.Request) -> httpx.Response:
        if call == "GET":
            self.queries.append(dict(request.url.params))
        for name in self.ignored:
            request.url = request.url.copy_remove_param(name)
        return await super().respond(call, request)

    def changed(self, call: str, content: Any) -> Any:
        return content if self.shows_writes or not call.startswith("PUT") else {"message": "ok"}
