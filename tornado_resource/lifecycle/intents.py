"""What is about to be started, written down before it is sent.

Pulumi's state holds nothing usable after a crash between a start and its checkpoint. An intent does: a small file per
resource in the user's state folder, on disk (fsync) before the request goes out. It holds no secret.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tornado_resource.errors import TornadoError
from tornado_resource.text import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Address:
    """Which resource of which stack: *stack* is `organization/stack` or `stack`."""

    backend: str
    project: str
    stack: str
    resource: str


def address_of(place: str, project: str, environment: Mapping[str, str]) -> Address:
    """Complete a resource's *place* (`stack/resource` or `organization/stack/resource`) by project and backend."""
    stack, _, resource = place.rpartition("/")
    return Address(backend_of(environment), project, stack, resource)


@dataclass(frozen=True, slots=True)
class Intent:
    """A start that was or is about to be sent, and its answer once there is one.

    *request* is the digest of the request, *sent_at* our own UTC time (ISO 8601) just before the first sending.
    """

    address: Address
    pathway_id: str
    request: str
    sent_at: str
    session_id: str | None = None
    created_at: str | None = None


class IntentStore:
    """Intents in a folder, a file each: two stacks never share one, and a file is replaced whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, address: Address) -> Intent | None:
        """The intent of a resource; None when there is none, or its file is damaged."""
        return _read(self._file(address))

    def write(self, intent: Intent) -> None:
        """Put an intent on disk, power loss included.

        Raises:
            TornadoError: it cannot be written (disk full, folder not writable); nothing may be sent then.

        """
        file = self._file(intent.address)
        scratch = file.with_name(f"{file.name}.{secrets.token_hex(4)}.tmp")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(asdict(intent), stream)
                stream.flush()
                os.fsync(stream.fileno())
            scratch.replace(file)
            _sync_folder(self._folder)
        except OSError as error:
            with suppress(OSError):
                scratch.unlink(missing_ok=True)
            message = (
                f"nothing was sent, since the start could not be noted first: {error.strerror} ({self._folder}). "
                f"Make that folder writable, or name another one in XDG_STATE_HOME"
            )
            raise TornadoError(message) from None

    def answer(self, intent: Intent, session_id: str, created_at: str | None) -> None:
        """Add the answer to an intent. Never raises: the session has started, and the first note is still there."""
        with suppress(TornadoError):
            self.write(replace(intent, session_id=session_id, created_at=created_at))

    def settle(self, address: Address, session_id: str) -> None:
        """Forget the intent of a session that the engine has recorded. Never raises."""
        intent = self.find(address)
        if intent is not None and intent.session_id == session_id:
            self.clear(address)

    def clear(self, address: Address) -> None:
        """Forget an intent: the engine has the id, or there was no start. Never raises."""
        with suppress(OSError):
            self._file(address).unlink(missing_ok=True)

    def all(self) -> Iterator[Intent]:
        """Every readable intent."""
        for file in sorted(self._folder.glob("*.json")):
            intent = _read(file)
            if intent is not None:
                yield intent

    def _file(self, address: Address) -> Path:
        name = hashlib.sha256(json.dumps(asdict(address), sort_keys=True).encode()).hexdigest()[:40]
        return self._folder / f"{name}.json"


def intents_folder(environment: Mapping[str, str]) -> Path:
    """The user's state folder for intents (XDG Base Directory Specification)."""
    home = environment.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local/state") / "tornado-resource" / "intents"


def backend_of(environment: Mapping[str, str]) -> str:
    """Name Pulumi's backend: a digest of its URL, whoever logs in to it."""
    return hashlib.sha256(without_credentials(backend_url(environment)).encode()).hexdigest()[:16]


def backend_url(environment: Mapping[str, str]) -> str:
    """The backend that Pulumi uses: PULUMI_BACKEND_URL, else the one that `pulumi login` noted, else nothing."""
    url: Any = environment.get("PULUMI_BACKEND_URL")
    if not url:
        home = Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi")
        try:
            url = json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current")
        except (OSError, ValueError, AttributeError):
            url = None
    return str(url or "")


def _read(file: Path) -> Intent | None:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        intent = Intent(**{**content, "address": Address(**content["address"])})
        datetime.fromisoformat(intent.sent_at)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return intent


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
