"""What differs between the contents of two pathway versions: by node, edge and setting, and by line of their texts.

Pure. It shows all that the digest of a version counts: two contents with one digest have no difference, and no others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, Final, Literal

from tornado_resource.core.text import clean, count, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tornado_resource.bland.content import Content, Part

MAX_CHANGED_PARTS: Final = 200
"""How many changed nodes, edges and settings are shown: the first ones."""
MAX_FIELDS: Final = 50
"""How many changed values of one node or edge are shown."""
MAX_CHANGED_LINES: Final = 200
"""How many lines of one changed value are shown."""
MAX_COMPARED_LINES: Final = 2_000
"""A longer text is not compared line by line: that takes time with the square of its length."""
MAX_CHANGED_LINE_CHARACTERS: Final = 2_000

NO_ID: Final = "without an id"
"""What a part is called that has no id, such as the global prompt."""
ORDER: Final = "order"
"""Stands for the path of a value where only the order of parts differs."""

How = Literal["added", "removed", "changed"]
Kind = Literal["node", "edge", "setting", "session", "agent", "scenario", "judge"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A value that differs. *lines* begin with `-`, `+` or a space, as in a unified diff, and are cleaned."""

    path: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartChange:
    """A node, an edge or a setting of a version that was added, removed or changed; or a declared thing."""

    kind: Kind
    name: str
    how: How
    fields: tuple[FieldChange, ...]
    omitted: int = 0
    """How many more values differ."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two versions: what people call it, and the digest of its content."""

    label: str
    digest: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two versions. *omitted* counts the parts beyond `MAX_CHANGED_PARTS`."""

    before: Side
    after: Side
    parts: tuple[PartChange, ...]
    omitted: int = 0


def compare_contents(before: Content, after: Content, labels: tuple[str, str]) -> Changes:
    """Return what differs between two versions.

    Args:
        before: the content of the first one.
        after: the content of the second one.
        labels: what people call them, such as `version 6`.

    """
    parts = [
        *_changes("node", _by_name(before.nodes), _by_name(after.nodes)),
        *_changes("edge", _by_name(before.edges), _by_name(after.edges)),
        *_changes("setting", _settings(before.settings), _settings(after.settings)),
    ]
    return Changes(
        Side(labels[0], before.digest),
        Side(labels[1], after.digest),
        tuple(parts[:MAX_CHANGED_PARTS]),
        len(parts[MAX_CHANGED_PARTS:]),
    )


def change_labels(changes: Changes) -> Iterator[str]:
    """Yield what differs in a few words, such as `node refund: data.prompt`."""
    for part in changes.parts:
        if part.how != "changed" or not part.fields:
            yield f"{part.kind} {part.name}"
        else:
            yield from (f"{part.kind} {part.name}: {field.path}" for field in part.fields)


def part_change(kind: Kind, name: str, old: Part | None, new: Part | None) -> PartChange | None:
    """Return what differs between two states of a part, of which None stands for none; None if nothing does."""
    if _json(old) == _json(new):
        return None
    how: How = "changed"
    if old is None:
        how = "added"
    elif new is None:
        how = "removed"
    fields = list(_field_changes(_flat(old or {}), _flat(new or {})))
    return PartChange(kind, name, how, tuple(fields[:MAX_FIELDS]), len(fields[MAX_FIELDS:]))


def _changes(kind: Kind, old: dict[str, Part], new: dict[str, Part]) -> Iterator[PartChange]:
    changes = (part_change(kind, name, old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new]))
    yield from (change for change in changes if change is not None)
    common = [[name for name in one if name in other] for one, other in ((old, new), (new, old))]
    if kind != "setting" and common[0] != common[1]:
        yield PartChange(kind, ORDER, "changed", (FieldChange(ORDER, _difference(*common)),))


def _settings(settings: Part) -> dict[str, Part]:
    return _unique((name, {"value": settings[name]}) for name in sorted(settings))


def _by_name(parts: Sequence[Part]) -> dict[str, Part]:
    identifiers = (part.get("id", NO_ID) for part in parts)
    names = (identifier if isinstance(identifier, str) else _json(identifier) for identifier in identifiers)
    return _unique(zip(names, parts, strict=True))


def _unique(named: Iterable[tuple[str, Part]]) -> dict[str, Part]:
    """Return parts by their names, cleaned; a second one of the same name gets a number."""
    parts: dict[str, Part] = {}
    for text, part in named:
        name, number = clean(text, 100), 1
        while (key := name if number == 1 else f"{name} ({number})") in parts:
            number += 1
        parts[key] = part
    return parts


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return the values of a part by their paths, such as `data.prompt`."""
    if not isinstance(value, Mapping) or not value:
        return {path: value} if path else {}
    values: dict[str, Any] = {}
    for key, entry in value.items():
        name = _json(key) if "." in key else key
        values |= _flat(entry, f"{path}.{name}" if path else name)
    return values


def _field_changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[FieldChange]:
    for path in dict.fromkeys([*old, *new]):
        if path == "id" or (path in old and path in new and _json(old[path]) == _json(new[path])):
            continue
        before, after = _lines(old, path), _lines(new, path)
        if before == after:  # the text "5" and the number 5
            before, after = [_json(old[path])], [_json(new[path])]
        yield FieldChange(clean(path, 100), _difference(before, after))


def _lines(values: dict[str, Any], path: str) -> list[str]:
    if path not in values:
        return []
    value = values[path]
    return (value if isinstance(value, str) else _json(value, indent=2)).split("\n")


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=indent)


def _difference(before: list[str], after: list[str]) -> tuple[str, ...]:
    if max(len(before), len(after)) > MAX_COMPARED_LINES:
        return (f"  it is too long to be compared: {count(len(before), 'line')}, now {count(len(after), 'line')}",)
    lines = list(unified_diff(before, after, n=2))[2:]  # without the names of two files
    changed = [
        f"{line[0]} {clean(cut(line[1:], MAX_CHANGED_LINE_CHARACTERS), MAX_CHANGED_LINE_CHARACTERS)}"
        for line in lines
        if not line.startswith("@@")
    ]
    more = len(changed) - MAX_CHANGED_LINES
    return tuple(changed) if more <= 0 else (*changed[:MAX_CHANGED_LINES], f"  and {count(more, 'more line')}")
