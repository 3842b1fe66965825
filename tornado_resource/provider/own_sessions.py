"""The sessions that this stack has recorded already, as far as a provider can know: it sees only its own resource."""

from __future__ import annotations

from tornado_resource.errors import ConfigurationError
from tornado_resource.sessions.order import SESSION_TYPE
from tornado_resource.stacks.pulumi_cli import pulumi_json


def recorded_urn(stack: str, session_id: str) -> str | None:
    """Return the URN under which a stack's state has a session; None if it has not, or if it cannot be read.

    It runs `pulumi`, which takes a second: only for the message of an error.
    """
    try:
        deployment = pulumi_json("stack", "export", "--stack", stack).get("deployment") or {}
    except (ConfigurationError, ValueError):
        return None
    resources = deployment.get("resources") or []
    urns = (each["urn"] for each in resources if each["type"] == SESSION_TYPE and each.get("id") == session_id)
    return next(urns, None)
