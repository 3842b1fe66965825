"""Pulumi's backend: which one is in use, the address of a resource in it, and the owner of a stack's lock."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from tornado_resource.core.files import project_folder, read_file
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean, without_credentials
from tornado_resource.errors import ConfigurationError
from tornado_resource.runs.order import Address
from tornado_resource.stacks.pulumi_cli import pulumi_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def lock_owner(stack: str) -> str | None:
    """Return who locks a stack of a file backend: `user@host, process 123, since …`; None if nobody does.

    Other backends name the owner in their own error message, so None for them too.
    """
    for file in _lock_files(stack):
        try:
            lock = parse_json(read_file(file, MAX_CREDENTIALS_BYTES))
            return clean(f"{lock['username']}@{lock['hostname']}, process {lock['pid']}, since {lock['timestamp']}")
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def _lock_files(stack: str) -> Sequence[Path]:
    """Return the files of a stack's locks; none if the backend is no folder, or its URL is none."""
    try:
        url = urlsplit(project_backend())
        root = Path(unquote(url.netloc + url.path)).expanduser() / ".pulumi/locks"
        return sorted(root.glob(f"*/*/{stack}/*.json")) if url.scheme == "file" else ()
    except (OSError, ValueError, RuntimeError):  # RuntimeError: the folder of a user that nobody knows, `~x`
        return ()


MAX_CREDENTIALS_BYTES: Final = 1024 * 1024
"""Of one of Pulumi's own files: credentials and locks have less than a kibibyte."""
MAX_PROJECT_BYTES: Final = 1024 * 1024


def resource_address(path: str, project: str, environ: Mapping[str, str], parents: str = "") -> Address:
    """Return the address of a resource.

    Args:
        path: `stack/resource` or `organization/stack/resource`.
        project: the project.
        environ: says which backend is in use.
        parents: the types of the components that the resource is in, as in its URN.

    """
    stack, _, resource = path.rpartition("/")
    own, older = backend_digest(environ), _digest(backend_url(environ))
    return Address(own, project, stack, resource, parents, older if older != own else "")


def backend_digest(environ: Mapping[str, str]) -> str:
    """Return a digest of the backend's URL, without user and password: it is the same for every user."""
    return _digest(project_backend(environ))


def _digest(url: str) -> str:
    return hashlib.sha256(without_credentials(url).encode()).hexdigest()[:16]


def project_backend(environ: Mapping[str, str] = os.environ) -> str:
    """Return the URL of the backend that Pulumi uses for the project in this folder; "" if it is unknown.

    `backend.url` in Pulumi.yaml counts less than PULUMI_BACKEND_URL, and more than the last `pulumi login`.
    """
    is_set = bool(environ.get("PULUMI_BACKEND_URL"))
    return (None if is_set else _named_in_project(project_folder())) or backend_url(environ)


@cache
def _named_in_project(folder: Path) -> str | None:
    """Ask Pulumi, if the project in a folder names a backend: it knows all places where one can be named."""
    try:
        files = [folder / name for name in ("Pulumi.yaml", "Pulumi.yml")]
        if any(b"backend" in read_file(file, MAX_PROJECT_BYTES) for file in files if file.exists()):
            return str(pulumi_json("whoami")["url"])
    except (OSError, ValueError, LookupError, TypeError, ConfigurationError):
        return None
    return None


def backend_url(environ: Mapping[str, str]) -> str:
    """Return the URL of Pulumi's backend: PULUMI_BACKEND_URL, else that of the last `pulumi login`, else ""."""
    url: Any = environ.get("PULUMI_BACKEND_URL")
    if not url:
        try:
            home = Path(environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
            url = parse_json(read_file(home / "credentials.json", MAX_CREDENTIALS_BYTES)).get("current")
        except (OSError, ValueError, AttributeError, RuntimeError):  # RuntimeError: nobody knows the home folder
            url = None
    return str(url or "")
