"""The API key: what can be one, and a value that nothing prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tornado_resource.core.redaction import REDACTED, encodings, redact
from tornado_resource.core.text import count
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY = re.compile(r"[\x21-\x7e]{8,512}")
_EXPRESSION = re.compile(r"\$\{\{")
_VARIABLE = re.compile(r"\$\{?\w+\}?|\$\(.*\)|\$env:\w+|%\w+%", re.ASCII)
_QUOTES = "\"'`"
_PLACEHOLDER = re.compile(
    r"<.*>|\[.*\]|(change|replace)[-_]?(me|this)|"
    r"(your|my|insert|enter|put)?[-_]?(the|your)?[-_]?(bland)?[-_]?(ai)?[-_]?(api)?[-_]?(key|token)[-_]?(here)?",
    re.IGNORECASE,
)


@dataclass(init=False, repr=False, eq=False)  # without fields: `dataclasses.asdict` has none to show or to copy
class ApiKey:
    """The API key. Whatever prints, copies or pickles objects does not show it.

    Pulumi pickles provider objects into its state: a key inside one would be stored there.
    """

    __slots__ = ("_known",)

    def __init__(self, value: str) -> None:
        forms = encodings(value)
        # In a function, because debuggers and crash reporters print the attributes of objects.
        self._known: Callable[[], tuple[str, tuple[str, ...]]] = lambda: (value, forms)

    def reveal(self) -> str:
        """Return the key itself. Only the request header needs it."""
        return self._known()[0]

    def forms(self) -> tuple[str, ...]:
        """Return the forms in which a response may repeat the key (`encodings`)."""
        return self._known()[1]

    def redact(self, text: str) -> str:
        """Replace the key in text that the API sent, also where it is encoded."""
        return redact(text, self.forms())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKey) and other.reveal() == self.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __repr__(self) -> str:
        return REDACTED

    def __reduce__(self) -> str:
        message = "an API key stays in memory"
        raise TypeError(message)


def check_key(key: str, command: str | None) -> ApiKey:
    """Return a key that can be one.

    Args:
        key: the text.
        command: the command that sets it, for messages; None where there is no stack.

    Raises:
        ConfigurationError: it is missing, or certainly no key. The message never contains it.

    """
    remedy = "set the environment variable BLAND_API_KEY"
    if command is not None:
        remedy = f"set it with {command}, or as the environment variable BLAND_API_KEY"
    if not key:
        message = f"no API key: {remedy}"
        raise ConfigurationError(message)
    fault = _mistaken_key(key) or _malformed_key(key)
    if fault is not None:
        message = f"invalid API key: {fault}; {remedy}"
        raise ConfigurationError(message)
    return ApiKey(key)


def _mistaken_key(key: str) -> str | None:
    """Return what is wrong with text that is as long as a key, but certainly none."""
    if _EXPRESSION.search(key):
        return "it is an expression in ${{ }} that was not evaluated (expected the key that it stands for)"
    if _VARIABLE.fullmatch(key):
        return "it is the name of a variable (expected the variable's value)"
    if key[0] in _QUOTES or key[-1] in _QUOTES:
        return "it is in quotes (expected the key alone)"
    if _PLACEHOLDER.fullmatch(key):
        return "it is a placeholder (expected a key of your Bland account)"
    return None


def _malformed_key(key: str) -> str | None:
    if _KEY.fullmatch(key):
        return None
    is_printable = key.isascii() and key.isprintable()
    length = count(len(key), "character")
    return (
        f"{length} (expected 8 to 512, no spaces)"
        if is_printable
        else f"{length}, some of them control or non-ASCII characters (expected 8 to 512 printable ASCII characters)"
    )
