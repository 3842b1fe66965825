"""The only module that sends requests to the API.

A method sends one request and returns its response. Retries are the caller's choice (`retrying`), because a start
must never be retried blindly.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

from tornado_resource.bland.environment import (
    certificate_advice,
    check_certificates,
    find_proxy,
    invalid_proxy,
    unusable_certificates,
)
from tornado_resource.bland.http import httpx
from tornado_resource.bland.lanes import Lanes
from tornado_resource.bland.response_body import decode, parse_body, redact_body
from tornado_resource.bland.responses import error_code, error_message, unusable, unwrapped, usable_time
from tornado_resource.core.text import clean
from tornado_resource.errors import (
    MAX_SHORT_PAUSE_SECONDS,
    ConfigurationError,
    Conflict,
    InvalidRequest,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Rejected,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from tornado_resource.bland.address import Endpoint
    from tornado_resource.bland.environment import ProxyVariable


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of `Retry-After` (RFC 9110, 10.2.3), which has seconds or a date; None if it has neither.

    A date is compared with the response's own Date header, because this machine's clock may be wrong.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    moment, now = _parse(value), date(headers)
    if moment is None or now is None:
        return None
    return max((moment - now).total_seconds(), 0.0)


def date(headers: Mapping[str, str]) -> datetime | None:
    """Return the time of the `Date` header; None if there is none, or it is no time."""
    return _parse(headers.get("date", ""))


def redirect_host(location: str) -> str:
    """Return the host of a `Location` header, in words if it has none."""
    try:
        return urlsplit(location).hostname or "another URL"
    except ValueError:
        return "an invalid URL"


def _parse(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return usable_time(moment) if moment.tzinfo is not None else None


CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 20.0
REQUEST_SECONDS: Final = 30.0
"""Time limit of one request and its whole response. READ_SECONDS alone never ends one that arrives byte by byte."""
MAX_RESPONSE_BYTES: Final = 10 * 1024 * 1024


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Response:
    """A 2xx response: its body is *content*, as it came, without its compression."""

    status_code: int
    headers: httpx.Headers
    content: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """A 2xx response: the JSON of its body, None if it is empty, and the API's time (Date header) if present.

    *label* names the request in messages.
    """

    label: str
    body: Any
    responded_at: datetime | None = None
    status_code: int = HTTPStatus.OK
    is_empty: bool = False


class Client:
    """An API client: one endpoint, one connection pool, one event loop.

    Every method that sends a request raises `NotSent`, `OutcomeUnknown` or `Rejected` (or its subclasses `NotFound` and
    `Conflict`). Their messages never contain the API key.

    Args:
        endpoint: the base URL and the API key.
        connections: how many requests may be in flight at once. More of them wait for their turn.
        ignored: the paths of a version that do not count (`tornado:ignoreContent`).
        transport: replaces httpx's transport, in tests.
        request_seconds: time limit of one request and its whole response.

    Raises:
        ConfigurationError: no request can work with this base URL or with the environment's proxies or certificates.

    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        connections: int = 20,
        ignored: Collection[str] = (),
        transport: httpx.AsyncBaseTransport | None = None,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self._endpoint = endpoint
        self._ignored = ignored
        self._request_seconds = request_seconds
        self._has_responded = False
        # Waiting for a free connection must not count as a timeout of the API: it happens here, outside those limits.
        self._slots = asyncio.Semaphore(connections)
        # A proxy of the environment cannot reach this machine's loopback.
        self._proxy = None if endpoint.is_loopback else find_proxy(endpoint.base_url, os.environ)
        self._http = _http_client(transport or _network(endpoint, self._proxy))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_details: object) -> None:
        await self.close()

    @property
    def ignored(self) -> Collection[str]:
        """The paths of a version that do not count."""
        return self._ignored

    @property
    def has_responded(self) -> bool:
        """Whether there was a 2xx response in the API's own form: then the base URL is that of the API."""
        return self._has_responded

    async def close(self) -> None:
        """Close all connections. The client cannot be used afterwards."""
        await self._http.aclose()

    async def exchange(
        self,
        label: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Send one request and return the JSON of its 2xx response; None if it has no body.

        Args:
            label: names the request in messages.
            method: the HTTP method.
            path: the path below the base URL; ids in it come from `segment`.
            body: the request's JSON body.
            query: the parameters of the query.

        """
        return (await self.request(label, method, path, body=body, query=query)).body

    async def request_object(
        self,
        label: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        """As `request`, but the body must be a JSON object, and is without its wrapper `data` if it has one."""
        response = await self.send(label, method, path, body=body, query=query)
        content = self._json(label, response)
        if not isinstance(content, dict):
            raise OutcomeUnknown(label, "the response is not a JSON object")
        inner = unwrapped(content)
        body_object = inner if isinstance(inner, dict) and inner else content
        return Reply(label, body_object, date(response.headers), response.status_code)

    async def request(
        self,
        label: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        """As `exchange`, but return the time of the response too."""
        response = await self.send(label, method, path, body=body, query=query)
        is_empty = not response.content.strip()
        content = None if is_empty else self._json(label, response)
        return Reply(label, content, date(response.headers), response.status_code, is_empty=is_empty)

    def parsed(self, reply: Reply, parse: Callable[[Any], T | None], fault: str) -> T:
        """Return what *parse* makes of a response. From then on, the base URL is known to be that of the API.

        Args:
            reply: the response.
            parse: makes a value of its body without the wrapper `{data, errors}`; None if it cannot.
            fault: what is wrong then.

        Raises:
            OutcomeUnknown: *parse* cannot.

        """
        value = parse(unwrapped(reply.body))
        if value is None:
            raise unusable(reply.label, reply.body, fault)
        self.recognize()
        return value

    def recognize(self) -> None:
        """Note that there was a 2xx response in the API's own form."""
        self._has_responded = True

    def without_key(self, parts: Any, content: bytes) -> Any:
        """Return parsed parts of a response's body, *content*, without the API key; they are changed in place."""
        return redact_body(parts, content, self._endpoint.key.forms())

    async def send(
        self,
        label: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one request and return its 2xx response. *label* names the request in error messages."""
        url = self._endpoint.base_url + path
        headers = {"authorization": self._endpoint.key.reveal()}
        try:
            request = self._http.build_request(method, url, json=body, params=query, headers=headers)
        except (httpx.InvalidURL, UnicodeError):
            raise InvalidRequest(label, "the request has text that cannot be sent") from None
        try:
            async with self._slots, asyncio.timeout(self._request_seconds):
                response = await self._exchange(label, request)
        except TimeoutError:
            raise OutcomeUnknown(label, f"no complete response within {self._request_seconds:g} s") from None
        except httpx.TransportError as error:
            self._raise_transport(label, error)
        except httpx.InvalidURL:
            # httpx parses `location` even though redirects are not followed.
            raise OutcomeUnknown(label, "the response redirects to an invalid URL") from None
        if not 200 <= response.status_code < 300:
            self._raise_rejected(label, response)
        return response

    async def _exchange(self, label: str, request: httpx.Request) -> Response:
        response = await self._http.send(request, stream=True)
        try:
            received = bytearray()
            async for chunk in response.aiter_raw():
                received += chunk
                _check_size(label, received)
        finally:
            await response.aclose()
        self._http.cookies.clear()  # a request must not depend on the ones before it
        try:
            content = decode(bytes(received), response.headers.get("content-encoding", ""), MAX_RESPONSE_BYTES)
        except ValueError as error:
            raise OutcomeUnknown(label, str(error)) from None
        _check_size(label, content)
        return Response(response.status_code, response.headers, content)

    def _raise_transport(self, label: str, error: httpx.TransportError) -> NoReturn:
        """Map httpx's exceptions. Only what failed before a byte was sent is `NotSent`."""
        host = urlsplit(self._endpoint.base_url).netloc
        proxy = self._proxy.name if self._proxy is not None else None
        place = f"{host} through the proxy of {proxy}" if proxy else host
        match error:
            case httpx.ConnectTimeout():
                raise NotSent(label, f"no connection to {place} within {CONNECT_SECONDS:g} s") from None
            case httpx.ConnectError() | httpx.ProxyError() | httpx.UnsupportedProtocol():
                reason = clean(self._endpoint.key.redact(str(error)), 160) or "refused"
                cause = f"no connection to {place} ({reason}){certificate_advice(error)}"
                if isinstance(error, httpx.ProxyError):
                    cause = f"the proxy of {proxy or 'this machine'} refused the connection to {host} ({reason})"
                raise NotSent(label, cause) from None
            case httpx.TimeoutException():
                raise OutcomeUnknown(label, f"no data from {host} for {READ_SECONDS:g} s") from None
            case _:
                # The text of the error is left out: httpx quotes header values in it, and the key is one of them.
                raise OutcomeUnknown(label, f"{host} closed the connection before the response was complete") from None

    def _raise_rejected(self, label: str, response: Response) -> NoReturn:
        code = response.status_code
        try:
            content, is_api = self._parse(response), True
        except ValueError:
            content, is_api = None, not response.content.strip()
        cause = _cause(code, error_message(content), is_api=is_api)
        if 300 <= code < 400:
            target = self._target(response.headers.get("location", ""))
            cause = f"HTTP {code}: redirected to {clean(target)}; redirects are not followed, check bland:baseUrl"
        kind: type[Rejected] = {404: NotFound, 410: NotFound, 409: Conflict}.get(code, Rejected)
        if kind is NotFound and not isinstance(content, dict):
            kind = Rejected  # a web server or a proxy may say 404 for the API, and its sessions still exist
            cause = f"HTTP {code}{_FOREIGN}"
        wanted = retry_after(response.headers)
        if wanted is not None and wanted > MAX_SHORT_PAUSE_SECONDS:
            cause += f"; the API asks to wait {wanted:.0f} s before the next request"
        rejected = kind(label, cause, status_code=code, retry_after=wanted, is_api=is_api)
        rejected.code = error_code(content)
        raise rejected

    def _target(self, location: str) -> str:
        """Return the host of a redirect. Not even a host that repeats a part of the key is shown."""
        is_safe = self._endpoint.key.redact(location) == location
        return redirect_host(location) if is_safe else "a URL that contains the API key"

    def _parse(self, response: Response) -> Any:
        return parse_body(response.content, self._endpoint.key.forms())

    def _json(self, label: str, response: Response) -> Any:
        try:
            return self._parse(response)
        except ValueError as error:
            raise OutcomeUnknown(label, str(error)) from None


_PROXY_LOGIN: Final = 407
_FOREIGN: Final = (
    "; the response is not JSON, so it does not come from the API: check bland:baseUrl, "
    "and the proxies and firewalls on the way"
)
_ADVICE: Final = {
    401: (
        "; check the API key (bland:apiKey, BLAND_API_KEY); "
        "refresh and destroy use the bland:apiKey of the last `pulumi up`"
    ),
    402: "; the Bland account cannot pay for this: check its billing",
    403: "; check that the API key may do this (bland:apiKey, BLAND_API_KEY)",
    _PROXY_LOGIN: "; a proxy on the way requires a user name and password: check HTTPS_PROXY",
}


def _network(endpoint: Endpoint, proxy: ProxyVariable | None) -> httpx.AsyncBaseTransport:
    """Return the connections to one URL, through its proxy if it has one."""
    try:
        httpx.URL(endpoint.base_url).host  # noqa: B018 - decodes `xn--…`
    except (httpx.InvalidURL, UnicodeError):
        message = "invalid base URL: its host is not a valid `xn--…` name; check bland:baseUrl or BLAND_BASE_URL"
        raise ConfigurationError(message) from None
    certificates = _certificates(endpoint, os.environ)
    limits, through = httpx.Limits(max_connections=1), _through(proxy, certificates)
    try:
        return Lanes(lambda: httpx.AsyncHTTPTransport(verify=certificates, limits=limits, proxy=through))
    except ImportError:
        message = f"a SOCKS proxy needs another package: pip install 'httpx[socks]' ({proxy and proxy.name})"
        raise ConfigurationError(message) from None


def _certificates(endpoint: Endpoint, environ: Mapping[str, str]) -> ssl.SSLContext:
    if endpoint.is_loopback and endpoint.base_url.startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and to load whom to trust takes 15 ms
    if not endpoint.is_loopback:
        check_certificates(environ)
    try:
        return httpx.create_ssl_context(trust_env=not endpoint.is_loopback)
    except OSError as error:
        raise unusable_certificates(error, environ) from None


def _through(proxy: ProxyVariable | None, certificates: ssl.SSLContext) -> httpx.Proxy | None:
    if proxy is None:
        return None
    try:
        return httpx.Proxy(proxy.url, ssl_context=certificates if proxy.url.startswith("https:") else None)
    except (ValueError, httpx.InvalidURL):
        raise invalid_proxy(proxy.name) from None


def _http_client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        # `identity`: nothing is gained by compression here, and what comes all the same is decoded within a limit.
        headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "tornado-resource"},
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None),
        follow_redirects=False,
        trust_env=False,  # the transport has what is used of it
        transport=transport,
    )


def _cause(code: int, message: str, *, is_api: bool) -> str:
    advice = _ADVICE.get(code, "")
    if not is_api and 400 <= code < 500 and code != _PROXY_LOGIN:
        advice = _FOREIGN
    return f"HTTP {code}{f': {message}' if message else ''}{advice}"


def _check_size(label: str, content: bytes | bytearray) -> None:
    if len(content) > MAX_RESPONSE_BYTES:
        raise OutcomeUnknown(label, f"the response is larger than {MAX_RESPONSE_BYTES // 1024**2} MiB")
