"""The values of plain scalars by the YAML 1.2 core schema (YAML 1.2.2, section 10.3.2)."""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}
_NUMERIC_START = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MAX_DIGITS = 400


def plain(text: str) -> Scalar:
    """Return the value of a plain (unquoted) scalar: `on`, `no`, `1_000`, `12:30` and dates are strings.

    Raises:
        ValueError: a number that JSON cannot represent (infinite, not a number, more than 400 digits).

    """
    if not text or text[0] not in _NUMERIC_START:
        return _WORDS.get(text, text)
    if len(text) > _MAX_DIGITS and (_FLOAT.fullmatch(text) or _BASED.fullmatch(text)):
        message = f"a number of {len(text)} digits, expected at most {_MAX_DIGITS}"
        raise ValueError(message)
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return _finite(float(text))
    return _finite(math.inf) if _NOT_FINITE.fullmatch(text) else text


def _finite(number: float) -> float:
    if math.isfinite(number):
        return number
    message = "a number that is not finite"
    raise ValueError(message)
