"""Problems of declarations, as text for people, JSON for programs, and annotations for GitHub Actions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tornado_resource.core.positions import more_problems
from tornado_resource.reports.workflow_commands import command

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tornado_resource.core.positions import Problem

FORMATS = ["text", "json", "github"]
TITLE = "tornado-resource"


def as_rows(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return problems as plain values for JSON."""
    return [
        {
            "file": problem.position.file,
            "line": problem.position.line,
            "column": problem.position.column,
            "path": problem.path,
            "message": problem.text,
        }
        for problem in problems
    ]


def write(problems: Sequence[Problem], more: int, output: str, faults: Sequence[str] = ()) -> str:
    """Return problems, and the number of those that are not shown, in one of `FORMATS`.

    *faults* say which files cannot be read.
    """
    if output == "json":
        unread = [{"file": None, "line": None, "column": None, "path": "", "message": fault} for fault in faults]
        return json.dumps({"valid": False, "problems": as_rows(problems) + unread, "more_problems": more}, indent=2)
    rest = [*([more_problems(more)] if more else []), *faults]
    if output == "github":
        whole = [remark("error", text) for text in rest]
        return "\n".join([*(annotation("error", problem) for problem in problems), *whole])
    return "\n".join([*map(str, problems), *rest])


def annotation(level: str, problem: Problem) -> str:
    """Return a workflow command that makes GitHub show a problem at its line."""
    text = f"{problem.path}: {problem.text}" if problem.path else problem.text
    return command(level, text, position=problem.position, title=TITLE)


def remark(level: str, text: str) -> str:
    """Return a workflow command that makes GitHub show a text about the file as a whole."""
    return command(level, text, position=None, title=TITLE)
