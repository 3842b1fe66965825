"""A stand-in for the client that the parts of a program share, and a session that a stack may have recorded."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tests.support.api import client_of, json_response
from tornado_resource.bland.sessions import Status
from tornado_resource.core.urns import SESSION_TYPE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from tornado_resource.bland.client import Client

OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64
URN = f"urn:pulumi:dev::agents::{SESSION_TYPE}::support-line"
PASSED = Status("COMPLETED_ALL_PASSED", total_scenarios=2, passed_scenarios=2)
FAILED = Status("COMPLETED_PARTIAL", total_scenarios=2, passed_scenarios=1)


class StatusApi:
    """Stands in for the shared client: responds with one status, and counts."""

    def __init__(self, status: Any) -> None:
        self.status = status
        self.asked = 0

    def handle(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return json_response({}, self.status) if isinstance(self.status, int) else json_response(self.status)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        async with client_of(self.handle) as client:
            yield client
