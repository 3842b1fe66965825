"""The past updates of a stack, and the state after each.

Backends that store files keep both in `.pulumi/history/PROJECT/STACK`; here they are read from a backend in a local
folder. Pulumi Cloud has `pulumi stack history` and `pulumi stack export --version`. Other backends show no past state:
there the `verdicts.json` of past updates can stand for them, from a folder.
"""

from __future__ import annotations

import gzip
import heapq
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from tornado_resource.bland.responses import parse_time
from tornado_resource.core.canonical import text_or_none
from tornado_resource.core.files import read_file
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean
from tornado_resource.core.urns import STACK_TYPE, make_urn, type_of
from tornado_resource.errors import ConfigurationError
from tornado_resource.runs.kinds import KINDS, kind_of
from tornado_resource.stacks.backend import project_backend
from tornado_resource.stacks.pulumi_cli import pulumi_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

MAX_UPDATES: Final = 100
MAX_STATE_BYTES: Final = 32 * 1024 * 1024
"""Of one state, once it is decompressed: one of 2,000 sessions has 8 MiB."""
MAX_STATE_VALUES: Final = 1_000_000
"""Of one state: one of 2,000 sessions has 200,000. Empty lists take twenty times as much memory as text."""
MAX_HISTORY_BYTES: Final = 256 * 1024 * 1024
"""Of all states together."""
MAX_FILES: Final = 10_000
"""How many kept files are read."""
KEPT: Final = "verdicts*.json"
_UPDATE: Final = ".history.json"
_STATE: Final = ".checkpoint.json"


@dataclass(frozen=True, slots=True)
class Update:
    """What one update has recorded: the outputs of each resource, by URN, in the form of a state.

    *run_url*: the address of its run in CI, unchecked; None if there is none.
    """

    resources: Mapping[str, Any]
    run_url: str | None = None


