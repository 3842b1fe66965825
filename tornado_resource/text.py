"""Text from outside, made safe for a terminal and for Pulumi's own output."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f"  # control characters
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    r"\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # invisible, or turning the line
    r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # no characters at all, as are the last two of each plane
    + "".join(f"{chr(plane << 16 | 0xFFFE)}-{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 17))
    + "]"
)
_CREDENTIALS = re.compile(r"(?<=://)[^\s\"'/]*@")
_DIRECTIVE = re.compile(r"<(?=\{%)")


def clean(text: str, limit: int = 300) -> str:
    r"""Show *text* on one line of at most *limit* characters, with nothing in it that a terminal would obey.

    Control, bidirectional and invisible characters become escapes such as `\x1b`; Pulumi's colour directives
    (`<{%fg 1%}>`, which its engine interprets inside messages) are broken.
    """
    shown = _UNSAFE.sub(_escape, text if len(text) <= limit else text[: limit - 1] + "…")
    return _DIRECTIVE.sub("< ", shown)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    known = {9: "\\t", 10: "\\n", 13: "\\r"}.get(code)
    return known or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def without_credentials(text: str) -> str:
    """Take user names and passwords out of the URLs of *text*."""
    return _CREDENTIALS.sub("", text)


def nearest(word: str, known: list[str]) -> str | None:
    """Find the one of *known* that *word* was probably meant to be."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, n=1, cutoff=0.6)), None)


def count(number: int, noun: str) -> str:
    """Say `1 session`, `2 sessions`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
