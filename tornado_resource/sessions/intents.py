"""Intents: records of start requests, written to disk before the request is sent.

After a crash between a start and Pulumi's checkpoint, Pulumi's state has no session id. The intent makes it possible to
find the session again: a small file per resource in the user's state folder, on disk (fsync) before the request is
sent. It contains no secret.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tornado_resource.core.files import replace_files
from tornado_resource.errors import TornadoError
from tornado_resource.sessions.order import Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Intent:
    """A start request that was sent or is about to be, and the session that it started once its id is known.

    *request* is the digest of the request. *sent_at* is this machine's UTC time (ISO 8601) just before the first send.
    """

    address: Address
    pathway_id: str
    request: str
    sent_at: str
    session_id: str | None = None
    created_at: str | None = None


class IntentStore:
    """Intents in a folder, one file per resource. Two stacks never share a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, address: Address) -> Intent | None:
        """Return the intent of a resource; None if there is none or its file is damaged."""
        return _read(self._file(address))

    def write(self, intent: Intent) -> None:
        """Write an intent to disk.

        Raises:
            TornadoError: it cannot be written (disk full, folder not writable). Then the request must not be sent.

        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_files({self._file(intent.address): json.dumps(asdict(intent))}, mode=0o600)
        except OSError as error:
            message = (
                f"not sent: cannot write the intent file: {error.strerror} ({self._folder}). "
                f"Make that folder writable, or set XDG_STATE_HOME to another one"
            )
            raise TornadoError(message) from None

    def record(self, intent: Intent, session_id: str, created_at: str | None) -> None:
        """Add the started session to an intent. Never raises: a full disk must not make a started session an error."""
        with suppress(TornadoError):
            self.write(replace(intent, session_id=session_id, created_at=created_at))

    def settle(self, address: Address, session_id: str) -> None:
        """Delete the intent of a session whose id Pulumi's state has now. Never raises."""
        intent = self.find(address)
        if intent is not None and intent.session_id == session_id:
            self.clear(address)

    def clear(self, address: Address) -> None:
        """Delete the intent of a resource. Never raises."""
        with suppress(OSError):
            self._file(address).unlink(missing_ok=True)

    def all(self) -> Iterator[Intent]:
        """Yield every readable intent."""
        for file in sorted(self._folder.glob("*.json")):
            intent = _read(file)
            if intent is not None:
                yield intent

    def _file(self, address: Address) -> Path:
        name = hashlib.sha256(json.dumps(asdict(address), sort_keys=True).encode()).hexdigest()[:40]
        return self._folder / f"{name}.json"


def intents_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder for intents in the user's state folder (XDG Base Directory Specification)."""
    home = environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local/state") / "tornado-resource" / "intents"


def _read(file: Path) -> Intent | None:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        intent = Intent(**{**content, "address": Address(**content["address"])})
        datetime.fromisoformat(intent.sent_at)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return intent
