"""Which connection a request takes, and when another one may have it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from tornado_resource.bland.lanes import Lanes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Lane(httpx.MockTransport):
    """A connection that notes what it was asked."""

    def __init__(self, number: int) -> None:
        super().__init__(self.respond)
        self.number = number
        self.is_closed = False

    def respond(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/down":
            message = "refused"
            raise httpx.ConnectError(message)
        return httpx.Response(200, stream=httpx.ByteStream(str(self.number).encode()))

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.fixture
def lanes() -> list[Lane]:
    """The connections that were made."""
    return []


@pytest.fixture
def client(lanes: list[Lane]) -> httpx.AsyncClient:
    def make() -> Lane:
        lanes.append(Lane(len(lanes)))
        return lanes[-1]

    return httpx.AsyncClient(transport=Lanes(make), base_url="http://api")


async def test_requests_one_after_the_other_share_a_connection(client: httpx.AsyncClient, lanes: list[Lane]) -> None:
    assert [(await client.get("/")).text for _ in range(3)] == ["0", "0", "0"]
    with pytest.raises(httpx.ConnectError):
        await client.get("/down")
    assert (await client.get("/")).text == "0"
    assert len(lanes) == 1


async def test_a_connection_is_taken_until_the_response_is_closed(client: httpx.AsyncClient, lanes: list[Lane]) -> None:
    async with client.stream("GET", "/") as first:
        assert (await client.get("/")).text == "1"
        assert await first.aread() == b"0"
    assert (await client.get("/")).text == "0", "the one that became free last"
    assert len(lanes) == 2


async def test_all_connections_are_closed_together(client: httpx.AsyncClient, lanes: list[Lane]) -> None:
    async with client, client.stream("GET", "/"), client.stream("GET", "/"):
        assert not any(lane.is_closed for lane in lanes)
    assert [lane.is_closed for lane in lanes] == [True, True]


async def test_a_request_may_be_interrupted_while_all_connections_are_closed() -> None:
    class Endless(Lane):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            return self.respond(request)

        async def aclose(self) -> None:
            for each in requests:
                each.cancel()
            await asyncio.sleep(0)

    client = httpx.AsyncClient(transport=Lanes(lambda: Endless(0)), base_url="http://api")
    requests = [asyncio.ensure_future(client.get("/")) for _ in range(3)]
    await asyncio.sleep(0)
    await client.aclose()
    ended = await asyncio.gather(*requests, return_exceptions=True)
    assert [type(each) for each in ended] == [asyncio.CancelledError] * 3


class Interrupted(httpx.AsyncByteStream):
    """A response that is cancelled while it is read, or while it is closed."""

    def __init__(self, where: str) -> None:
        self.where = where

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.where == "read":
            raise asyncio.CancelledError
        yield b"part"

    async def aclose(self) -> None:
        if self.where == "close":
            raise asyncio.CancelledError


@pytest.mark.parametrize("where", ["send", "read", "close"])
async def test_a_connection_that_was_interrupted_is_not_used_again(where: str) -> None:
    """httpcore may count it as taken for ever: each later request would wait for it up to its time limit."""
    lanes: list[Lane] = []

    class Once(Lane):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if self.number > 0:
                return await super().handle_async_request(request)
            if where == "send":
                raise asyncio.CancelledError
            return httpx.Response(200, stream=Interrupted(where))

    def make() -> Lane:
        lanes.append(Once(len(lanes)))
        return lanes[-1]

    async with httpx.AsyncClient(transport=Lanes(make), base_url="http://api") as client:
        with pytest.raises(asyncio.CancelledError):
            await client.get("/")
        assert lanes[0].is_closed
        assert [(await client.get("/")).text for _ in range(2)] == ["1", "1"]
    assert [lane.is_closed for lane in lanes] == [True, True]
