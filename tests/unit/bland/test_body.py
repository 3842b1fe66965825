"""Bodies of responses: without the API key in any part, and without much memory or time for any body."""

from __future__ import annotations

import json
import time
import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.support.api import KEY
from tornado_resource.bland.body import MAX_NAMES, MAX_STRING_CHARACTERS, parse_body
from tornado_resource.bland.client import MAX_RESPONSE_BYTES
from tornado_resource.core.redaction import encodings

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = encodings(KEY)
MAX_MEMORY = 100_000_000
MAX_CPU_SECONDS = 2.0
"""Twice what it takes on a quiet machine, at most."""


def test_values_without_the_key_are_unchanged() -> None:
    content = {"a": [1, 2.5, None, True, "text ✓", {"b": {}}, []], "": "", "n": -1}
    assert parse_body(json.dumps(content).encode(), FORMS) == content


@pytest.mark.parametrize(
    "content", ['"%s"', '["x", "%s"]', '{"a": {"b": ["%s"]}}', '{"%s": 1}', '{"a": [{"b": {"%s": []}}]}']
)
@pytest.mark.parametrize("key", [KEY, KEY.upper(), KEY.encode().hex(), json.dumps(KEY)[1:-1]])
def test_the_key_is_in_no_string_and_no_name(content: str, key: str) -> None:
    assert parse_body((content % key).encode(), FORMS) == json.loads(content % "[secret]")


def test_a_key_whose_characters_are_escaped_is_found() -> None:
    escaped = "".join(f"\\u{ord(character):04x}" for character in KEY)
    assert parse_body(f'["{escaped}", "sk\\u002d{KEY[3:]}"]'.encode(), FORMS) == ["[secret]", "[secret]"]


def test_a_name_keeps_its_value_when_the_key_is_removed() -> None:
    assert parse_body(f'{{"a": 1, "your {KEY}": 2, "b": 3}}'.encode(), FORMS) == {"a": 1, "your [secret]": 2, "b": 3}


@pytest.mark.parametrize("left", range(1, len(KEY) + 1))
def test_a_long_string_is_cut_without_a_part_of_the_key(left: int) -> None:
    text = "." * (MAX_STRING_CHARACTERS - left) + KEY
    cut = parse_body(json.dumps(text).encode(), FORMS)
    assert cut.strip(".") in {"…", "[secret]…", "[secret]"}
    assert len(cut) <= MAX_STRING_CHARACTERS + 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": 1,}', b"1" * 5000])
def test_what_is_not_json_is_an_error_to_show(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^the response is not JSON$"):
        parse_body(content, FORMS)


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


@pytest.mark.parametrize(("number", "is_read"), [(MAX_NAMES, True), (MAX_NAMES + 1, False)])
def test_a_body_has_so_many_names_at_most(number: int, is_read: bool) -> None:  # noqa: FBT001
    content = json.dumps({str(name): 0 for name in range(number)}).encode()
    if is_read:
        assert len(parse_body(content, FORMS)) == number
    else:
        with pytest.raises(ValueError, match="too complex"):
            parse_body(content, FORMS)
