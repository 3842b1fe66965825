"""The text of a file that a person wrote: UTF-8, one form of line breaks, and nothing in it that nobody can see."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from typing import Final

_LINE_BREAK: Final = re.compile(r"\r\n?")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
"""What YAML 1.2 (5.1) allows only as an escape. All else, negated, takes ten times as long to compile."""
_CONFLICT: Final = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
_POINTER: Final = b"version https://git-lfs.github.com/spec/"


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
