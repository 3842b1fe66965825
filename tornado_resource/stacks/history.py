"""The past updates of a stack, and the state after each.

Backends that store files keep both in `.pulumi/history/PROJECT/STACK`; here they are read from a backend in a local
folder. Pulumi Cloud has `pulumi stack history` and `pulumi stack export --version`. Other backends show no past state.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from tornado_resource.core.files import read_file
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.backend import backend_url
from tornado_resource.stacks.pulumi_cli import pulumi_json

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_UPDATES: Final = 100
MAX_HISTORY_BYTES: Final = 256 * 1024 * 1024
"""Of one state: one of 10,000 sessions has 40 MiB."""
_UPDATE: Final = ".history.json"
_STATE: Final = ".checkpoint.json"


@dataclass(frozen=True, slots=True)
class History:
    """The states after the last updates of a stack, the oldest first, and how many more could not be read.

    A state has, by URN, the type and outputs of each resource.
    """

    states: tuple[dict[str, Any], ...]
    unreadable: int = 0


def read_history(stack: str, project: str, limit: int) -> History:
    """Read the states after the last *limit* updates of a stack. Refreshes are not counted.

    Raises:
        ConfigurationError: the backend shows no past states, or Pulumi cannot list them.

    """
    url = backend_url(os.environ)
    scheme = urlsplit(url).scheme
    if scheme == "file":
        found = list(_local_states(url, (project, stack.rpartition("/")[2]), limit))
    elif scheme in {"http", "https"}:
        found = list(_cloud_states(stack, limit))
    else:
        message = (
            f"the backend {clean(scheme) or 'in use'} shows no past states: --history needs Pulumi Cloud, or a backend "
            "in a local folder. Keep the verdicts.json of each run as an artifact of your pipeline instead"
        )
        raise ConfigurationError(message)
    known = tuple(state for state in reversed(found) if state is not None)
    return History(known, len(found) - len(known))


def _local_states(url: str, project_and_stack: tuple[str, str], limit: int) -> Iterator[dict[str, Any] | None]:
    """Yield the states after the last updates, the newest first; None for one that cannot be read.

    The names of the files end with the time in nanoseconds. They are compressed with `PULUMI_DIY_BACKEND_GZIP`.
    """
    root = Path(unquote(url.removeprefix("file://"))).expanduser() / ".pulumi/history"
    # The names come from the state, so they are looked for and not followed: one may be `..`.
    folders = [each for each in root.glob("*/*") if each.parts[-2:] == project_and_stack]
    files = [file for each in folders for suffix in (_UPDATE, f"{_UPDATE}.gz") for file in each.glob(f"*{suffix}")]
    updates = 0
    for file in sorted(files, key=lambda path: path.name, reverse=True):
        try:
            if _read(file).get("kind") != "update":
                continue
            state: dict[str, Any] | None = _resources(
                _read(file.with_name(file.name.replace(_UPDATE, _STATE)))["checkpoint"]["latest"]
            )
        except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError):
            state = None
        yield state
        updates += 1
        if updates == limit:
            break


def _read(file: Path) -> Any:
    content = read_file(file, MAX_HISTORY_BYTES)
    if file.suffix == ".gz":
        with gzip.GzipFile(fileobj=BytesIO(content)) as archive:
            content = archive.read(MAX_HISTORY_BYTES)
    return parse_json(content)


def _cloud_states(stack: str, limit: int) -> Iterator[dict[str, Any] | None]:
    for update in pulumi_json("stack", "history", "--stack", stack, "--page-size", str(limit)) or []:
        try:
            if update["kind"] != "update":
                continue
            exported = pulumi_json("stack", "export", "--stack", stack, "--version", str(int(update["version"])))
            yield _resources(exported["deployment"])
        except (ConfigurationError, ValueError, LookupError, TypeError, AttributeError):
            yield None


def _resources(deployment: Any) -> dict[str, Any]:
    """Return the resources of a state by URN, without what is none."""
    found = deployment.get("resources") or []
    return {each["urn"]: each for each in found if isinstance(each, dict) and isinstance(each.get("urn"), str)}
