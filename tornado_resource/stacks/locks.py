"""The owner of a stack's lock."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tornado_resource.core.text import clean
from tornado_resource.stacks.backend import backend_url


def lock_owner(stack: str) -> str | None:
    """Return who locks a stack of a file backend: `user@host, process 123, since …`; None if nobody does.

    Other backends name the owner in their own error message, so None for them too.
    """
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
