"""The body of a response, decoded, as JSON values that never hold the API key, within a limit on memory."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_MEMORY_MB: Final = 96
"""A body of 10 MiB can take a gigabyte once it is parsed: `[{},{},…`."""
MAX_MEMBER_NAMES: Final = 10_000
"""How many different names the members of a body may have."""
MAX_STRING_CHARACTERS: Final = 100_000
NO_JSON: Final = "the response is not JSON"
_NAME: Final = re.compile(rb'"([^"\\]*)"\s*:')
_BEYOND_BMP: Final = re.compile(rb"[\xf0-\xf4]|\\u[dD][89abAB]")
_WINDOWS: Final = {
    "gzip": (zlib.MAX_WBITS | 16,),
    "x-gzip": (zlib.MAX_WBITS | 16,),
    "deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS),  # by the standard, and as some servers send it
}
_UNSUPPORTED: Final = frozenset({"br", "zstd", "compress", "x-compress"})


def parse_body(content: bytes, forms: Sequence[str]) -> Any:
    """Return the JSON of a body, without the API key in any string and any name of a member.

    Args:
        content: the body.
        forms: the forms of the key (`encodings`).

    Raises:
        ValueError: the body is not JSON, or takes too much memory. The text is fit to be shown.

    """
    check_body(content)
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError(NO_JSON) from None
    return redact_body(body, content, forms)


def check_body(content: bytes) -> None:
    """Refuse a body before it is parsed: one that would take too much memory, and one in UTF-16 or UTF-32.

    JSON is UTF-8 (RFC 8259), but `json.loads` reads the others, too, and the key is looked for in the bytes. They
    always have the byte 0, which UTF-8 has nowhere in JSON.

    Raises:
        ValueError: it is. The text is fit to be shown.

    """
    if 0 in content:
        raise ValueError(NO_JSON)
    if _memory(content) > MAX_MEMORY_MB * 10**6 or _has_too_many_names(content):
        message = f"the response is too complex: parsed, it takes more than {MAX_MEMORY_MB} MB"
        raise ValueError(message)


def redact_body(body: Any, content: bytes, forms: Sequence[str]) -> Any:
    """Return a parsed *body* without the API key, changed in place. *content* is what it was parsed from."""
    present = _present(content, forms)
    return _redacted(body, present) if present else body


def _memory(content: bytes) -> int:
    """Return about how many bytes it takes to parse a body: text, objects, lists, and other values."""
    width = 1 if content.isascii() else 2
    if _BEYOND_BMP.search(content):
        width = 4
    values = 200 * content.count(b"{") + 100 * content.count(b"[") + 75 * content.count(b",") + 20 * content.count(b":")
    return len(content) * (1 + 2 * width) + values


def _has_too_many_names(content: bytes) -> bool:
    """Return whether there are so many different names that they take more memory than `_memory` expects."""
    return content.count(b":") > MAX_MEMBER_NAMES and len(set(_NAME.findall(content))) > MAX_MEMBER_NAMES


def _present(content: bytes, forms: Sequence[str]) -> Sequence[str]:
    """Return the forms that may be in the values. To look for them here is much faster than to look at each value."""
    if b"\\" in content:
        return forms  # an escape may stand for any character of the key
    lowered = content.lower()
    return [form for form in forms if form.encode() in lowered]


def _redacted(body: Any, forms: Sequence[str]) -> Any:
    """Redact all strings in place, since a copy would take as much memory again, and without recursion."""
    root, sound_names = [body], set[str]()
    left: list[Any] = [root]
    while left:
        container = left.pop()
        if isinstance(container, list):
            left += _redact_values(container, enumerate(container), forms)
            continue
        if not sound_names.issuperset(container):
            _redact_names(container, forms)
            sound_names.update(container)
        left += _redact_values(container, container.items(), forms)
    return root[0]


def _redact_values(container: Any, entries: Iterable[tuple[Any, Any]], forms: Sequence[str]) -> list[Any]:
    """Redact the strings of a list or an object, and return the lists and objects in it."""
    shortest, inner = len(forms[-1]), []
    for key, value in entries:
        if isinstance(value, str):
            if len(value) >= shortest:
                container[key] = _redacted_string(value, forms)
        elif isinstance(value, dict | list) and value:
            inner.append(value)
    return inner


def _redact_names(members: dict[str, Any], forms: Sequence[str]) -> None:
    for name in list(members):
        members[_redacted_string(name, forms)] = members.pop(name)


def _redacted_string(text: str, forms: Sequence[str]) -> str:
    """Redact a string, and cut one that is too long. What is cut at the end could be the start of a key."""
    if len(text) <= MAX_STRING_CHARACTERS:
        return redact(text, forms)
    return redact(text[:MAX_STRING_CHARACTERS], forms)[: -len(forms[0])] + "…"


def decode(content: bytes, content_encoding: str, limit: int) -> bytes:
    """Return a body without its compression, as far as it has one.

    What is no compression (`identity`, `none`, `utf-8`) stays as it is; so does what is not compressed in spite of its
    header.

    Args:
        content: the body as received.
        content_encoding: the header.
        limit: the most bytes that are decoded. A body that has more is cut after one more.

    Raises:
        ValueError: it has a compression that cannot be decoded. The text is fit to be shown.

    """
    codings = [coding.strip().lower() for coding in content_encoding.split(",")]
    compressions = [coding for coding in codings if coding in _UNSUPPORTED or coding in _WINDOWS]
    if len(compressions) > 1 or not _UNSUPPORTED.isdisjoint(compressions):
        message = "the response is compressed, but the request did not allow it"
        raise ValueError(message)
    for compression in compressions:
        for window in _WINDOWS[compression]:
            decoded = _decompress(content, window, limit)
            if decoded is not None:
                return decoded
    return content


def _decompress(content: bytes, window: int, limit: int) -> bytes | None:
    """Return the decompressed content; None if it is no whole stream of this kind."""
    decompressor = zlib.decompressobj(window)
    try:
        decoded = decompressor.decompress(content, limit + 1)
    except zlib.error:
        return None
    return decoded if decompressor.eof or len(decoded) > limit else None
