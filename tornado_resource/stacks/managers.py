"""Which other stacks of the project manage which scenarios."""

from __future__ import annotations

from typing import Any

from tornado_resource.core.urns import SCENARIO_TYPE
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.pulumi_cli import pulumi_json


def managing_stacks(own: str) -> dict[str, str]:
    """Return the stacks that manage scenarios, by the ids of these, as far as they can be read.

    It runs `pulumi` once for each stack, which takes a second: only where an error depends on it.

    Args:
        own: the name of this stack, which does not count.

    """
    try:
        names = [each["name"] for each in pulumi_json("stack", "ls")]
    except (ConfigurationError, ValueError):
        return {}
    others = [name for name in names if name.rpartition("/")[2] != own]
    return {scenario_id: name for name in others for scenario_id in _managed_by(name)}


def _managed_by(stack: str) -> list[str]:
    try:
        deployment = pulumi_json("stack", "export", "--stack", stack).get("deployment") or {}
    except (ConfigurationError, ValueError):
        return []
    return [each["id"] for each in deployment.get("resources") or [] if _is_managed(each)]


def _is_managed(resource: dict[str, Any]) -> bool:
    is_scenario = resource["type"] == SCENARIO_TYPE and "id" in resource
    return is_scenario and (resource.get("outputs") or {}).get("manage", True) is True
