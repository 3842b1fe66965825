"""Intents: records of start requests, written to disk before the request is sent.

After a crash between a start and Pulumi's checkpoint, Pulumi's state has no session id. The intent makes it possible to
find the session again: a small file per resource in the user's state folder, on disk (fsync) before the request is
sent. It contains no secret.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import parse_time
from tornado_resource.core.canonical import natural_or_none
from tornado_resource.core.files import read_file, replace_files
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.runs.order import Address

if TYPE_CHECKING:
    from collections.abc import Mapping

SCENARIO_INTENTS: Final = "scenario-intents"
"""The folder of the intents of scenarios. Those of runs are in that of their kind."""
CHECKS_INTENTS: Final = "checks-intents"
"""The folder of the intents of check configs."""
JUDGE_INTENTS: Final = "judge-intents"
"""The folder of the intents of judges."""
MAX_INTENT_BYTES: Final = 64 * 1024
MAX_FIELD_CHARACTERS: Final = 300
_OWN_FOLDER = "Make it a folder of your own that nobody else can write to, or set XDG_STATE_HOME to another one"


@dataclass(frozen=True, slots=True)
class Intent:
    """A start request that was sent or is about to be, and the session that it started once its id is known.

    *request* is the digest of the request. *sent_at* is this machine's UTC time (ISO 8601) just before the first send.
    *version*: the one that the request asks for, if it does.
    """

    address: Address
    pathway_id: str
    request: str
    sent_at: str
    session_id: str | None = None
    created_at: str | None = None
    version: int | str | None = None


class IntentStore:
    """Intents in a folder, one file per resource. Two stacks never share a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, address: Address) -> Intent | None:
        """Return the intent of a resource; None if there is none, its file is damaged, or others can write there."""
        try:
            self._check_folder()
            return _read(self.file(address))
        except (OSError, ValueError):
            return None

    def write(self, intent: Intent) -> None:
        """Write an intent to disk.

        Raises:
            TornadoError: it cannot be written (disk full, folder not writable), or others could change it. Then the
                request must not be sent.

        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_folder()
            replace_files({self._own(intent.address): _as_json(intent)}, mode=0o600)
            older = self._older(intent.address)
            if older is not None:
                older.unlink(missing_ok=True)
        except OSError as error:
            message = (
                f"not sent: cannot write the intent file: {error.strerror} ({self._folder}). "
                f"Make that folder writable, or set XDG_STATE_HOME to another one"
            )
            raise TornadoError(message) from None
        except ValueError as error:
            message = f"not sent: the folder of the intent files {error} ({self._folder}). {_OWN_FOLDER}"
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
            self.file(address).unlink(missing_ok=True)

    def all(self) -> list[Intent]:
        """Return every intent.

        Raises:
            ConfigurationError: a file is damaged, or others can write to the folder.

        """
        try:
            self._check_folder()
            files = sorted(file for file in self._folder.iterdir() if file.suffix == ".json")
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            fault = f"cannot be read: {_reason(error)}" if isinstance(error, OSError) else str(error)
            message = f"the folder of the intent files {fault} ({self._folder}). {_OWN_FOLDER}"
            raise ConfigurationError(message) from None
        return [_read_or_refuse(file) for file in files]

    def _check_folder(self) -> None:
        """Whoever can write here could make an update record any session as its own."""
        folder = self._folder.stat()
        if not stat.S_ISDIR(folder.st_mode):
            message = "is not a folder"
        elif folder.st_uid != os.geteuid():
            message = "belongs to another user"
        elif folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            message = "can be written to by other users"
        else:
            return
        raise ValueError(message)

    def file(self, address: Address) -> Path:
        """Return the file of the intent of a resource: one that an older release has written, if there is no other."""
        own, older = self._own(address), self._older(address)
        return older if older is not None and older.exists() and not own.exists() else own

    def _older(self, address: Address) -> Path | None:
        return self._own(replace(address, backend=address.older_backend)) if address.older_backend else None

    def _own(self, address: Address) -> Path:
        name = hashlib.sha256(json.dumps(_key(address), sort_keys=True).encode()).hexdigest()[:40]
        return self._folder / f"{name}.json"


def intents_folder(environ: Mapping[str, str], name: str) -> Path:
    """Return a folder for intents in the user's state folder (XDG Base Directory Specification).

    Raises:
        ConfigurationError: the user's home folder is unknown.

    """
    home = environ.get("XDG_STATE_HOME")
    try:
        return (Path(home) if home else Path.home() / ".local/state") / "tornado-resource" / name
    except RuntimeError:
        message = "no folder for intent files: this user has no home folder; set HOME or XDG_STATE_HOME"
        raise ConfigurationError(message) from None


_ADDRESS: Final = tuple(part.name for part in fields(Address) if part.name != "older_backend")


def _key(address: Address) -> dict[str, str]:
    """Return an address as JSON. Without a component it is as older releases wrote it, who knew no *parents*."""
    values: dict[str, str] = {name: getattr(address, name) for name in _ADDRESS}
    if not values["parents"]:
        del values["parents"]
    return values


def _as_json(intent: Intent) -> str:
    values = {part.name: getattr(intent, part.name) for part in fields(Intent)}
    return json.dumps({**values, "address": _key(intent.address)})


def _read_or_refuse(file: Path) -> Intent:
    try:
        return _read(file)
    except (OSError, ValueError) as error:
        message = (
            f"the intent file {file} is damaged: {_reason(error)}. Delete it; if its session still runs, the next "
            "`pulumi up` reports a conflict, and says how to adopt it"
        )
        raise ConfigurationError(message) from None


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or "cannot be read").lower() if isinstance(error, OSError) else str(error)


def _read(file: Path) -> Intent:
    content = parse_json(read_file(file, MAX_INTENT_BYTES))
    try:
        intent = Intent(**{**content, "address": Address(**content["address"])})
        is_valid = all(map(_is_word, _texts(intent))) and isinstance(content["address"].get("parents", ""), str)
        is_valid = is_valid and datetime.fromisoformat(intent.sent_at).tzinfo is not None
        is_valid = is_valid and parse_time(intent.sent_at) is not None
        is_valid = is_valid and (intent.version is None or _is_version(intent.version))
    except (ValueError, TypeError, KeyError):
        is_valid = False
    if not is_valid:
        message = "it is not an intent"
        raise ValueError(message)
    return intent


def _texts(intent: Intent) -> list[Any]:
    """Return the values of an intent that must be words: all it has but the version and the types of the parents."""
    values = asdict(intent)
    del values["version"]
    optional = [values.pop("session_id"), values.pop("created_at")]
    address = values.pop("address")
    del address["parents"]  # they have no limit: components can be in components
    return [*address.values(), *values.values(), *(value for value in optional if value is not None)]


def _is_version(value: Any) -> bool:
    if isinstance(value, str):
        return _is_word(value)
    return natural_or_none(value) is not None


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_FIELD_CHARACTERS and value.isascii() and clean(value) == value
