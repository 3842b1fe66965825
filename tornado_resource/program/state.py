"""What a program reads of Pulumi's state through the engine, as the state is now."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.runtime import invoke_async

from tornado_resource.core.text import clean, without_credentials
from tornado_resource.errors import ConfigurationError
from tornado_resource.program.sdk import begin_invoke, has_engine, is_mocked, organization

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    BegunReading = Callable[[], Awaitable[Any]]

READ_STATE: Final = "pulumi:pulumi:readStackResourceOutputs"
"""A function of Pulumi's engine: the outputs of all resources of a stack, as its state has them now."""
READ_PAUSES_SECONDS: Final = (0.1, 0.3, 1.0, 0.0)
"""Pauses after reads that failed: a file backend shows half of a state while the engine writes it (seen with 3.259)."""


def begin_reading() -> BegunReading | None:
    """Let the engine begin to read the stack's own state, for `read_resources`; None with mocks, or no engine."""
    return begin_invoke(READ_STATE, {"stackName": _own_stack()}) if has_engine() and not is_mocked() else None


async def resources_of(stack: str) -> Mapping[str, Any]:
    """Return the outputs of any stack's resources by URN, as its state has them; *stack* is its full name.

    What the engine cannot read is an exception of any class.
    """
    return await _outputs(partial(invoke_async, READ_STATE, {"stackName": stack}))


async def read_resources(begun: BegunReading | None = None) -> Mapping[str, Any]:
    """Return the outputs of the stack's resources by URN, as its state has them now; none in a test with mocks.

    Args:
        begun: what `begin_reading` has returned.

    Raises:
        ConfigurationError: the state cannot be read. What runs, and what has passed, is unknown then.

    """
    if is_mocked():
        return {}
    stack = _own_stack()
    read = partial(_outputs, begun) if begun is not None else partial(resources_of, stack)
    for pause in READ_PAUSES_SECONDS:
        try:
            return await read()
        except Exception as error:  # noqa: BLE001 - the SDK says with a bare one what the engine refuses
            fault = clean(without_credentials(str(error)), 300)
        await asyncio.sleep(pause)
        read = partial(resources_of, stack)
    message = f"the state of stack {stack} cannot be read, so nothing was started: {fault}"
    raise ConfigurationError(message)


async def _outputs(read: BegunReading) -> Mapping[str, Any]:
    return (await read()).get("outputs") or {}


def _own_stack() -> str:
    return f"{organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
