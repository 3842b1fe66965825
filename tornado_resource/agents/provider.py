"""The dynamic provider of check runs."""

from __future__ import annotations

from tornado_resource.provider.run_provider import RunProvider


class CheckRunProvider(RunProvider):
    """A check run for each resource."""

    __module__ = "tornado_resource.provider"  # the path that is in every state
    kind = "check_run"
