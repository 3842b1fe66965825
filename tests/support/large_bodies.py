"""Bodies of responses that are as much work as can be, and how long it takes to read them."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tests.support.api import KEY
from tornado_resource.bland.client import MAX_RESPONSE_BYTES
from tornado_resource.bland.response_body import parse_body
from tornado_resource.core.redaction import encodings

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = encodings(KEY)


def repeated(head: bytes, item: bytes, tail: bytes) -> bytes:
    return (head + item * ((MAX_RESPONSE_BYTES - len(head) - len(tail)) // len(item)))[:-1] + tail


def numbered(head: bytes, item: bytes, tail: bytes) -> bytes:
    count = (MAX_RESPONSE_BYTES - len(head) - len(tail)) // (len(item % 0) + 1)
    return head + b",".join(item % number for number in range(count)) + tail


ITERATION = b'{"iteration":1,"passed_ids":["sc-1"],"failed_ids":["sc-2"]},'
# As large as a response may be, but for the last one. Each is a different way to take memory or time.
LARGE: dict[str, Callable[[], bytes]] = {
    "objects": lambda: repeated(b"[", b"{},", b"]"),
    "lists": lambda: repeated(b"[", b"[],", b"]"),
    "depth": lambda: b"[" * MAX_RESPONSE_BYTES,
    "numbers": lambda: repeated(b"[", b"1234567,", b"]"),
    "ids": lambda: numbered(b'{"status":"RUNNING","unfixable_ids":[', b'"%036d"', b"]}"),
    "names": lambda: numbered(b"{", b'"%07d":0', b"}"),
    "names of objects": lambda: numbered(b"[", b'{"%07d":0}', b"]"),
    "one text": lambda: repeated(b'{"status":"', b"a", b'"}'),
    "emoji": lambda: repeated(b'{"status":"', "🌪".encode(), b'x"}'),
    "an emoji": lambda: repeated('{"status":"🌪'.encode(), b"a", b'"}'),
    "escapes": lambda: repeated(b'{"status":"', b"\\n", b'n"}'),
    "key after key": lambda: repeated(b'{"status":"', KEY.encode(), b'"}'),
    "key by key": lambda: repeated(b"[", b'"%s",' % KEY.encode(), b"]"),
    "key by key, with an escape": lambda: repeated(b'["\\n",', b'"%s",' % KEY.encode(), b"]"),
    "100,000 iterations with an escape": lambda: b'{"status":"\\n","iterations":[' + (ITERATION * 100_000)[:-1] + b"]}",
    "100,000 iterations": lambda: b'{"status":"RUNNING","iterations":[' + (ITERATION * 100_000)[:-1] + b"]}",
}


def try_to_parse(content: bytes) -> Any:
    """What is read of a body; None if it is refused."""
    with suppress(ValueError):
        return parse_body(content, FORMS)
    return None


def cpu_seconds(content: bytes) -> float:
    began = time.process_time()
    try_to_parse(content)
    return time.process_time() - began
