"""Wait for sessions on the program's event loop, with progress in the update's log."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pulumi

from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tornado_resource.program.last_runs import LastRuns
    from tornado_resource.program.progress import WaitProgress
    from tornado_resource.program.shared_client import SharedClient
    from tornado_resource.runs.model import GatedRun, Result
    from tornado_resource.runs.wait import Progress
    from tornado_resource.stacks.settings import Settings

    Confirm = Callable[[Result], Awaitable[Result]]


class Waiter:
    """Waits for any number of sessions at once.

    Args:
        client: sends the requests.
        settings: the longest pause between two status requests, and what reports show.
        last_runs: what is known already, and needs no request.
        progress: shows what changes.

    """

    def __init__(self, client: SharedClient, settings: Settings, last_runs: LastRuns, progress: WaitProgress) -> None:
        self._client = client
        self._progress = progress
        self._poll_seconds = settings.poll_seconds
        self._shows_changes = settings.shows_changes and settings.reports is not None
        self._has_reports = settings.reports is not None or bool(os.environ.get("GITHUB_STEP_SUMMARY"))
        self._shows_transcripts = settings.shows_transcripts and self._has_reports
        self._last_runs = last_runs
        self._is_announced = False

    async def recorded(self, gated: GatedRun) -> Result | None:
        """Return the result that the stack's state has of a session, if it is final."""
        return await self._last_runs.result(gated)

    async def settled(self, gated: GatedRun) -> Result | None:
        """Return the recorded result; its scenarios are read once for reports if it was recorded without them."""
        result = await self.recorded(gated)
        if result is None or not self._has_reports or result.verdict.scenarios is not None:
            return result
        async with self._client.open() as client:
            return await kind_of(gated.kind).with_details(client, result)

    async def wait(self, gated: GatedRun, session: pulumi.Resource, confirm: Confirm | None = None) -> Result:
        """Return a session's result once it has ended; its progress shows on the resource's line of the update.

        Args:
            gated: the session and its gate.
            session: its resource.
            confirm: confirms a pass, if the gate requires that.

        """
        from tornado_resource.runs.results import wait_for_result

        def show(progress: Progress) -> None:
            self._announce()
            self._progress.show(gated, progress, session)

        async with self._client.open() as client:
            with_known = await self._last_runs.with_known(gated)
            result = await wait_for_result(client, with_known, self._poll_seconds, show, confirm=confirm)
            kind = kind_of(gated.kind)
            result = await kind.with_details(client, result) if self._has_reports else result
            result = await kind.with_changes(client, result) if self._shows_changes else result
            return await kind.with_transcripts(client, result) if self._shows_transcripts else result

    async def ended(self, gated: GatedRun, confirm: Confirm | None = None) -> Result | None:
        """Return the result of a session that has ended, for a preview; None if it is running or cannot be read.

        The arguments are those of `wait`.
        """
        recorded = await self.recorded(gated)
        if recorded is not None:
            return recorded
        from tornado_resource.runs.results import read_result

        async with self._client.open() as client:
            result = await read_result(client, await self._last_runs.with_known(gated), confirm)
        return result if result.status is not None and result.status.is_final else None

    def _announce(self) -> None:
        if not self._is_announced:
            self._is_announced = True
            resume = f"`pulumi up --stack {pulumi.get_stack()}` resumes it"
            pulumi.log.info(
                f"waiting for verdicts; Ctrl-C stops the wait, what was started keeps running, and {resume}"
            )
