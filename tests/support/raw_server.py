"""The API over real sockets, with faults in the bytes that no framework's server would send."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import httpx

from tests.support.api import KEY
from tests.support.sandbox_api import SessionApi
from tornado_resource.bland.address import Endpoint
from tornado_resource.bland.api_key import ApiKey
from tornado_resource.bland.client import Client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Deliver = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]


TLS_HANDSHAKE = b"\x16"


@dataclass(frozen=True)
class Fault:
    """*deliver* sends the response, damaged; *has_effect*: whether the request took effect before.

    *is_slow*: the client's time limit ends it.
    """

    name: str
    deliver: Deliver
    has_effect: bool = True
    reads_request: bool = True
    is_slow: bool = False

    def __str__(self) -> str:
        return self.name


async def send(writer: asyncio.StreamWriter, content: bytes) -> None:
    writer.write(content)
    await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def http_response(status: int, body: bytes = b"{}", headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def instead(content: bytes) -> Deliver:
    async def deliver(writer: asyncio.StreamWriter, _response: bytes) -> None:
        await send(writer, content)

    return deliver


def cut(share: float) -> Deliver:
    """Send that share of the response, then reset the connection."""

    async def deliver(writer: asyncio.StreamWriter, response: bytes) -> None:
        await send(writer, response[: int(len(response) * share)])
        reset(writer)

    return deliver


async def reset_connection(writer: asyncio.StreamWriter, _response: bytes) -> None:
    reset(writer)


async def close_connection(writer: asyncio.StreamWriter, _response: bytes) -> None:
    writer.close()


async def dripping(writer: asyncio.StreamWriter, response: bytes) -> None:
    for index in range(len(response)):
        await send(writer, response[index : index + 1])
        await asyncio.sleep(0.02)


async def silent(_writer: asyncio.StreamWriter, _response: bytes) -> None:
    await asyncio.sleep(30)


async def endless(writer: asyncio.StreamWriter, _response: bytes) -> None:
    await send(writer, b"HTTP/1.1 200 OK\r\ncontent-length: 67108864\r\n\r\n")
    for _ in range(1024):
        await send(writer, b" " * 65536)


@dataclass
class RawServer:
    """Serves an API in memory; *faults* hit requests whose path contains *on*, in order; the last one repeats."""

    api: Any = field(default_factory=SessionApi)
    on: str = ""
    faults: list[Fault | None] = field(default_factory=list)
    hits: int = 0

    @property
    def _request_seconds(self) -> float:
        """The client's limit: short only where a test waits for it, since a busy machine may be slow to respond."""
        return 0.4 if any(fault is not None and fault.is_slow for fault in self.faults) else 10.0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_details: object) -> None:
        self._server.close()

    def client(self, scheme: str = "http", port: int | None = None) -> Client:
        return Client(
            Endpoint(f"{scheme}://127.0.0.1:{port or self.port}", ApiKey(KEY)), request_seconds=self._request_seconds
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first = await reader.readexactly(1)
        if first == TLS_HANDSHAKE:
            reset(writer)
            return False
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        fault = self._next(target)
        if fault is not None and not fault.reads_request:
            reset(writer)
            return False
        length = next(
            (int(row.split(":")[1]) for row in head.splitlines() if row.lower().startswith("content-length")), 0
        )
        body = await reader.readexactly(length)
        response = b""
        if fault is None or fault.has_effect:
            response = await self._respond(method, target, body)
        if fault is None:
            await send(writer, response)
            return True
        await fault.deliver(writer, response)
        return not writer.is_closing()

    def _next(self, target: str) -> Fault | None:
        if self.on not in target or not self.faults:
            return None
        self.hits += 1
        return self.faults.pop(0) if len(self.faults) > 1 else self.faults[0]

    async def _respond(self, method: str, target: str, body: bytes) -> bytes:
        request = httpx.Request(method, f"http://127.0.0.1{target}", content=body, headers={"authorization": KEY})
        handled = self.api.handle(request)
        handled = handled if isinstance(handled, httpx.Response) else await handled
        date = f"date: {handled.headers['date']}\r\n" if "date" in handled.headers else ""
        return http_response(handled.status_code, handled.content, date)


def json_bytes(content: Any) -> bytes:
    return http_response(200, json.dumps(content).encode())
