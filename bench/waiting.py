"""Rows on waiting: the sandbox and the waiting (`waiter.py`) each in a process of its own, over real sockets."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from projects import requests, sandbox
from rows import Row, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

WAITER = Path(__file__).resolve().parent / "waiter.py"
TOGETHER, TOGETHER_SECONDS = 200, 5
SLOTTED, SLOTS, SLOTTED_SECONDS = 80, 4, 1
MANY, MANY_SECONDS = 1000, 75


def waiting_rows(pairs: int) -> list[Row]:
    """Many sessions against one alone and against slots of four; memory; requests a minute."""
    with _sandbox(TOGETHER_SECONDS) as url:
        alone = [(_waited(url, TOGETHER)["seconds"], _waited(url, 1)["seconds"]) for _ in range(pairs)]
    with _sandbox(SLOTTED_SECONDS) as url:
        slotted = [(_waited(url, SLOTTED)["seconds"], _waited(url, SLOTTED, at_a_time=SLOTS)["seconds"])]
    with _sandbox(MANY_SECONDS) as url:
        many = _waited(url, MANY, poll_seconds=15.0)
        busiest = _busiest_minute(url)
    together = f"waiting for {TOGETHER} sessions of {TOGETHER_SECONDS} s, pollInterval 1 s"
    slots = f"waiting for {SLOTTED} sessions of {SLOTTED_SECONDS} s, pollInterval 1 s"
    measured = f"{MANY:,} sessions of {MANY_SECONDS} s, pollInterval 15 s"
    return [
        ratio(together, "one of them alone", alone, 1.2),
        ratio(slots, f"{SLOTS} at a time, as in create", slotted, 0.1),
        Row("peak MiB of a gate", f"{MANY:,} sessions", round(many["peak_mib"], 1), 80, measured, "count"),
        Row("most requests in any minute", "one session", busiest, 12, measured, "count"),
    ]


@contextmanager
def _sandbox(seconds: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.yaml"
        script.write_text(f"pathways: {{'*': {{scenarios: [{{id: a}}], iteration_ms: {seconds * 1000}}}}}\n")
        with sandbox("--scenario-file", str(script)) as url:
            yield url


def _waited(url: str, sessions: int, *, poll_seconds: float = 1.0, at_a_time: int = 0) -> dict[str, Any]:
    command: list[str | Path] = [sys.executable, WAITER, url, str(sessions), str(poll_seconds), str(at_a_time)]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if result["outcomes"] != {"passed": sessions}:
        sys.exit(f"not all of {sessions} sessions passed: {result['outcomes']}")
    return result


def _busiest_minute(url: str) -> int:
    """The most requests on one session within any 60 seconds, by the sandbox's log."""
    asked: defaultdict[str, list[int]] = defaultdict(list)
    for row in requests(url):
        if row["path"].endswith("/status"):
            asked[row["path"]].append(row["at_ms"])
    return max(
        sum(1 for other in moments if moment <= other < moment + 60_000)
        for moments in asked.values()
        for moment in moments
    )