def read_history(stack: str, project: str, limit: int) -> Iterator[Update | None]:
    """Return the last *limit* updates of a stack with the state after each, the newest first, without refreshes.

    Each is read when it is asked for, so that only one is in memory. It is None if it cannot be read or is too large.

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
        "in a local folder. Keep the verdicts.json of each run as an artifact of your pipeline, and name their folder "
        "with --from FOLDER"
    )
    raise ConfigurationError(message)


def _local_states(url: str, project_and_stack: tuple[str, str], limit: int) -> Iterator[Update | None]:
    """Yield the last updates.

    The names of the files end with the time in nanoseconds. They are compressed with `PULUMI_DIY_BACKEND_GZIP`.
    """
    root = Path(unquote(url.removeprefix("file://"))).expanduser() / ".pulumi/history"
    # The names come from the state, so they are looked for and not followed: one may be `..`.
    folders = [folder for folder in root.glob("*/*") if folder.parts[-2:] == project_and_stack]
    files = [file for folder in folders for suffix in (_UPDATE, f"{_UPDATE}.gz") for file in folder.glob(f"*{suffix}")]
    reader, updates = _Reader(), 0
    for file in sorted(files, key=lambda path: path.name, reverse=True):
        try:
            described = reader.read(file)
            if described.get("kind") != "update":
                continue
            state = reader.read(file.with_name(file.name.replace(_UPDATE, _STATE)))["checkpoint"]["latest"]
            update: Update | None = _update(state, described)
        except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError):
            update = None
        yield update
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


def _cloud_states(stack: str, limit: int) -> Iterator[Update | None]:
    for update in pulumi_json("stack", "history", "--stack", stack, "--page-size", str(limit)) or []:
        try:
            if update["kind"] != "update":
                continue
            exported = pulumi_json("stack", "export", "--stack", stack, "--version", str(int(update["version"])))
            yield _update(exported["deployment"], update)
        except (ConfigurationError, ValueError, LookupError, TypeError, AttributeError):
            yield None


def _update(deployment: Any, described: Mapping[str, Any]) -> Update:
    """Return an update by its state, without what is no resource, and by what Pulumi has noted of where it ran."""
    resources = deployment.get("resources") or []
    environment = described.get("environment")
    return Update(
        {
            resource["urn"]: resource
            for resource in resources
            if isinstance(resource, dict) and isinstance(resource.get("urn"), str)
        },
        text_or_none(environment.get("ci.build.url")) if isinstance(environment, dict) else None,
    )


@dataclass(slots=True)
class Kept:
    """The updates of a stack that a folder of kept `verdicts.json` files has, the newest first.

    *foreign*: how many files are of each other stack, by project and stack. *unreadable*: why a file cannot be read, by
    its path.
    """

    updates: list[Update] = field(default_factory=list)
    foreign: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


def read_kept(folder: Path, stack: str, project: str, limit: int) -> Kept:
    """Return the last *limit* updates of a stack by the `verdicts*.json` files in a folder and below it.

    What is of another stack or project is counted and left out. The order is that of `written_at`.

    Raises:
        ConfigurationError: there is no such folder, no such file, or there are too many.

    """
    files = sorted(islice(folder.rglob(KEPT), MAX_FILES + 1))
    if not files or len(files) > MAX_FILES:
        problem = f"has more than {MAX_FILES:,} files" if files else "has no file"
        message = (
            f"--from {clean(str(folder))} {problem} named {KEPT}, in it or below it: keep the verdicts.json of each "
            "run as RUN/verdicts.json or verdicts-RUN.json"
        )
        raise ConfigurationError(message)
    kept = Kept()
    dated = _dated_updates(files, (project, stack.rpartition("/")[2]), kept)
    kept.updates = [update for *_, update in heapq.nlargest(limit, dated)]
    return kept


def _dated_updates(
    files: Sequence[Path], project_and_stack: tuple[str, str], kept: Kept
) -> Iterator[tuple[datetime, int, Update]]:
    """Yield the updates of one stack with their times and the places of their files, and note all else in *kept*."""
    reader = _Reader()
    for place, file in enumerate(files):
        try:
            content = reader.read(file)
            # Older releases did not write the project. A stack can be named with its organization.
            owner = str(content.get("project", project_and_stack[0])), str(content["stack"]).rpartition("/")[2]
            if owner == project_and_stack:
                yield _written_at(content), place, _kept_update(content)
            else:
                name = clean("/".join(owner))
                kept.foreign[name] = kept.foreign.get(name, 0) + 1
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            kept.unreadable[clean(str(file))] = _fault(error)


def _fault(error: Exception) -> str:
    if isinstance(error, OSError):
        return clean(error.strerror or str(error))
    return str(error) if isinstance(error, ValueError) else "it is no verdicts.json"


def _written_at(content: Mapping[str, Any]) -> datetime:
    moment = parse_time(content["written_at"])
    if moment is None:
        message = "its `written_at` is no time"
        raise ValueError(message)
    return moment


def _kept_update(content: Mapping[str, Any]) -> Update:
    """Return what a `verdicts.json` says, in the form of a state, without what passed in another stack."""
    resources: dict[str, Any] = {}
    verdicts: dict[str, Any] = {}
    for name, session in content["sessions"].items():
        if not isinstance(session, dict) or session.get("promoted") is True:
            continue
        kind = kind_of(session["kind"] if session.get("kind") in KINDS else "tornado")
        urn = text_or_none(session.get("urn")) or ""
        urn = urn if type_of(urn) == kind.resource_type else make_urn("_", "_", kind.resource_type, name)
        place = {key: session.get(key) for key in kind.place_outputs}
        outputs = {kind.id_output: session.get("session_id"), "created_at": session.get("created_at"), **place}
        resources[urn] = {"outputs": outputs}
        verdicts[name] = {**session, "scenarios": _known_runs(session.get("scenarios")), "history": None}
    stack_urn = make_urn("_", "_", STACK_TYPE, "_")
    return Update({stack_urn: {"outputs": {"verdicts": verdicts}}, **resources}, text_or_none(content.get("run_url")))


def _known_runs(scenarios: Any) -> list[Any]:
    """Return the scenarios that have run, as a recorded verdict has them."""
    return [run for run in scenarios if isinstance(run, dict) and isinstance(run.get("passed"), bool)]
