"""What differs between two versions, for people and programs: text, Markdown, JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.content import short
from tornado_resource.core.text import clean, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tornado_resource.versions.difference import Changes, PartChange

_MARKS: Final = {"added": "+", "removed": "-", "changed": "~"}
_FENCE: Final = re.compile(r"`{3,}")


def title(changes: Changes) -> str:
    """Return `version 6 (sha256:…) → version 7 (sha256:…)`."""
    before, after = changes.before, changes.after
    return f"{clean(before.label)} ({short(before.digest)}) → {clean(after.label)} ({short(after.digest)})"


def text(session: str, changes: Changes) -> str:
    """Return the changes for a terminal."""
    return "\n".join([f"{clean(session)}: {title(changes)}", *part_lines(changes.parts, changes.omitted)])


def markdown(session: str, changes: Changes) -> str:
    """Return the changes as Markdown: a heading, and a code block that is coloured as a diff."""
    block = code_block(changes.parts, changes.omitted)
    return "\n".join([f"### {clean(session)}: {title(changes)}", "", *block])


def part_lines(parts: Sequence[PartChange], omitted: int = 0) -> list[str]:
    """Return changed parts for a terminal, and how many more there are."""
    return ["".join(line) for line in _lines(parts, omitted)]


def code_block(parts: Sequence[PartChange], omitted: int = 0, limit: int | None = None) -> list[str]:
    """Return changed parts as a code block of Markdown that is coloured as a diff, of at most *limit* lines."""
    # A diff has its marks in front.
    lines = [f"{mark or ' '}{indent}{rest}" for indent, mark, rest in _lines(parts, omitted)]
    if limit is not None and len(lines) > limit:
        lines = [*lines[:limit], f"  … and {count(len(lines) - limit, 'more line')}"]
    longest = max((len(run) for line in lines for run in _FENCE.findall(line)), default=2)
    fence = "`" * (longest + 1)
    return [f"{fence}diff", *lines, fence]


def as_json(changes: Changes) -> dict[str, Any]:
    """Return the changes as plain JSON."""
    return {
        "before": {"label": changes.before.label, "content": changes.before.digest},
        "after": {"label": changes.after.label, "content": changes.after.digest},
        "parts": [part_as_json(part) for part in changes.parts],
        "omitted": changes.omitted,
    }


def part_as_json(part: PartChange) -> dict[str, Any]:
    """Return a changed part as plain JSON."""
    return {
        "kind": part.kind,
        "id": part.name,
        "change": part.how,
        "fields": [{"path": field.path, "lines": list(field.lines)} for field in part.fields],
        "omitted": part.omitted,
    }


def part_title(part: PartChange) -> str:
    """Return `~ node refund`."""
    return f"{_MARKS[part.how]} {part.kind} {part.name}"


def _lines(parts: Sequence[PartChange], omitted: int) -> Iterator[tuple[str, str, str]]:
    """Yield each line as its indentation, its mark (empty if it cannot have one), and the rest."""
    if not parts:
        yield "  ", "", "no difference"
    for part in parts:
        yield "  ", _MARKS[part.how], part_title(part)[1:]
        for field in part.fields:
            yield "      ", "", f"{field.path}:"
            yield from (("        ", line[0], line[1:]) for line in field.lines)
        if part.omitted:
            yield "      ", "", f"and {count(part.omitted, 'more value')}"
    if omitted:
        yield "  ", "", f"and {count(omitted, 'more part')}"
