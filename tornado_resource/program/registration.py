"""Wait until the stack's outputs are registered, so that a program that fails has recorded its verdicts first."""

from __future__ import annotations

import asyncio
from typing import Final

REGISTRATION_SECONDS: Final = 5.0
"""An output of the stack may depend on what is about to fail: then its registration never ends."""
_REGISTRATION: Final = "do_register_resource_outputs"


async def outputs_registered(max_seconds: float = REGISTRATION_SECONDS) -> None:
    """Return when the registrations of outputs that have begun have ended, or after *max_seconds*.

    The SDK ends a program at the first error, registrations or not. In a Pulumi program of its own process they usually
    still arrive; in an inline program of the Automation API they may not.
    """
    # The SDK gives no handle on them but their tasks, which have been named like this since its first releases.
    tasks = [task for task in asyncio.all_tasks() if _REGISTRATION in getattr(task.get_coro(), "__qualname__", "")]
    if tasks:
        await asyncio.wait(tasks, timeout=max_seconds)
