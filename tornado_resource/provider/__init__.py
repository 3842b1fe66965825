"""What every provider shares, and the names by which Pulumi finds the providers.

Pulumi pickles the provider classes into the state by reference. So `tornado_resource.provider` and the names of these
classes are in every user's state and must stay importable forever. Where the classes are defined is not in it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULES = {
    "AgentReleaseProvider": "tornado_resource.releases.provider",
    "CheckRunProvider": "tornado_resource.agents.provider",
    "ChecksProvider": "tornado_resource.checks.provider",
    "ConfirmationProvider": "tornado_resource.confirmations.provider",
    "JudgeProvider": "tornado_resource.checks.provider",
    "ReleaseProvider": "tornado_resource.releases.provider",
    "ScenarioProvider": "tornado_resource.scenarios.provider",
    "TornadoProvider": "tornado_resource.tornado.provider",
}


def __getattr__(name: str) -> Any:
    """Return the provider class that a state names."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_MODULES[name]), name)
