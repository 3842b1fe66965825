"""What a provider knows of its resource's place: the inputs `name` and `parents`. Pulumi passes it no URN."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tornado_resource.stacks.backend import resource_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.runs.order import Address

Identity = tuple[str, str]
"""A resource of one stack and one type, by its name and the types of the components that it is in."""


def identity(props: Mapping[str, Any]) -> Identity:
    """Return which resource of the stack has these properties."""
    return str(props["name"]), str(props.get("parents") or "")


def address_of(props: Mapping[str, Any]) -> Address:
    """Return the address of the resource that has these properties."""
    name, parents = identity(props)
    return resource_address(name, os.environ.get("PULUMI_PROJECT", ""), os.environ, parents)
