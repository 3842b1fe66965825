"""What every provider shares, and the names by which Pulumi finds the providers.

Pulumi pickles the provider classes into the state by reference. So `tornado_resource.provider` and the names of these
classes are in every user's state and must stay importable forever. Where the classes are defined is not in it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tornado_resource.core.urns import PROVIDERS


def __getattr__(name: str) -> Any:
    """Return the provider class that a state names."""
    if name not in PROVIDERS:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(PROVIDERS[name]), name)
