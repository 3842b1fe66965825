"""What the resources have in common: which arguments are known already, and how invalid ones are reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi

from tornado_resource.errors import TornadoError

NO_ORGANIZATION: Final = "organization"
"""What `pulumi.get_organization()` returns for a backend without organizations."""


class InvalidArgument(TornadoError, pulumi.RunError):
    """An argument of a resource is invalid. Pulumi shows a `RunError` without a traceback."""


def is_plain(value: Any) -> bool:
    """Return whether a value is known and can be checked: no output or awaitable in it."""
    if isinstance(value, Mapping):
        return all(is_plain(entry) for entry in value.values())
    if isinstance(value, list | tuple):
        return all(is_plain(entry) for entry in value)
    return value is None or isinstance(value, str | int | float)


def resource_path(name: str) -> str:
    """Return `[organization/]stack/name`, an input of the resource: Pulumi does not pass it to `create`."""
    organization = pulumi.get_organization()
    parts = [pulumi.get_stack(), name] if organization == NO_ORGANIZATION else [organization, pulumi.get_stack(), name]
    return "/".join(parts)
