"""Rows on waiting: the sandbox and the waiting (`waiter.py`) each in a process of its own, over real sockets."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN = Path(sys.executable).parent
WAITER = Path(__file__).resolve().parent / "waiter.py"
PAIRS = 3
TOGETHER, TOGETHER_SECONDS = 200, 5
SLOTTED, SLOTS, SLOTTED_SECONDS = 80, 4, 1
MANY, MANY_SECONDS = 1000, 75


def waiting_rows() -> list[Row]:
    """Many sessions against one alone and against slots of four; memory; requests a minute."""
    with _sandbox(TOGETHER_SECONDS) as url:
        alone = [(_waited(url, TOGETHER)["seconds"], _waited(url, 1)["seconds"]) for _ in range(PAIRS)]
    with _sandbox(SLOTTED_SECONDS) as url:
        slotted = [(_waited(url, SLOTTED)["seconds"], _waited(url, SLOTTED, at_a_time=SLOTS)["seconds"])]
    with _sandbox(MANY_SECONDS) as url:
        many = _waited(url, MANY, poll_seconds=15.0)
        busiest = _busiest_minute(url)
    measured = f"{MANY:,} sessions of {MANY_SECONDS} s, pollInterval 15 s"
    return [
        _ratio(f"waiting for {TOGETHER} sessions of {TOGETHER_SECONDS} s", "one of them alone", alone, 1.3),
        _ratio(
            f"waiting for {SLOTTED} sessions of {SLOTTED_SECONDS} s", f"{SLOTS} at a time, as in create", slotted, 0.1
        ),
        Row("peak MiB of a gate", f"{MANY:,} sessions", round(many["peak_mib"], 1), 150, measured),
        Row("most requests in any minute", "one session", busiest, 12, measured),
    ]


def _ratio(what: str, against: str, pairs: list[tuple[float, float]], target: float) -> Row:
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Row(what, against, round(ratio, 4), target, f"{ours:.2f} s and {theirs:.2f} s, pollInterval 1 s")


@contextmanager
def _sandbox(seconds: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.yaml"
        script.write_text(f"pathways: {{'*': {{scenarios: [{{id: a}}], iteration_ms: {seconds * 1000}}}}}\n")
        command: list[str | Path] = [BIN / "tornado-resource", "sandbox", "--scenario-file", script]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None  # noqa: S101 - it was asked for in the line above
            yield server.stdout.readline().split()[1]
        finally:
            server.terminate()
            server.wait()


def _waited(url: str, sessions: int, *, poll_seconds: float = 1.0, at_a_time: int = 0) -> dict[str, Any]:
    command: list[str | Path] = [sys.executable, WAITER, url, str(sessions), str(poll_seconds), str(at_a_time)]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if result["outcomes"] != {"passed": sessions}:
        sys.exit(f"not all of {sessions} sessions passed: {result['outcomes']}")
    return result


def _busiest_minute(url: str) -> int:
    """The most requests on one session within any 60 seconds, by the sandbox's log."""
    asked: defaultdict[str, list[int]] = defaultdict(list)
    for row in httpx.get(f"{url}/_sandbox/requests", trust_env=False, timeout=60).json():
        if row["path"].endswith("/status"):
            asked[row["path"]].append(row["at_ms"])
    return max(
        sum(1 for other in moments if moment <= other < moment + 60_000)
        for moments in asked.values()
        for moment in moments
    )


if __name__ == "__main__":
    for measured_row in waiting_rows():
        print(measured_row)
