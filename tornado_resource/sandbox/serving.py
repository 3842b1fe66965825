"""The sandbox as a running server."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Final, Self

import uvicorn

from tornado_resource.sandbox.app import Api
from tornado_resource.sandbox.scenario_file import DEFAULT_FILE, read_scripts
from tornado_resource.sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 10.0


class Sandbox:
    """A sandbox on a port of this machine: `run` serves in the calling thread, a `with` block in a thread of its own.

    Raises:
        OSError: the port is taken.
        ValueError: the scenario file cannot be read or is invalid, or the database cannot be opened.

    """

    def __init__(
        self,
        *,
        port: int = 0,
        db: str = ":memory:",
        speed: float = 1.0,
        latency_ms: int = 0,
        script: Path = DEFAULT_FILE,
    ) -> None:
        scripts = read_scripts(script)
        # asyncio sets TCP_NODELAY only where the protocol is given as TCP; without it each response takes 40 ms.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
            self._store = Store(db)
        except (OSError, ValueError):
            self._socket.close()
            raise
        # timeout_graceful_shutdown: a client's open connection must not delay the end.
        api = Api(self._store, scripts, speed, latency_ms)
        config = uvicorn.Config(api.asgi(), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.run, name="sandbox", daemon=True)

    @property
    def url(self) -> str:
        """The base URL, to be used as `bland:baseUrl`."""
        return f"http://{HOST}:{self._socket.getsockname()[1]}"

    def run(self, on_ready: Callable[[str], None] | None = None) -> None:
        """Serve until interrupted. *on_ready* is called with the base URL once the port is open."""
        self._socket.listen(128)
        if on_ready is not None:
            on_ready(self.url)
        self._server.run(sockets=[self._socket])
        self._store.close()

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        # uvicorn has no event for this, only the flag.
        while not self._server.started:
            if time.monotonic() > deadline:
                message = f"the sandbox did not start within {START_SECONDS:g} s"
                raise TimeoutError(message)
            time.sleep(0.01)
        return self

    def __exit__(self, *_details: object) -> None:
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
