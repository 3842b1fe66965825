"""Pulumi's command line, which reads the state and config of a stack on every backend."""

from __future__ import annotations

import os
import subprocess
from typing import Any, Final

from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean, without_credentials
from tornado_resource.errors import BackendUnreachable, ConfigurationError

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
    result = _run(command)
    if result.returncode != 0:
        said = without_credentials(result.stderr.strip().removeprefix("error: ")) or f"exit code {result.returncode}"
        message = f"`{' '.join(command)}` failed: {clean(said)}"
        raise (
            BackendUnreachable(message) if any(words in said for words in _UNREACHABLE) else ConfigurationError(message)
        )
    try:
        return parse_json(result.stdout)
    except ValueError as error:
        message = f"`{' '.join(command)}` printed no usable JSON: {error}; check the state with `pulumi stack export`"
        raise ConfigurationError(message) from None


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    # Pulumi 3.259 reads more stacks at once from PostgreSQL than it has connections for, and then hangs.
    environment = {"PULUMI_DIY_BACKEND_PARALLEL": "1", **os.environ}
    try:
        return subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=PULUMI_SECONDS,
            env=environment,
        )
    except (FileNotFoundError, PermissionError):
        message = "`pulumi` is not on PATH; it is needed to read the stacks"
        raise ConfigurationError(message) from None
    except OSError as error:
        message = f"cannot run `pulumi`: {str(error.strerror).lower()}; check it with `pulumi version`"
        raise ConfigurationError(message) from None
    except subprocess.TimeoutExpired:
        message = f"`{' '.join(command)}` timed out after {PULUMI_SECONDS} s"
        raise BackendUnreachable(message) from None
