"""What the provider classes run on in the provider's own process: one client, on one event loop."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from tornado_resource.bland.access import find_access
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.lifecycle import engine

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pulumi.dynamic import ConfigureRequest

    from tornado_resource.bland.access import Access
    from tornado_resource.bland.client import Client

T = TypeVar("T")
SLOTS = 4
"""So many calls does Pulumi make at a time to a Python dynamic provider."""
CONFIG_KEYS = ("bland:apiKey", "bland:baseUrl")


class Failure(Exception):
    """What is shown to the user, without a module's name before it."""


Failure.__module__ = "builtins"
Failure.__qualname__ = "tornado"


class Runtime:
    """One client on one event loop, in a thread of its own: Pulumi calls the providers from four threads."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client: Client | None = None
        self._loop = asyncio.new_event_loop()
        self._calls = engine.Calls()
        threading.Thread(target=self._loop.run_forever, name="tornado", daemon=True).start()
        engine.end_with(sys.argv[-1], self._calls)

    def run(self, work: Callable[[Client], Coroutine[Any, Any, T]], source: str | None = None) -> T:
        """Run *work* to its end; what people see of an error is *source*, and the cause.

        Raises:
            Failure: the work ended in an error of this package.

        """
        try:
            with self._calls:
                return asyncio.run_coroutine_threadsafe(self._with_client(work), self._loop).result()
        except TornadoError as error:
            text = f"{source}: {error}" if source else str(error)
            raise Failure(text) from (error if is_debugging() else None)

    async def _with_client(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        from tornado_resource.bland.client import Client

        if self._client is None:
            self._client = Client(self._access, connections=SLOTS)
        return await work(self._client)


def configured(req: ConfigureRequest) -> Runtime:
    """Give the process's runtime, by the stack's config. Raises Failure for a missing or unfit key or URL."""
    if not is_debugging():
        sys.tracebacklimit = 0  # SDK 3.260 and newer show a provider's whole traceback
    try:
        access = find_access({key: req.config.get(key) for key in CONFIG_KEYS}, os.environ)
    except ConfigurationError as error:
        raise Failure(str(error)) from None
    return _shared(access)


@cache
def _shared(access: Access) -> Runtime:
    """One for all provider classes: the end of the engine must wait for the calls of each of them."""
    return Runtime(access)


def is_debugging() -> bool:
    """Whether TORNADO_DEBUG asks for tracebacks (which never hold the key)."""
    return os.environ.get("TORNADO_DEBUG", "") not in {"", "0"}
