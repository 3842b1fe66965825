"""Prompt files of scenarios. Their text is sent to the API, so a pull request must not name just any file."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from tornado_resource.declarations.source import KINDS, is_in_project

MAX_PROMPT_BYTES: Final = 64 * 1024


class UnusablePrompt(Exception):
    """A prompt file cannot be used; the text says why."""


def read_prompt(declarations: str, path: str) -> str:
    """Return the text of a prompt file: a UTF-8 file in the project of the declarations that is not hidden there.

    Args:
        declarations: the path of the declarations file.
        path: that of the prompt file, relative to the folder of the declarations file.

    Raises:
        UnusablePrompt: it cannot be read, or is not such a file.

    """
    folder = Path(declarations).parent
    try:
        content, fault = _read(str(folder / path), folder)
    except OSError as error:
        content, fault = b"", f"the file cannot be read: {(error.strerror or 'unknown error').lower()}"
    if fault is not None:
        raise UnusablePrompt(fault)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = "found a file that is not UTF-8, expected a text file in UTF-8"
        raise UnusablePrompt(message) from None


def _read(file: str, folder: Path) -> tuple[bytes, str | None]:
    """Return the content of a file, or why it is not to be used."""
    # Opening a pipe must not wait for its other end.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", closefd=True) as opened:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return b"", f"found {KINDS.get(stat.S_IFMT(found.st_mode), 'no file')}, expected a text file"
        if not is_in_project(file, found, folder):
            return b"", "found a file outside of the project or hidden in it, expected one of the project"
        content = opened.read(MAX_PROMPT_BYTES + 1)
    return content, None if len(content) <= MAX_PROMPT_BYTES else "the file is larger than 64 KiB"
