"""Scenarios that another stack manages are compared before anything is declared, also where lists leave some out."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import httpx
import pulumi
import pytest

from tests.support.scenario_api import ScenarioApi
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import ScenarioDeclaration
from tornado_resource.deployment.scenarios import NOT_AS_DECLARED, UNREAD, check_scenarios
from tornado_resource.stacks.recorded import StoredScenario

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tornado_resource.bland.client import Client
    from tornado_resource.program.client import SharedClient

FIELDS: dict[str, Any] = {"name": "Refund", "max_turns": 10}
DECLARED = ScenarioDeclaration("refund", "pw-1", FIELDS, Position("sessions.yaml", 3, 3), manage=False)


class Shared:
    """Opens a client of the API."""

    def __init__(self, api: ScenarioApi) -> None:
        self._api = api

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        async with self._api.client() as client:
            yield client


def api_of(*names: str, others: int) -> ScenarioApi:
    api = ScenarioApi()
    for name in (*names, *(f"Case {number}" for number in range(others))):
        api.add(**{**FIELDS, "name": name})
    return api


async def checked(api: ScenarioApi, *stored: StoredScenario) -> str:
    """What is wrong."""
    try:
        await check_scenarios([DECLARED], stored, cast("SharedClient", Shared(api)))
    except pulumi.RunError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("others", "said"), [(5, "does not exist. "), (130, "may exist, but is not among the 100")])
async def test_a_scenario_is_missing_only_if_that_is_certain(others: int, said: str) -> None:
    assert f"sessions.yaml:3:3: scenario 'Refund' on pathway pw-1 {said}" in await checked(api_of(others=others))


async def test_a_scenario_that_the_state_knows_is_read_by_its_id() -> None:
    api = api_of("Refund", others=130)
    recorded = StoredScenario("refund@pw-1", "sc-1", "pw-1", {"name": "Refund"}, manage=False, drift=False)
    assert "may exist" in await checked(api)
    assert await checked(api, recorded) == ""
    api.scenarios["sc-1"]["max_turns"] = 20
    assert "max_turns: found 20, declared 10" in await checked(api, recorded)


async def test_a_pathway_that_cannot_be_read_is_not_called_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await checked(api_of(others=1))).startswith(NOT_AS_DECLARED)
    api = api_of(others=1)
    monkeypatch.setattr(api, "handle", lambda _request: httpx.Response(404, json={"error": "Pathway pw-1 not found"}))
    said = await checked(api)
    assert said.startswith(f"{UNREAD}\nsessions.yaml:3:3: ")
    assert "HTTP 404: Pathway pw-1 not found" in said
