"""The dynamic providers, which Pulumi's engine calls in a process of their own.

Pulumi pickles the provider classes into the state by reference. So `tornado_resource.provider` and the names of these
classes are in every user's state and must stay importable forever. The modules of this folder are not named there.
"""

from __future__ import annotations

from tornado_resource.releases.provider import ReleaseProvider
from tornado_resource.scenarios.provider import ScenarioProvider
from tornado_resource.tornado.provider import TornadoProvider

__all__ = ["ReleaseProvider", "ScenarioProvider", "TornadoProvider"]

for _provider in (TornadoProvider, ReleaseProvider, ScenarioProvider):
    _provider.__module__ = __name__  # pickle writes this module path into the state
