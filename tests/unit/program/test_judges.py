"""Judges that a program names: one list for all of them, and none if nothing is open."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.agents import bench
from tornado_resource.bland.judges import JudgeNotFound, list_judges
from tornado_resource.program.judges import KnownJudges

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tornado_resource.bland.client import Client

SCRIPT = "pathways: {}\njudges: {resolved: {name: Resolved}, polite: {name: Polite, levels: [rude, kind]}}\n"


class Opened:
    """A client that counts how often it is opened."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.count = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        self.count += 1
        yield self.client


async def test_judges_are_listed_once_and_pinned(tmp_path: Path) -> None:
    async with bench(SCRIPT, tmp_path / "s.yaml") as api:
        listed = {each.name: each.active_version_id for each in (await list_judges(api.client)).judges}
        client: Any = Opened(api.client)
        known = KnownJudges(client)
        found = await known.resolve([{"name": "Resolved"}, {"id": "polite", "version": "active", "required": False}])
        assert found == [
            {"id": "resolved", "version": listed["Resolved"], "required": True, "name": "Resolved"},
            {"id": "polite", "version": listed["Polite"], "required": False, "name": "Polite"},
        ]
        pinned = await known.resolve([{"name": "Polite", "version": "v-7", "target_level_keys": ["kind"]}])
        assert pinned == [
            {"id": "polite", "version": "v-7", "required": True, "name": "Polite", "target_level_keys": ["kind"]}
        ]
        with pytest.raises(JudgeNotFound, match=r"^judge 'polite' does not exist; the judges are: "):
            await known.resolve([{"name": "polite"}])
        assert client.count == 1


async def test_pinned_judges_are_not_looked_up(tmp_path: Path) -> None:
    async with bench(SCRIPT, tmp_path / "s.yaml") as api:
        client: Any = Opened(api.client)
        found = await KnownJudges(client).resolve([{"id": "j-1", "version": "v-1", "name": None}])
        assert (found, client.count) == ([{"id": "j-1", "version": "v-1", "required": True}], 0)
