"""Scenarios that another stack manages are compared before anything is declared, also where lists leave some out."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import httpx
import pulumi
import pytest

from tests.support.api import json_response
from tests.support.scenario_api import ScenarioApi
from tornado_resource.bland.listing import Owner
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Declaration, Environment, Gate, ScenarioDeclaration
from tornado_resource.deployment.scenarios import SCENARIOS_DIFFER, UNREAD, check_scenarios, expected_inputs
from tornado_resource.program.last_scenarios import Scenarios
from tornado_resource.program.shared_client import Versions
from tornado_resource.stacks.managers import Managers
from tornado_resource.stacks.recorded_scenarios import StoredScenario
from tornado_resource.stacks.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tornado_resource.bland.client import Client
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.shared_client import SharedClient

OWNER = Owner.pathway("pw-1")
FIELDS: dict[str, Any] = {"name": "Refund", "max_turns": 10}
POSITION = Position("sessions.yaml", 3, 3)
DECLARED = ScenarioDeclaration("refund", OWNER, FIELDS, POSITION)
RESOURCE = "refund@pw-1"
RIVAL = Managers({"sc-7": "rival"})
STORED = StoredScenario(RESOURCE, "sc-1", OWNER, FIELDS, manage=True, drift=False)


@pytest.fixture(autouse=True)
def _stack(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stack", "project", "organization"):
        monkeypatch.setattr(pulumi, f"get_{name}", lambda: "dev")
    monkeypatch.setattr("tornado_resource.stacks.managers.managing_stacks", lambda _own: RIVAL)


class Known:
    """Stands in for what is known of the stack's last runs."""

    def __init__(self, stored: Sequence[StoredScenario], *, kept: bool) -> None:
        self._stored = tuple(stored)
        self._is_kept = kept

    def scenarios(self) -> tuple[StoredScenario, ...]:
        return self._stored

    async def is_settled(self, _declared: Any, _gated: Any) -> bool:
        return self._is_kept


class Shared:
    """Opens a client of the API."""

    def __init__(self, api: ScenarioApi) -> None:
        self._api = api

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        async with self._api.client() as client:
            yield client


def api_of(*names: str, others: int) -> ScenarioApi:
    api = ScenarioApi(fills={})
    for name in (*names, *(f"Case {number}" for number in range(others))):
        api.add(**{**FIELDS, "name": name})
    return api


async def checked(api: ScenarioApi, *stored: StoredScenario, manage: bool = False, kept: bool = False) -> str:
    """What is wrong."""
    error, _ = await looked(api, *stored, manage=manage, kept=kept)
    return error


async def looked(
    api: ScenarioApi, *stored: StoredScenario, manage: bool = True, kept: bool = False
) -> tuple[str, dict[str, Any] | None]:
    """What is wrong, and what the provider is told of the scenario. *kept*: this update leaves its session alone."""
    client = cast("SharedClient", Shared(api))
    run = cast("ProgramRun", SimpleNamespace(client=client, settings=Settings(), last_runs=Known(stored, kept=kept)))
    run.scenarios = Scenarios(client, run.last_runs, Versions(client))
    scenario = replace(DECLARED, manage=manage)
    session = Declaration("a", {"pathway_id": "pw-1"}, Gate(), POSITION, scenarios=(scenario,))
    try:
        await check_scenarios(Environment(None, (session,)), None, run)
    except pulumi.RunError as error:
        return str(error), None
    expected = (await expected_inputs(session, run))["scenario_ids"]
    is_current = stored == (replace(STORED, manage=manage),)
    assert (expected == ["sc-1"]) is (is_current and not run.scenarios.is_gone(RESOURCE))
    return "", await run.scenarios.seen(RESOURCE)


@pytest.mark.parametrize(("others", "said"), [(5, "does not exist. "), (130, "may exist, but is not among the 100")])
async def test_a_scenario_is_missing_only_if_that_is_certain(others: int, said: str) -> None:
    assert f"sessions.yaml:3:3: scenario 'Refund' on pathway pw-1 {said}" in await checked(api_of(others=others))


