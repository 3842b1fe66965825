"""Every way in which a response can be lost or damaged."""

from __future__ import annotations

import gzip
from typing import Final

from tests.support.raw_server import (
    Fault,
    close_connection,
    cut,
    dripping,
    endless,
    http_response,
    instead,
    json_bytes,
    reset_connection,
    silent,
)
from tests.support.soak import IS_SOAK

WRITES: Final = {"/start", "/cancel", "/publish"}
SLOW: Final = {"a byte at a time", "silence before the effect", "silence after the effect", "64 MiB"}
"""They take until the client's time limit, with every retry."""
BOMB: Final = gzip.compress(b" " * 50_000_000)

FAULTS: Final = [
    Fault("reset before the request is read", reset_connection, has_effect=False, reads_request=False),
    Fault("reset before the effect", reset_connection, has_effect=False),
    Fault("reset after the effect", reset_connection),
    Fault("closed before the effect", close_connection, has_effect=False),
    Fault("closed after the effect", close_connection),
    *(Fault(f"cut at {share:.0%}", cut(share)) for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.999)),
    *(
        Fault(
            f"{status}{' after the effect' if has_effect else ''}",
            instead(http_response(status)),
            has_effect=has_effect,
        )
        for status in (408, 425, 429, 500, 502, 503, 504)
        for has_effect in (True, False)
    ),
    *(
        Fault(
            f"429 retry-after {value}",
            instead(http_response(429, b"{}", f"retry-after: {value}\r\n")),
            has_effect=False,
        )
        for value in ("0", "1", "3600", "-1", "Tue, 14 Apr 2026 10:00:05 GMT", "soon")
    ),
    *(
        Fault(str(status), instead(http_response(status, b'{"error": "no"}')), has_effect=False)
        for status in (400, 401, 403, 422)
    ),
    *(
        Fault(str(status), instead(http_response(status, b"", "location: https://evil.example/\r\n")), has_effect=False)
        for status in (301, 302, 303, 307, 308)
    ),
    Fault("200 and empty", instead(http_response(200, b""))),
    Fault("200 and HTML", instead(http_response(200, b"<html></html>"))),
    Fault("200 and half JSON", instead(http_response(200, b'{"session_id": "s-'))),
    Fault("200 and a list", instead(json_bytes([]))),
    Fault("200 and null", instead(json_bytes(None))),
    Fault("200 and wrong types", instead(json_bytes({"session_id": 7, "status": [], "scenarios": "x"}))),
    Fault("200 and nothing known", instead(json_bytes({"hello": "world"}))),
    Fault("no HTTP", instead(b"220 smtp ready\r\n\r\n")),
    Fault("headers without end", instead(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000)),
    Fault("longer than announced", instead(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n" + b"x" * 99)),
    Fault("gzip bomb", instead(http_response(200, BOMB, "content-encoding: gzip\r\n"))),
    Fault("64 MiB", endless),
    Fault("a byte at a time", dripping, is_slow=True),
    Fault("silence before the effect", silent, has_effect=False, is_slow=True),
    Fault("silence after the effect", silent, is_slow=True),
]


ALIKE: Final = {
    *(fault.name for fault in FAULTS if fault.name.endswith("after the effect") and fault.name not in SLOW),
    *(f"cut at {share:.0%}" for share in (0.1, 0.3, 0.7, 0.9, 0.97)),
}
"""Of a request that changes nothing, they show what others do."""


def faults_of(endpoint: str) -> list[Fault]:
    """All faults of a write; of a read only those that differ there, but in `make soak`."""
    is_write = endpoint in WRITES or endpoint.endswith(("/cancel", "/check-runs"))
    return FAULTS if IS_SOAK or is_write else [fault for fault in FAULTS if fault.name not in ALIKE]


def lasting(number: int, endpoint: str) -> tuple[bool, ...]:
    """Whether a fault (by its number) lasts, in each case: both for writes and in `make soak`, else one in turn."""
    return (False, True) if IS_SOAK or endpoint in WRITES else (number % 2 == 1,)
