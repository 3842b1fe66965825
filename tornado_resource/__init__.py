"""Tested-agent deployments as code: Bland tornado sessions and check runs as Pulumi resources."""

from __future__ import annotations

import sys

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    del sys.path[0]  # `python -m tornado_resource` imports nothing from the current folder, such as a `typing.py`

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tornado_resource.core.library import load_hidden

if TYPE_CHECKING:
    from tornado_resource.agents.resource import CheckRun
    from tornado_resource.checks.resource import AgentChecks, AgentJudge
    from tornado_resource.declarations.model import Confirm, Gate
    from tornado_resource.declarations.resolver import load
    from tornado_resource.deployment.deploy import deploy
    from tornado_resource.deployment.wait_for import wait_for
    from tornado_resource.errors import TornadoError
    from tornado_resource.program.mappings import Verdict
    from tornado_resource.releases.resource import AgentRelease, PathwayRelease
    from tornado_resource.scenarios.resource import TornadoScenario
    from tornado_resource.tornado.resource import TornadoSession

__all__ = [
    "AgentChecks",
    "AgentJudge",
    "AgentRelease",
    "CheckRun",
    "Confirm",
    "Gate",
    "PathwayRelease",
    "TornadoError",
    "TornadoScenario",
    "TornadoSession",
    "Verdict",
    "deploy",
    "load",
    "wait_for",
]

_MODULES = {
    "AgentChecks": "tornado_resource.checks.resource",
    "AgentJudge": "tornado_resource.checks.resource",
    "AgentRelease": "tornado_resource.releases.resource",
    "CheckRun": "tornado_resource.agents.resource",
    "Confirm": "tornado_resource.declarations.model",
    "Gate": "tornado_resource.declarations.model",
    "PathwayRelease": "tornado_resource.releases.resource",
    "TornadoError": "tornado_resource.errors",
    "TornadoScenario": "tornado_resource.scenarios.resource",
    "TornadoSession": "tornado_resource.tornado.resource",
    "Verdict": "tornado_resource.program.mappings",
    "deploy": "tornado_resource.deployment.deploy",
    "load": "tornado_resource.declarations.resolver",
    "wait_for": "tornado_resource.deployment.wait_for",
}

load_hidden()


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `validate` need not wait for Pulumi's SDK."""
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__.replace("_", "-"))
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