async def test_a_scenario_that_the_state_knows_is_read_by_its_id() -> None:
    api = api_of("Refund", others=130)
    recorded = StoredScenario("refund@pw-1", "sc-1", OWNER, {"name": "Refund"}, manage=False, drift=False)
    assert "may exist" in await checked(api)
    assert await checked(api, recorded) == ""
    api.edit("sc-1", max_turns=20)
    assert "max_turns: found 20, declared 10" in await checked(api, recorded)


async def test_a_pathway_that_cannot_be_read_is_not_called_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await checked(api_of(others=1))).startswith(SCENARIOS_DIFFER)
    api = api_of(others=1)
    monkeypatch.setattr(api, "handle", lambda _request: httpx.Response(404, json={"error": "Pathway pw-1 not found"}))
    said = await checked(api)
    assert said.startswith(f"{UNREAD}\nsessions.yaml:3:3: ")
    assert "HTTP 404: Pathway pw-1 not found" in said


@pytest.mark.parametrize(
    ("edit", "seen"),
    [
        ({}, None),
        ({"max_turns": 9}, {"fields": ("max_turns",), "is_gone": False, "unstored": ()}),
        ({"enabled": False}, {"fields": ("enabled",), "is_gone": False, "unstored": ()}),
    ],
)
async def test_what_was_edited_is_found_before_a_session_starts(edit: dict[str, Any], seen: Any) -> None:
    api = api_of("Refund", others=2)
    api.edit("sc-1", **edit)
    assert await looked(api, STORED) == ("", seen)
    assert api.calls == ["GET"]


async def test_what_was_deleted_is_created_again_unless_its_name_is_taken() -> None:
    api = api_of("Refund", others=2)
    api.recreate("sc-1", "sc-7", max_turns=9)
    assert "scenario 'Refund' on pathway pw-1 exists already (sc-7)" in await checked(api, STORED, manage=True)
    api.edit("sc-7", max_turns=10)
    assert "and stack rival manages it. It is as declared." in await checked(api, STORED, manage=True)
    api.recreate("sc-7", "sc-8")
    for _ in range(2):
        assert await looked(api, STORED) == ("", {"fields": (), "is_gone": True, "unstored": ()})
        api.delete("sc-8")


async def test_what_another_stack_has_created_again_is_found_by_its_name() -> None:
    api, recorded = api_of("Refund", others=2), replace(STORED, manage=False)
    assert await looked(api, recorded, manage=False) == ("", None)
    api.recreate("sc-1", "sc-7")
    assert await looked(api, recorded, manage=False) == ("", {"fields": (), "is_gone": True, "unstored": ()})
    api.delete("sc-7")
    assert "does not exist" in await checked(api, recorded)


async def test_a_scenario_is_not_taken_over_if_the_stacks_could_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    unread = Managers(unread="`pulumi stack ls` timed out")
    monkeypatch.setattr("tornado_resource.stacks.managers.managing_stacks", lambda _own: unread)
    said = "another stack may manage it: not all stacks could be read (`pulumi stack ls` timed out). It is as declared."
    assert said in await checked(api_of("Refund", others=2), manage=True)


async def test_nothing_is_asked_for_a_session_that_stays_as_it_is() -> None:
    api = api_of("Refund", others=2)
    assert await looked(api, STORED, kept=True) == ("", None)
    assert api.calls == []
    changed = replace(STORED, fields={"name": "Refund"})
    assert await looked(api, changed, kept=True) == ("", {"fields": ("max_turns",), "is_gone": False, "unstored": ()})


async def test_a_recorded_scenario_that_cannot_be_read_stops_the_update() -> None:
    api = api_of("Refund", others=2)
    api.read_faults = [json_response({"error": "no"}, 403)]
    assert "sessions.yaml:3:3: scenarios of pathway pw-1: HTTP 403" in await checked(api, STORED, manage=True)
