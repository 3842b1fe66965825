"""What would run since a revision of git, or another file. A revision is read from git's objects, not checked out."""

from __future__ import annotations

import io
import json
import posixpath
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.checks.check_config import DeclaredDigests
from tornado_resource.cli.declarations import as_annotations, read_declarations
from tornado_resource.core.positions import Problem
from tornado_resource.core.text import clean, clean_json
from tornado_resource.declarations.reader import MAX_FILE_BYTES
from tornado_resource.declarations.resolver import check_content, check_document, environment_names
from tornado_resource.errors import ConfigurationError, DeclarationError
from tornado_resource.reports import since as shown
from tornado_resource.stacks.since import INVALID_BASE, Changed, Comparison

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tornado_resource.declarations.document import Document

GIT_SECONDS: Final = 60
UNKNOWN_REVISION: Final = (
    "git does not know revision {} here; fetch it first (actions/checkout with fetch-depth: 2 has HEAD^1, "
    "with fetch-depth: 0 all)"
)
_FOLLOWED: Final = (b"symlink", b"dangling", b"loop", b"notdir")
"""What git says of a path that leads out of the repository, or nowhere: a line with a length, then text."""


def show_changes(
    file: str, environment: str | None, output: str, *, since: str | None = None, against: str | None = None
) -> str:
    """Return what would run in an environment, or in all of them, because of what differs from a revision or a file.

    Raises:
        ConfigurationError: the declarations, git or the revision cannot be read.
        DeclarationError: the declarations are invalid. Where those compared with are, everything counts as new.

    """
    after = read_declarations(file)
    before, problem = _base(file, since, against or "")
    comparison = Comparison(before, after, DeclaredDigests(), problem)
    names: list[str | None] = [environment] if environment is not None else [*environment_names(after)] or [None]
    return _written(since or against or "", comparison.of_all(names), output)


def _base(file: str, since: str | None, against: str) -> tuple[Document | None, str | None]:
    """Return the declarations to compare with, or why there are none."""
    try:
        base = check_document(against) if since is None else read_at_revision(since, file)
    except DeclarationError as error:
        return None, f"{INVALID_BASE}: {error.problems[0]}"
    return base, f"there is no {file}" if base is None else None


def _written(name: str, changes: Sequence[Changed], output: str) -> str:
    if output == "json":
        return clean_json(json.dumps(shown.as_json(name, changes), indent=2))
    if output == "github":
        return as_annotations("notice", [*_notices(changes)])
    return shown.markdown(name, changes) if output == "markdown" else shown.text(name, changes)


def _notices(changes: Sequence[Changed]) -> Iterator[Problem]:
    for changed in changes:
        where = f"environment {changed.environment.name}: " if changed.environment.name is not None else ""
        for run in changed.runs:
            what = shown.outcome(run)
            if what is not None:
                declaration = run.declaration
                yield Problem(declaration.position, f"{declaration.section}.{declaration.name}", f"{where}{what}")


def read_at_revision(revision: str, file: str) -> Document | None:
    """Return the declarations in *file* as they were at a revision, checked; None if there was no such file.

    Their prompt files are read at the same revision. Links are followed within the repository.

    Raises:
        ConfigurationError: git or the revision cannot be read.
        DeclarationError: the declarations there are invalid.

    """
    folder, name = Path(file).parent, Path(file).name
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise ConfigurationError(UNKNOWN_REVISION.format(clean(revision, 100)))
    objects = _Objects(folder, commit.decode().strip())
    content = objects.read([name]).get(name)
    if content is None:
        return None
    document = check_content(content, f"{clean(revision, 100)}:{file}")
    return replace(document, prompts=objects.read(set(_prompt_files(document.data))))


def _prompt_files(data: Any) -> Iterator[str]:
    """Yield the paths of all prompt files that declarations name."""
    if isinstance(data, dict):
        if isinstance(data.get("file"), str):
            yield data["file"]
        for value in data.values():
            yield from _prompt_files(value)


class _Objects:
    """The files of a commit, by paths relative to a folder."""

    def __init__(self, folder: Path, commit: str) -> None:
        self._folder = folder
        self._commit = commit
        self._prefix = (_git(folder, "rev-parse", "--show-prefix") or b"").decode(errors="surrogateescape").strip()

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        """Return the content of those files that exist, by their paths; of one that is too large, only that it is."""
        asked = [path for path in paths if not {"\n", "\0"} & {*path} and self._is_inside(path)]
        sizes = dict(self._ask("--batch-check", asked))
        small = [path for path, size in sizes.items() if len(size) <= MAX_FILE_BYTES]
        return {**sizes, **dict(self._ask("--batch", small))}

    def _is_inside(self, path: str) -> bool:
        """Return whether a path stays in the repository: git ends with an error at any other one."""
        return not posixpath.normpath(posixpath.join(self._prefix, path)).startswith("../")

    def _ask(self, mode: str, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield what git has of the files at *paths*: their content, or as many zeros for `--batch-check`."""
        asked = "".join(f"{self._commit}:./{path}\n" for path in paths)
        answer = io.BytesIO(
            _git(self._folder, "cat-file", mode, "--follow-symlinks", standard_input=asked.encode()) or b""
        )
        for path in paths:
            words = answer.readline().split()
            if words and words[0] in _FOLLOWED:
                answer.read(int(words[1]) + 1)
            elif len(words) == 3 and words[1] == b"blob":
                size = int(words[2])
                yield path, answer.read(size + 1)[:-1] if mode == "--batch" else bytes(min(size, MAX_FILE_BYTES + 1))


def _git(folder: Path, *command: str, standard_input: bytes = b"") -> bytes | None:
    """Return what a command of git prints; None if it fails without a message.

    Raises:
        ConfigurationError: it cannot be run, or says why it fails.

    """
    try:
        ran = subprocess.run(
            ["git", "-C", str(folder), *command],
            input=standard_input,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"cannot run git: {getattr(error, 'strerror', None) or f'no result within {GIT_SECONDS} s'}"
        raise ConfigurationError(message) from None
    if ran.returncode == 0:
        return ran.stdout
    text = ran.stderr.decode(errors="replace").strip()
    if text:
        message = f"git: {clean(text)}"
        raise ConfigurationError(message)
    return None
