"""Faults on demand, between the network and the API, where real ones happen."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from tornado_resource.sandbox.door import read_json
from tornado_resource.sandbox.operations import TEXT, request_body

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tornado_resource.sandbox.store import Store

FaultKind = Literal[
    "status", "status_after", "reset_before", "reset_after", "delay", "delay_after", "garbage", "truncate"
]
FAULT_KINDS: Final = get_args(FaultKind)
Response = tuple["Message", bytes]
"""The ASGI message that starts a response, and the response's body."""
_RANGES: Final[dict[str, tuple[type[int | float], int, int]]] = {
    "status": (int, 200, 599),
    "times": (int, 1, 1_000_000),
    "seconds": (float, 0, 3600),
}
_HEADER_NAME: Final = "[A-Za-z0-9-]+"
_HEADER_TEXT: Final = "[ -~]*"
FAULT: Final = request_body(
    "kind",
    kind={"enum": list(FAULT_KINDS)},
    method=TEXT,
    path=TEXT,
    body=TEXT,
    headers={
        "type": "object",
        "propertyNames": {"pattern": f"^{_HEADER_NAME}$"},
        "additionalProperties": {"type": "string", "pattern": f"^{_HEADER_TEXT}$"},
    },
    **{
        key: {"type": "number" if kind is float else "integer", "minimum": low, "maximum": high}
        for key, (kind, low, high) in _RANGES.items()
    },
)
"""The schema of a fault, for the description."""
GARBAGE: Final = b"<html>not the requested resource</html>"


@dataclass(slots=True)
class Fault:
    """What happens to the next *times* requests of *method* whose path contains *path*.

    `status` responds without running the request, `status_after` after the request took effect; `reset_before` and
    `reset_after` break the connection; `delay` waits *seconds* first, `delay_after` once the request took effect;
    `garbage` and `truncate` spoil the response to a request that took effect.
    """

    kind: FaultKind
    method: str = ""
    path: str = ""
    times: int = 1
    status: int = 500
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"error": "fault injected by the sandbox"}'

    @classmethod
    def of(cls, values: dict[str, Any]) -> Fault:
        """Return the fault that a JSON object describes.

        Raises:
            ValueError: a key or the kind is unknown.

        """
        unknown = values.keys() - set(cls.__slots__)
        if unknown or values.get("kind") not in FAULT_KINDS:
            message = f"expected kind (one of {', '.join(FAULT_KINDS)}) and {', '.join(cls.__slots__)}"
            raise ValueError(message)
        for key, value in values.items():
            _check(key, value)
        return cls(**values)

    @property
    def has_effect(self) -> bool:
        """Whether the request takes effect."""
        return self.kind not in {"status", "reset_before"}

    def response(self) -> Response | None:
        """Return the response of the kinds `status` and `status_after`; None for a broken connection."""
        is_reset = self.kind in {"reset_before", "reset_after"}
        return None if is_reset else _response(self.status, self.body.encode(), self.headers)

    def spoil(self, response: Response) -> Response | None:
        """Return what is sent instead of *response* to a request that took effect; None for a broken connection."""
        start, body = response
        match self.kind:
            case "reset_after" | "status_after":
                return self.response()
            case "garbage":
                return _response(start["status"], GARBAGE, {"content-type": "text/html"})
            case "truncate":
                return start, body[: len(body) // 2]
            case _:
                pass
        return response


class Faults:
    """ASGI middleware that logs every request and applies the faults that are due."""

    def __init__(self, app: ASGIApp, store: Store, now_ms: Any) -> None:
        self._app = app
        self._store = store
        self._now_ms = now_ms
        self.due: list[Fault] = []
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Remove all faults, and end the delays that go on."""
        self.due.clear()
        self._ended.set()
        self._ended = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, as ASGI requires."""
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox") or scope["path"] == "/":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        query = scope["query_string"].decode("latin-1")
        number = self._store.log(self._now_ms(), scope["method"], scope["path"], query, body.decode("utf-8", "replace"))
        fault = self._take(scope["method"], scope["path"])
        response = await self._respond(fault, scope, body)
        if response is None:
            self._store.log_status(number, None)
            _break(receive)
            return
        start, content = response
        self._store.log_status(number, start["status"])
        await send(start)
        # The header promises the whole body, so that a client sees a connection that broke in the middle.
        is_cut = fault is not None and fault.kind == "truncate"
        await send({"type": "http.response.body", "body": content, "more_body": is_cut})
        if is_cut:
            _break(receive)

    def _take(self, method: str, path: str) -> Fault | None:
        for fault in self.due:
            if fault.method in {"", method} and fault.path in path:
                fault.times -= 1
                if fault.times <= 0:
                    self.due.remove(fault)
                return fault
        return None

    async def _respond(self, fault: Fault | None, scope: Scope, body: bytes) -> Response | None:
        """Return the response to send; None for a broken connection."""
        if fault is None:
            return await _collect(self._app, scope, body)
        if fault.kind == "delay":
            await self._delay(fault)
        if not fault.has_effect:
            return fault.response()
        response = await _collect(self._app, scope, body)
        if fault.kind == "delay_after":
            await self._delay(fault)
        return fault.spoil(response)

    async def _delay(self, fault: Fault) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), fault.seconds)


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def _collect(app: ASGIApp, scope: Scope, body: bytes) -> Response:
    """Run the app on a request whose body was read already, and return its response instead of sending it."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


def _check(key: str, value: Any) -> None:
    if key in _RANGES:
        kind, low, high = _RANGES[key]
        is_valid = isinstance(value, int | kind) and not isinstance(value, bool) and low <= value <= high
    elif key == "headers":
        is_valid = isinstance(value, dict) and all(_is_header(name, text) for name, text in value.items())
    else:
        is_valid = isinstance(value, str)
    if not is_valid:
        message = f"{key} is not valid: see docs/sandbox.md"
        raise ValueError(message)


def _is_header(name: str, text: Any) -> bool:
    is_named = re.fullmatch(_HEADER_NAME, name) is not None
    return is_named and isinstance(text, str) and re.fullmatch(_HEADER_TEXT, text) is not None


def _response(status: int, body: bytes, headers: dict[str, str]) -> Response:
    named = {"content-type": "application/json", **headers, "content-length": str(len(body))}
    pairs = [(key.lower().encode(), value.encode()) for key, value in named.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs}, body


def _break(receive: Receive) -> None:
    """Reset the connection (RST). ASGI has no message for this, so it goes through uvicorn's own transport."""
    transport = receive.__self__.transport  # type: ignore[attr-defined] # uvicorn's RequestResponseCycle
    linger = struct.pack("ii", 1, 0)  # on, 0 seconds: closing sends RST instead of FIN (socket(7))
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


def parse_fault(body: bytes) -> Fault:
    """Return the fault that a request's body describes.

    Raises:
        ValueError: the body is not a JSON object, or a key or the kind is unknown.

    """
    values = read_json(body)
    if not isinstance(values, dict):
        message = "expected a JSON object"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for every invalid body
    return Fault.of(values)
