"""Stacks as Pulumi has recorded them: `pulumi stack export` and `pulumi config`, parsed into values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Gate, request_from
from tornado_resource.errors import ConfigurationError
from tornado_resource.gate.model import GatedSession
from tornado_resource.promotion.record import from_output, text_or_none
from tornado_resource.sessions.order import SESSION_TYPE
from tornado_resource.stacks.locks import lock_owner
from tornado_resource.stacks.pulumi_cli import pulumi_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tornado_resource.promotion.record import Promotion

STACK_TYPE: Final = "pulumi:pulumi:Stack"


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
    """What Pulumi has recorded of a stack: its config (secrets in clear), sessions and outputs.

    *pending* are the sessions whose creation was interrupted. *locked_by* says who holds the lock, if anyone.
    *has_plain_key*: whether `bland:apiKey` is in the config, and not encrypted.
    """

    name: str
    config: Mapping[str, str]
    sessions: tuple[RecordedSession, ...]
    environment: str | None
    promotion: Promotion | None
    pending: tuple[str, ...]
    locked_by: str | None
    has_plain_key: bool = False

    def __repr__(self) -> str:
        # The default would show the config, and with it the API key.
        return f"Stack({self.name!r})"


def stack_names() -> list[str]:
    """Return the stacks of the project in this folder.

    Raises:
        ConfigurationError: Pulumi cannot list them.

    """
    return [entry["name"] for entry in pulumi_json("stack", "ls")]


def selected_stack() -> str:
    """Return the name of the stack that is selected in this folder.

    Raises:
        ConfigurationError: none is selected, or Pulumi cannot list the stacks.

    """
    name = next((entry["name"] for entry in pulumi_json("stack", "ls") if entry.get("current")), None)
    if name is None:
        message = "no stack is selected: name one with --stack, or run `pulumi stack select`"
        raise ConfigurationError(message)
    return str(name)


def read_stack(name: str) -> Stack:
    """Read one stack of the project in this folder.

    Raises:
        ConfigurationError: Pulumi cannot read it.

    """
    # A stack that was never updated has no deployment, and lists are null rather than empty.
    deployment = pulumi_json("stack", "export", "--stack", name).get("deployment") or {}
    config = pulumi_json("config", "--show-secrets", "--stack", name)
    resources = deployment.get("resources") or []
    outputs = _stack_outputs(resources)
    return Stack(
        name=name,
        config={key: entry["value"] for key, entry in config.items() if isinstance(entry.get("value"), str)},
        sessions=tuple(_session(resource) for resource in resources if _is_session(resource)),
        environment=text_or_none(outputs.get("environment")),
        promotion=from_output(outputs.get("promotion")),
        pending=tuple(_interrupted_creations(deployment.get("pending_operations") or [])),
        locked_by=lock_owner(name),
        has_plain_key=not config.get("bland:apiKey", {"secret": True}).get("secret"),
    )


def _stack_outputs(resources: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    outputs = (resource.get("outputs") for resource in resources if resource["type"] == STACK_TYPE)
    return next(outputs, None) or {}


def _is_session(resource: Mapping[str, Any]) -> bool:
    """Return whether a resource is a session that exists: it has an id, and its replacement has not taken its name.

    The engine keeps a replaced resource as `delete: true` until it has deleted it; then the name is there twice.
    """
    return resource["type"] == SESSION_TYPE and bool(resource.get("id")) and not resource.get("delete")


def _interrupted_creations(operations: list[Mapping[str, Any]]) -> Iterator[str]:
    for operation in operations:
        if operation["type"] == "creating" and operation["resource"]["type"] == SESSION_TYPE:
            yield _name(operation["resource"])


def _session(resource: Mapping[str, Any]) -> RecordedSession:
    return RecordedSession(
        name=_name(resource),
        session_id=resource["id"],
        pathway_id=resource["outputs"]["pathway_id"],
        gated=_gated(resource),
        is_replaced=bool(resource.get("pendingReplacement")),
    )


def _gated(resource: Mapping[str, Any]) -> GatedSession | None:
    outputs, inputs = resource["outputs"], resource.get("inputs") or {}
    declared = outputs.get("declared") or {}
    gate = Gate.of(declared.get("gate"))
    if gate is None:
        return None
    timeout_ms = outputs.get("timeout_ms")
    return GatedSession(
        name=_name(resource),
        session_id=resource["id"],
        gate=gate,
        request=request_from(declared),
        created_at=outputs.get("created_at"),
        timeout_ms=int(timeout_ms) if timeout_ms is not None else None,
        # States that were written before `declared_at` have `source`.
        position=Position.parse(inputs.get("declared_at") or inputs.get("source")),
        adopted=outputs.get("adopted") is True,
    )


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource["urn"]).rpartition("::")[2]
