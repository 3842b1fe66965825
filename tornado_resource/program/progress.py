"""The progress of a wait in the log of an update: a line for each session, or one for all if they are many."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pulumi

from tornado_resource.core.text import clean

if TYPE_CHECKING:
    from tornado_resource.program.shared_report import UpdateReport
    from tornado_resource.runs.model import GatedRun
    from tornado_resource.runs.wait import Progress

MAX_PROGRESS_LINES: Final = 12
"""With more sessions than this, their rows do not fit into a terminal."""
MAX_NAMED_LATEST: Final = 3
PAUSE_SECONDS: Final = 1.0
"""How long changes are collected for one line about all sessions."""


class WaitProgress:
    """Shows what changes while sessions are waited for.

    All of it is ephemeral: left out of the diagnostics at the end of the update, where the message of the gate is.

    Args:
        report: has a result for each session.

    """

    def __init__(self, report: UpdateReport) -> None:
        self._report = report
        self._running: dict[str, str] = {}
        self._shown = ""
        self._is_collecting = False

    def show(self, gated: GatedRun, progress: Progress, session: pulumi.Resource) -> None:
        """Show a change of a session: on its own row of the update if they are few, else on that of the stack."""
        if self._report.tally[0] <= MAX_PROGRESS_LINES:
            pulumi.log.info(progress.line, resource=session, ephemeral=True)
            return
        self._running.pop(gated.urn, None)
        status = progress.status
        if status.is_running:
            total = f"/{status.max_iterations}" if status.max_iterations is not None else ""
            iteration = f" {status.current_iteration}{total}" if status.current_iteration is not None else ""
            self._running[gated.urn] = f"{clean(gated.name)}{iteration}"
        if not self._is_collecting:
            self._is_collecting = True
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._show_all)

    def _show_all(self) -> None:
        self._is_collecting = False
        line = self._line()
        if line != self._shown:
            self._shown = line
            pulumi.log.info(line, ephemeral=True)

    def _line(self) -> str:
        """Return `31 of 40 done, 2 failed · support-line 2/5, billing 1/5 …`, with the latest changes first."""
        total, pending, failed = self._report.tally
        parts = [f"{total - pending} of {total} done{f', {failed} failed' if failed else ''}"]
        latest = [*self._running.values()][: -MAX_NAMED_LATEST - 1 : -1]
        if latest:
            parts.append(", ".join(latest) + (" …" if len(self._running) > MAX_NAMED_LATEST else ""))
        return " · ".join(parts)
