"""The kinds of run. A new kind is its folder, its page in `bland`, its schema, and a line here.

The name of its provider is a line in `provider/__init__.py` too, since users' states have it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from tornado_resource.core.urns import CHECK_RUN_TYPE, CONFIRMATION_TYPE, SESSION_TYPE

if TYPE_CHECKING:
    from tornado_resource.runs.kind import Kind

KINDS: Final = {
    "tornado": (SESSION_TYPE, "tornado_resource.tornado.kind"),
    "check_run": (CHECK_RUN_TYPE, "tornado_resource.agents.kind"),
    "confirmation": (CONFIRMATION_TYPE, "tornado_resource.confirmations.kind"),
}
"""By name, the type of the resource, and the module with the kind, as `KIND`.

By their paths, because they import this folder, and because a program imports only the kinds that it has.
"""


@cache
def kind_of(name: str) -> Kind:
    """Return a kind by its name.

    Raises:
        KeyError: there is none.

    """
    _, module = KINDS[name]
    found: Kind = import_module(module).KIND
    return found


def kinds() -> list[Kind]:
    """Return every kind."""
    return [kind_of(name) for name in KINDS]


def kind_of_type(resource_type: str) -> Kind | None:
    """Return the kind whose runs are resources of a type; None if there is none."""
    return next((kind_of(name) for name, (own_type, _) in KINDS.items() if own_type == resource_type), None)
