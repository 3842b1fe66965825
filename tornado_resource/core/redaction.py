"""Removing a secret from text: as it is, in JSON, in a URL and in base64."""

from __future__ import annotations

import base64
import json
import string
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REDACTED: Final = "[secret]"
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def encodings(secret: str) -> tuple[str, ...]:
    """Return the forms in which text may repeat a secret, in lower case, the longest first."""
    forms = {_lower(form) for form in _forms(secret)}
    return tuple(sorted(forms, key=len, reverse=True))


def redact(text: str, forms: Iterable[str]) -> str:
    """Replace every form of a secret in *text*, whatever its case. *forms* are those of `encodings`."""
    lowered = _lower(text)
    for form in forms:
        if form in lowered:
            text = _replace(text, lowered, form)
            lowered = _lower(text)
    return text


def _lower(text: str) -> str:
    # `lower` may change the length of text that is not ASCII, and the positions with it.
    return text.lower() if text.isascii() else text.translate(_LOWER)


def _replace(text: str, lowered: str, form: str) -> str:
    """Replace a form at its positions in *lowered*. A regular expression that ignores case takes ten times as long."""
    pieces, start = [], 0
    while (position := lowered.find(form, start)) >= 0:
        pieces += [text[start:position], REDACTED]
        start = position + len(form)
    return "".join([*pieces, text[start:]])


def _forms(secret: str) -> Iterator[str]:
    in_json = json.dumps(secret)[1:-1]
    yield from (secret, in_json, in_json.replace("/", "\\/"))
    yield from (quote(secret, safe="", errors="replace"), quote(secret, errors="replace"))
    yield from _base64(secret.encode(errors="replace"))


def _base64(content: bytes) -> Iterator[str]:
    """Yield what base64 makes of *content* at any position of a longer text: without the characters it shares there."""
    for before in range(3):
        shared, whole = -(-before * 8 // 6), (before + len(content)) * 8 // 6
        encoded = base64.b64encode(bytes(before) + content).decode()[shared:whole]
        yield from (encoded, encoded.translate(str.maketrans("+/", "-_")))
