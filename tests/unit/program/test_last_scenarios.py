"""What a program sees of its recorded scenarios before it declares them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.support.api import json_response
from tests.support.scenario_api import ScenarioApi
from tornado_resource.bland.listing import Owner
from tornado_resource.program.last_scenarios import Scenarios
from tornado_resource.program.shared_client import Versions
from tornado_resource.stacks.recorded_scenarios import StoredScenario

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tornado_resource.bland.client import Client
    from tornado_resource.program.last_runs import LastRuns
    from tornado_resource.program.shared_client import SharedClient

OWNER = Owner.pathway("pw-1")
FIELDS: dict[str, Any] = {"name": "Case", "max_turns": 10}


class Stack:
    """Stands in for the shared client and the stack's state."""

    def __init__(self, api: ScenarioApi, *stored: StoredScenario) -> None:
        self._api = api
        self._stored = stored

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        async with self._api.client() as client:
            yield client

    async def recorded(self) -> None:
        pass

    def scenarios(self) -> tuple[StoredScenario, ...]:
        return self._stored


def stored(number: int, *, resource: str | None = None, manage: bool = True) -> StoredScenario:
    name = resource or f"case-{number}"
    return StoredScenario(name, f"sc-{number}", OWNER, {**FIELDS, "name": f"Case {number}"}, manage, drift=False)


@pytest.fixture
def api() -> ScenarioApi:
    api = ScenarioApi(fills={})
    for number in (1, 2, 3):
        api.add(**{**FIELDS, "name": f"Case {number}"})
    return api


def seen_by(api: ScenarioApi, *known: StoredScenario) -> tuple[Scenarios, Versions]:
    stack = Stack(api, *known)
    client = cast("SharedClient", stack)
    versions = Versions(client)
    return Scenarios(client, cast("LastRuns", stack), versions), versions


async def test_one_list_shows_all_that_was_edited_on_a_pathway(api: ScenarioApi) -> None:
    scenarios, versions = seen_by(api, stored(1), stored(2), stored(3))
    api.edit("sc-1", enabled=False)
    api.delete("sc-2")
    assert await scenarios.seen("case-1") == {"fields": ("enabled",), "is_gone": False, "unstored": ()}
    assert await scenarios.seen("case-2") == {"fields": (), "is_gone": True, "unstored": ()}
    assert await scenarios.seen("case-3") is None
    assert [scenarios.is_gone(f"case-{number}") for number in (1, 2, 3, 4)] == [False, True, False, False]
    assert api.calls.count("GET") == 1
    assert versions.put_back == {"sc-1"}


async def test_what_is_put_back_is_no_drift_of_what_was_tested(api: ScenarioApi) -> None:
    scenarios, versions = seen_by(api, stored(1))
    api.edit("sc-1", max_turns=3)
    await scenarios.seen("case-1")
    listing = await versions.scenarios("pw-1", ["sc-1", "sc-2"])
    assert [each.scenario_id for each in listing.scenarios] == ["sc-3", "sc-2"]


async def test_what_may_be_no_target_is_not_put_back(api: ScenarioApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tornado_resource.program.last_scenarios.has_targets", lambda: True)
    scenarios, versions = seen_by(api, stored(1))
    api.edit("sc-1", max_turns=3)
    assert await scenarios.seen("case-1") is not None
    listing = await versions.scenarios("pw-1", ["sc-1"])
    assert [each.scenario_id for each in listing.scenarios] == ["sc-3", "sc-2", "sc-1"]


async def test_nothing_is_read_for_what_is_new_or_ambiguous(api: ScenarioApi) -> None:
    scenarios, _ = seen_by(api, stored(1, resource="twice"), stored(2, resource="twice"))
    assert [await scenarios.seen(name) for name in ("new", "twice")] == [None, None]
    assert api.calls == []


async def test_of_what_another_stack_manages_only_the_end_is_seen(api: ScenarioApi) -> None:
    scenarios, versions = seen_by(api, stored(1, manage=False), stored(2, manage=False))
    api.edit("sc-1", max_turns=3)
    api.delete("sc-2")
    assert await scenarios.seen("case-1") is None
    assert await scenarios.seen("case-2") == {"fields": (), "is_gone": True, "unstored": ()}
    assert versions.put_back == set()


async def test_a_pathway_that_cannot_be_read_is_a_problem_of_its_scenarios(api: ScenarioApi) -> None:
    scenarios, _ = seen_by(api, stored(1))
    api.read_faults = [json_response({"error": "no"}, 403)]
    assert "HTTP 403" in (await scenarios.seen("case-1") or {})["problem"]
