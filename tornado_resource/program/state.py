"""What a program reads of Pulumi's state through the engine, as the state is now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.runtime import invoke_async

from tornado_resource.core.text import clean, without_credentials
from tornado_resource.errors import ConfigurationError
from tornado_resource.program.sdk import is_mocked, organization

if TYPE_CHECKING:
    from collections.abc import Mapping

READ_STATE: Final = "pulumi:pulumi:readStackResourceOutputs"
"""A function of Pulumi's engine: the outputs of all resources of a stack, as its state has them now."""
READ_PAUSES_SECONDS: Final = (0.1, 0.3, 1.0, 0.0)
"""Pauses after reads that failed: a file backend shows half of a state while the engine writes it (seen with 3.259)."""


async def resources_of(stack: str) -> Mapping[str, Any]:
    """Return the outputs of any stack's resources by URN, as its state has them; *stack* is its full name.

    What the engine cannot read is an exception of any class.
    """
    read = await invoke_async(READ_STATE, {"stackName": stack})
    return read.get("outputs") or {}


async def read_resources() -> Mapping[str, Any]:
    """Return the outputs of the stack's resources by URN, as its state has them now; none in a test with mocks.

    Raises:
        ConfigurationError: the state cannot be read. What runs, and what has passed, is unknown then.

    """
    if is_mocked():
        return {}
    stack = f"{organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    for pause in READ_PAUSES_SECONDS:
        try:
            return await resources_of(stack)
        except Exception as error:  # noqa: BLE001 - the SDK says with a bare one what the engine refuses
            fault = clean(without_credentials(str(error)), 300)
        await asyncio.sleep(pause)
    message = f"the state of stack {stack} cannot be read, so nothing was started: {fault}"
    raise ConfigurationError(message)
