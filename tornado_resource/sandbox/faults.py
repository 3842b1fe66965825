"""Faults on demand: between the network and the API, where real ones happen."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tornado_resource.sandbox.store import Store

Kind = Literal["status", "status_after", "reset_before", "reset_after", "delay", "delay_after", "garbage", "truncate"]
KINDS: Final = get_args(Kind)


@dataclass(slots=True)
class Fault:
    """What happens to the next *times* requests of *method* whose path contains *path*.

    `status` answers in the API's place, `status_after` after the request took effect; `reset_before` and `reset_after`
    break the connection; `delay` waits *seconds* first, `delay_after` once the request took effect; `garbage` and
    `truncate` spoil the answer to a request that took effect.
    """

    kind: Kind
    method: str = ""
    path: str = ""
    times: int = 1
    status: int = 500
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"error": "the sandbox was told to fail"}'

    @classmethod
    def of(cls, values: dict[str, Any]) -> Fault:
        """Read a fault from JSON. Raises ValueError when it is none."""
        unknown = values.keys() - set(cls.__slots__)
        if unknown or values.get("kind") not in KINDS:
            message = f"expected kind (one of {', '.join(KINDS)}) and {', '.join(cls.__slots__)}"
            raise ValueError(message)
        return cls(**values)


class Faults:
    """ASGI middleware that logs every request and applies the faults that are due."""

    def __init__(self, app: ASGIApp, store: Store, now_ms: Any) -> None:
        self._app = app
        self._store = store
        self._now_ms = now_ms
        self.due: list[Fault] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI asks."""
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox") or scope["path"] == "/":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        query = scope["query_string"].decode("latin-1")
        number = self._store.log(self._now_ms(), scope["method"], scope["path"], query, body.decode("utf-8", "replace"))
        fault = self._take(scope["method"], scope["path"])
        answer = await self._answer(fault, scope, body)
        if answer is None:
            self._store.log_status(number, None)
            _break(receive)
            return
        self._store.log_status(number, answer[0]["status"])
        await send(answer[0])
        is_cut = fault is not None and fault.kind == "truncate"
        await send({"type": "http.response.body", "body": answer[1], "more_body": is_cut})
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

    async def _answer(self, fault: Fault | None, scope: Scope, body: bytes) -> tuple[Message, bytes] | None:
        """What is sent back: None for a broken connection."""
        kind = fault.kind if fault is not None else None
        if fault is not None and kind == "delay":
            await asyncio.sleep(fault.seconds)
        if kind == "reset_before":
            return None
        if fault is not None and kind == "status":
            return _made(fault.status, fault.body.encode(), fault.headers)
        start, content = await _collect(self._app, scope, body)
        if fault is not None and kind == "delay_after":
            await asyncio.sleep(fault.seconds)
        if kind == "reset_after":
            return None
        if fault is not None and kind == "status_after":
            return _made(fault.status, fault.body.encode(), fault.headers)
        if kind == "garbage":
            return _made(start["status"], b"<html>not what was asked for</html>", {"content-type": "text/html"})
        return start, content[: len(content) // 2] if kind == "truncate" else content


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def _collect(app: ASGIApp, scope: Scope, body: bytes) -> tuple[Message, bytes]:
    """Run the app on a request that was read already, and keep its answer."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


def _made(status: int, body: bytes, headers: dict[str, str]) -> tuple[Message, bytes]:
    named = {"content-type": "application/json", **headers, "content-length": str(len(body))}
    pairs = [(key.lower().encode(), value.encode()) for key, value in named.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs}, body


def _break(receive: Receive) -> None:
    """Break the connection with a reset (RST) by uvicorn's transport, which ASGI itself does not offer."""
    transport = receive.__self__.transport  # type: ignore[attr-defined] # uvicorn's RequestResponseCycle
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


def parse_fault(body: bytes) -> Fault:
    """Read a fault from a request's body. Raises ValueError when it is none."""
    values = json.loads(body)
    if not isinstance(values, dict):
        message = "expected a JSON object"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for all that is wrong with a body
    return Fault.of(values)
