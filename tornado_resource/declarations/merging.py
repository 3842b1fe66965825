"""Merging the layers of a declarations file, and the problems that only merging can show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from tornado_resource.declarations.model import Section

if TYPE_CHECKING:
    from tornado_resource.declarations.document import Document, KeyPath

OWN: Final = "own"
"""`scenarios: own` of an environment: each of its stacks has scenarios under names of its own."""
SECTIONS: Final[tuple[Section, ...]] = get_args(Section)
Layer = tuple["KeyPath", Mapping[str, Any]]
"""The path of a part of the file, and its values."""


class Fault(NamedTuple):
    """A problem that only merging can show: the path of its position, the path that is shown, and the text."""

    place: KeyPath
    shown: KeyPath
    text: str
    of_key: bool = False


def merge(target: Any, patch: Any) -> Any:
    """Return *target* with a JSON Merge Patch (RFC 7396) applied; neither argument is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value) if isinstance(value, dict) else value
    return merged


def has(values: Any, keys: tuple[str, ...]) -> bool:
    """Return whether *values* has a value under *keys*, one inside of the other."""
    for key in keys:
        if not isinstance(values, Mapping) or key not in values:
            return False
        values = values[key]
    return True


def settings_of(document: Document, environment: str | None) -> Mapping[str, Any]:
    """Return what a checked document has for an environment."""
    return environments_of(document).get(environment or "") or {}


def environments_of(document: Document) -> Mapping[str, Any]:
    """Return the environments of a checked document."""
    return document.data.get("environments") or {}


def own_entries(document: Document, environment: str | None, kind: str) -> Mapping[str, Any]:
    """Return what an environment itself has in a section; nothing if that is `scenarios: own`."""
    entries = settings_of(document, environment).get(kind)
    return entries if isinstance(entries, Mapping) else {}


def names(document: Document, environment: str | None, kind: str) -> list[str]:
    """Return the names in a section of an environment, in the file's order; its own ones come last."""
    own = own_entries(document, environment, kind)
    base = document.data.get(kind) or {}
    kept = [name for name in base if not (name in own and own[name] is None)]
    return [*kept, *(name for name in own if name not in base and own[name] is not None)]
