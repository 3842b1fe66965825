"""The only door to the API, and the only import of httpx.

A method is one request and one answer: repeating is the caller's choice (`retrying`), since a start must never be
repeated blindly.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self
from urllib.parse import urlsplit

import httpx

from tornado_resource.bland.responses import Active, Scenario, Started, Status, scenarios_of
from tornado_resource.core.text import clean
from tornado_resource.errors import Conflict, NotFound, NotSent, OutcomeUnknown, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tornado_resource.bland.endpoint import Endpoint

CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 20.0
REQUEST_SECONDS: Final = 30.0
"""The longest that one request may take, however slowly its answer drips."""
MAX_ANSWER_BYTES: Final = 10 * 1024 * 1024
MAX_RETRY_AFTER_SECONDS: Final = 60.0
_SEGMENT = re.compile(r"[A-Za-z0-9._~:@-]{0,127}[A-Za-z0-9_~:@-]")
_TORNADO: Final = "/v1/agent-testing/tornado"


@dataclass(frozen=True, slots=True)
class _Answer:
    status_code: int
    headers: httpx.Headers
    content: bytes


class Client:
    """Speaks to one API with one key over one connection pool, on one event loop.

    Every method raises `NotSent`, `OutcomeUnknown` or `Rejected` (`NotFound` and `Conflict` below it); none of their
    texts holds the key.
    """

    def __init__(
        self,
        access: Endpoint,
        *,
        connections: int = 20,
        transport: httpx.AsyncBaseTransport | None = None,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self._access = access
        self._request_seconds = request_seconds
        self._turns = asyncio.Semaphore(connections)  # to wait for a connection is no fault of the API's
        self._http = httpx.AsyncClient(
            headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "tornado-resource"},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            follow_redirects=False,
            trust_env=not access.is_loopback,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_details: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def start(self, request: Mapping[str, Any]) -> Started:
        """Start a session (*Start Tornado Session*). A 2xx that names no session is `OutcomeUnknown`."""
        what = f"start on pathway {clean(str(request['pathway_id']))}"
        answer = await self._ask(what, "POST", f"{_TORNADO}/start", body=request)
        started = Started.of(_object(what, answer))
        if started is None:
            raise OutcomeUnknown(what, "the answer holds no session_id")
        return started

    async def active(self, pathway_id: str) -> Active | None:
        """Ask which session runs on a pathway (*Get Active Tornado Session*); None when none does."""
        what = f"active session of pathway {clean(pathway_id)}"
        try:
            answer = await self._ask(what, "GET", f"{_TORNADO}/active", query={"pathway_id": pathway_id})
        except NotFound:
            return None
        content = _object(what, answer)
        active = Active.of(content, _date(answer))
        if active is None and content.get("session_id", 0) is not None:
            raise OutcomeUnknown(what, "the answer holds no session_id")
        return active

    async def status(self, session_id: str) -> Status:
        """Ask how a session stands (*Get Tornado Status*)."""
        what = f"status of session {clean(session_id)}"
        answer = await self._ask(what, "GET", f"{_TORNADO}/{_segment(what, session_id)}/status")
        status = Status.of(_object(what, answer))
        if status is None:
            raise OutcomeUnknown(what, "the answer holds no status")
        return status

    async def cancel(self, session_id: str) -> None:
        """Cancel a session (*Cancel Tornado Session*). Any 2xx will do: the page leaves the rest open."""
        what = f"cancel session {clean(session_id)}"
        await self._ask(what, "POST", f"{_TORNADO}/{_segment(what, session_id)}/cancel", body={})

    async def scenarios(self, pathway_id: str) -> tuple[Scenario, ...]:
        """List the enabled scenarios of a pathway."""
        what = f"scenarios of pathway {clean(pathway_id)}"
        query = {"pathway_id": pathway_id, "enabled": "true"}
        answer = await self._ask(what, "GET", "/v1/agent-testing/scenarios", query=query)
        scenarios = scenarios_of(_object(what, answer))
        if scenarios is None:
            raise OutcomeUnknown(what, "the answer holds no scenarios")
        return scenarios

    async def publish(self, pathway_id: str, version: int, environment: str) -> None:
        """Publish a version of a pathway (*Promote Pathway Version*): it is safe to repeat.

        The page documents a `message` only. A 2xx without a body, or with any object that is not one of the API's
        shapes of an error, counts as done.
        """
        what = f"publish version {version} of pathway {clean(pathway_id)} to {environment}"
        path = f"/v1/pathway/{_segment(what, pathway_id)}/publish"
        answer = await self._ask(what, "POST", path, body={"version_id": version, "environment": environment})
        if not answer.content.strip():
            return
        content = _object(what, answer)
        if content.get("status") == "error" or content.get("error") or content.get("errors"):
            said = clean(self._access.key.redact(_message(answer.content)))
            raise Rejected(what, f"the API answered with an error: {said}", status_code=answer.status_code)

    async def _ask(
        self,
        what: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> _Answer:
        """Send one request, and return its 2xx answer whole."""
        try:
            async with self._turns, asyncio.timeout(self._request_seconds):
                answer = await self._exchange(what, method, path, body, query)
        except TimeoutError:
            raise OutcomeUnknown(what, f"no complete answer within {self._request_seconds:g} s") from None
        except httpx.TransportError as error:
            self._raise_transport(what, error)
        except httpx.InvalidURL:
            raise OutcomeUnknown(what, "the answer redirects to what is no URL") from None
        if not 200 <= answer.status_code < 300:
            self._raise_rejected(what, answer)
        return answer

    async def _exchange(
        self, what: str, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, str] | None
    ) -> _Answer:
        request = self._http.build_request(
            method,
            self._access.base_url + path,
            json=body,
            params=query,
            headers={"authorization": self._access.key.reveal()},
        )
        response = await self._http.send(request, stream=True)
        try:
            if response.headers.get("content-encoding", "identity") not in {"", "identity"}:
                raise OutcomeUnknown(what, "the answer is compressed, though the request asked for plain")
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > MAX_ANSWER_BYTES:
                    raise OutcomeUnknown(what, f"the answer is larger than {MAX_ANSWER_BYTES // 1024**2} MiB")
        finally:
            await response.aclose()
        self._http.cookies.clear()
        return _Answer(response.status_code, response.headers, bytes(content))

    def _raise_transport(self, what: str, error: httpx.TransportError) -> NoReturn:
        """Map httpx's exceptions: only what failed before a byte was sent is `NotSent`."""
        host = urlsplit(self._access.base_url).netloc
        match error:
            case httpx.ConnectTimeout():
                raise NotSent(what, f"no connection to {host} within {CONNECT_SECONDS:g} s") from None
            case httpx.ConnectError() | httpx.ProxyError() | httpx.UnsupportedProtocol():
                reason = clean(self._access.key.redact(str(error)), 160) or "refused"
                raise NotSent(what, f"no connection to {host} ({reason})") from None
            case httpx.TimeoutException():
                raise OutcomeUnknown(what, f"{host} stopped answering for {READ_SECONDS:g} s") from None
            case _:
                raise OutcomeUnknown(what, f"{host} broke the connection before its answer was complete") from None

    def _raise_rejected(self, what: str, answer: _Answer) -> NoReturn:
        code = answer.status_code
        said = clean(self._access.key.redact(_message(answer.content)))
        cause = f"HTTP {code}{f': {said}' if said else ''}{_ADVICE.get(code, '')}"
        if 300 <= code < 400:
            target = _host(answer.headers.get("location", ""))
            cause = f"HTTP {code}: redirected to {clean(target)}; redirects are not followed, check bland:baseUrl"
        kind: type[Rejected] = {404: NotFound, 410: NotFound, 409: Conflict}.get(code, Rejected)
        raise kind(what, cause, status_code=code, retry_after=_retry_after(answer))


