"""What is probably meant where a file is not YAML. Both of PyYAML's parsers stop at the same place, in other words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import UNUSUAL_SPACES, unusual_space

if TYPE_CHECKING:
    from collections.abc import Callable

    from yaml import MarkedYAMLError

_SPACE_OF_SYNTAX: Final = re.compile(f"(?:^[ -]*|:)([{UNUSUAL_SPACES}])", re.MULTILINE)
"""To YAML it is a letter."""
COMMENT_START: Final = re.compile(r"(?<=\S)[ \t]+#")
_KEY: Final = re.compile(r":([ \t]|$)")
_DIGITS: Final = {"x": 2, "u": 4, "U": 8}
_MEANINGS: Final = {
    "while scanning an alias": "an alias",
    "while scanning an anchor": "an anchor",
    "while scanning a block scalar": "a text on the lines below",
}
_QUOTE_IT: Final = "quote it if it is text"
BRACES: Final = f"`{{` begins a mapping; {_QUOTE_IT}"
COMMENT: Final = "what follows ` #` is a comment; quote the text if it belongs to it"
_EXPECTED_KEY: Final = "expected `key: value`, with a colon and a space after the key"


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where a parser stopped: at *index*. What it was reading began at *opened*."""

    error: MarkedYAMLError
    text: str
    index: int
    opened: int

    @property
    def line_start(self) -> int:
        return self.text.rfind("\n", 0, self.index) + 1

    @property
    def before(self) -> str:
        """The line up to the stop."""
        return self.text[self.line_start : self.index]

    @property
    def here(self) -> str:
        return self.text[self.index : self.index + 1]

    @property
    def opening(self) -> str:
        return self.text[self.opened : self.opened + 1]

    @property
    def line_above(self) -> tuple[int, str]:
        """The start of the last line above that is not blank, and the line."""
        above = self.text[: self.line_start].rstrip()
        start = above.rfind("\n") + 1
        return start, above[start:]

    @property
    def is_in_flow(self) -> bool:
        return (self.error.context or "").startswith("while parsing a flow") and self.opening in {"[", "{"}

    @property
    def is_in_block(self) -> bool:
        return (self.error.context or "").startswith("while parsing a block")


@dataclass(frozen=True, slots=True)
class Slip:
    """A slip: its index in the text, and a sentence that quotes no more of the file than one character."""

    index: int
    text: str


def find_slip(error: MarkedYAMLError, text: str) -> Slip | None:
    """Return the slip in a text that a parser's error is probably about; None if it is no common one."""
    marks = [mark.index for mark in (error.problem_mark, error.context_mark) if mark is not None]
    stop = _Stop(error, text, marks[0], marks[-1])
    explanations = (slip(stop) for slip in _SLIPS)
    return next((explanation for explanation in explanations if explanation is not None), None)


def _tab(stop: _Stop) -> Slip | None:
    return Slip(stop.index, "found a tab, expected spaces as indentation") if stop.here == "\t" else None


def _unusual_space(stop: _Stop) -> Slip | None:
    start, _ = stop.line_above
    end = stop.text.find("\n", stop.index)
    space = _SPACE_OF_SYNTAX.search(stop.text, start, end if end >= 0 else len(stop.text))
    if space is None:
        return None
    return Slip(space.start(1), f"found {unusual_space(space[1])}, expected an ordinary space")


def _template(stop: _Stop) -> Slip | None:
    if stop.text.startswith("{{", stop.index) or stop.text.startswith("{%", stop.index - 1):
        return Slip(stop.index, BRACES)
    return None


def _beginning(stop: _Stop) -> Slip | None:
    """A character that cannot begin a plain value, or that begins something else."""
    meaning = _MEANINGS.get(stop.error.context or "")
    if meaning is not None:
        return Slip(stop.opened, f"`{stop.opening}` begins {meaning}; {_QUOTE_IT}")
    is_start = stop.error.context == "while parsing a flow node" or stop.before.rstrip().endswith((":", "-"))
    if stop.here in {"@", "`"} or (is_start and stop.here in {*"%-?,]}"}):
        return Slip(stop.index, f"a value cannot begin with '{stop.here}'; {_QUOTE_IT}")
    return None


