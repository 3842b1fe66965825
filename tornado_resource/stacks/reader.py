"""Stacks as Pulumi has recorded them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Gate, request_from
from tornado_resource.errors import ConfigurationError
from tornado_resource.gate.model import GatedSession
from tornado_resource.promotion.record import from_output
from tornado_resource.stacks.locks import lock_owner
from tornado_resource.stacks.pulumi_cli import pulumi_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.promotion.record import Promotion

SESSION_TYPE: Final = "pulumi-python:dynamic/bland:TornadoSession"


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """A session in a stack's state. *gated* has its gate; None for `gate: none`.

    *is_replaced*: it was deleted for a replacement that was not started.
    """

    name: str
    session_id: str
    pathway_id: str
    gated: GatedSession | None
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class Stack:
    """What is known of a stack: its config (secrets in clear), sessions, pending creations, and who locks it."""

    name: str
    config: Mapping[str, str]
    sessions: tuple[RecordedSession, ...]
    environment: str | None
    promotion: Promotion | None
    pending: tuple[str, ...]
    locked_by: str | None

    def __repr__(self) -> str:
        return f"Stack({self.name!r})"


def stack_names() -> list[str]:
    """The stacks of the project in this folder. Raises ConfigurationError where Pulumi cannot tell."""
    return [entry["name"] for entry in pulumi_json("stack", "ls")]


def selected_stack() -> str:
    """Name the stack that is selected in this folder. Raises ConfigurationError where none is."""
    name = next((entry["name"] for entry in pulumi_json("stack", "ls") if entry.get("current")), None)
    if name is None:
        message = "no stack is selected: name one with --stack, or pulumi stack select"
        raise ConfigurationError(message)
    return str(name)


def read_stack(name: str) -> Stack:
    """Read one stack of the project in this folder. Raises ConfigurationError where Pulumi cannot."""
    deployment = pulumi_json("stack", "export", "--stack", name).get("deployment") or {}
    config = pulumi_json("config", "--show-secrets", "--stack", name)
    outputs = _outputs(deployment)
    return Stack(
        name=name,
        config={key: value["value"] for key, value in config.items() if isinstance(value.get("value"), str)},
        sessions=tuple(
            _recorded(entry)
            for entry in deployment.get("resources") or []
            if entry["type"] == SESSION_TYPE and entry.get("id") and not entry.get("delete")
        ),
        environment=environment if isinstance(environment := outputs.get("environment"), str) else None,
        promotion=from_output(outputs.get("promotion")),
        pending=tuple(
            _name(operation["resource"])
            for operation in deployment.get("pending_operations") or []
            if operation["type"] == "creating" and operation["resource"]["type"] == SESSION_TYPE
        ),
        locked_by=lock_owner(name),
    )


def _outputs(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    stacks = (entry for entry in deployment.get("resources") or [] if entry["type"] == "pulumi:pulumi:Stack")
    return (next(stacks, None) or {}).get("outputs") or {}


def _recorded(resource: Mapping[str, Any]) -> RecordedSession:
    name, outputs, inputs = _name(resource), resource["outputs"], resource.get("inputs") or {}
    declared = outputs.get("declared") or {}
    gate = Gate.of(declared.get("gate"))
    gated = None
    if gate is not None:
        limit = outputs.get("timeout_ms")
        gated = GatedSession(
            name=name,
            session_id=resource["id"],
            gate=gate,
            request=request_from(declared),
            created_at=outputs.get("created_at"),
            timeout_ms=int(limit) if limit is not None else None,
            position=Position.parse(inputs.get("declared_at") or inputs.get("source")),
            adopted=outputs.get("adopted") is True,
        )
    is_replaced = bool(resource.get("pendingReplacement"))
    return RecordedSession(name, resource["id"], outputs["pathway_id"], gated, is_replaced)


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource["urn"]).rpartition("::")[2]
