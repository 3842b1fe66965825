"""Quarantine: scenarios and judges that do not decide until a day. The same rules for a file, a program and a provider.

Pure: the day is passed in. It is the date in UTC, and the last day of a quarantine counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tornado_resource.core.text import count

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tornado_resource.declarations.document import Quoting

MAX_DAYS: Final = 90
"""How many days from today a quarantine may last."""
NOTICE_DAYS: Final = 7
"""So many days before its end, and ever after, people are warned of it."""
TOO_LONG: Final = f"expected at most {MAX_DAYS} days from today (UTC)"
AT_MOST_HALF: Final = "expected at most half of them"
"""Stands in the reason of a verdict that would need a quarantine of more than that."""
UNGATED_QUARANTINE: Final = "`quarantine` needs a gate, and this has `gate: none`; remove it"
NO_DAY: Final = "expected a day, such as 2026-12-31"


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A part of a run that does not decide: a scenario by id (where it has none yet, by key), or a judge by name.

    *reason* says why, and *until* is its last day, such as `2026-12-31`, in UTC.
    """

    part: str
    reason: str
    until: str

    def days_left(self, today: date) -> int:
        """Return how many days there are until its last day; a negative number after it."""
        return (date.fromisoformat(self.until) - today).days


class QuarantineFault(NamedTuple):
    """What is wrong with a quarantine: its place in the list (none: the list as a whole), and the text."""

    path: tuple[int | str, ...]
    text: str


def parsed(values: Any) -> tuple[Quarantine, ...]:
    """Return the quarantine of a resolved key, or of a recorded verdict. What is not of its form is left out."""
    entries = map(_entry, values if isinstance(values, list | tuple) else ())
    return tuple(entry for entry in entries if entry is not None)


def in_effect(values: Any, today: date) -> tuple[Quarantine, ...]:
    """Return the quarantine that counts on a day; what has ended decides again."""
    return tuple(entry for entry in parsed(values) if entry.days_left(today) >= 0)


def faults(
    values: Sequence[Any], tested: Collection[str] | None, today: date, quoting: Quoting
) -> Iterator[QuarantineFault]:
    """Yield what is wrong with a quarantine that has the form of the schema.

    Args:
        values: the entries as declared, those included that have ended.
        tested: what the run tests and what decides about it; None if that is not known.
        today: the day.
        quoting: how messages quote what is declared.

    """
    seen = set[str]()
    for index, value in enumerate(values):
        entry = _entry(value)
        if entry is None:
            yield QuarantineFault((index, "until"), f"found {quoting.text(str(value.get('until')))}, {NO_DAY}")
            continue
        if entry.days_left(today) > MAX_DAYS:
            yield QuarantineFault((index, "until"), f"found {quoting.text(entry.until)}, {TOO_LONG}")
        part = quoting.name(entry.part)
        if entry.part in seen:
            yield QuarantineFault((index,), f"{part} is there twice; remove one")
        elif tested is not None and entry.part not in tested:
            yield QuarantineFault(
                (index,), f"this run does not test {part}; remove the entry{quoting.hint(entry.part, tested)}"
            )
        seen.add(entry.part)
    covered = {covering.part for covering in in_effect(values, today)}
    text = too_much(len(covered.intersection(tested)), len(tested)) if tested is not None else None
    if text is not None:
        yield QuarantineFault((), text)


def too_much(covered: int, total: int) -> str | None:
    """Return what is wrong with a quarantine of so many of all parts that decide; None if they are at most half."""
    return f"{covered} of {total} are in quarantine, {AT_MOST_HALF}" if 2 * covered > total else None


def notes(values: Sequence[Any], today: date, quoting: Quoting) -> Iterator[tuple[int, str]]:
    """Yield the index of each entry that ends soon or has ended, and a sentence about it."""
    entries = [(index, entry) for index, value in enumerate(values) if (entry := _entry(value)) is not None]
    for index, entry_of_row in entries:
        part, left = quoting.name(entry_of_row.part), entry_of_row.days_left(today)
        if left < 0:
            yield (
                index,
                f"the quarantine of {part} ended on {entry_of_row.until}, so it decides again; remove the entry",
            )
        elif left <= NOTICE_DAYS:
            yield index, f"the quarantine of {part} ends in {count(left, 'day')} ({entry_of_row.until}, UTC)"


def is_day(text: str) -> bool:
    """Return whether text of the form of a day is one of the calendar."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _entry(value: Any) -> Quarantine | None:
    mapping = value if isinstance(value, Mapping) else {}
    part = next((mapping[key] for key in ("scenario", "judge", "part") if mapping.get(key) is not None), None)
    texts = (part, mapping.get("reason"), mapping.get("until"))
    if not all(isinstance(text, str) for text in texts):
        return None
    entry = Quarantine(*texts)  # type: ignore[arg-type] # they are strings
    return entry if is_day(entry.until) else None
