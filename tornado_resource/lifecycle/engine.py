"""The engine that a provider process serves: when it is gone, so are we.

A Python dynamic provider is told nothing when the CLI is killed, and would live on with no end.
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
"""How long calls in flight may still take, so that their answers reach the intents."""


class Calls:
    """Counts the calls in flight."""

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

    @property
    def are_done(self) -> bool:
        """Whether no call is in flight."""
        return self._number == 0


def end_with(address: str, calls: Calls) -> None:
    """End this process within ten seconds of the engine at *address* (`host:port`) going away.

    Pulumi gives a provider the engine's gRPC address as its last argument; anything else there is left alone.
    """
    match = re.fullmatch(r"(127\.0\.0\.1|localhost|\[::1\]):(\d+)", address)
    if match is not None:
        engine = (match[1].strip("[]"), int(match[2]))
        threading.Thread(target=_watch, args=(engine, calls), name="engine-watch", daemon=True).start()


def _watch(engine: tuple[str, int], calls: Calls) -> None:
    while _answers(engine) or _answers(engine):
        time.sleep(PROBE_SECONDS)
    deadline = time.monotonic() + FINISH_SECONDS
    while not calls.are_done and time.monotonic() < deadline:
        time.sleep(0.05)
    os._exit(0)


def _answers(engine: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(engine, timeout=1):
            return True
    except OSError:
        return False
