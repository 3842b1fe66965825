"""Reports to files: each of them whole, and none changed unless all could be written."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.html import html
from tornado_resource.reports.junit import junit
from tornado_resource.reports.summary import summary
from tornado_resource.reports.verdicts import verdicts_json
from tornado_resource.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tornado_resource.reports.model import Report


def write_reports(folder: Path, report: Report) -> tuple[Path, ...]:
    """Write `junit.xml`, `verdicts.json`, `summary.md` and `report.html` into *folder*, and return their paths.

    Args:
        folder: made if absent; files of these names are replaced, each in one step.
        report: what to write.

    Raises:
        ConfigurationError: the folder cannot be written to; the files of an earlier run are as they were.

    """
    contents = {
        "junit.xml": junit(report),
        "verdicts.json": verdicts_json(report),
        "summary.md": summary(report),
        "report.html": html(report),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _replaced({folder / name: content for name, content in contents.items()})
    except OSError as error:
        cause = clean(error.strerror or str(error))
        message = (
            f"the reports cannot be written to {clean(str(folder))}: {cause}; name a folder that can be written to"
        )
        raise ConfigurationError(message) from error


def _replaced(contents: Mapping[Path, str]) -> tuple[Path, ...]:
    """Write each file beside its place first, and move them only when all are on the disk."""
    beside = {path: path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp") for path in contents}
    try:
        for path, content in contents.items():
            _write(beside[path], content)
        for path, temporary in beside.items():
            temporary.replace(path)
    finally:
        for temporary in beside.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    return tuple(contents)


def _write(path: Path, content: str) -> None:
    with path.open("x", encoding="utf-8", errors="replace", newline="\n") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
