"""What the providers share in their process: one API client on one event loop, with an explicit start and end."""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pulumi.dynamic import CheckFailure

from tornado_resource.bland.address import find_endpoint
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.provider.engine_watch import CallsInFlight, EngineWatch
from tornado_resource.runs.intents import IntentStore, intents_folder
from tornado_resource.stacks.base_urls import is_one_of, own_urls, settings_urls
from tornado_resource.stacks.fields import ENCRYPTED
from tornado_resource.stacks.settings import PREFIX, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from pulumi.dynamic import ConfigureRequest

    from tornado_resource.bland.address import Endpoint
    from tornado_resource.bland.client import Client
    from tornado_resource.stacks.settings import Settings

T = TypeVar("T")
REFUSED: Final = (
    "refused to send the API key to {}: the state names this base URL, but neither BLAND_BASE_URL nor the settings of "
    "this project (Pulumi.STACK.yaml) do, as far as they can be read. If you have changed it since, run `pulumi up`, "
    "or add --run-program. If it is encrypted there, if the file is invalid, or if the config is not in such a file "
    "(--config-file, an ESC environment), set BLAND_BASE_URL too. "
    "Otherwise find out who changed the state: tornado-resource check-state"
)
MAX_CONCURRENT_CALLS: Final = 4
"""Pulumi serves a Python dynamic provider with four threads."""
MAX_STOP_SECONDS: Final = 1.0
_MARK: Final = "1b47061264138c4ac30d75fd1eb44270"
"""Pulumi's mark of a secret, which is an object with `ENCRYPTED` as a key."""
CONFIG_KEYS: Final = ("bland:apiKey", "bland:baseUrl")


class Failure(Exception):
    """An error of a provider. Pulumi shows its type and text to the user."""


# Pulumi prints `module.Class: text`. With these names users read `tornado: text`.
Failure.__module__ = "builtins"
Failure.__qualname__ = "tornado"


def failure(text: str, declared_at: str | None) -> Failure:
    """Return an error whose text begins with the position of the declaration (`file:line:column`), if it is known."""
    return Failure(f"{declared_at}: {text}" if declared_at else text)


def damaged_state(what: str, missing: str, cure: str) -> Failure:
    """Return the error for a state that is damaged, or was changed by hand.

    Args:
        what: what is in the state, such as `checks a-1/staging`.
        missing: what it lacks.
        cure: what to do once that is removed from the state.

    """
    return Failure(
        f"the state of {what} is damaged: it has no {missing}. Restore the state from a backup "
        f"(pulumi stack import --file BACKUP.json), or remove the {what.partition(' ')[0]} from it (pulumi state "
        f"delete URN; `pulumi stack --show-urns` shows the URN), and {cure}"
    )


def check_failure(key: str, text: str, news: Mapping[str, Any]) -> CheckFailure:
    """Return what is wrong with an input. The value of one in `secrets` is not shown.

    Pulumi shows the value of the property that a failure names, and *text* quotes it.
    """
    if key in (news.get("secrets") or ()):
        return CheckFailure("", f"{key} is secret, so its value is not shown, and it breaks a rule of sessions.yaml")
    return CheckFailure(key, text)


def secret(value: Any) -> dict[str, Any]:
    """Return an output that Pulumi keeps encrypted."""
    return {ENCRYPTED: _MARK, "value": value}


