"""Ends the provider's process when Pulumi's engine has gone.

A Python dynamic provider gets no signal when the CLI is killed, so it would run forever. Watching the parent process
does not help: pulumi-language-python starts the provider through a shell, which stays.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable

PROBE_SECONDS: Final = 1.5
MAX_FINISH_SECONDS: Final = 4.0
"""How long calls in flight may still run after the engine has gone, so that the session ids reach the intents.

With the probes (1.5 s, and up to 1 s each for two that get no response) this keeps the promise of ten seconds.
"""


class CallsInFlight:
    """Counts the calls in flight: a context manager around each call. True while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0

    def __enter__(self) -> Self:
        with self._lock:
            self._number += 1
        return self

    def __exit__(self, *_details: object) -> None:
        with self._lock:
            self._number -= 1

    def __bool__(self) -> bool:
        return self._number > 0


class EngineWatch:
    """Ends this process at most ten seconds after the engine has gone.

    Args:
        address: the engine's gRPC address, which Pulumi passes to a provider as its last argument. Anything but
            `host:port` on this machine is ignored: then no engine has started this process (tests, `pytest -x`).
        calls: the calls that may finish first.
        end_process: ends the process with an exit code. The default skips Python's shutdown, which would wait for the
            four threads of Pulumi's gRPC server.

    """

    def __init__(self, address: str, calls: CallsInFlight, end_process: Callable[[int], object] = os._exit) -> None:
        self._engine = _parse(address)
        self._calls = calls
        self._end_process = end_process
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start watching in a daemon thread."""
        if self._engine is not None:
            threading.Thread(target=self._watch, args=self._engine, name="engine-watch", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def _watch(self, host: str, port: int) -> None:
        # A second probe, because a connection may also be refused while the engine's accept queue is full.
        while _accepts(host, port) or _accepts(host, port):
            if self._stopped.wait(PROBE_SECONDS):
                return
        deadline = time.monotonic() + MAX_FINISH_SECONDS
        while self._calls and time.monotonic() < deadline:
            time.sleep(0.05)
        self._end_process(0)


def _parse(address: str) -> tuple[str, int] | None:
    match = re.fullmatch(r"(127\.0\.0\.1|localhost|\[::1\]):(\d+)", address)
    return (match[1].strip("[]"), int(match[2])) if match is not None else None


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
