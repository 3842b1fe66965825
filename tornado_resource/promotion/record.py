"""What is put on record of a promotion: the stack output `promotion`, and a part of every report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tornado_resource.bland.responses import MAX_WHOLE


@dataclass(frozen=True, slots=True)
class Carried:
    """What one session takes over from the other stack.

    *session_id* and *finished_at* are those of the pass there. *version* is the one to test here, None where none is
    known. *waived* says what spoke against it, and was overruled.
    """

    session_id: str | None
    version: int | None
    finished_at: str | None
    waived: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Promotion:
    """From which stack the sessions of a stack were promoted; *without* is the reason for doing without its passes."""

    source: str
    without: str | None = None
    sessions: Mapping[str, Carried] = field(default_factory=dict)

    @property
    def waived(self) -> dict[str, tuple[str, ...]]:
        """By session, what spoke against it and was overruled."""
        return {name: carried.waived for name, carried in self.sessions.items() if carried.waived}


def as_output(promotion: Promotion) -> dict[str, Any]:
    """Write a promotion as plain JSON."""
    return {
        "from": promotion.source,
        "without": promotion.without,
        "sessions": {
            name: {
                "session_id": carried.session_id,
                "version": carried.version,
                "finished_at": carried.finished_at,
                "waived": list(carried.waived),
            }
            for name, carried in promotion.sessions.items()
        },
    }


def from_output(value: Any) -> Promotion | None:
    """Read what `as_output` has written, as Pulumi gives it back; None where it is no such thing."""
    if not isinstance(value, Mapping) or not isinstance(value.get("from"), str):
        return None
    entries = value.get("sessions")
    sessions = {name: _carried(entry) for name, entry in entries.items()} if isinstance(entries, Mapping) else {}
    return Promotion(value["from"], text_of(value.get("without")), sessions)


def _carried(entry: Any) -> Carried:
    known = entry if isinstance(entry, Mapping) else {}
    waived = known.get("waived")
    return Carried(
        session_id=text_of(known.get("session_id")),
        version=version_of(known.get("version")),
        finished_at=text_of(known.get("finished_at")),
        waived=tuple(each for each in waived if isinstance(each, str)) if isinstance(waived, list | tuple) else (),
    )


def text_of(value: Any) -> str | None:
    """Read a text of an output; None where it is none."""
    return value if isinstance(value, str) else None


def version_of(value: Any) -> int | None:
    """Read a version of an output, which Pulumi carries as a float; None where it can be none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value <= MAX_WHOLE and float(value).is_integer() else None
