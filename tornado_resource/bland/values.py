"""The values of responses, each as what it should be or None, and the wrappers that responses are in. Pure.

This is the door for text from the API: ids, times and statuses pass unchanged, byte for byte, or not at all, and all
other text is cleaned.
"""

from __future__ import annotations

from typing import Any, Final

from tornado_resource.core.canonical import whole_or_none
from tornado_resource.core.text import clean, clean_lines

Json = dict[str, Any]

MAX_ID_CHARACTERS: Final = 128
MAX_WORD_CHARACTERS: Final = 64
"""Of a time or a status."""
MAX_TEXT_CHARACTERS: Final = 2_000
MAX_LINE_CHARACTERS: Final = 300
# Some endpoints of the API wrap the object in `data`, beside these keys.
_WRAPPER_KEYS: Final = frozenset({"data", "errors", "status", "message"})


def unwrapped(body: Any) -> Any:
    """Return what is in the wrapper `{data, errors}` of a response's body; a body without one as it is.

    A wrapper with `errors` may have other keys, but for that of a page of a list.
    """
    if not isinstance(body, dict) or "data" not in body:
        return body
    others = body.keys() - _WRAPPER_KEYS
    is_wrapper = not others or ("errors" in body and "has_more" not in others)
    return body["data"] if is_wrapper else body


def word(value: Any, limit: int = MAX_WORD_CHARACTERS) -> str | None:
    """Return text that is printed safely as it is: printable ASCII of 1 to *limit* characters; None for any other."""
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        return None
    return value if value.isascii() and value.isprintable() and clean(value) == value else None


def free_text(value: Any) -> str | None:
    """Return text for people, with its line breaks; None if it is none."""
    return clean_lines(value, MAX_TEXT_CHARACTERS) if isinstance(value, str) else None


def line(value: Any) -> str | None:
    """Return text for people, on one line; None if it is none."""
    return clean(" ".join(value.split()), MAX_LINE_CHARACTERS) if isinstance(value, str) else None


def whole_number(value: Any) -> int | None:
    """Return a whole number of at most `MAX_WHOLE`, given as a number or as digits; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    return whole_or_none(value)


def flag(value: Any) -> bool | None:
    """Return true or false; None for anything else."""
    return value if isinstance(value, bool) else None


def number(value: Any, most: float) -> float | None:
    """Return a number from 0 to *most*; None for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= most else None
