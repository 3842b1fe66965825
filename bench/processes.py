"""Which processes the processor time of a `pulumi` command goes to."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

Parts = dict[str, float]
"""Seconds of processor time by part."""
PARTS: Final = ("engine", "pip list", "program", "provider")
INTERVAL_SECONDS: Final = 0.01


@contextmanager
def processor_by_part() -> Iterator[Parts]:
    """Sample the processes that start in the meantime, and return their processor time once they have ended.

    What a process does after its last sample is missing: 5 ms on average.
    """
    parts = dict.fromkeys(PARTS, 0.0)
    existing = {process.pid for process in psutil.Process().children(recursive=True)}
    sampled: dict[int, tuple[str, float]] = {}
    stopped = threading.Event()

    def sample() -> None:
        while not stopped.wait(INTERVAL_SECONDS):
            for process in psutil.Process().children(recursive=True):
                if process.pid not in existing:
                    _sample(process, sampled)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield parts
    finally:
        stopped.set()
        thread.join()
        for part, seconds in sampled.values():
            parts[part] += seconds


def _sample(process: psutil.Process, sampled: dict[int, tuple[str, float]]) -> None:
    try:
        used, command = process.cpu_times(), " ".join(process.cmdline())
    except psutil.Error:
        return
    if command:  # a process that has ended has none
        sampled[process.pid] = _part(command), used.user + used.system


def _part(command: str) -> str:
    if "pulumi.dynamic" in command:
        return "provider"
    if "pulumi-language-python-exec" in command:
        return "program"
    return "pip list" if "-m pip list" in command else "engine"
