"""Pulumi's backend: which one is in use, and the address of a resource in it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.files import read_file
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import without_credentials
from tornado_resource.sessions.order import Address

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CREDENTIALS_BYTES: Final = 1024 * 1024
"""Of one of Pulumi's own files: credentials and locks have less than a kibibyte."""


def resource_address(path: str, project: str, environ: Mapping[str, str], parents: str = "") -> Address:
    """Return the address of a resource.

    Args:
        path: `stack/resource` or `organization/stack/resource`.
        project: the project.
        environ: says which backend is in use.
        parents: the types of the components that the resource is in, as in its URN.

    """
    stack, _, resource = path.rpartition("/")
    return Address(backend_digest(environ), project, stack, resource, parents)


def backend_digest(environ: Mapping[str, str]) -> str:
    """Return a digest of the backend's URL, without user and password: it is the same for every user."""
    return hashlib.sha256(without_credentials(backend_url(environ)).encode()).hexdigest()[:16]


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
