"""The file that declarations are read from, which may be anything that a pull request can put in its place."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError

MAX_FILE_BYTES: Final = 1024 * 1024
PROJECT_FILES: Final = ("Pulumi.yaml", "Pulumi.yml", ".git")
"""What the folder of a project has in it."""
KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of a file, cut after `MAX_FILE_BYTES` + 1, and whether messages may quote it.

    They may if it is in the project. A pull request can put a link, or config `tornado:declarations`, to any other file
    that the pipeline can read: one outside, or a hidden one such as `.env` or `.git/config`.
    """

    content: bytes
    is_quotable: bool


def read_source(path: str) -> Source:
    """Return the regular file at *path*.

    Raises:
        ConfigurationError: it cannot be opened, or is no regular file.

    """
    try:
        _refuse_irregular(path, Path(path).stat())
        # What is opened may be another file by now. Opening a pipe must not wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            opened = os.fstat(descriptor)
            _refuse_irregular(path, opened)
            return Source(file.read(MAX_FILE_BYTES + 1), is_in_project(path, opened))
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "cannot be read").lower()
        raise _unusable(path, reason) from None


def _refuse_irregular(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = KINDS.get(stat.S_IFMT(found.st_mode), "no file")
        raise _unusable(path, f"found {kind}, expected a regular file")


def _unusable(path: str, reason: str) -> ConfigurationError:
    action = "name the declarations file (tornado:declarations, or the argument)"
    return ConfigurationError(f"{clean(path)}: {reason}; {action}")


def is_in_project(path: str, opened: os.stat_result, start: Path | None = None) -> bool:
    """Return whether the file that was opened, and not only a link to it, is in the project and not hidden there.

    *start*: a folder in the project; None for the current one.
    """
    real, folder = Path(os.path.realpath(path)), project_folder(start)
    if not real.is_relative_to(folder) or not os.path.samestat(real.stat(), opened):
        return False
    return not any(part.startswith(".") for part in real.relative_to(folder).parts)


def project_folder(start: Path | None = None) -> Path:
    """Return the folder of the project: the nearest one with `Pulumi.yaml` or `.git`, from *start* upwards.

    *start* itself if there is none. None stands for the current folder.
    """
    here = start.resolve() if start is not None else Path.cwd()
    folders = (here, *here.parents)
    return next((each for each in folders if any((each / name).exists() for name in PROJECT_FILES)), here)
