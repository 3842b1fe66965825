"""For every test of the providers: no pause between the requests that show that a run is gone, or has settled."""

from __future__ import annotations

import asyncio

import pytest

from tornado_resource.core.clock import Clock
from tornado_resource.provider import run_provider


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))

    monkeypatch.setattr(run_provider, "SYSTEM", Clock(sleep=sleep))
