"""Connections side by side, each in a pool of its own.

httpcore looks at every connection of a pool twice for each request, whether it is idle and whether it has expired. With
twenty connections that is a third of the work for a request; of a pool of one it is nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tornado_resource.bland.http import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


class Lanes(httpx.AsyncBaseTransport):
    """Sends each request on the connection that became free last, or on a new one. Its user limits their number.

    A connection whose request was interrupted is given up: httpcore may count it as taken from then on (seen with 1.0:
    a cancellation while it is closed), and the next request would wait for it for ever.

    Args:
        make: makes the transport of one connection.

    """

    def __init__(self, make: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._make = make
        self._free: list[httpx.AsyncBaseTransport] = [make()]  # what cannot be made fails here
        self._lanes = {*self._free}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Its connection is free again when the response is closed."""
        lane = self._free.pop() if self._free else self._new()
        try:
            response = await lane.handle_async_request(request)
        except Exception:  # whatever failed is for the caller, and httpcore has put its connection in order
            self._free.append(lane)
            raise
        except BaseException:
            await self._give_up(lane)
            raise

        async def end(*, is_interrupted: bool) -> None:
            if is_interrupted:
                await self._give_up(lane)
            else:
                self._free.append(lane)

        response.stream = _Stream(response.stream, end)
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        for lane in [*self._lanes]:  # a request may be interrupted meanwhile
            await lane.aclose()

    def _new(self) -> httpx.AsyncBaseTransport:
        lane = self._make()
        self._lanes.add(lane)
        return lane

    async def _give_up(self, lane: httpx.AsyncBaseTransport) -> None:
        self._lanes.remove(lane)
        with suppress(Exception):
            await lane.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, stream: object, end: Callable[..., Awaitable[None]]) -> None:
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - the transport is asynchronous
        self._stream = stream
        self._end = end
        self._is_interrupted = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                yield part
        except BaseException as error:
            self._is_interrupted = not isinstance(error, Exception)
            raise

    async def aclose(self) -> None:
        """Close the response, and let another request have the connection."""
        try:
            await self._stream.aclose()
        except BaseException:
            self._is_interrupted = True
            raise
        finally:
            await self._end(is_interrupted=self._is_interrupted)
