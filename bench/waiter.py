"""Starts sessions and waits for them, in a process of its own; prints as JSON what that took.

Usage: waiter.py URL SESSIONS POLL_SECONDS [AT_A_TIME]
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tornado_resource.bland.address import Endpoint
from tornado_resource.bland.api_key import ApiKey
from tornado_resource.bland.client import Client
from tornado_resource.bland.sessions import start_session
from tornado_resource.declarations.model import Gate
from tornado_resource.runs.model import GatedRun, Result
from tornado_resource.runs.results import wait_for_result


async def waited(url: str, sessions: int, poll_seconds: float, at_a_time: int) -> dict[str, Any]:
    """Wait for new sessions: for all at once, or, as in `create`, in slots that start one and wait for it."""
    slots = asyncio.Semaphore(at_a_time or sessions)
    async with Client(Endpoint(url, ApiKey("sk-bench-0123456789"))) as client:

        async def start(number: int) -> GatedRun:
            request = {"pathway_id": f"waited-{time.time_ns()}-{number}"}
            started = await start_session(client, request)
            return GatedRun(f"s{number}", started.session_id, Gate(), request, started.created_at)

        async def one(number: int, gated: GatedRun | None) -> Result:
            async with slots:
                chosen = gated or await start(number)
                return await wait_for_result(client, chosen, poll_seconds, lambda _progress: None)

        gated_runs: list[GatedRun | None] = [None] * sessions
        if not at_a_time:
            gated_runs = list(await asyncio.gather(*map(start, range(sessions))))
        begun = time.perf_counter()
        results = await asyncio.gather(*(one(number, gated) for number, gated in enumerate(gated_runs)))
        seconds = time.perf_counter() - begun
    outcomes = Counter(result.verdict.outcome for result in results)
    return {"seconds": seconds, "peak_mib": peak_mib(), "outcomes": outcomes}


def peak_mib() -> float:
    """The most memory that this process has had; on Linux, `ru_maxrss` would be its parent's where that had more."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def main() -> None:
    """Wait as the command line says."""
    url, sessions, poll_seconds, *rest = sys.argv[1:]
    at_a_time = int(rest[0]) if rest else 0
    print(json.dumps(asyncio.run(waited(url, int(sessions), float(poll_seconds), at_a_time))))


if __name__ == "__main__":
    main()
