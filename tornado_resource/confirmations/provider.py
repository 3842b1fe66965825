"""The dynamic provider of confirmations."""

from __future__ import annotations

from tornado_resource.provider.run_provider import RunProvider


class ConfirmationProvider(RunProvider):
    """A simulation set for each resource."""

    __module__ = "tornado_resource.provider"  # the path that is in every state
    kind = "confirmation"
