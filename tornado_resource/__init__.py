"""Tested-agent deployments as code: Bland tornado sessions as Pulumi resources."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tornado_resource.declarations.resolving import load
    from tornado_resource.program import deploy, wait_for
    from tornado_resource.resources import PathwayRelease, TornadoSession

__all__ = ["PathwayRelease", "TornadoSession", "deploy", "load", "wait_for"]

_HOMES = {
    "PathwayRelease": "tornado_resource.resources",
    "TornadoSession": "tornado_resource.resources",
    "deploy": "tornado_resource.program",
    "load": "tornado_resource.declarations.resolving",
    "wait_for": "tornado_resource.program",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `validate` must not wait for Pulumi's SDK."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)
