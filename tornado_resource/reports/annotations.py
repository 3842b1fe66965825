"""Annotations for GitHub Actions: workflow commands, one line each, that show a text at a line of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import clean, count

if TYPE_CHECKING:
    from tornado_resource.core.positions import Position
    from tornado_resource.gate.model import Result
    from tornado_resource.reports.model import Report

LEVELS: Final = {"failed": "error", "incomplete": "warning"}
MAX_CHARACTERS: Final = 4000
MAX_SCENARIOS: Final = 8


def annotation_lines(report: Report) -> list[str]:
    """Write an error for each failed session and a warning for each incomplete one, at its place."""
    return [_annotation(result) for result in report.results if result.verdict.outcome in LEVELS]


def command(level: str, text: str, *, position: Position | None, title: str) -> str:
    """Return a workflow command (GitHub, *Workflow commands*); one without *position* belongs to no line."""
    where = ""
    if position is not None:
        where = f"file={_property(position.file)},line={position.line},col={position.column},"
    return f"::{level} {where}title={_property(title)}::{_data(text)}"


def _annotation(result: Result) -> str:
    verdict = result.verdict
    title = f"{result.gated.name}: gate {verdict.outcome}"
    session = f" (session {clean(verdict.session_id)})" if verdict.session_id else ""
    text = f"{clean(verdict.reason, 1000)}{session}{_failed(result)}"
    return command(LEVELS[verdict.outcome], text, position=result.gated.position, title=title)


def _failed(result: Result) -> str:
    names = [clean(result.scenario_name(scenario_id), 60) for scenario_id in result.verdict.failed_ids]
    if not names:
        return ""
    more = f" and {len(names) - MAX_SCENARIOS} more" if len(names) > MAX_SCENARIOS else ""
    return f"\n{count(len(names), 'scenario')} failed: {', '.join(names[:MAX_SCENARIOS])}{more}"


def _data(text: str) -> str:
    lines = (clean(line, MAX_CHARACTERS) for line in text.replace("\r\n", "\n").split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return clean(text, MAX_CHARACTERS).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
