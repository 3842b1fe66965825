"""The definition of a scenario: which fields it has, and how it differs from what the API shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.scenario_content import CONTENT_DEFAULTS, SCENARIO_FIELDS, is_missing
from tornado_resource.core.canonical import canonical, digest, trimmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ASSERTION_FIELDS: Final = ("type", "config", "name", "is_required", "weight", "order")
NOT_FOR_CREATION: Final = ("enabled",)
"""The API's page lists these for updates only."""
_DEFAULTS: Final[Mapping[str, Any]] = {**CONTENT_DEFAULTS, "enabled": True}
LATER_FIELDS: Final = ("tags",)
"""Fields that older releases did not know: what their states have of a scenario says nothing of these."""
_EMPTY: Final[Mapping[str, Any]] = {
    "tags": [],
    "input_messages": [],
    "request_data": {},
    "metadata": {},
    "start_node_id": None,
    "assertions": [],
}
"""What takes a value away that is not declared any more; a text where the field is not listed here."""


def changed_fields(
    fields: Mapping[str, Any], entry: Mapping[str, Any], filled: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return the names of the fields in which a scenario of the API differs from its definition.

    White space at the ends of lines and of texts is no difference: APIs and editors add and strip it.

    Args:
        fields: the definition.
        entry: the scenario as the API shows it.
        filled: what the API had filled in after the last write (`filled_fields`). Without it, whatever the API could
            have filled in is no difference.

    """
    return tuple(name for name in SCENARIO_FIELDS if not _is_same(name, fields.get(name), entry.get(name), filled))


def other_fields(fields: Mapping[str, Any], entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the fields that keep a scenario of the API from being exactly what is declared.

    Beside `changed_fields`, these are the fields that only the API shows: somebody may have filled them in.
    """
    changed, filled = changed_fields(fields, entry), filled_fields(fields, entry)
    only_shown = {name for name in filled if is_missing(fields.get(name)) and not is_missing(entry.get(name))}
    return tuple(name for name in SCENARIO_FIELDS if name in changed or name in only_shown)


def filled_fields(fields: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of what the API shows beside or instead of the definition, by field.

    `LATER_FIELDS` are there in any case: a record without them is of an older release.
    """
    return {
        name: _digest(entry.get(name))
        for name in SCENARIO_FIELDS
        if name in LATER_FIELDS
        or not _is_equal(_comparable(name, fields.get(name)), _comparable(name, entry.get(name)))
    }


def unstored_fields(
    changed: Iterable[str], entry: Mapping[str, Any], filled: Mapping[str, str] | None
) -> tuple[str, ...]:
    """Return those of *changed* fields that are as the API has stored them after the last write: nobody's edit."""
    return tuple(name for name in changed if (filled or {}).get(name) == _digest(entry.get(name)))


def update_of(fields: Mapping[str, Any], changed: Iterable[str]) -> dict[str, Any]:
    """Return the body of the request that changes only *changed* fields to those of the definition."""
    return {
        name: _EMPTY.get(name, "") if is_missing(value := with_default(name, fields.get(name))) else value
        for name in changed
    }


def creation_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the request that creates a scenario."""
    created = {name: fields[name] for name in SCENARIO_FIELDS if not is_missing(fields.get(name))}
    return {name: created[name] for name in created if name not in NOT_FOR_CREATION}


def declared_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the fields in which two definitions differ."""
    return tuple(
        name
        for name in SCENARIO_FIELDS
        if canonical(_comparable(name, old.get(name))) != canonical(_comparable(name, new.get(name)))
    )


def runs_together(digests: Iterable[str]) -> str:
    """Return one digest for scenarios by the digests of what decides about their runs, whatever their order."""
    return _digest(sorted(digests))


def _is_same(name: str, value: Any, actual: Any, filled: Mapping[str, str] | None) -> bool:
    # An API may leave out what has its default value.
    if _is_equal(_comparable(name, value), _comparable(name, actual)):
        return True
    if is_missing(trimmed(actual)):
        return False
    if not _covers(name, value, actual):
        return False
    is_unknown = filled is None or (name in LATER_FIELDS and name not in filled)
    return is_unknown or (filled or {}).get(name) == _digest(actual)


def _covers(name: str, value: Any, actual: Any) -> bool:
    """Return whether *actual* is what the API may have made of a declared value: that, and more."""
    expected = with_default(name, value)
    if name == "assertions":
        return _assertions_cover(expected or [], actual)
    return expected is None or _includes(expected, actual)


def _assertions_cover(declared: list[Any], actual: Any) -> bool:
    """Return whether each declared assertion is shown, whatever the order, and no other one."""
    left = list(actual) if isinstance(actual, list) else []
    if len(left) != len(declared):
        return False
    # Those that say most choose first: one that says less may fit more than one.
    for assertion in sorted(declared, key=lambda declared_assertion: -len(canonical(declared_assertion))):
        match = next(
            (candidate for candidate in left if isinstance(candidate, dict) and _is_assertion(assertion, candidate)),
            None,
        )
        if match is None:
            return False
        left.remove(match)
    return True


def _is_assertion(declared: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    wanted = {key: with_default(key, declared.get(key)) for key in ASSERTION_FIELDS}
    filled = {key: with_default(key, actual.get(key)) for key in ASSERTION_FIELDS}
    return all(is_missing(value) or _includes(value, filled[key]) for key, value in wanted.items())


def _includes(value: Any, actual: Any) -> bool:
    """Return whether *actual* is *value*, with more keys at the most."""
    if isinstance(value, dict):
        return isinstance(actual, dict) and all(_includes(entry, actual.get(key)) for key, entry in value.items())
    if isinstance(value, list):
        is_list = isinstance(actual, list) and len(actual) == len(value)
        return is_list and all(map(_includes, value, actual))
    return _is_equal(value, actual)


def _is_equal(value: Any, actual: Any) -> bool:
    return canonical(trimmed(value)) == canonical(trimmed(actual))


def with_default(name: str, value: Any) -> Any:
    """Return the value of a field, or the API's default if it says nothing."""
    return _DEFAULTS.get(name) if is_missing(trimmed(value)) else value


def _comparable(name: str, value: Any) -> Any:
    """Return the value of a field as it is compared: the order of tags says nothing."""
    filled = with_default(name, value)
    return sorted(filled, key=canonical) if name == "tags" and isinstance(filled, list) else filled


def _digest(value: Any) -> str:
    return digest(value)[:32]
