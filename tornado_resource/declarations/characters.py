r"""The characters of a file: plain text that people can see, and what libyaml reads otherwise than YAML 1.2 and JSON.

libyaml reads YAML 1.1: NEL, U+2028 and U+2029 are line breaks only there, and it has no surrogate pairs (as JSON writes
🎉: `\ud83c\udf89`). Both are replaced before libyaml reads them, each by a character that the file does not have. So
all positions stay what they are in the file, and afterwards each value gets back what was replaced in it.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from typing import TYPE_CHECKING, Any, Final

from yaml import ScalarEvent
from yaml.composer import ComposerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LINE_BREAK: Final = re.compile(r"\r\n?")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
"""What YAML 1.2 (5.1) allows only as an escape. All else, negated, takes ten times as long to compile."""
_CONFLICT: Final = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
_POINTER: Final = b"version https://git-lfs.github.com/spec/"
_BREAKS: Final = "\x85\u2028\u2029"
_HALVES: Final = re.compile(r"\\u[dD][89a-fA-F]")
_HALF: Final = re.compile(r"(\\u)(?=[dD][89a-fA-F][0-9a-fA-F]{2})|\\.")
_LONG_ESCAPE: Final = re.compile(r"\\U([0-9a-fA-F]{8})")


class TextFault(ValueError):
    """A file is no such text. The message says why and what to do; *character* is one that cannot be printed."""

    def __init__(self, line: int, column: int, message: str, character: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.character = character


def decode_text(content: bytes) -> str:
    """Return the text of a file, without a byte order mark, with the line breaks of Unix.

    Raises:
        TextFault: it is not UTF-8, has an unprintable character, or stands for another file (Git LFS, merge conflict).

    """
    if content.startswith(_POINTER):
        message = "found a Git LFS pointer instead of the file; get the file with `git lfs pull`"
        raise TextFault(1, 1, message)
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        message = "found UTF-16; save the file as UTF-8"
        raise TextFault(1, 1, message)
    body = content.removeprefix(BOM_UTF8)
    try:
        text = _LINE_BREAK.sub("\n", body.decode())
    except UnicodeDecodeError as error:
        before = _LINE_BREAK.sub("\n", body[: error.start].decode())
        raise TextFault(*place_after(before), "invalid UTF-8; save the file as UTF-8") from None
    _refuse_faults(text)
    return text


def _refuse_faults(text: str) -> None:
    unprintable = _UNPRINTABLE.search(text)
    if unprintable is not None:
        message = f"unprintable character U+{ord(unprintable[0]):04X}; remove it"
        raise TextFault(*place_after(text[: unprintable.start()]), message, unprintable[0])
    conflict = _CONFLICT.search(text)
    if conflict is not None:
        message = "merge conflict; resolve it, and remove the lines with <<<<<<<, ======= and >>>>>>>"
        raise TextFault(*place_after(text[: conflict.start()]), message)


def place_after(before: str) -> tuple[int, int]:
    """Return the line and the column, counted from 1, right after the text *before*."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


class Substitutes:
    """A text as libyaml reads it rightly.

    Args:
        text: the text of the file.

    """

    def __init__(self, text: str) -> None:
        free = _free_characters(text)
        substitutes = {character: next(free) for character in _BREAKS if character in text}
        self._originals = str.maketrans("".join(substitutes.values()), "".join(substitutes))
        # Two characters, as `\\u` has.
        self._half = next(free) * 2 if _HALVES.search(text) else ""
        self._pair = re.compile(f"{self._half}([dD][89abAB]..){self._half}([dD][c-fC-F]..)")
        self.text = (
            text.translate(str.maketrans("".join(substitutes), "".join(substitutes.values()))) if substitutes else text
        )
        if self._half:
            self.text = _HALF.sub(lambda match: self._half if match[1] else match[0], self.text)

    def restored(self, get_event: Callable[[], Any]) -> Callable[[], Any]:
        """Return *get_event* of a loader that reads `text`, with what was replaced.

        It raises `ComposerError` for half of a surrogate pair.
        """
        if not self._half and not self._originals:
            return get_event

        def get() -> Any:
            event = get_event()
            if type(event) is ScalarEvent:
                event.value = self._value(event)
            return event

        return get

    def _value(self, event: Any) -> str:
        value: str = event.value.translate(self._originals)
        if not self._half or self._half not in value:
            return value
        if event.style != '"':
            return value.replace(self._half, "\\u")
        value = self._pair.sub(lambda match: _joined(match[1], match[2]), value)
        if self._half in value:
            message = "half of a surrogate pair, expected both halves or the character itself"
            raise ComposerError(None, None, message, event.start_mark)
        return value


def _free_characters(text: str) -> Iterator[str]:
    """Yield characters that a text has neither as they are nor as an escape. A file is too small to have all."""
    used = {*text, *(chr(code) for match in _LONG_ESCAPE.findall(text) if (code := int(match, 16)) < 0x110000)}
    yield from (character for character in map(chr, range(0x10000, 0x110000)) if character not in used)


def _joined(high: str, low: str) -> str:
    return (bytes.fromhex(high) + bytes.fromhex(low)).decode("utf-16-be")
