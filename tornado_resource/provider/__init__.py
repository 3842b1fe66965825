"""Inside the provider's process: what Pulumi's engine calls.

Pulumi pickles the provider classes into the state by reference: `tornado_resource.provider` and the class names are in
every user's state, and must be importable for ever. The modules below are not named there and may change.
"""

from __future__ import annotations

from tornado_resource.provider.releases import ReleaseProvider
from tornado_resource.provider.sessions import TornadoProvider

__all__ = ["ReleaseProvider", "TornadoProvider"]

for _provider in (TornadoProvider, ReleaseProvider):
    _provider.__module__ = __name__  # what pickle writes into the state
