"""The past updates of a stack, and the state after each.

Backends that store files keep both in `.pulumi/history/PROJECT/STACK`; here they are read from a backend in a local
folder. Pulumi Cloud has `pulumi stack history` and `pulumi stack export --version`. Other backends show no past state.
"""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from tornado_resource.core.files import read_file
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.backend import project_backend
from tornado_resource.stacks.pulumi_cli import pulumi_json

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_UPDATES: Final = 100
MAX_STATE_BYTES: Final = 32 * 1024 * 1024
"""Of one state, once it is decompressed: one of 2,000 sessions has 8 MiB."""
MAX_STATE_VALUES: Final = 1_000_000
"""Of one state: one of 2,000 sessions has 200,000. Empty lists take twenty times as much memory as text."""
MAX_HISTORY_BYTES: Final = 256 * 1024 * 1024
"""Of all states together."""
_UPDATE: Final = ".history.json"
_STATE: Final = ".checkpoint.json"


def read_history(stack: str, project: str, limit: int) -> Iterator[dict[str, Any] | None]:
    """Return the states after the last *limit* updates of a stack, the newest first. Refreshes are not counted.

    Each is read when it is asked for, so that only one is in memory. It has, by URN, the type and outputs of each
    resource. It is None if it cannot be read or is too large.

    Raises:
        ConfigurationError: the backend shows no past states; later, Pulumi cannot list them.

    """
    url = project_backend()
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return _local_states(url, (project, stack.rpartition("/")[2]), limit)
    if scheme in {"http", "https"}:
        return _cloud_states(stack, limit)
    message = (
        f"the backend {clean(scheme) or 'in use'} shows no past states: --history needs Pulumi Cloud, or a backend "
        "in a local folder. Keep the verdicts.json of each run as an artifact of your pipeline instead"
    )
    raise ConfigurationError(message)


def _local_states(url: str, project_and_stack: tuple[str, str], limit: int) -> Iterator[dict[str, Any] | None]:
    """Yield the states after the last updates.

    The names of the files end with the time in nanoseconds. They are compressed with `PULUMI_DIY_BACKEND_GZIP`.
    """
    root = Path(unquote(url.removeprefix("file://"))).expanduser() / ".pulumi/history"
    # The names come from the state, so they are looked for and not followed: one may be `..`.
    folders = [each for each in root.glob("*/*") if each.parts[-2:] == project_and_stack]
    files = [file for each in folders for suffix in (_UPDATE, f"{_UPDATE}.gz") for file in each.glob(f"*{suffix}")]
    reader, updates = _Reader(), 0
    for file in sorted(files, key=lambda path: path.name, reverse=True):
        try:
            if reader.read(file).get("kind") != "update":
                continue
            state: dict[str, Any] | None = _resources(
                reader.read(file.with_name(file.name.replace(_UPDATE, _STATE)))["checkpoint"]["latest"]
            )
        except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError):
            state = None
        yield state
        updates += 1
        if updates == limit:
            break


class _Reader:
    """Reads JSON files, as long as all of them together are not too large."""

    def __init__(self) -> None:
        self._left = MAX_HISTORY_BYTES

    def read(self, file: Path) -> Any:
        limit = min(MAX_STATE_BYTES, self._left)
        content = read_file(file, limit)
        if file.suffix == ".gz":
            with gzip.GzipFile(fileobj=BytesIO(content)) as archive:
                content = archive.read(limit + 1)
        self._left -= min(len(content), limit)
        if len(content) > limit or sum(map(content.count, (b",", b"[", b"{"))) > MAX_STATE_VALUES:
            message = "too large"
            raise ValueError(message)
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