class Runtime:
    """One API client on one event loop, in its own thread, because Pulumi calls the providers from four threads.

    Args:
        endpoint: the API.
        engine_address: the address of Pulumi's engine (see `EngineWatch`).
        ignored: the paths of a version that do not count (`tornado:ignoreContent`).

    """

    def __init__(self, endpoint: Endpoint, engine_address: str, ignored: tuple[str, ...] = ()) -> None:
        self._endpoint = endpoint
        self._ignored = ignored
        self._client: Client | None = None
        self.is_confirmed = False
        """Whether the program has the base URL from the stack's config too (`confirm_base_url`)."""
        self.tested: dict[str, str] = {}
        """The scenarios that the runs of this update test, by their ids, and the name of the first such run."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="tornado", daemon=True)
        self._calls = CallsInFlight()
        self._watch = EngineWatch(engine_address, self._calls)

    def start(self) -> None:
        """Start the event loop and the watch on the engine."""
        self._thread.start()
        self._watch.start()

    def stop(self) -> None:
        """Stop the watch, close the client and end the thread. Only after `start`."""
        self._watch.stop()
        asyncio.run_coroutine_threadsafe(self._close(), self._loop)
        self._thread.join(MAX_STOP_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()

    def run(self, work: Callable[[Client], Coroutine[Any, Any, T]], declared_at: str | None = None) -> T:
        """Run *work* on the event loop and return its result.

        Args:
            work: gets the client.
            declared_at: the position of the declaration (`file:line:column`), to be shown in front of an error.

        Raises:
            Failure: *work* raised a `TornadoError`, or the API key must not go to the base URL.

        """
        try:
            with self._calls:
                return asyncio.run_coroutine_threadsafe(self._with_client(work), self._loop).result()
        except TornadoError as error:
            raise failure(str(error), declared_at) from (error if is_debugging() else None)

    def _serve(self) -> None:
        """Run the event loop until it is stopped. A `SystemExit` ends it too, before the call that raised it has it."""
        while True:
            try:
                return self._loop.run_forever()
            except SystemExit:
                continue

    async def _with_client(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        from tornado_resource.bland.client import Client

        if self._client is None:
            self._check_base_url()
            self._client = Client(self._endpoint, connections=MAX_CONCURRENT_CALLS, ignored=self._ignored)
        return await work(self._client)

    def _check_base_url(self) -> None:
        base_url = self._endpoint.base_url
        is_known = self.is_confirmed or is_one_of(base_url, own_urls(os.environ))
        if not is_known and not is_one_of(base_url, settings_urls()):
            raise ConfigurationError(REFUSED.format(base_url))

    async def _close(self) -> None:
        if self._client is not None:
            await self._client.close()
        self._loop.stop()


_running: dict[tuple[Endpoint, tuple[str, ...]], Runtime] = {}
"""The runtimes of this process, by what they are made with.

Module state, because Pulumi creates the provider objects and passes them nothing.

They must share one: when the engine has gone, the process waits for the calls of all provider classes.
"""


def start_runtime(request: ConfigureRequest) -> Runtime:
    """Return the runtime of this process, and start it at the first call.

    Call it in `configure` only: Pulumi holds a lock there, so two providers never start two runtimes.

    Raises:
        Failure: the API key or base URL is missing or invalid, or so is `tornado:ignoreContent`.

    """
    if not is_debugging():
        sys.tracebacklimit = 0  # SDK 3.260 and newer would show users the whole traceback of a provider's error
    try:
        endpoint = find_endpoint({key: config_text(request, key) for key in CONFIG_KEYS}, os.environ)
        ignored = settings_of(request, "ignoreContent").ignored_content
    except ConfigurationError as error:
        raise Failure(str(error)) from None
    key = (endpoint, ignored)
    if key not in _running:
        runtime = _running[key] = Runtime(endpoint, sys.argv[-1], ignored)
        runtime.start()
    return _running[key]


def intent_store(name: str) -> IntentStore:
    """Return the intents in the folder *name* of this user.

    Raises:
        Failure: the user's home folder is unknown.

    """
    try:
        return IntentStore(intents_folder(os.environ, name))
    except ConfigurationError as error:
        raise Failure(str(error)) from None


def confirm_base_url(base_url: Any) -> None:
    """Take note of the base URL that a program has from the stack's config: call it with this input, in `check`.

    Otherwise the config of this process may be from the state, as in `pulumi refresh` and `pulumi destroy`.
    """
    for (endpoint, _), runtime in list(_running.items()):  # another thread may add one
        runtime.is_confirmed |= is_one_of(base_url, [endpoint.base_url])


def config_text(request: ConfigureRequest, key: str) -> str | None:
    """Return a config value of a provider. It may come from the state, and is None if it is no text."""
    value = request.config.get(key)
    return value if isinstance(value, str) else None


def settings_of(request: ConfigureRequest, key: str) -> Settings:
    """Return the settings of a provider with one key of `tornado:`; the others have their defaults.

    Raises:
        ConfigurationError: the value is invalid.

    """
    text = config_text(request, PREFIX + key)
    return read_settings({PREFIX + key: text} if text else {})


@atexit.register
def stop_runtimes() -> None:
    """Undo `start_runtime`: stop the runtimes and show tracebacks again. Runs at the end of the process."""
    while _running:
        _running.popitem()[1].stop()
    sys.__dict__.pop("tracebacklimit", None)


def is_debugging() -> bool:
    """Return whether TORNADO_DEBUG asks for tracebacks. They never contain the API key."""
    return os.environ.get("TORNADO_DEBUG", "") not in {"", "0"}
