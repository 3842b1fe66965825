"""Stacks as Pulumi has recorded them, read through its command line: that works on every backend."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from tornado_resource.declarations.model import Gate, request_from
from tornado_resource.errors import ConfigurationError
from tornado_resource.gate.verifying import Subject
from tornado_resource.lifecycle.intents import backend_url
from tornado_resource.promotion.record import from_output
from tornado_resource.text import clean, without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.promotion.record import Promotion

SESSION_TYPE: Final = "pulumi-python:dynamic/bland:TornadoSession"
PULUMI_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Recorded:
    """A session in a stack's state; *subject* is what its gate is held with, None for `gate: none`.

    *is_replaced*: it was deleted to be replaced, and its successor was not started.
    """

    name: str
    session_id: str
    pathway_id: str
    subject: Subject | None
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class Stack:
    """What is known of a stack: its config (secrets in clear), sessions, pending creations, and who locks it."""

    name: str
    config: Mapping[str, str]
    sessions: tuple[Recorded, ...]
    environment: str | None
    promotion: Promotion | None
    pending: tuple[str, ...]
    locked_by: str | None

    def __repr__(self) -> str:
        return f"Stack({self.name!r})"


def stack_names() -> list[str]:
    """The stacks of the project in this folder. Raises ConfigurationError where Pulumi cannot tell."""
    return [entry["name"] for entry in _pulumi("stack", "ls")]


def selected_stack() -> str:
    """Name the stack that is selected in this folder. Raises ConfigurationError where none is."""
    name = next((entry["name"] for entry in _pulumi("stack", "ls") if entry.get("current")), None)
    if name is None:
        message = "no stack is selected: name one with --stack, or pulumi stack select"
        raise ConfigurationError(message)
    return str(name)


def read_stack(name: str) -> Stack:
    """Read one stack of the project in this folder. Raises ConfigurationError where Pulumi cannot."""
    deployment = _pulumi("stack", "export", "--stack", name).get("deployment") or {}
    config = _pulumi("config", "--show-secrets", "--stack", name)
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
        locked_by=_lock(name),
    )


def _outputs(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    stacks = (entry for entry in deployment.get("resources") or [] if entry["type"] == "pulumi:pulumi:Stack")
    return (next(stacks, None) or {}).get("outputs") or {}


def _recorded(resource: Mapping[str, Any]) -> Recorded:
    name, outputs, inputs = _name(resource), resource["outputs"], resource.get("inputs") or {}
    declared = outputs.get("declared") or {}
    gate = Gate.of(declared.get("gate"))
    subject = None
    if gate is not None:
        limit = outputs.get("timeout_ms")
        subject = Subject(
            name=name,
            session_id=resource["id"],
            gate=gate,
            request=request_from(declared),
            created_at=outputs.get("created_at"),
            timeout_ms=int(limit) if limit is not None else None,
            place=inputs.get("source") or "",
            adopted=outputs.get("adopted") is True,
        )
    is_replaced = bool(resource.get("pendingReplacement"))
    return Recorded(name, resource["id"], outputs["pathway_id"], subject, is_replaced)


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource["urn"]).rpartition("::")[2]


def _pulumi(*arguments: str) -> Any:
    command = ["pulumi", *arguments, "--non-interactive"]
    if arguments[:2] != ("stack", "export"):
        command.append("--json")
    # Pulumi 3.259 reads more stacks at once from PostgreSQL than it has connections for, and then hangs.
    environment = {"PULUMI_DIY_BACKEND_PARALLEL": "1", **os.environ}
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PULUMI_SECONDS, env=environment
        )
    except FileNotFoundError:
        message = "`pulumi` is not on PATH; it is needed to read the stacks"
        raise ConfigurationError(message) from None
    except subprocess.TimeoutExpired:
        message = f"`{' '.join(command)}` did not end within {PULUMI_SECONDS} s"
        raise ConfigurationError(message) from None
    if result.returncode != 0:
        said = without_credentials(result.stderr.strip().removeprefix("error: "))
        message = f"`{' '.join(command)}` failed: {clean(said)}"
        raise ConfigurationError(message)
    return json.loads(result.stdout)


def _lock(stack: str) -> str | None:
    """Who holds a stack of a file backend: `user@host, process 123, since …`. Other backends say it themselves."""
    url = urlsplit(backend_url(os.environ))
    if url.scheme != "file":
        return None
    root = Path(unquote(url.netloc + url.path)).expanduser() / ".pulumi/locks"
    for file in sorted(root.glob(f"*/*/{stack}/*.json")):
        try:
            lock = json.loads(file.read_text(encoding="utf-8"))
            return clean(f"{lock['username']}@{lock['hostname']}, process {lock['pid']}, since {lock['timestamp']}")
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None
