"""Which other stacks of the project manage which scenarios and checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tornado_resource.core.text import clean
from tornado_resource.core.urns import SCENARIO_TYPE
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.pulumi_cli import pulumi_json, resources_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Managers:
    """The other stacks that manage things, by the ids of these. *unread*: why some could not be read, if so."""

    stacks: Mapping[str, str] = field(default_factory=dict)
    unread: str | None = None

    def claim(self, resource_id: str) -> str | None:
        """Return who else manages a thing, or may manage it, in words; None if certainly no other stack does."""
        if resource_id in self.stacks:
            return f"stack {clean(self.stacks[resource_id])} manages it"
        if self.unread is not None:
            return f"another stack may manage it: not all stacks could be read ({self.unread})"
        return None


def manager_advice(managed_by: str | None, them: str = "it") -> str:
    """Return what to do where a thing that another stack manages is missing or differs; *managed_by* is that stack."""
    if managed_by is None:
        return f"Another stack manages {them} (manage: false): run `pulumi up` there first"
    name = clean(managed_by)
    return f"{name} manages {them} (promotes_from): run `pulumi up` there first, or declare manage: true here"


def managing_stacks(own: str, resource_type: str = SCENARIO_TYPE) -> Managers:
    """Return which other stacks of the project manage which scenarios, or other resources of one type.

    It runs `pulumi` once for each stack, which takes a second: only where it decides.

    Args:
        own: the name of this stack, which does not count.
        resource_type: the type of the resources.

    """
    try:
        names = [stack["name"] for stack in pulumi_json("stack", "ls")]
    except ConfigurationError as error:
        return Managers(unread=str(error))
    managers: dict[str, str] = {}
    unread = None
    for name in names:
        if name.rpartition("/")[2] == own:
            continue
        try:
            managers.update(dict.fromkeys(_managed_by(name, resource_type), name))
        except ConfigurationError as error:
            unread = str(error)
    return Managers(managers, unread)


def _managed_by(stack: str, resource_type: str) -> list[str]:
    resources = resources_of(pulumi_json("stack", "export", "--stack", stack), resource_type)
    return [resource["id"] for resource in resources if (resource.get("outputs") or {}).get("manage", True) is True]
