"""An API key that a server repeats in every encoding, and what finds it again in any output."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "sk-Canary>>??/+=&0123"


def base64_of(before: str, after: str = "") -> Callable[[str], str]:
    return lambda key: base64.b64encode(f"{before}{key}{after}".encode()).decode()


def url_safe_base64_of(before: str) -> Callable[[str], str]:
    return lambda key: base64.urlsafe_b64encode(f"{before}{key}".encode()).decode()


ECHOES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in a sentence": lambda key: f"the key {key} is wrong",
    "twice": lambda key: f"{key}{key}",
    "upper case": str.upper,
    "lower case": str.lower,
    "in JSON": lambda key: json.dumps({"authorization": key}),
    "in JSON in JSON": lambda key: json.dumps(json.dumps({"authorization": key})),
    "URL": quote,
    "URL, slashes too": lambda key: quote(key, safe=""),
    "base64": base64_of(""),
    "base64 after one character": base64_of(":", "xy"),
    "base64 after two characters": base64_of("a:", "x"),
    "base64 of a header": base64_of("authorization: Bearer ", "\r\n"),
    "base64 for URLs": url_safe_base64_of(""),
    "base64 for URLs after one character": url_safe_base64_of(":"),
}


def holds_key(text: str, key: str = KEY) -> bool:
    """Whether a reader could find the key in *text*, as it is or decoded."""
    return any(key.lower() in reading.lower() for reading in _readings(text))


def _readings(text: str) -> Iterator[str]:
    yield from (text, unquote(text), text.replace('\\"', '"').replace("\\/", "/"))
    for run in re.findall(r"[A-Za-z0-9+/_-]{10,}", text):
        for start in range(4):
            yield _decoded(run[start:].translate(str.maketrans("-_", "+/")))


def _decoded(run: str) -> str:
    # No number of base64 characters leaves one over.
    whole = run[:-1] if len(run) % 4 == 1 else run
    return base64.b64decode(whole + "=" * (-len(whole) % 4)).decode(errors="replace")
