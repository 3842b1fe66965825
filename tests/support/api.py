"""Fake clocks, which advance only while code sleeps, and clients without a network."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from pulumi.dynamic import Config, ConfigureRequest

from tornado_resource.bland.address import Endpoint
from tornado_resource.bland.api_key import ApiKey
from tornado_resource.bland.client import Client
from tornado_resource.core.clock import Clock
from tornado_resource.provider.runtime import confirm_base_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable

    from pulumi.dynamic import ResourceProvider

T = TypeVar("T")
KEY = "sk-canary-0123456789"
EPOCH = datetime(2026, 4, 14, 10, 0, tzinfo=UTC)


@dataclass
class FakeTime:
    """Monotonic seconds since the test began; wall-clock time is `EPOCH` later, plus *skew* seconds."""

    seconds: float = 0.0
    skew: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds + self.skew)

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.seconds += seconds

    def clock(self, random: float = 0.0) -> Clock:
        return Clock(now=self.now, monotonic=lambda: self.seconds, sleep=self.sleep, random=lambda: random)


@dataclass
class VirtualTime:
    """One clock for many tasks. When all of them sleep, it jumps to the time at which the first of them wakes."""

    seconds: float = 0.0
    skew: float = 0.0
    _awake: int = 0
    _sleepers: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    def clock(self, random: Callable[[], float]) -> Clock:
        def now() -> datetime:
            return EPOCH + timedelta(seconds=self.seconds + self.skew)

        return Clock(now=now, monotonic=lambda: self.seconds, sleep=self.sleep, random=random)

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + seconds, next(self._numbers), woken))
        self._rest()
        await woken

    async def run(self, tasks: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """Run all tasks concurrently and return their results."""
        begun = list(tasks)
        self._awake = len(begun)
        return await asyncio.gather(*map(self._counted, begun))

    async def _counted(self, task: Coroutine[Any, Any, T]) -> T:
        try:
            return await task
        finally:
            self._rest()

    def _rest(self) -> None:
        self._awake -= 1
        if self._awake == 0 and self._sleepers:
            self.seconds, _, woken = heapq.heappop(self._sleepers)
            self._awake = 1
            woken.set_result(None)


def client_of(handler: Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]], **options: Any) -> Client:
    async def streamed(request: httpx.Request) -> httpx.Response:
        handled = handler(request)
        response = handled if isinstance(handled, httpx.Response) else await handled
        if not hasattr(response, "_content"):
            return response
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content))

    return Client(Endpoint("http://127.0.0.1:1", ApiKey(KEY)), transport=httpx.MockTransport(streamed), **options)


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json=content, headers=headers)


def format_date(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


def configure_request(url: str, **config: str) -> ConfigureRequest:
    """Return the request that configures a provider, with the API key, this base URL, and more of `tornado:`."""
    given = {f"tornado:{key}": value for key, value in config.items()}
    return ConfigureRequest(Config({"bland:apiKey": KEY, "bland:baseUrl": url, **given}, "agents"))


def configure_provider(provider: ResourceProvider, url: str, **config: str) -> None:
    """Configure a provider as an update does, in which the program knows the base URL from the stack's config."""
    provider.configure(configure_request(url, **config))
    confirm_base_url(url)
