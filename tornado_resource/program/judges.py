"""The judges of the organization, for everything in a program that names one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tornado_resource.core.canonical import whole_without_nulls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.bland.judge_versions import JudgeVersion
    from tornado_resource.bland.judges import Judge, Judges
    from tornado_resource.program.shared_client import SharedClient


class KnownJudges:
    """Finds judges in one list, which is read at most once, as is the version of each judge as code.

    Args:
        client: sends the requests.

    """

    def __init__(self, client: SharedClient) -> None:
        self._client = client
        self._listing: asyncio.Task[Judges] | None = None
        self._shown: dict[str, asyncio.Task[JudgeVersion]] = {}

    async def resolve(self, judges: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return judges of a check config, each with its `id`, its `version` and whether it is `required`.

        Nothing is read if all of them have an id, and a version other than `active`.

        Raises:
            JudgeNotFound: a judge cannot be used.
            TornadoError: the judges could not be read.

        """
        return [await self._resolved(with_defaults(judge)) for judge in judges]

    async def _resolved(self, judge: dict[str, Any]) -> dict[str, Any]:
        from tornado_resource.bland.judges import ACTIVE_VERSION, resolve_judge

        is_open = "id" not in judge or judge.get("version", ACTIVE_VERSION) == ACTIVE_VERSION
        if not is_open:
            return judge
        resolved, active = resolve_judge(await self.listed(), judge_id=judge.get("id"), name=judge.get("name"))
        version = active if judge.get("version", ACTIVE_VERSION) == ACTIVE_VERSION else judge["version"]
        return {**judge, "id": judge.get("id", resolved.judge_id), "version": version, "name": resolved.name or ""}

    async def listed(self) -> Judges:
        """Return the judges of the organization, as they were when this run asked first.

        Raises:
            TornadoError: they could not be read.

        """
        if self._listing is None:
            self._listing = asyncio.ensure_future(self._list())
        return await self._listing

    async def shown(self, judge: Judge) -> JudgeVersion:
        """Return the active version of a judge, or its draft, as it was when this run asked first.

        Raises:
            TornadoError: it could not be read.

        """
        if judge.judge_id not in self._shown:
            self._shown[judge.judge_id] = asyncio.ensure_future(self._read(judge))
        return await self._shown[judge.judge_id]

    async def draft(self, judge: Judge) -> JudgeVersion:
        """Return the draft of a judge.

        Raises:
            TornadoError: it could not be read.

        """
        from tornado_resource.bland.judge_versions import read_draft

        async with self._client.open() as client:
            return await read_draft(client, judge)

    async def _read(self, judge: Judge) -> JudgeVersion:
        from tornado_resource.bland.judge_versions import read_shown

        async with self._client.open() as client:
            return await read_shown(client, judge)

    async def _list(self) -> Judges:
        from tornado_resource.bland.judges import list_judges

        async with self._client.open() as client:
            return await list_judges(client)


def with_defaults(judge: Mapping[str, Any]) -> dict[str, Any]:
    """Return a judge of a check config with its defaults."""
    fields: dict[str, Any] = whole_without_nulls(dict(judge))
    return {"required": True, **fields}