_ADVICE = {
    401: "; check the API key (bland:apiKey, BLAND_API_KEY)",
    403: "; check that the API key may do this (bland:apiKey, BLAND_API_KEY)",
}


def _host(location: str) -> str:
    try:
        return urlsplit(location).hostname or "another place"
    except ValueError:
        return "what is no URL"


def _segment(what: str, identifier: str) -> str:
    if _SEGMENT.fullmatch(identifier) is None:
        raise NotSent(what, "that is no id that can be put into a URL")
    return identifier


def _object(what: str, answer: _Answer) -> dict[str, Any]:
    """Read the answer's JSON object; one wrapped in `data`, as other endpoints of the API do, will do too."""
    try:
        content = json.loads(answer.content)
    except (ValueError, RecursionError):
        raise OutcomeUnknown(what, "the answer is not JSON") from None
    if not isinstance(content, dict):
        raise OutcomeUnknown(what, "the answer is not a JSON object")
    inner = content.get("data")
    return (
        inner if isinstance(inner, dict) and not content.keys() - {"data", "errors", "status", "message"} else content
    )


def _message(content: bytes) -> str:
    """Find the sentence in an error's body (the API's pages show four shapes of it)."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return ""
    candidates: list[Any] = [body.get("message"), body.get("error")]
    errors = body.get("errors")
    for entry in [*(errors if isinstance(errors, list) else []), body.get("error")]:
        if isinstance(entry, dict):
            candidates += [entry.get("message"), entry.get("error")]
    return next((text for text in candidates if isinstance(text, str)), "")


def _retry_after(answer: _Answer) -> float | None:
    """Read `Retry-After` (RFC 9110, 10.2.3): seconds, or a date, which is taken against the answer's own Date."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value[:9]), MAX_RETRY_AFTER_SECONDS)
    moment, now = _parse_date(value), _date(answer)
    if moment is None or now is None:
        return None
    return min(max((moment - now).total_seconds(), 0.0), MAX_RETRY_AFTER_SECONDS)


def _date(answer: _Answer) -> datetime | None:
    return _parse_date(answer.headers.get("date", ""))


def _parse_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None
