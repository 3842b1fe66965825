"""The dynamic provider of tornado sessions."""

from __future__ import annotations

from tornado_resource.provider.run_provider import RunProvider


class TornadoProvider(RunProvider):
    """A session for each resource."""

    __module__ = "tornado_resource.provider"  # the path that is in every state
    kind = "tornado"
