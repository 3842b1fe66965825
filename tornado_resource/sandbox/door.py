"""What the sandbox refuses before it looks at a request: other hosts, other sites and large bodies."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_INTEGER: Final = 2**53 - 1  # the largest that every JSON reader keeps exactly; SQLite's limit is above it
MAX_DIGITS: Final = 400  # of the largest float; beyond 4300, Python refuses to read a number
_LOOPBACK: Final = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_READS: Final = {"GET", "HEAD", "OPTIONS"}


class Door:
    """ASGI middleware that lets only requests from this machine's own programs and page through."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, as ASGI requires."""
        refusal = _refusal(scope["method"], Headers(scope=scope)) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, message = refusal
        await JSONResponse({"status": "error", "message": message}, status)(scope, receive, send)


def _refusal(method: str, headers: Headers) -> tuple[int, str] | None:
    host = headers.get("host", "")
    # Any name can be made to resolve to 127.0.0.1, so that a web page could read what the sandbox stores.
    if _LOOPBACK.fullmatch(host) is None:
        return 403, "The Host header must be 127.0.0.1, localhost or [::1]"
    if method not in _READS and _is_cross_site(host, headers):
        return 403, "Web pages of other sites must not write to the sandbox"
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers:
        return 411, "The body must be sent with a Content-Length header"
    if not length.isdecimal() or len(length) > len(str(MAX_BODY_BYTES)) or int(length) > MAX_BODY_BYTES:
        return 413, f"The body must have at most {MAX_BODY_BYTES} bytes"
    return None


def _is_cross_site(host: str, headers: Headers) -> bool:
    # A page on another port of this machine is "same-site", and as foreign as any other.
    is_foreign = headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}
    return is_foreign or headers.get("origin", f"http://{host}").lower() != f"http://{host}".lower()


def read_json(raw: bytes) -> Any:
    """Return the JSON value of a body.

    Raises:
        ValueError: the body is not JSON, or holds what cannot be stored: huge integers, NaN, lone surrogates.

    """
    try:
        value = json.loads(raw, parse_int=_integer, parse_float=_number, parse_constant=_integer)
        json.dumps(value, ensure_ascii=False).encode()
    except _Huge:
        raise
    except RecursionError:
        message = "The body is nested too deeply"
    except ValueError:
        message = "The body is not JSON"
    else:
        return value
    raise ValueError(message) from None


class _Huge(ValueError):
    pass


def _number(text: str) -> int | float:
    # As JSON Schema and JavaScript have it, 5.0 is the integer 5.
    number = float(text)
    return _integer(f"{number:.0f}") if number.is_integer() or math.isinf(number) else number


def _integer(digits: str) -> int:
    number = int(digits) if len(digits) <= MAX_DIGITS else math.inf
    if abs(number) > MAX_INTEGER:
        message = f"Integers must be at most {MAX_INTEGER}"
        raise _Huge(message)
    return int(number)
