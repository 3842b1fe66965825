"""Problems of declarations, as text for people, JSON for programs, and annotations for GitHub Actions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tornado_resource.reports.annotations import command

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.declarations.document import Problem

FORMATS = ["text", "json", "github"]


def as_rows(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Plain values for JSON."""
    return [
        {
            "file": problem.place.file,
            "line": problem.place.line,
            "column": problem.place.column,
            "path": problem.path,
            "message": problem.text,
        }
        for problem in problems
    ]


def write(problems: Iterable[Problem], output: str) -> str:
    """Write problems in one of `FORMATS`."""
    if output == "json":
        return json.dumps({"valid": False, "problems": as_rows(problems)}, indent=2)
    if output == "github":
        return "\n".join(annotation("error", problem) for problem in problems)
    return "\n".join(str(problem) for problem in problems)


def annotation(level: str, problem: Problem) -> str:
    """Write a workflow command that shows a problem at its line (GitHub, *Workflow commands*)."""
    place = problem.place
    text = f"{problem.path}: {problem.text}" if problem.path else problem.text
    return command(level, text, file=place.file, line=place.line, column=place.column, title="tornado-resource")
