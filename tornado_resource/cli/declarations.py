"""The declarations that a command is about, and their problems: as text, JSON, and annotations for GitHub Actions."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.positions import Checkout, Problem, more_problems
from tornado_resource.core.text import clean
from tornado_resource.declarations.reader import MAX_FILE_BYTES
from tornado_resource.declarations.resolver import check_content, check_document
from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.ci import MAX_COMMAND_CHARACTERS, MAX_COMMANDS, TITLE, bounded, command

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tornado_resource.declarations.document import Document

STANDARD_INPUT: Final = "-"
FORMATS = ["text", "json", "github"]


def read_declarations(file: str) -> Document:
    """Return the declarations in a file, or in standard input for `-`, checked.

    Raises:
        ConfigurationError: the file or standard input cannot be read.
        DeclarationError: the declarations are invalid; the error has all problems.

    """
    if file != STANDARD_INPUT:
        return check_document(file)
    try:
        content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        message = f"cannot read standard input: {str(error.strerror).lower()}; name a file instead of `-`"
        raise ConfigurationError(message) from None
    return check_content(content, "<stdin>")


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


def write_problems(problems: Sequence[Problem], more: int, output: str, faults: Sequence[str] = ()) -> str:
    """Return problems, and the number of those that are not shown, in one of `FORMATS`.

    *faults* say which files cannot be read.
    """
    if output == "json":
        unread = [{"file": None, "line": None, "column": None, "path": "", "message": fault} for fault in faults]
        return json.dumps({"valid": False, "problems": as_rows(problems) + unread, "more_problems": more}, indent=2)
    rest = [*([more_problems(more)] if more else []), *faults]
    if output == "github":
        return as_annotations("error", [*problems, *rest])
    return "\n".join([*map(str, problems), *rest])


def as_annotations(level: str, problems: Sequence[Problem | str]) -> str:
    """Return lines that make GitHub show problems at their lines, and texts about a file as a whole.

    Those beyond the limit of GitHub are lines of the log.
    """
    checkout = Checkout.of(os.environ)
    lines = bounded(
        level, [_annotation(level, problem, checkout) for problem in problems], "see the next lines of this log"
    )
    rest = problems[MAX_COMMANDS - 1 :] if len(problems) > MAX_COMMANDS else ()
    return "\n".join([*lines, *(clean(str(problem), MAX_COMMAND_CHARACTERS) for problem in rest)])


def _annotation(level: str, problem: Problem | str, checkout: Checkout | None) -> str:
    if isinstance(problem, str):
        return command(level, problem, position=None, title=TITLE)
    text = f"{problem.path}: {problem.text}" if problem.path else problem.text
    position = checkout.linked(problem.position) if checkout is not None else problem.position
    return command(level, text, position=position, title=TITLE)
