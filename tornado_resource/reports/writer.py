"""Report files: each is complete, and none is changed unless all can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.core.files import read_file, replace_files
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.html import html
from tornado_resource.reports.junit import junit
from tornado_resource.reports.summary import summary
from tornado_resource.reports.trends import trends_json
from tornado_resource.reports.verdicts_json import verdicts_json

if TYPE_CHECKING:
    from pathlib import Path

    from tornado_resource.reports.model import Report


MAX_VERDICTS_BYTES: Final = 64 * 1024 * 1024


def foreign_report(folder: Path, report: Report) -> str | None:
    """Return a warning if *folder* has the reports of another stack than *report*; None if it has not."""
    try:
        content = parse_json(read_file(folder / "verdicts.json", MAX_VERDICTS_BYTES))
        # Older releases did not write the project. A stack can be named with its organization.
        project, stack = str(content.get("project", report.project)), str(content["stack"])
    except (OSError, ValueError, LookupError, AttributeError):
        return None
    if (project, stack.rpartition("/")[2]) == (report.project, report.stack.rpartition("/")[2]):
        return None
    return (
        f"replaces the reports of stack {clean(stack)} of project {clean(project)} in {clean(str(folder))}; give each "
        f"stack a folder of its own: pulumi config set tornado:reports FOLDER --stack {clean(report.stack)}"
    )


def write_reports(folder: Path, report: Report) -> tuple[Path, ...]:
    """Write `junit.xml`, `verdicts.json`, `summary.md` and `report.html` into *folder*, and return their paths.

    With trends, `history.json` is one more.

    Args:
        folder: created if missing; existing files of these names are replaced, each in one step.
        report: what to write.

    Raises:
        ConfigurationError: the folder cannot be written to; the files of an earlier run are unchanged.

    """
    contents = {
        "junit.xml": junit(report),
        "verdicts.json": verdicts_json(report),
        "summary.md": summary(report),
        "report.html": html(report),
    }
    if report.trends is not None:
        contents["history.json"] = trends_json(report.stack, report.written_at, report.trends)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_files({folder / name: content for name, content in contents.items()})
    except OSError as error:
        cause = clean(error.strerror or str(error))
        message = (
            f"the reports cannot be written to {clean(str(folder))}: {cause}; name a folder that can be written to"
        )
        raise ConfigurationError(message) from error
    return tuple(folder / name for name in contents)
