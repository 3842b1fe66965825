"""The resource of checks: what it reads before it is declared, and what it refuses at once."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from tests.support.agents import answering
from tests.support.checks_api import DECLARED, ChecksApi, shown_of
from tornado_resource import AgentChecks
from tornado_resource.checks import resource
from tornado_resource.checks.check_config import outputs_of
from tornado_resource.program import purpose
from tornado_resource.program.arguments import InvalidArgument
from tornado_resource.stacks.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tornado_resource.bland.client import Client

JUDGES = [{"id": "j-1", "version": "v-1"}]


def serve(monkeypatch: pytest.MonkeyPatch, client: Client, operation: str = "up") -> None:
    """Let the program that runs ask *client*."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Client]:
        yield client

    monkeypatch.setattr(purpose, "own_command", lambda: CommandLine(Path(), operation=operation))
    monkeypatch.setattr(resource, "program_run", lambda: SimpleNamespace(client=SimpleNamespace(open=opened)))


@pytest.mark.parametrize("operation", ["destroy", "refresh"])
async def test_only_an_update_looks(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    serve(monkeypatch, answering("", 500), operation)
    assert await resource._seen(["a-1", "staging", False]) is None
    assert await resource._resolved("AgentChecks x", [{"name": "Polite"}]) == [{"required": True, "name": "Polite"}]


async def test_what_is_there_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, ChecksApi(shown_of(DECLARED)).client())
    assert await resource._seen(["a-1", "staging", False]) == {"checks": outputs_of(DECLARED, DECLARED)}
    serve(monkeypatch, ChecksApi().client())
    assert await resource._seen(["a-1", "staging", False]) == {"is_gone": True}


@pytest.mark.parametrize(("is_secret", "agent"), [(False, "a-1"), (True, "[secret]")])
async def test_what_cannot_be_read_is_a_problem(monkeypatch: pytest.MonkeyPatch, is_secret: bool, agent: str) -> None:  # noqa: FBT001
    serve(monkeypatch, answering({"error": "BAD"}, 403))
    seen: Any = await resource._seen(["a-1", "staging", is_secret])
    assert seen["problem"].startswith(f"checks of agent {agent} in staging: HTTP 403")


def test_known_values_are_refused_where_the_mistake_is() -> None:
    with pytest.raises(InvalidArgument) as caught:
        AgentChecks("x", agent_id="a b", scenario_ids=[], judges=JUDGES, env="dev", declared_at="sessions.yaml:2:1")
    lines = str(caught.value).splitlines()
    assert lines[0] == "AgentChecks x (sessions.yaml:2:1) is invalid:"
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["agent_id", "env", "scenario_ids"]


def test_the_digest_is_that_of_the_declared_config() -> None:
    props = {"scenario_ids": ["tc-1"], "judges": [{**JUDGES[0], "required": True}], "simulations_count": 5}
    turned = {**props, "simulations_count": 5.0, "agent_id": "a-2"}
    assert resource._digest(props) == resource._digest(turned)
    assert resource._digest(props) != resource._digest({**props, "simulations_count": 6})


@pytest.mark.parametrize(
    ("ids", "number", "line"),
    [
        (None, 0, "  scenario_ids: found [], expected a list of 1 to 5 scenario ids"),
        (["tc-1"], 5, "  scenarios: 6 scenarios (`scenarios` and `scenario_ids` together); the maximum is 5"),
    ],
)
async def test_the_number_of_test_cases_is_refused_at_once(ids: list[str] | None, number: int, line: str) -> None:
    output: Any = pulumi.Output.from_input("tc")
    scenarios: list[Any] = [SimpleNamespace(stored_id=output, declaration=output)] * number
    with pytest.raises(InvalidArgument) as caught:
        AgentChecks("x", agent_id="a-1", scenario_ids=ids, scenarios=scenarios, judges=JUDGES)
    assert str(caught.value).splitlines()[1:] == [line]
