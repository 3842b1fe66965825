"""Which variables have no value, asked once for each environment of an agent, and only for runs that start."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pytest

from tests.support.api import client_of, json_response
from tornado_resource.agents.kind import KIND
from tornado_resource.core.urns import CHECK_RUN_TYPE
from tornado_resource.program import last_runs, variables
from tornado_resource.program.last_runs import LastRuns
from tornado_resource.program.shared_client import Versions
from tornado_resource.program.variables import KnownVariables, VariablesFound
from tornado_resource.runs.intents import Intent, IntentStore, intents_folder
from tornado_resource.stacks.backend import resource_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from tornado_resource.bland.client import Client

URN: Final = f"urn:pulumi:dev::agents::{CHECK_RUN_TYPE}::support"
HOST: Final = "the version refers to an environment variable without a value in staging: HOST"
LISTED: Final = "environments/staging/variables"
UNCHECKED: Final = VariablesFound()


class AgentsApi:
    """Stands in for the shared client: versions refer to *names*, and *listed* have a value; None is an error."""

    def __init__(self, names: tuple[str, ...] = ("HOST",), listed: Any = ()) -> None:
        self.names, self.listed, self.paths = names, listed, list[str]()

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v2/agents/")
        self.paths.append(path)
        agent, _, rest = path.partition("/")
        if rest == "environments":
            envs = ("staging", "production")
            return json_response([{"env_type": env, "current_version_id": f"{agent}-pinned"} for env in envs])
        if rest.endswith("/variables"):
            found = [{"variable_key": name, "value": "x"} for name in self.listed or ()]
            return json_response(found) if self.listed is not None else json_response({}, 400)
        snapshot = {"prompt": [f"{{{{env.{name}}}}}" for name in self.names]}
        return json_response({"id": f"{agent}-{rest.rpartition('/')[2]}", "agent_id": agent, "snapshot": snapshot})

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        async with client_of(self.handle) as client:
            yield client


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What the engine shows of the stack's state."""
    resources: dict[str, Any] = {}

    async def read(*_arguments: object) -> dict[str, Any]:
        return {"outputs": resources}

    for name in ("organization", "project", "stack"):
        monkeypatch.setattr(pulumi, f"get_{name}", lambda: "dev")
    monkeypatch.setattr("tornado_resource.program.state.invoke_async", read)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return resources


class Program:
    """What a program finds out about its runs."""

    def __init__(self, api: Any) -> None:
        self.last_runs = LastRuns(api, Versions(api))
        self.variables = KnownVariables(api, self.last_runs)

    async def find(self, version: str = "latest", agent: str = "a", *, adopts: bool = False) -> VariablesFound:
        declared = {"agent_id": agent, "env": "staging", "version_id": version}
        found, _ = await self.last_runs.version(KIND, [URN], declared)
        return await self.variables.find(KIND, [URN], {**declared, "version_id": found}, adopts=adopts)


@pytest.mark.parametrize(
    ("api", "version", "found", "lists"),
    [
        (AgentsApi(), "latest", HOST, 1),
        (AgentsApi(), "1.0.0", HOST, 1),
        (AgentsApi(), "pinned", UNCHECKED, 0),
        (AgentsApi(names=()), "latest", VariablesFound(is_checked=True), 0),
        (AgentsApi(listed=["HOST"]), "latest", VariablesFound(is_checked=True), 1),
        (AgentsApi(listed=["host"]), "latest", f"{HOST} (there is host)", 1),
        (AgentsApi(listed=None), "latest", VariablesFound(is_checked=True), 1),
    ],
    ids=["newest", "published", "pinned is not shown", "none", "with a value", "similar", "unreadable"],
)
async def test_what_is_missing_of_a_new_run(
    api: AgentsApi, version: str, found: VariablesFound | str, lists: int
) -> None:
    result = await Program(api).find(version)
    assert result == found if isinstance(found, VariablesFound) else (result.missing or "").startswith(f"{found}. ")
    assert [path.partition("/")[2] for path in api.paths].count(LISTED) == lists


async def test_an_environment_is_read_once_for_all_runs() -> None:
    api = AgentsApi()
    program = Program(api)
    wanted = [("latest", "a"), ("1.0.0", "a"), ("latest", "a"), ("latest", "b")]
    found = await asyncio.gather(*(program.find(*each) for each in wanted))
    assert all(each.missing is not None for each in found)
    assert sorted(path for path in api.paths if path.endswith(LISTED)) == [f"a/{LISTED}", f"b/{LISTED}"]


async def test_a_run_that_stays_asks_nothing(state: dict[str, Any]) -> None:
    request = {"agent_id": "a", "env": "staging", "version_id": "a-latest"}
    declared = {**request, "gate": "none"}
    state[URN] = {"outputs": {"run_id": "run-1", **request, "semver": None, "declared": declared}}
    api = AgentsApi()
    program = Program(api)
    await program.last_runs.version(KIND, [URN], {**declared, "version_id": "latest"})
    assert await program.variables.find(KIND, [URN], declared, adopts=True) == UNCHECKED
    assert api.paths == ["a/versions/latest"]
    another = {**declared, "triggers": {"day": 2}}
    assert (await program.variables.find(KIND, [URN], another, adopts=True)).missing is not None


@pytest.mark.parametrize("name", ["has_targets", "is_replaced"])
async def test_the_command_line_may_leave_a_run_out_or_replace_it(
    monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], name: str
) -> None:
    request = {"agent_id": "a", "env": "staging", "version_id": "a-latest"}
    declared = {**request, "gate": "none"}
    if name == "is_replaced":
        state[URN] = {"outputs": {"run_id": "run-1", **request, "semver": None, "declared": declared}}
    monkeypatch.setattr(variables if name == "has_targets" else last_runs, name, lambda *_: True)
    program = Program(AgentsApi())
    await program.last_runs.version(KIND, [URN], {**declared, "version_id": "latest"})
    found = await program.variables.find(KIND, [URN], declared, adopts=False)
    assert (found.missing is not None) is (name == "is_replaced")
    assert not found.is_checked


async def test_a_run_that_is_taken_over_is_not_started() -> None:
    assert await Program(AgentsApi()).find(adopts=True) == UNCHECKED


async def test_a_start_that_was_cut_off_is_looked_for_first() -> None:
    """It may have had its effect: an error before that would leave its run alone."""
    address = resource_address("dev/dev/support", "dev", os.environ)
    store = IntentStore(intents_folder(os.environ, KIND.intents))
    store.write(Intent(address, "a/staging", "digest", "2026-04-14T10:00:00+00:00", version="a-latest"))
    assert await Program(AgentsApi()).find("1.0.0") == UNCHECKED
