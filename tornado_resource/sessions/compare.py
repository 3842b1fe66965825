"""What a changed declaration means for the recorded session. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.declarations.model import REQUEST_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

REPLACING: Final = (*REQUEST_FIELDS, "triggers")
"""A change of one of these is another run."""
UPDATING: Final = ("gate", "rerun", "on_conflict", "on_destroy")
"""A change of one of these is recorded, and starts nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """The properties whose change replaces the session, and those that are only recorded."""

    replaces: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()


def compare(recorded: Mapping[str, Any], declared: Mapping[str, Any]) -> Change:
    """Compare what was declared for the recorded session with what is declared now."""
    return Change(
        tuple(key for key in REPLACING if _differ(recorded.get(key), declared.get(key))),
        tuple(key for key in UPDATING if _differ(recorded.get(key), declared.get(key))),
    )


def _differ(old: Any, new: Any) -> bool:
    return _canonical(old) != _canonical(new)


def _canonical(value: Any) -> str:
    """Write a value so that 5 and 5.0 are alike (Pulumi carries floats), but 1 and true are not.

    What is no JSON is a value that a preview cannot know yet: it differs from anything that was recorded.
    """
    return json.dumps(_whole(value), sort_keys=True, default=lambda unknown: f"<{type(unknown).__name__}>")


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [_whole(entry) for entry in value]
    return value
