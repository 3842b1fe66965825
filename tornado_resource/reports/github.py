"""Telling GitHub Actions, where this runs in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tornado_resource.core.text import clean
from tornado_resource.reports.annotations import annotation_lines
from tornado_resource.reports.summary import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tornado_resource.reports.model import Report


def append_summary(path: Path, report: Report) -> None:
    """Append the summary to the file that `GITHUB_STEP_SUMMARY` names.

    Raises:
        OSError: it cannot be written.

    """
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"{summary(report)}\n")


def announce(report: Report, environ: Mapping[str, str], echo: Callable[[str], None]) -> None:
    """Tell GitHub Actions, where this runs in it: annotations by *echo*, the job summary by its file. Never raises."""
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
