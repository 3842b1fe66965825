"""The sandbox as a running server."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Final, Self

import uvicorn

from tornado_resource.sandbox.app import Api
from tornado_resource.sandbox.scripts import DEFAULT_FILE, read_scripts
from tornado_resource.sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 10.0


class Sandbox:
    """A sandbox on a port of this machine: `run` serves here, a `with` block serves on a thread.

    Raises OSError when the port is taken, ValueError for a scenario file that is none.
    """

    def __init__(self, *, port: int = 0, db: str = ":memory:", speed: float = 1.0, script: Path = DEFAULT_FILE) -> None:
        self._store = Store(db)
        scripts = read_scripts(script)
        # Named as TCP: asyncio sets TCP_NODELAY only then, and each answer would wait 40 ms without it.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, port))
        config = uvicorn.Config(
            Api(self._store, scripts, speed).asgi(), log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.run, name="sandbox", daemon=True)

    @property
    def url(self) -> str:
        """The base URL, for `bland:baseUrl`."""
        return f"http://{HOST}:{self._socket.getsockname()[1]}"

    def run(self, on_ready: Callable[[str], None] | None = None) -> None:
        """Serve until interrupted."""
        self._socket.listen(128)
        if on_ready is not None:
            on_ready(self.url)
        self._server.run(sockets=[self._socket])
        self._store.close()

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline:
                message = f"the sandbox did not start within {START_SECONDS:g} s"
                raise TimeoutError(message)
            time.sleep(0.01)
        return self

    def __exit__(self, *_details: object) -> None:
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
