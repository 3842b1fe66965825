"""What `doctor` finds about versions: edits since they were tested, and live pathways that were changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tornado_resource.bland.content import LIVE
from tornado_resource.cli.rows import Row
from tornado_resource.cli.stack import endpoint_of
from tornado_resource.core.text import clean
from tornado_resource.gate.drift import drift, drift_of_live
from tornado_resource.stacks.settings import read_settings

if TYPE_CHECKING:
    from tornado_resource.bland.client import Client
    from tornado_resource.stacks.reader import RecordedRelease, RecordedSession, Stack


def drifted_rows(stack: Stack) -> list[Row]:
    """Return a row for each version of a stack that has drifted.

    Raises:
        ApiError: a request failed for good.

    """
    tested = [session for session in stack.sessions if session.tested is not None]
    if not tested and not stack.releases:
        return []
    return asyncio.run(_rows(stack, tested))


async def _rows(stack: Stack, tested: list[RecordedSession]) -> list[Row]:
    from tornado_resource.bland.client import Client

    ignored = read_settings(stack.config, stack.name).ignored_content
    async with Client(endpoint_of(stack), ignored=ignored) as client:
        sessions = (_of_session(client, session, stack.name) for session in tested)
        releases = (_of_release(client, release, stack.name) for release in stack.releases)
        return [row for row in await asyncio.gather(*sessions, *releases) if row is not None]


async def _of_session(client: Client, session: RecordedSession, stack: str) -> Row | None:
    from tornado_resource.bland.versions import read_digests

    tested = session.tested
    assert tested is not None  # noqa: S101 - only those are asked for
    now = await read_digests(client, session.pathway_id, tested.version)
    cure = f"to test it as it is now: change one of its triggers, then pulumi up --stack {stack}"
    return _finding(session.name, session.shown_pathway, drift(tested.version, tested.content, now), cure)


async def _of_release(client: Client, release: RecordedRelease, stack: str) -> Row | None:
    from tornado_resource.bland.versions import read_digests

    now = await read_digests(client, release.pathway_id, LIVE)
    cure = f"to publish again: pulumi refresh --stack {stack}, then pulumi up --stack {stack}"
    return _finding(release.name, release.shown_pathway, drift_of_live(release.content, now), cure)


def _finding(name: str, pathway: str, found: str | None, cure: str) -> Row | None:
    return Row("drifted", f"{name} (pathway {clean(pathway)}): {found}", cure) if found is not None else None
