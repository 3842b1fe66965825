"""Files that are on disk when a function returns, power loss included."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def replace_files(contents: Mapping[Path, str], *, mode: int = 0o666) -> None:
    """Write text files so that readers see each one old or new, never partly written.

    All files are written next to their final position first and moved only when all of them are on disk.

    Args:
        contents: the text of each file; parent folders must exist.
        mode: permissions of new files, before the umask.

    Raises:
        OSError: a file cannot be written. The old files are unchanged unless moving itself failed.

    """
    scratch = {path: path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp") for path in contents}
    try:
        for path, content in contents.items():
            _write(scratch[path], content, mode)
        for path, temporary in scratch.items():
            temporary.replace(path)
        # The order matters: the file's bytes before the rename, and the folder after it. Without the second fsync, a
        # power loss may bring the old folder entry back (fsync(2)).
        for folder in {path.parent for path in contents}:
            _sync_folder(folder)
    finally:
        for temporary in scratch.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _write(path: Path, content: str, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
