"""Reports to files: all of them whole, or none of them changed."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.annotations import annotation_lines
from tornado_resource.reports.junit import junit
from tornado_resource.reports.summary import summary
from tornado_resource.reports.verdicts import verdicts_json
from tornado_resource.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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
    html = import_module("tornado_resource.reports.html").html
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


def append_summary(path: Path, report: Report) -> None:
    """Append the summary to the file that `GITHUB_STEP_SUMMARY` names.

    Raises:
        OSError: it cannot be written.

    """
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"{summary(report)}\n")


def announce(report: Report, environ: Mapping[str, str], echo: Callable[[str], None]) -> None:
    """Tell GitHub Actions, where this runs in it: annotations by *echo*, the job summary by its file. Never raises."""
    from pathlib import Path

    if environ.get("GITHUB_ACTIONS") != "true":
        return
    for line in annotation_lines(report):
        echo(line)
    path = environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        append_summary(Path(path), report)
    except (OSError, ValueError) as error:
        cause = clean((error.strerror if isinstance(error, OSError) else None) or str(error))
        echo(f"the job summary could not be written to {clean(path)}: {cause}")


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
