"""Text from outside, made safe for terminals, logs and Pulumi's own output."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

MAX_NAMED: Final = 5
"""How many ids a message names."""
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f"  # control characters
    r"\xad\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001343f"  # format characters
    r"\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    r"\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # invisible or bidirectional
    r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # surrogates and noncharacters; below, those of planes 1 to 16
    + "".join(f"{chr(plane << 16 | 0xFFFE)}-{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 17))
    + "]"
)
MAX_CONTRASTED: Final = 60
LEAD: Final = 20
"""How many characters are shown before the first one that differs."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CREDENTIALS = re.compile(r"(?<=://)[^\s\"'/]*@")
_DIRECTIVE = re.compile(r"<(?=\{%)")
# A runner trims a line before it looks for `::`, and finds the older forms (`##vso[`: Azure Pipelines) anywhere in it.
# A text that is only `:` may be followed by another one, as a name is.
_COMMAND = re.compile(r"^\s*:(?=:|$)|##(?=\[|vso\[)")
_JSON_ACTIVE = re.compile(r"<(?=\{%)|#(?=#(\[|vso\[))")
UNUSUAL_SPACES: Final = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""The spaces that only look like an ordinary one, as in a set of a regular expression."""
_UNUSUAL_SPACE = re.compile(f"[{UNUSUAL_SPACES}]")
MAX_URL_CHARACTERS: Final = 500
_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*")
_LINE_BREAK = re.compile(r"\r\n?|\n")


def clean(text: str, limit: int = 300) -> str:
    r"""Return *text* on one line of at most *limit* characters, with nothing that a terminal would interpret.

    Control, bidirectional and invisible characters become escapes such as `\x1b`. Pulumi's colour directives
    (`<{%fg 1%}>`, which its engine interprets inside messages) are broken up, and so are the workflow commands of
    GitHub Actions (`::error::x` at the start of a line).
    """
    kept = cut(text, limit)
    printable = kept if kept.isascii() and kept.isprintable() else _UNSAFE.sub(_escape, kept)
    return _COMMAND.sub(r"\g<0> ", _DIRECTIVE.sub("< ", printable))


def clean_lines(text: str, limit: int) -> str:
    """Return *text* as `clean` does, but with its line breaks; tabs become spaces."""
    return "\n".join(clean(line, limit) for line in _LINE_BREAK.split(cut(text, limit).replace("\t", " ")))


def clean_json(text: str) -> str:
    r"""Return JSON with the same meaning, in which all that `clean` would change is an escape such as `\u001b`."""
    escaped = _UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else _escape_for_json(match[0]), text)
    return _JSON_ACTIVE.sub(lambda match: _escape_for_json(match[0]), escaped)


def json_text(content: Any) -> str:
    """Return a JSON file: ASCII, indented, as `clean_json` has it, with lone surrogates replaced (U+FFFD)."""
    return clean_json(json.dumps(_without_surrogates(content), indent=2)) + "\n"


def plain_url(url: str | None) -> str | None:
    """Return an address that reports may link; None if it is no plain https URL."""
    return url if url is not None and len(url) <= MAX_URL_CHARACTERS and _URL.fullmatch(url) else None


def show_spaces(text: str) -> str:
    r"""Return *text* with the spaces that only look like an ordinary one as escapes such as `\xa0`."""
    return text if text.isascii() else _UNUSUAL_SPACE.sub(_escape, text)


def unusual_space(text: str) -> str | None:
    """Return the name of the first space in *text* that only looks like an ordinary one; None if there is none."""
    import unicodedata

    space = _UNUSUAL_SPACE.search(text)
    return f"a {unicodedata.name(space[0]).lower()} (U+{ord(space[0]):04X})" if space is not None else None


def cut(text: str, limit: int) -> str:
    """Return *text*, cut to at most *limit* characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _without_surrogates(value: Any) -> Any:
    """Replace lone surrogates in keys and values: strict JSON parsers refuse them even when escaped."""
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(inner) for inner in value]
    return value


def contrast(actual: str, declared: str) -> tuple[str, str]:
    """Return two texts as `clean` does; of long ones the part from shortly before their first difference."""
    start = 0
    if max(len(actual), len(declared)) > MAX_CONTRASTED:
        pairs = enumerate(zip(actual, declared, strict=False))
        first = next((index for index, (one, other) in pairs if one != other), 0)
        start = max(0, first - LEAD)
    one, other = (f"{'…' if start else ''}{clean(text[start:], MAX_CONTRASTED)}" for text in (actual, declared))
    return one, other


def _escape_for_json(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _escape(match: re.Match[str]) -> str:
    return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}.get(match[0]) or escaped(match[0])


def escaped(character: str) -> str:
    r"""Return a character by its number, as Python and YAML write it: `\x1b`, `\u202e`, `\U0001f600`."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates by U+FFFD. JSON can carry them; UTF-8, and so Pulumi's protocol, cannot."""
    return _SURROGATE.sub("\ufffd", text)


def without_credentials(text: str) -> str:
    """Remove user names and passwords from the URLs in *text*."""
    return _CREDENTIALS.sub("", text)


def did_you_mean(word: str, words: Iterable[str], prefix: str = "") -> str:
    """Return "; did you mean `x`?" for the entry of *words* that is closest to *word*, or nothing."""
    from difflib import get_close_matches

    matches = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"; did you mean `{prefix}{matches[0]}`?" if matches else ""


def and_more(number: int, limit: int) -> str:
    """Return ` and 3 more` for a list of *number* entries that shows *limit*; an empty text if it shows all."""
    return f" and {number - limit:,} more" if number > limit else ""


def short_list(texts: Sequence[str], limit: int, separator: str = ", ") -> str:
    """Return `a, b and 3 more`: the first texts up to a limit, and how many more there are."""
    return separator.join(texts[:limit]) + and_more(len(texts), limit)


def id_list(ids: Collection[str]) -> str:
    """Return `sc-1, sc-2`; of more than `MAX_NAMED` ids the first ones, and how many more there are."""
    return ", ".join(clean(entry, 60) for entry in islice(ids, MAX_NAMED)) + and_more(len(ids), MAX_NAMED)


def count(number: int, noun: str) -> str:
    """Return `1 session`, `2 sessions`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def counts(numbers: Mapping[str, int]) -> str:
    """Return `2 sessions and 1 agent`, by nouns in the singular: the first one alone if there is nothing at all."""
    parts = [count(number, noun) for noun, number in numbers.items() if number]
    return " and ".join(parts) or count(0, next(iter(numbers)))
