"""The kinds of run. A new kind is its folder, its page in `bland`, its schema, and a line here."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tornado_resource.runs.kind import Kind

KINDS: Final = {
    "tornado": "tornado_resource.tornado.kind",
    "check_run": "tornado_resource.agents.kind",
}
"""By name, the module with the kind, as `KIND`. By their paths, because they import this folder."""


@cache
def kind_of(name: str) -> Kind:
    """Return a kind by its name.

    Raises:
        KeyError: there is none.

    """
    found: Kind = import_module(KINDS[name]).KIND
    return found


def kinds() -> list[Kind]:
    """Return every kind."""
    return [kind_of(name) for name in KINDS]


def kind_of_type(resource_type: str) -> Kind | None:
    """Return the kind whose runs are resources of a type; None if there is none."""
    return next((kind for kind in kinds() if kind.resource_type == resource_type), None)