def _key_without_colon(stop: _Stop) -> Slip | None:
    return Slip(stop.opened, _EXPECTED_KEY) if stop.error.context == "while scanning a simple key" else None


def _in_quotes(stop: _Stop) -> Slip | None:
    if not (stop.error.context or "").endswith("quoted scalar"):
        return None
    backslash = stop.text.rfind("\\", stop.opened + 1, stop.index + 1)
    letter = stop.text[backslash + 1 : backslash + 2]
    if stop.opening == "'" or not (stop.here and letter) or backslash < stop.index - 2:
        return Slip(stop.opened, "the quote that begins here is not closed")
    if letter in _DIGITS:
        return Slip(
            backslash, f"invalid escape, expected `\\{letter}` and {_DIGITS[letter]} hexadecimal digits of a character"
        )
    return Slip(backslash, r"unknown escape; write `\\` for a backslash, or use single quotes")


def _comment(stop: _Stop) -> Slip | None:
    """A comment that ends what goes on after it: a text on several lines, or a list or mapping on one."""
    start, line = stop.line_above
    if stop.is_in_flow:
        start, line = stop.opened, stop.text[stop.opened : stop.index]
    elif stop.before.strip() or not stop.is_in_block:
        return None
    comment = COMMENT_START.search(line)
    if comment is None or (stop.is_in_flow and re.search(r"[]}]", line[comment.end() :]) is None):
        return None
    return Slip(start + comment.end() - 1, COMMENT)


def _after_closing(stop: _Stop) -> Slip | None:
    last = stop.before.rstrip()[-1:]
    if not stop.is_in_block or last not in {*"\"']}"}:
        return None
    if last in {"]", "}"}:
        return Slip(stop.index, f"text after the closing `{last}`; quote the whole value if it is text")
    escape = r"`\"`" if last == '"' else "`''`"
    return Slip(stop.index, f"text after the closing quote; write {escape} for a quote inside of a text")


def _colon(stop: _Stop) -> Slip | None:
    if stop.here != ":":
        return None
    part = re.split(r"[{,[]", stop.before)[-1] if stop.is_in_flow else stop.before
    if _KEY.search(part):
        return Slip(stop.index, f"`: ` in a value; {_QUOTE_IT}")
    if stop.is_in_flow:
        return None
    start, line = stop.line_above
    if _KEY.search(line):
        return Slip(stop.index - len(part.lstrip()), "wrong indentation: the line above has a value already")
    return Slip(start + len(line) - len(line.lstrip()), _EXPECTED_KEY)


def _indentation(stop: _Stop) -> Slip | None:
    if not stop.is_in_block or stop.before.strip():
        return None
    return Slip(stop.index, "wrong indentation, expected that of a line above")


def _not_closed(stop: _Stop) -> Slip | None:
    if not stop.is_in_flow:
        return None
    if stop.here == ":" and stop.text[: stop.index].rstrip().endswith(("'", '"')):
        return Slip(stop.index, "expected the `:` on the line of its key, after at most 1,024 characters")
    closing, line = "]" if stop.opening == "[" else "}", stop.text.count("\n", 0, stop.opened) + 1
    return Slip(stop.index, f"expected `,` or `{closing}`: the `{stop.opening}` of line {line} is not closed here")


_SLIPS: Final[tuple[Callable[[_Stop], Slip | None], ...]] = (
    _tab,
    _unusual_space,
    _template,
    _beginning,
    _key_without_colon,
    _in_quotes,
    _comment,
    _after_closing,
    _colon,
    _indentation,
    _not_closed,
)
