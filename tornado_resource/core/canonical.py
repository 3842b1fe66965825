"""JSON values as one form for equal values: whole numbers are integers, since Pulumi passes every number as a float.

And the values of one type among those that may be of any, as in a state.
"""

from __future__ import annotations

import json
from typing import Any, Final

MAX_WHOLE: Final = 2**53
"""Beyond it, a float does not say which whole number it was."""


def whole(value: Any) -> Any:
    """Return *value* with whole floats as integers, at any depth."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: whole(entry) for key, entry in value.items()}
    return [whole(entry) for entry in value] if isinstance(value, list | tuple) else value


def whole_without_nulls(value: Any) -> Any:
    """Return *value* as `whole` does, without the keys of objects that are null."""
    if isinstance(value, dict):
        return {key: whole_without_nulls(entry) for key, entry in value.items() if entry is not None}
    return [whole_without_nulls(entry) for entry in value] if isinstance(value, list | tuple) else whole(value)


def whole_or_none(value: Any) -> int | None:
    """Return a whole number of at most `MAX_WHOLE` as an integer; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MAX_WHOLE:
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else None


def natural_or_none(value: Any) -> int | None:
    """Return a whole number that is not negative, as `whole_or_none` does; None for anything else."""
    number = whole_or_none(value)
    return number if number is not None and number >= 0 else None


def text_or_none(value: Any) -> str | None:
    """Return *value* if it is a string, else None."""
    return value if isinstance(value, str) else None


def texts(value: Any) -> tuple[str, ...]:
    """Return the strings of a list; none if *value* is no list."""
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list | tuple) else ()


def canonical(value: Any) -> str:
    """Return the JSON text of a value: whole numbers as integers, keys in order, no blanks."""
    return json.dumps(whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def trimmed(value: Any) -> Any:
    """Return *value* with each text, at any depth, without white space at the ends of its lines and at its own end.

    The ends of lines are line feeds then. Keys of objects stay as they are.
    """
    if isinstance(value, str):
        lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return "\n".join(map(str.rstrip, lines)).rstrip()
    if isinstance(value, dict):
        return {key: trimmed(entry) for key, entry in value.items()}
    return [trimmed(entry) for entry in value] if isinstance(value, list | tuple) else value


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON, in hexadecimal."""
    import hashlib

    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()
