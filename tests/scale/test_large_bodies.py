"""No body of a response takes much memory or time. No unit test: those run with coverage, which takes time itself."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.support.api import KEY
from tornado_resource.bland.body import parse_body
from tornado_resource.bland.client import MAX_RESPONSE_BYTES
from tornado_resource.core.redaction import encodings

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = encodings(KEY)
MAX_MEMORY = 100_000_000
MAX_CPU_SECONDS = 2.0
"""Twice what it takes on a quiet machine, at most."""


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


@pytest.mark.parametrize("name", ["objects", "lists", "ids", "names of objects", "an emoji", "100,000 iterations"])
def test_no_body_takes_much_memory(name: str) -> None:
    content = LARGE[name]()
    assert len(content) <= MAX_RESPONSE_BYTES
    tracemalloc.start()
    try_to_parse(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak + len(content) <= MAX_MEMORY


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE.keys())
def test_no_body_takes_much_time(make: Callable[[], bytes]) -> None:
    content = make()
    # The best of some: a machine that does something else at the same time makes the others slower.
    assert any(cpu_seconds(content) <= MAX_CPU_SECONDS for _ in range(5))


def cpu_seconds(content: bytes) -> float:
    began = time.process_time()
    try_to_parse(content)
    return time.process_time() - began


def try_to_parse(content: bytes) -> None:
    with suppress(ValueError):
        parse_body(content, FORMS)


def test_100_000_iterations_are_read() -> None:
    assert len(parse_body(LARGE["100,000 iterations"](), FORMS)["iterations"]) == 100_000
