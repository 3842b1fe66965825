"""The Pulumi resource of a confirmation. Programs do not declare it: `deploy()` and `wait_for()` do, after a pass."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from inspect import get_annotations
from typing import TYPE_CHECKING, Any

import pulumi

from tornado_resource.confirmations.provider import ConfirmationProvider
from tornado_resource.core.urns import CONFIRMATION_TYPE
from tornado_resource.program.arguments import aliases, own_urn, parents, resource_path, secret_names
from tornado_resource.program.config import configured_url
from tornado_resource.program.run_resource import RunResource, after_registration, run_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Output

    from tornado_resource.runs.rerun import Decision


class Confirmation(RunResource, module="bland", name="Confirmation"):
    """The confirmation of a session that passed, in the state as a child of it. Destroying it sends no request."""

    kind = "confirmation"
    output_names = ("set_id", "created_at", "status", "pathway_id", "adopted", "declared", "secrets")

    set_id: Output[str]
    """The API's id of the simulation set, byte for byte; it is the resource's id too."""
    created_at: Output[str | None]
    """The API's time of creation, byte for byte; None if the API does not show it."""
    status: Output[str]
    """The status as last read: at the start, or by `pulumi refresh`."""
    pathway_id: Output[str]
    adopted: Output[bool]
    """Always False."""
    declared: Output[dict[str, Any]]
    """The inputs that the recorded set was started with."""
    secrets: Output[list[str] | None]
    """The names of those that are secret."""

    def __init__(
        self,
        session: RunResource,
        inputs: Mapping[str, Any],
        decision: Decision | None = None,
        old_name: str | None = None,
    ) -> None:
        """Declare a confirmation.

        Args:
            session: what passed.
            inputs: the fields of the request; each may be unknown in a preview.
            decision: whether another set is started, although the inputs are unchanged.
            old_name: the name that the state has, if the session was renamed since.

        """
        name = session.pulumi_resource_name
        renamed = aliases(old_name if old_name != name else None)
        opts = pulumi.ResourceOptions(parent=session, aliases=renamed)
        self.known_urn = asyncio.ensure_future(own_urn(CONFIRMATION_TYPE, name, opts))
        self.scenarios, self.given_gate = (), None
        declared = {
            **inputs,
            "name": resource_path(name),
            "on_destroy": "leave",  # the API cannot cancel a set
            "secrets": secret_names(inputs),
            "base_url": configured_url(),
            "parents": parents(self.known_urn),
            "rerun_decision": asdict(decision) if decision is not None else None,
        }
        super().__init__(
            ConfirmationProvider(), name, {**dict.fromkeys(self.output_names), **declared}, run_options(opts)
        )
        after_registration(self, declared)


# The SDK evaluates the annotations of a resource's class for every resource, and finds these evaluated.
Confirmation.__annotations__ = get_annotations(Confirmation, eval_str=True, locals={"Output": pulumi.Output})
