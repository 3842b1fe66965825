"""Which changes of a declaration replace its session, and which only update the record. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.declarations.model import REQUEST_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

REPLACING: Final = (*REQUEST_FIELDS, "triggers", "definitions")
"""A change of one of these replaces the session: a new run. `definitions` is the digest of its declared scenarios."""
UPDATING: Final = ("gate", "rerun", "on_conflict", "on_destroy")
"""A change of one of these is recorded in place. It starts nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """The changed properties that replace the session, and those that are updated in place."""

    replaces: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()


def compare(recorded: Mapping[str, Any], declared: Mapping[str, Any]) -> Change:
    """Return the difference between the recorded declaration and the current one."""
    return Change(
        tuple(key for key in REPLACING if _differ(recorded.get(key), declared.get(key))),
        tuple(key for key in UPDATING if _differ(recorded.get(key), declared.get(key))),
    )


def _differ(old: Any, new: Any) -> bool:
    return _canonical(old) != _canonical(new)


def _canonical(value: Any) -> str:
    """Return JSON text in which 5 and 5.0 are equal (Pulumi turns numbers into floats), but 1 and true are not.

    Anything that is not JSON is a value that a preview does not know yet. It differs from every recorded value.
    """
    return json.dumps(whole_without_nulls(value), sort_keys=True, default=lambda unknown: f"<{type(unknown).__name__}>")
