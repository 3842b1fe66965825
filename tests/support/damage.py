"""Every way to damage a JSON document at one place: an entry goes, or has a value of another kind."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEP: Final[Any] = {"a": {"b": [[[[{"c": [{}]}]]]]}}
REPLACEMENTS: Final[tuple[Any, ...]] = (
    5,
    -1,
    1.5,
    10**400,
    True,
    "\x1b[31m\n::error::x",
    "x" * 100_000,
    [],
    [5],
    {},
    DEEP,
)


def damaged_copies(document: Any, replacements: tuple[Any, ...] = REPLACEMENTS) -> Iterator[Any]:
    """Yield copies of a document, each with one entry deleted, or replaced by a value of another kind."""
    for path in _paths(document):
        *way, last = path
        original = _at(document, path)
        yield _changed(document, way, lambda node, last=last: node.pop(last))
        for value in replacements:
            is_other = type(value) is not type(original) or isinstance(value, str)
            if is_other:
                yield _changed(document, way, lambda node, last=last, value=value: node.__setitem__(last, value))


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def _at(node: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        node = node[key]
    return node


def _changed(document: Any, way: list[Any], change: Any) -> Any:
    damaged = copy.deepcopy(document)
    change(_at(damaged, tuple(way)))
    return damaged
