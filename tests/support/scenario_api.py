"""The API's scenarios in memory: names are unique on a pathway, and responses can be lost."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.support.api import EPOCH, FakeTime, client_of, json_response
from tornado_resource.bland.listing import Owner
from tornado_resource.runs.intents import IntentStore
from tornado_resource.runs.order import Address
from tornado_resource.scenarios.lifecycle import ScenarioOrder

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client

PATH = "/v1/agent-testing/scenarios"
ADDRESS = Address("file", "agents", "dev", "refund@pw-1")
FIELDS: dict[str, Any] = {
    "name": "Refund",
    "tester_persona_prompt": "You want your money back.",
    "max_turns": 10,
    "assertions": [{"type": "NODE_REACHED", "config": {"node_id": "done"}}],
}
Fault = tuple[httpx.Response | Exception, bool]
"""What the client sees, and whether the request took effect."""


class Killed(BaseException):
    """The process ends in the middle of a request."""


def order_of(**changes: Any) -> ScenarioOrder:
    fields = {**FIELDS, **changes.pop("fields", {})}
    return ScenarioOrder(**{"address": ADDRESS, "owner": Owner.pathway("pw-1"), "fields": fields, **changes})


@dataclass
class ScenarioApi:
    """*faults* replace the responses to writes, in order; *read_faults* those to reads. None: no fault.

    Lists have the newest 100. *ignored*: the filters that are ignored; *queries*: those of each list.
    """

    faults: list[Fault | None] = field(default_factory=list)
    read_faults: list[httpx.Response | Exception | None] = field(default_factory=list)
    scenarios: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    created: int = 0
    ignored: frozenset[str] = frozenset()
    queries: list[dict[str, str]] = field(default_factory=list)
    shows_writes: bool = True
    fills: dict[str, Any] = field(default_factory=lambda: {"tester_persona_name": "Sam"})
    time: FakeTime = field(default_factory=FakeTime)
    intents: IntentStore = field(default_factory=lambda: IntentStore(Path(tempfile.mkdtemp()) / "intents"))

    def client(self) -> Client:
        return client_of(self.handle)

    def add(self, *, age: float = 0.0, **fields: Any) -> dict[str, Any]:
        """Add a scenario: of pathway pw-1, unless its fields name another owner."""
        self.created += 1
        scenario_id = f"sc-{self.created}"
        created_at = (EPOCH + timedelta(seconds=self.time.seconds - age)).isoformat()
        known = {"enabled": True, "org_id": "o", **self.fills, **fields}
        owner = {} if "agent_id" in fields else {"pathway_id": "pw-1"}
        self.scenarios[scenario_id] = {"id": scenario_id, "created_at": created_at, **owner, **known}
        return self.scenarios[scenario_id]

    def named(self, name: str = "Refund") -> list[dict[str, Any]]:
        return [each for each in self.scenarios.values() if each["name"] == name]

    def handle(self, request: httpx.Request) -> httpx.Response:
        scenario_id = request.url.path.removeprefix(PATH).strip("/")
        self.calls.append(f"{request.method} {scenario_id}".strip())
        if request.method == "GET":
            return self._read(scenario_id, dict(request.url.params))
        seen, has_effect = (self.faults.pop(0) if self.faults else None) or (None, True)
        response = self._write(request, scenario_id) if has_effect else json_response({}, 500)
        if isinstance(seen, BaseException):
            raise seen
        return seen if seen is not None else response

    def _read(self, scenario_id: str, query: dict[str, str]) -> httpx.Response:
        fault = self.read_faults.pop(0) if self.read_faults else None
        if isinstance(fault, BaseException):
            raise fault
        if fault is not None:
            return fault
        if scenario_id:
            found = self.scenarios.get(scenario_id)
            return json_response(found) if found else json_response({"error": "not found"}, 404)
        self.queries.append(query)
        filters = {key: value for key, value in query.items() if key not in self.ignored}
        listed = [each for each in reversed(self.scenarios.values()) if _matches(each, filters)]
        return json_response({"scenarios": listed[:100]})

    def _write(self, request: httpx.Request, scenario_id: str) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        self.bodies.append(body)
        if request.method != "POST" and scenario_id not in self.scenarios:
            return json_response({"error": "not found"}, 404)
        if request.method == "DELETE":
            del self.scenarios[scenario_id]
            return json_response({"deleted": True})
        owner = Owner.of(self.scenarios.get(scenario_id, body))
        others = [each for each in self.named(body.get("name", "")) if each["id"] != scenario_id]
        others = [each for each in others if Owner.of(each) == owner]
        if others:
            return json_response({"error": "name taken"}, 409)
        if request.method == "POST":
            found = self.add(**body)
        else:
            found = self.scenarios[scenario_id] = {**self.scenarios[scenario_id], **body}
        return json_response(found if self.shows_writes or request.method == "POST" else {"message": "ok"})


def _matches(scenario: dict[str, Any], filters: dict[str, str]) -> bool:
    """Return whether a scenario has all values of a query, where flags are `true` or `false`."""
    known = {"category": "CUSTOM", **scenario, "enabled": str(scenario["enabled"]).lower()}
    return all(known.get(key) == value for key, value in filters.items())
