"""What the resources have in common: which arguments are known already, and how invalid ones are reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pulumi

from tornado_resource.core.urns import STACK_TYPE, make_urn, parents_of, type_of, types_of
from tornado_resource.errors import TornadoError

if TYPE_CHECKING:
    from collections.abc import Awaitable

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


async def own_urn(own_type: str, name: str, opts: pulumi.ResourceOptions | None) -> str:
    """Return the URN that a resource will have. Unlike the property `urn`, it is known before the resource exists."""
    parent = opts.parent if opts is not None else None
    above = await parent.urn.future() if parent is not None else None
    parents = types_of(above) if above is not None and type_of(above) != STACK_TYPE else ""
    return make_urn(pulumi.get_stack(), pulumi.get_project(), own_type, name, parents)


async def parents(urn: Awaitable[str]) -> str | None:
    """Return the types of the components that a resource is in: an input, as Pulumi does not pass them to `create`."""
    return parents_of(await urn) or None


async def secret_names(given: Mapping[str, Any]) -> list[str] | None:
    """Return the names of those inputs that are secret, wholly or in part; None if there are none.

    Pulumi tells a provider the values of inputs, but not which of them are secret.
    """
    return sorted([name for name, value in given.items() if await _is_secret(value)]) or None


async def _is_secret(value: Any) -> bool:
    if isinstance(value, pulumi.Output):
        return await value.is_secret() or await _is_secret(await value.future())
    if isinstance(value, Mapping):
        return any([await _is_secret(entry) for entry in value.values()])
    return isinstance(value, list | tuple) and any([await _is_secret(entry) for entry in value])


def resource_path(name: str) -> str:
    """Return `[organization/]stack/name`, an input of the resource: Pulumi does not pass it to `create`."""
    organization = pulumi.get_organization()
    parts = [pulumi.get_stack(), name] if organization == NO_ORGANIZATION else [organization, pulumi.get_stack(), name]
    return "/".join(parts)
