"""What has become of the scenarios that the stack has recorded, read before they are declared."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tornado_resource.errors import TornadoError
from tornado_resource.program.purpose import has_targets
from tornado_resource.stacks.recorded_scenarios import ScenarioChange, StoredScenarios, change_of

if TYPE_CHECKING:
    from tornado_resource.bland.listing import Listing, Owner
    from tornado_resource.program.last_runs import LastRuns
    from tornado_resource.program.shared_client import SharedClient, Versions
    from tornado_resource.stacks.recorded_scenarios import StoredScenario


class Scenarios:
    """The recorded scenarios of a stack, compared with what the API shows: one list for each owner, side by side.

    The engine calls a provider's `diff` for one resource after the other, and never asks whether a resource still is as
    it was left. So the program looks, and passes on what it has found.

    Args:
        client: sends the requests.
        last_runs: has read the stack's state.
        versions: gets the ids of the scenarios that this update puts back.

    """

    def __init__(self, client: SharedClient, last_runs: LastRuns, versions: Versions) -> None:
        self._client = client
        self._last_runs = last_runs
        self._versions = versions
        self._listing: dict[Owner, asyncio.Task[Listing]] = {}
        self._changes: dict[str, ScenarioChange | None] = {}

    @cached_property
    def stored(self) -> StoredScenarios:
        """The recorded scenarios, found by what is declared, once the stack's state has been read."""
        return StoredScenarios(self._last_runs.scenarios())

    def note(self, resource: str, stored: StoredScenario | None, listing: Listing | None) -> ScenarioChange | None:
        """Compare a scenario, and return what has become of it; None if nothing has.

        Of one that another stack manages it only matters whether it is gone: that stack may have created it again, with
        another id.

        Args:
            resource: the name of its resource.
            stored: the scenario as the state has it; None if it is new.
            listing: has the scenario, if it exists; None if it does not matter what has become of it.

        """
        change = None
        if stored is not None and listing is not None:
            change = _own_change(stored, listing)
            if change is not None and not change.is_gone and not has_targets():
                self._versions.put_back.add(stored.scenario_id)
        self._changes[resource] = change
        return change

    def is_gone(self, resource: str) -> bool:
        """Return whether somebody has deleted the scenario of a resource."""
        change = self._changes.get(resource)
        return change is not None and change.is_gone

    async def seen(self, resource: str) -> dict[str, Any] | None:
        """Return what the provider must know of a scenario: as `ScenarioChange`, or a `problem`; None for nothing."""
        if resource not in self._changes:
            await self._last_runs.recorded()
            try:
                await self._look(resource)
            except TornadoError as error:
                return {"problem": str(error)}
        change = self._changes[resource]
        return asdict(change) if change is not None else None

    async def _look(self, resource: str) -> None:
        from tornado_resource.bland.scenarios import with_ids

        recorded = [scenario for scenario in self._last_runs.scenarios() if scenario.resource == resource]
        if len(recorded) != 1:  # none is recorded, or components have several of this name
            self.note(resource, None, None)
            return
        [stored] = recorded
        if stored.owner not in self._listing:
            self._listing[stored.owner] = asyncio.ensure_future(self._list(stored.owner))
        listing = await self._listing[stored.owner]
        async with self._client.open() as client:
            self.note(resource, stored, await with_ids(client, stored.owner, listing, [stored.scenario_id]))

    async def _list(self, owner: Owner) -> Listing:
        from tornado_resource.bland.retrying import retried
        from tornado_resource.bland.scenarios import list_scenarios

        async with self._client.open() as client:
            listing: Listing = await retried(lambda: list_scenarios(client, owner))
            return listing


def _own_change(stored: StoredScenario, listing: Listing) -> ScenarioChange | None:
    """Return what has become of a scenario, as far as this stack has to do something about it."""
    change = change_of(stored, listing)
    return change if change is None or change.is_gone or stored.manage else None
