"""Pulumi's command line, which reads the state and config of a stack on every backend."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean, without_credentials
from tornado_resource.errors import BackendUnreachable, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

PULUMI_SECONDS: Final = 60
_UNREACHABLE: Final = (
    "dial tcp",
    "such host",
    "connection refused",
    "connection reset",
    "is unreachable",
    "route to",
    "i/o timeout",
    "handshake timeout",
    "deadline exceeded",
    "unexpected EOF",
    "server misbehaving",
)
"""How Go's libraries, which Pulumi is made with, say that a network fails. Pulumi has no exit code for it."""


def pulumi_json(*arguments: str) -> Any:
    """Run a `pulumi` command in this folder and return the JSON that it prints.

    Raises:
        BackendUnreachable: `pulumi` could not reach the backend, or did not end within a minute.
        ConfigurationError: it is not on PATH, cannot be run, fails otherwise, or prints no JSON.

    """
    command = ["pulumi", *arguments, "--non-interactive"]
    if arguments[:2] != ("stack", "export"):
        command.append("--json")
    printed = _printed(command)
    try:
        return parse_json(printed)
    except ValueError as error:
        message = f"`{' '.join(command)}` printed no usable JSON: {error}; check the state with `pulumi stack export`"
        raise ConfigurationError(message) from None


def resources_of(export: Mapping[str, Any], resource_type: str) -> list[Mapping[str, Any]]:
    """Return the resources of one type that have an id, of what `pulumi stack export` prints."""
    resources = (export.get("deployment") or {}).get("resources") or []
    return [resource for resource in resources if resource["type"] == resource_type and "id" in resource]


def set_config(stack: str, key: str, value: Mapping[str, Any]) -> None:
    """Set a config value of a stack to an object, as `pulumi config set-all` does: all else in the file stays.

    Raises:
        ConfigurationError: `pulumi` is not on PATH, cannot be run, or fails.

    """
    entry = {"value": json.dumps(value), "objectValue": value, "secret": False}
    _printed(["pulumi", "config", "set-all", "--stack", stack, "--json", json.dumps({key: entry}), "--non-interactive"])


def pulumi_up(stack: str, *options: str) -> int:
    """Run `pulumi up` for a stack, without questions, and return its exit code. It prints what it does.

    Raises:
        ConfigurationError: it is not on PATH, or cannot be run.

    """
    return _started(["pulumi", "up", "--yes", "--skip-preview", "--stack", stack, *options]).returncode


def _printed(command: list[str]) -> str:
    result = _run(command)
    if result.returncode != 0:
        said = without_credentials(result.stderr.strip().removeprefix("error: ")) or f"exit code {result.returncode}"
        message = f"`{' '.join(command)}` failed: {clean(said)}"
        raise (
            BackendUnreachable(message) if any(words in said for words in _UNREACHABLE) else ConfigurationError(message)
        )
    return result.stdout


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return _started(command, capture_output=True, encoding="utf-8", errors="replace", timeout=PULUMI_SECONDS)
    except subprocess.TimeoutExpired:
        message = f"`{' '.join(command)}` timed out after {PULUMI_SECONDS} s"
        raise BackendUnreachable(message) from None


def _started(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    # Pulumi 3.259 reads more stacks at once from PostgreSQL than it has connections for, and then hangs.
    environment = {"PULUMI_DIY_BACKEND_PARALLEL": "1", **os.environ}
    try:
        return subprocess.run(command, check=False, env=environment, **options)
    except (FileNotFoundError, PermissionError):
        message = "`pulumi` is not on PATH; it is needed to read the stacks"
        raise ConfigurationError(message) from None
    except OSError as error:
        message = f"cannot run `pulumi`: {str(error.strerror).lower()}; check it with `pulumi version`"
        raise ConfigurationError(message) from None
