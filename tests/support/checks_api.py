"""The API's check config of one agent and environment in memory; responses can be lost, and are in either form."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from tests.support.api import client_of, json_response
from tornado_resource.bland.check_runs import Checks, ConfiguredJudge
from tornado_resource.checks.check_config import ChecksOrder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.sandbox_api import Fault
    from tornado_resource.bland.client import Client

PATH = "/v2/agents/a-1/environments/staging/checks"
RESOLVED = ConfiguredJudge("j-1", "v-1", "Resolved", is_required=True)
POLITE = ConfiguredJudge("j-2", "v-2", "Polite", is_required=False, target_level_keys=("good", "great"))
DECLARED = Checks(("tc-1", "tc-2"), (RESOLVED, POLITE), is_enabled=True, simulations_count=5, updated_at=None)
OTHER = Checks(("tc-9",), (RESOLVED,), is_enabled=True, simulations_count=1, updated_at=None)


def order_of(**changes: Any) -> ChecksOrder:
    return ChecksOrder(**{"agent_id": "a-1", "env": "staging", "checks": DECLARED, **changes})


def shown_of(checks: Checks) -> dict[str, Any]:
    """The config as the API shows it."""
    evals = [
        {
            "eval_agent_id": each.judge_id,
            "eval_agent_version_id": each.version_id,
            "required": each.is_required,
            "name": each.name,
            "target_level_keys": list(each.target_level_keys) or None,
        }
        for each in checks.judges
    ]
    return {
        "scenario_ids": list(checks.scenario_ids),
        "evals": evals,
        "enabled": checks.is_enabled,
        "simulations_count": checks.simulations_count,
    }


@dataclass
class ChecksApi:
    """*faults* replace the responses to writes, in order; *read_faults* those to reads of the config. None: no fault.

    *stores*: makes what is stored of a body. *agents*: the ids of all agents.
    """

    config: dict[str, Any] | None = None
    is_wrapped: bool = True
    faults: list[Fault | None] = field(default_factory=list)
    read_faults: list[httpx.Response | BaseException | None] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    stores: Callable[[dict[str, Any]], dict[str, Any]] = dict
    agents: tuple[str, ...] = ("a-1",)
    writes: int = 0

    def client(self) -> Client:
        return client_of(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request.method)
        if request.url.path == "/v2/agents":
            return self._form([{"id": each} for each in self.agents])
        assert request.url.path == PATH
        if "a-1" not in self.agents:
            return json_response({"error": "NOT_FOUND", "message": "Agent not found"}, 404)
        if request.method == "GET":
            return self._read()
        seen, has_effect = (self.faults.pop(0) if self.faults else None) or (None, True)
        response = self._write(request) if has_effect else json_response({}, 500)
        if isinstance(seen, BaseException):
            raise seen
        return seen if seen is not None else response

    def _read(self) -> httpx.Response:
        fault = self.read_faults.pop(0) if self.read_faults else None
        if isinstance(fault, BaseException):
            raise fault
        return fault if fault is not None else self._form(self.config)

    def _write(self, request: httpx.Request) -> httpx.Response:
        self.writes += 1
        if request.method == "DELETE":
            had, self.config = self.config is not None, None
            return self._form({"deleted": had})
        body = json.loads(request.content)
        assert body.keys() == {"scenario_ids", "evals", "enabled", "simulations_count"}, "a whole config"
        place = {"agent_id": "a-1", "env_type": "staging", "updated_at": f"2026-04-14T10:00:{self.writes:02}Z"}
        self.config = {**self.stores(body), **place}
        return self._form(self.config)

    def _form(self, content: Any) -> httpx.Response:
        body = {"data": content, "errors": None} if self.is_wrapped else content
        return httpx.Response(200, text=json.dumps(body))  # `json=None` would be an empty body
