"""What `doctor` finds, as text for people and as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tornado_resource.core.text import clean_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was found: its kind in a word, what it is, and what to do about it; None if nothing is wrong."""

    kind: str
    text: str
    cure: str | None = None


def as_text(rows: Iterable[Row]) -> str:
    """Return the rows in a line each, or in two where there is something to do."""
    lines = [
        line
        for row in rows
        for line in (f"{row.kind:<9} {row.text}", *([f"{'':<9} {row.cure}"] if row.cure is not None else []))
    ]
    return "\n".join(lines)


def as_json(rows: Sequence[Row]) -> str:
    """Return the rows as JSON."""
    return clean_json(json.dumps({"findings": [asdict(row) for row in rows]}, indent=2))
