"""Annotations for GitHub Actions: workflow commands, one line each, that show a text at a line of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.text import clean, count

if TYPE_CHECKING:
    from tornado_resource.gate.verifying import Result
    from tornado_resource.reports.model import Report

LEVELS: Final = {"failed": "error", "incomplete": "warning"}
MOST_CHARACTERS: Final = 4000
MOST_SCENARIOS: Final = 8


def annotation_lines(report: Report) -> list[str]:
    """Write an error for each failed session and a warning for each incomplete one, at its place."""
    return [_annotation(result) for result in report.results if result.verdict.outcome in LEVELS]


def command(  # noqa: PLR0913 - the parts of a command, all by name
    level: str, text: str, *, file: str = "", line: int = 0, column: int = 0, title: str
) -> str:
    """Write a workflow command (GitHub, *Workflow commands*); one without *file* belongs to no line."""
    where = f"file={_property(file)},line={line},col={column}," if file else ""
    return f"::{level} {where}title={_property(title)}::{_data(text)}"


def position(place: str) -> tuple[str, int, int]:
    """Take `file:line:column` apart; `('', 0, 0)` where *place* is no such thing."""
    file, line, column = (["", "", *place.rsplit(":", 2)])[-3:]
    is_place = bool(file) and all(part.isascii() and part.isdecimal() and len(part) < 10 for part in (line, column))
    return (file, int(line), int(column)) if is_place else ("", 0, 0)


def _annotation(result: Result) -> str:
    verdict = result.verdict
    file, line, column = position(result.subject.place)
    title = f"{result.subject.name}: gate {verdict.outcome}"
    session = f" (session {clean(verdict.session_id)})" if verdict.session_id else ""
    text = f"{clean(verdict.reason, 1000)}{session}{_failed(result)}"
    return command(LEVELS[verdict.outcome], text, file=file, line=line, column=column, title=title)


def _failed(result: Result) -> str:
    names = [clean(result.scenario_name(scenario_id), 60) for scenario_id in result.verdict.failed_ids]
    if not names:
        return ""
    more = f" and {len(names) - MOST_SCENARIOS} more" if len(names) > MOST_SCENARIOS else ""
    return f"\n{count(len(names), 'scenario')} failed: {', '.join(names[:MOST_SCENARIOS])}{more}"


def _data(text: str) -> str:
    lines = (clean(line, MOST_CHARACTERS) for line in text.replace("\r\n", "\n").split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return clean(text, MOST_CHARACTERS).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
