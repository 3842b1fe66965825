"""Workflow commands of GitHub Actions: lines that show a text at a position of a file.

On its own, since `validate` must start quickly and needs nothing else of the reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.core.positions import Position

MAX_COMMAND_CHARACTERS: Final = 4000
MAX_COMMANDS: Final = 10
"""GitHub shows so many errors, warnings and notices of a step, and drops the others without a word."""
TITLE: Final = "tornado-resource"


def command(level: str, text: str, *, position: Position | None, title: str) -> str:
    """Return a workflow command: one line that GitHub shows as *text*, at *position* if there is one.

    The syntax and what must be escaped are on GitHub's page *Workflow commands for GitHub Actions*.
    """
    where = ""
    if position is not None:
        where = f"file={_property(position.file)},line={position.line},col={position.column},"
    return f"::{level} {where}title={_property(title)}::{_data(text)}"


def bounded(level: str, commands: Sequence[str], place: str) -> list[str]:
    """Return as many commands of one level as GitHub shows. The last one says how many more are at *place*."""
    if len(commands) <= MAX_COMMANDS:
        return [*commands]
    shown = commands[: MAX_COMMANDS - 1]
    text = f"and {len(commands) - len(shown):,} more: {place}"
    return [*shown, command(level, text, position=None, title=TITLE)]


def _data(text: str) -> str:
    lines = (clean(line, MAX_COMMAND_CHARACTERS) for line in text.replace("\r\n", "\n").split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return clean(text, MAX_COMMAND_CHARACTERS).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
