"""Text from outside, made safe for a terminal and for Pulumi's own output."""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_DIRECTIVE = re.compile(r"<(?=\{%)")


def clean(text: str, limit: int = 300) -> str:
    r"""Show *text* on one line of at most *limit* characters, with nothing in it that a terminal would obey.

    Control and bidirectional characters become escapes such as `\x1b`; Pulumi's colour directives (`<{%fg 1%}>`,
    which its engine interprets inside messages) are broken.
    """
    shown = _UNSAFE.sub(_escape, text if len(text) <= limit else text[: limit - 1] + "…")
    return _DIRECTIVE.sub("< ", shown)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return {9: "\\t", 10: "\\n", 13: "\\r"}.get(code) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def nearest(word: str, known: list[str]) -> str | None:
    """Find the one of *known* that *word* was probably meant to be."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, n=1, cutoff=0.6)), None)


def count(number: int, noun: str) -> str:
    """Say `1 session`, `2 sessions`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
