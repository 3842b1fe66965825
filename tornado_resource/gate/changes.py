"""What differs between the contents of two pathway versions: by node and edge, and by line of their texts. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, Final, Literal

from tornado_resource.core.text import clean, count, cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tornado_resource.bland.content import Content, Part

MAX_PARTS: Final = 200
"""How many changed nodes and edges are shown: the first ones."""
MAX_FIELDS: Final = 50
"""How many changed values of one node or edge are shown."""
MAX_LINES: Final = 200
"""How many lines of one changed value are shown."""
MAX_COMPARED_LINES: Final = 2_000
"""A longer text is not compared line by line: that takes time with the square of its length."""
MAX_LINE_CHARACTERS: Final = 2_000

How = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A value that differs. *lines* begin with `-`, `+` or a space, as in a unified diff, and are cleaned."""

    path: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartChange:
    """A node or an edge that was added, removed or changed."""

    kind: Literal["node", "edge"]
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
    """What differs between two versions. *omitted* counts the nodes and edges beyond `MAX_PARTS`."""

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
    parts = [*_changes("node", before.nodes, after.nodes), *_changes("edge", before.edges, after.edges)]
    return Changes(
        Side(labels[0], before.digest),
        Side(labels[1], after.digest),
        tuple(parts[:MAX_PARTS]),
        len(parts[MAX_PARTS:]),
    )


def _changes(kind: Literal["node", "edge"], before: Sequence[Part], after: Sequence[Part]) -> Iterator[PartChange]:
    old, new = _by_name(before), _by_name(after)
    for name in dict.fromkeys([*old, *new]):
        if _json(old.get(name)) == _json(new.get(name)):
            continue
        how: How = "added" if name not in old else "removed" if name not in new else "changed"
        fields = list(_field_changes(_flat(old.get(name, {})), _flat(new.get(name, {}))))
        yield PartChange(kind, name, how, tuple(fields[:MAX_FIELDS]), len(fields[MAX_FIELDS:]))


def _by_name(parts: Sequence[Part]) -> dict[str, Part]:
    """Return the parts by their ids; a second one of the same id, or without one, gets a number."""
    found: dict[str, Part] = {}
    for part in parts:
        identifier = part.get("id")
        name = clean(identifier if isinstance(identifier, str) else _json(identifier), 100)
        number = 1
        while (key := name if number == 1 else f"{name} ({number})") in found:
            number += 1
        found[key] = part
    return found


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return the values of a part by their paths, such as `data.prompt`."""
    if not isinstance(value, Mapping) or not value:
        return {path: value} if path else {}
    found: dict[str, Any] = {}
    for key, entry in value.items():
        name = _json(key) if "." in key else key
        found |= _flat(entry, f"{path}.{name}" if path else name)
    return found


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
    lines = list(unified_diff(before, after, n=2, lineterm=""))[2:]  # without the names of two files
    shown = [_shown(line) for line in lines if not line.startswith("@@")]
    more = len(shown) - MAX_LINES
    return tuple(shown) if more <= 0 else (*shown[:MAX_LINES], f"  and {count(more, 'more line')}")


def _shown(line: str) -> str:
    return f"{line[0]} {clean(cut(line[1:], MAX_LINE_CHARACTERS), MAX_LINE_CHARACTERS)}"
