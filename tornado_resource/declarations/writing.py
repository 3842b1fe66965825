"""Texts and keys as text of `sessions.yaml`. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.text import escaped

if TYPE_CHECKING:
    from collections.abc import Container

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*( [A-Za-z0-9_-]+)*")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_NO_KEY: Final = re.compile(r"[^a-z0-9]+")
_MAX_KEY: Final = 63


def unused_key(name: str, taken: Container[Any], noun: str) -> str:
    """Return a key made of a name that is not taken; *noun* begins it if the name cannot."""
    word = _NO_KEY.sub("-", name.lower()).strip("-")
    is_usable = word[:1].isalpha() and word not in _WORDS
    base = word if is_usable else f"{noun}-{word}".rstrip("-")
    number, key = 1, base[:_MAX_KEY].rstrip("-")
    while key in taken:
        number += 1
        end = f"-{number}"
        key = base[: _MAX_KEY - len(end)].rstrip("-") + end
    return key


def yaml_text(text: str) -> str:
    """Return a text as YAML: plain if nothing else could be meant, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_quoted, text)) + '"'


def _quoted(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    return character if character.isprintable() else escaped(character)
