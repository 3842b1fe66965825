"""What an environment removes: on purpose, with `null`, or by mistake, with nothing after the colon."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tornado_resource.declarations.merging import SECTIONS, merge, settings_of
from tornado_resource.declarations.references import all_settings, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tornado_resource.core.positions import Problem
    from tornado_resource.declarations.document import Document, KeyPath

_NAME: Final = 4
"""How many keys lead to a session, agent, scenario or judge of an environment."""


class _Part(NamedTuple):
    """Values of the file that are merged into those *below* them."""

    path: KeyPath
    values: Mapping[str, Any]
    below: Sequence[Mapping[str, Any]]


def empty_values(document: Document) -> Iterator[Problem]:
    """Yield a problem for each empty value that would remove what it is merged into, as `null` does.

    Who comments out all that is below a key leaves it empty, and does not want to remove it.
    """
    for part in _parts(document) if document.empty else ():
        for keys in _empty(document, part.values):
            if any(_is_set(values, keys) for values in part.below):
                path = (*part.path, *keys)
                yield document.problem(path, _ways(document, path), of_key=True)


def left_out(document: Document, environment: str | None) -> tuple[str, ...]:
    """Return the sessions and agents of a checked document that an environment removes, in the file's order."""
    settings, removed = settings_of(document, environment), list[str]()
    for section in SECTIONS:
        own = settings.get(section) or {}
        removed += [name for name in document.data.get(section) or () if name in own and own[name] is None]
    return tuple(removed)


def _parts(document: Document) -> Iterator[_Part]:
    data, settings = mapping(document.data), all_settings(document)
    sessions, defaults = mapping(data.get("sessions")), mapping(data.get("defaults"))
    all_defaults = reduce(
        merge, [mapping(own_settings.get("defaults")) for own_settings in settings.values()], {**defaults}
    )
    yield _Part(("sessions",), sessions, [_for_each(sessions, all_defaults)])
    for name, own in settings.items():
        path: KeyPath = ("environments", name)
        own_sessions, own_defaults = mapping(own.get("sessions")), mapping(own.get("defaults"))
        inherited = _for_each(own_sessions, merge(defaults, own_defaults))
        yield _Part((*path, "defaults"), own_defaults, [defaults])
        for section in ("scenarios", "judges"):
            yield _Part((*path, section), mapping(own.get(section)), [mapping(data.get(section))])
        yield _Part((*path, "sessions"), own_sessions, [sessions, inherited])
        yield _Part((*path, "agents"), mapping(own.get("agents")), [mapping(data.get("agents"))])


def _for_each(sessions: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: defaults for name, values in sessions.items() if values is not None}


def _empty(document: Document, values: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the keys, one inside of the other, that lead to each empty value."""
    marks = document.marks.get(id(values), {})
    for key, value in values.items():
        if marks[key][1].index in document.empty:
            yield (key,)
        yield from ((key, *inner) for inner in _empty(document, mapping(value)))


def _is_set(values: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        values = mapping(values).get(key)
    return values is not None


def _ways(document: Document, path: KeyPath) -> str:
    name = document.quoting.name(str(path[-1]))
    if len(path) == _NAME and path[2] in {*SECTIONS, "scenarios", "judges"}:
        where = f"environment {document.quoting.name(str(path[1]))}"
        return f"no value here; write `{name}: null` to leave it out of {where}, or `{name}: {{}}` to keep it"
    return f"no value here; write `{name}: null` to remove what is set elsewhere, or remove this key to keep that"
