"""Small files: reading never blocks, and what was written is on disk even after a power loss."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROJECT_FILES: Final = ("Pulumi.yaml", "Pulumi.yml", ".git")
"""What the folder of a project has in it."""


def project_folder(start: Path | None = None) -> Path:
    """Return the folder of the project: the nearest one with `Pulumi.yaml` or `.git`, from *start* upwards.

    *start* itself if there is none. None stands for the current folder, in which nothing is once it is deleted.
    """
    try:
        here = (start or Path()).resolve()
    except FileNotFoundError:
        here = Path()
    folders = (here, *here.parents)
    return next(
        (candidate for candidate in folders if any((candidate / name).exists() for name in PROJECT_FILES)), here
    )


def read_file(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most *limit* bytes, without ever blocking, as a pipe would.

    Raises:
        OSError: it cannot be read, is larger, or is anything else than a regular file.

    """
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"Larger than {limit // 1024:,} KiB")
    return content


def replace_files(contents: Mapping[Path, str], *, mode: int = 0o666) -> None:
    """Write text files so that readers see each one old or new, never partly written.

    All files are written next to their final position first and moved only when all of them are on disk.

    Args:
        contents: the text of each file; parent folders must exist.
        mode: permissions of new files, before the umask.

    Raises:
        OSError: a file cannot be written. The old files are unchanged unless moving itself failed.

    """
    scratch = {path: path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp") for path in contents}
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


def create_files(contents: Mapping[Path, str], *, parents: bool = False) -> None:
    """Write new text files: all of them or none.

    Args:
        contents: the text of each file.
        parents: whether missing folders are created.

    Raises:
        OSError: a file exists already, or cannot be written. What was created is removed again.

    """
    with ExitStack() as undo:
        for path, text in contents.items():
            missing = [folder for folder in path.parents if parents and not folder.is_dir()]
            for folder in reversed(missing):
                folder.mkdir()
                undo.callback(_remove, folder.rmdir)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                undo.callback(_remove, path.unlink)
                file.write(text)
        undo.pop_all()


def _remove(remove: Callable[[], None]) -> None:
    with suppress(OSError):  # somebody else removed it, or put something into the folder
        remove()


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


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
