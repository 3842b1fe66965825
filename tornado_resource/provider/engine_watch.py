"""Ending the provider's process together with the engine.

A Python dynamic provider is not told when the CLI is killed, and would run for ever (pulumi-language-python starts it
through a shell, so its parent process does not change either).
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from typing import Final, Self

PROBE_SECONDS: Final = 1.5
FINISH_SECONDS: Final = 4.0
"""How long calls in flight may still run after the engine has gone, so that their sessions reach the intents."""


class CallsInFlight:
    """Counts the calls in flight, as a context manager around each."""

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
    """Ends this process within ten seconds of the engine going away.

    Args:
        address: the engine's gRPC address, which Pulumi gives a provider as its last argument. Anything that is not
            `host:port` on this machine is ignored: then this process was not started by an engine.
        calls: what may finish first.

    """

    def __init__(self, address: str, calls: CallsInFlight) -> None:
        self._engine = _parse(address)
        self._calls = calls
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start watching, in a thread."""
        if self._engine is not None:
            threading.Thread(target=self._watch, args=self._engine, name="engine-watch", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def _watch(self, host: str, port: int) -> None:
        # A second probe: one refused connection may be a full backlog.
        while _accepts(host, port) or _accepts(host, port):
            if self._stopped.wait(PROBE_SECONDS):
                return
        deadline = time.monotonic() + FINISH_SECONDS
        while self._calls and time.monotonic() < deadline:
            time.sleep(0.05)
        os._exit(0)


def _parse(address: str) -> tuple[str, int] | None:
    match = re.fullmatch(r"(127\.0\.0\.1|localhost|\[::1\]):(\d+)", address)
    return (match[1].strip("[]"), int(match[2])) if match is not None else None


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
