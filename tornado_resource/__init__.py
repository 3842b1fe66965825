"""Tested-agent deployments as code: Bland tornado sessions as Pulumi resources."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tornado_resource.declarations.resolver import load
    from tornado_resource.program.deploy import deploy
    from tornado_resource.program.resources import PathwayRelease, TornadoSession
    from tornado_resource.program.wait_for import wait_for

__all__ = ["PathwayRelease", "TornadoSession", "deploy", "load", "wait_for"]

_HOMES = {
    "PathwayRelease": "tornado_resource.program.resources",
    "TornadoSession": "tornado_resource.program.resources",
    "deploy": "tornado_resource.program.deploy",
    "load": "tornado_resource.declarations.resolver",
    "wait_for": "tornado_resource.program.wait_for",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `validate` must not wait for Pulumi's SDK."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)
