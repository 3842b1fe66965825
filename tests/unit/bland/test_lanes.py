"""Which connection a request takes, and when another one may have it."""

from __future__ import annotations

import httpx
import pytest

from tornado_resource.bland.lanes import Lanes


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
