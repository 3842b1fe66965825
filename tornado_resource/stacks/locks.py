"""The owner of a stack's lock."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tornado_resource.core.files import read_file
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean
from tornado_resource.stacks.backend import MAX_CREDENTIALS_BYTES, backend_url

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        url = urlsplit(backend_url(os.environ))
        root = Path(unquote(url.netloc + url.path)).expanduser() / ".pulumi/locks"
        return sorted(root.glob(f"*/*/{stack}/*.json")) if url.scheme == "file" else ()
    except (OSError, ValueError, RuntimeError):  # RuntimeError: the folder of a user that nobody knows, `~x`
        return ()
