"""What the declared versions of check runs stand for, side by side, by what is recorded and what the API shows."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from tests.support.api import client_of, json_response
from tornado_resource.agents.kind import KIND
from tornado_resource.core.urns import CHECK_RUN_TYPE
from tornado_resource.program import state as engine_state
from tornado_resource.program.last_runs import LastRuns
from tornado_resource.program.shared_client import Versions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from tornado_resource.bland.client import Client

URN = f"urn:pulumi:dev::agents::{CHECK_RUN_TYPE}::"


class AgentsApi:
    """Stands in for the shared client: every agent has a newest, a pinned and a published version."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path.removeprefix("/v2/agents/"))
        agent, _, rest = self.paths[-1].partition("/")
        if rest == "environments":
            envs = ("staging", "production")
            return json_response([{"env_type": env, "current_version_id": f"{agent}-pinned"} for env in envs])
        if rest.startswith("check-runs/"):
            run_id = rest.partition("/")[2]
            return json_response({"id": run_id, "agent_id": agent, "env_type": "staging", "status": "RUNNING"})
        return json_response({"id": f"{agent}-{rest.rpartition('/')[2]}", "agent_id": agent})

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        async with client_of(self.handle) as client:
            yield client


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the engine shows of the stack's state."""
    resources: dict[str, Any] = {}

    async def read(*_arguments: object) -> dict[str, Any]:
        return {"outputs": resources}

    for name in ("organization", "project", "stack"):
        monkeypatch.setattr(pulumi, f"get_{name}", lambda: "dev")
    monkeypatch.setattr(engine_state, "invoke_async", read)
    return resources


def request_of(agent: str, version: str, env: str = "staging") -> dict[str, Any]:
    return {"agent_id": agent, "env": env, "version_id": version}


async def test_each_agent_and_version_is_resolved_for_itself_and_once(state: dict[str, Any]) -> None:
    api: Any = AgentsApi()
    assert state == {}
    runs = LastRuns(api, Versions(api))
    wanted = [("a", "latest"), ("a", "pinned"), ("a", "1.0.0"), ("b", "latest"), ("a", "latest")]
    asked = (runs.version(KIND, [f"{URN}{n}"], request_of(*each)) for n, each in enumerate(wanted))
    found = await asyncio.gather(*asked)
    assert [version for version, _ in found] == ["a-latest", "a-pinned", "a-1.0.0", "b-latest", "a-latest"]
    assert sorted(api.paths) == ["a/environments", "a/versions/1.0.0", "a/versions/latest", "b/versions/latest"]


@pytest.mark.parametrize(("version", "requests"), [("latest", 1), ("1.0.0", 1), ("pinned", 2)])
async def test_only_what_is_pinned_is_another_version_in_the_other_environment(
    state: dict[str, Any], version: str, requests: int
) -> None:
    api: Any = AgentsApi()
    assert state == {}
    runs = LastRuns(api, Versions(api))
    both = [request_of("a", version, env) for env in ("staging", "production")]
    await asyncio.gather(*(runs.version(KIND, [f"{URN}-{each['env']}"], each) for each in both))
    assert len(api.paths) == requests


@pytest.mark.parametrize(("declared", "version"), [("latest", "a-old"), ("1.0.0", "a-1.0.0")])
async def test_a_run_goes_on_with_its_version_unless_another_is_named(
    state: dict[str, Any], declared: str, version: str
) -> None:
    request = request_of("a", "a-old")
    state[f"{URN}support"] = {"outputs": {"run_id": "run-1", **request, "semver": None, "declared": request}}
    api: Any = AgentsApi()
    runs = LastRuns(api, Versions(api))
    assert (await runs.version(KIND, [f"{URN}support"], request_of("a", declared)))[0] == version
