"""Hundreds of sessions over real sockets: the sandbox and the waiting each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from tests.support.api import KEY, json_response
from tests.support.paths import ROOT
from tornado_resource.bland.address import Endpoint
from tornado_resource.bland.api_key import ApiKey
from tornado_resource.bland.client import Client
from tornado_resource.bland.sessions import read_status
from tornado_resource.sandbox import MIN_SPEED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SANDBOX: Final = [sys.executable, "-c", "from tornado_resource.cli import main; main()", "sandbox"]


@contextmanager
def sandbox(script: Path, seconds: float, *options: str) -> Iterator[str]:
    """Serve sessions that pass after so many seconds."""
    scenario_results = f"{{scenarios: [{{id: sc-1}}, {{id: sc-2}}], iteration_ms: {int(seconds * 1000)}}}"
    script.write_text(f"pathways: {{'*': {scenario_results}}}\n", encoding="utf-8")
    server = subprocess.Popen([*SANDBOX, "--scenario-file", str(script), *options], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    with server, server.stdout:
        try:
            yield server.stdout.readline().split()[1]
        finally:
            server.send_signal(signal.SIGKILL)


def command(url: str, sessions: int, poll_seconds: float) -> list[str]:
    return [sys.executable, str(ROOT / "bench/waiter.py"), url, str(sessions), str(poll_seconds)]


def waited(url: str, sessions: int, poll_seconds: float) -> dict[str, Any]:
    printed = subprocess.run(
        command(url, sessions, poll_seconds), check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ).stdout
    result: dict[str, Any] = json.loads(printed)
    return result


@pytest.mark.soak  # `make bench` has a row for it
def test_a_thousand_sessions_need_little_memory(tmp_path: Path) -> None:
    with sandbox(tmp_path / "script.yaml", 10) as url:
        result = waited(url, 1000, 15.0)
    assert result["outcomes"] == {"passed": 1000}
    assert result["peak_mib"] <= 150


def test_a_server_that_goes_away_and_comes_back_changes_no_verdict(tmp_path: Path) -> None:
    options = ("--db", str(tmp_path / "sandbox.sqlite"))
    with sandbox(tmp_path / "script.yaml", 6, *options, "--speed", f"{MIN_SPEED}") as url:
        waiter = subprocess.Popen(command(url, 100, 1.0), stdout=subprocess.PIPE, text=True, cwd=ROOT)
        while httpx.get(f"{url}/_sandbox/requests", trust_env=False).text.count("/status") < 100:
            assert waiter.poll() is None
            time.sleep(0.1)
    assert waiter.poll() is None
    time.sleep(3)
    with sandbox(tmp_path / "script.yaml", 6, *options, "--port", url.rpartition(":")[2]):
        printed, _ = waiter.communicate(timeout=300)
    assert json.loads(printed)["outcomes"] == {"passed": 100}


async def test_to_wait_for_a_free_connection_is_no_fault_of_the_api() -> None:
    async def slow(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.3)
        return httpx.Response(200, stream=httpx.ByteStream(json_response({"status": "RUNNING"}).content))

    access = Endpoint("http://127.0.0.1:1", ApiKey(KEY))
    async with Client(access, connections=1, transport=httpx.MockTransport(slow), request_seconds=1.0) as client:
        statuses = await asyncio.gather(*(read_status(client, "s-1") for _ in range(5)))
    assert len(statuses) == 5
