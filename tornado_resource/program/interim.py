"""Stack outputs while sessions are waited for: what an update that is interrupted leaves behind."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_SECONDS: Final = 0.1
"""Soon, so that an update that is interrupted at once leaves the ids in its verdicts."""
RENEW_SECONDS: Final = 1.0
"""Every registration writes the whole state on some backends: the ids of a second share one."""


class InterimOutputs:
    """Registers the stack's outputs again as ids become known. The engine keeps what was registered last.

    Args:
        register: registers the outputs as they are now.
        pause_seconds: how long ids are collected before they are registered.

    """

    def __init__(self, register: Callable[[], None], pause_seconds: float = RENEW_SECONDS) -> None:
        self._register = register
        self._pause_seconds = pause_seconds
        self._next_pause = min(FIRST_SECONDS, pause_seconds)
        self._waiting = 0
        self._is_stale = False
        self._is_pausing = False
        self._renewal: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Call it when a session's id is known and the wait for its end begins."""
        self._waiting += 1
        self._is_stale = True
        if self._renewal is None:
            self._renewal = asyncio.get_running_loop().create_task(self._renew())

    def renew(self) -> None:
        """Call it when more is known of a session whose end is still waited for."""
        self._waiting -= 1
        self.begin()

    async def end(self) -> None:
        """Call it when the wait for a session has ended, before its verdict is returned.

        After the last verdict the SDK registers the final outputs, and nothing of ours may come after them.
        """
        self._waiting -= 1
        if self._waiting or self._renewal is None:
            return
        if self._is_pausing:
            self._renewal.cancel()
        with suppress(asyncio.CancelledError):
            await self._renewal

    async def _renew(self) -> None:
        try:
            while self._is_stale and self._waiting:
                await self._pause()
                self._is_stale = False
                before = asyncio.all_tasks()
                self._register()
                # The SDK sends a registration in a task of its own, and offers no other way to wait for it.
                await asyncio.gather(*(asyncio.all_tasks() - before), return_exceptions=True)
        finally:
            self._renewal = None

    async def _pause(self) -> None:
        self._is_pausing = True
        try:
            await asyncio.sleep(self._next_pause)
            self._next_pause = self._pause_seconds
        finally:
            self._is_pausing = False
