"""A YAML file, read strictly and with positions. It may be anything that a pull request can put in its place."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from tornado_resource.core.files import project_folder
from tornado_resource.core.positions import Position, Problem
from tornado_resource.core.text import clean
from tornado_resource.declarations.characters import Substitutes, TextFault, decode_text, place_after
from tornado_resource.declarations.composer import Composer, Stop
from tornado_resource.declarations.document import Document, Findings, Quoting
from tornado_resource.declarations.slips import find_slip
from tornado_resource.errors import ConfigurationError, DeclarationError

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_FILE_BYTES: Final = 1024 * 1024
FILE_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_HIDDEN_NAME: Final = re.compile(r"\.[^.]")
"""Not `..data`, in which Kubernetes keeps the files of a ConfigMap."""


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of a file, cut after `MAX_FILE_BYTES` + 1, and whether messages may quote it.

    They may if it is in the project. A pull request can put a link, or config `tornado:declarations`, to any other file
    that the pipeline can read: one outside, or a hidden one such as `.env` or `.git/config`.
    """

    content: bytes
    is_quotable: bool


def read_source(path: str) -> Source:
    """Return the regular file at *path*.

    Raises:
        ConfigurationError: it cannot be opened, or is no regular file.

    """
    try:
        _refuse_irregular(path, Path(path).stat())
        # What is opened may be another file by now. Opening a pipe must not wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            opened = os.fstat(descriptor)
            _refuse_irregular(path, opened)
            return Source(file.read(MAX_FILE_BYTES + 1), is_in_project(path, opened))
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "cannot be read").lower()
        raise _unusable(path, reason) from None


def _refuse_irregular(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = FILE_KINDS.get(stat.S_IFMT(status.st_mode), "no file")
        raise _unusable(path, f"found {kind}, expected a regular file")


def _unusable(path: str, reason: str) -> ConfigurationError:
    action = "name the declarations file (tornado:declarations, or the argument)"
    return ConfigurationError(f"{clean(path)}: {reason}; {action}")


def is_in_project(path: str, opened: os.stat_result, named_by: str | None = None) -> bool:
    """Return whether the file that was opened, and not only a link to it, is in the project and not hidden there.

    Args:
        path: the file.
        opened: what was opened.
        named_by: the file of the project that names it; None for the current folder. What is in the folder that this
            one itself is in, whatever links lead there, is in the project: a link farm has both as links.

    """
    real, folders = Path(os.path.realpath(path)), [project_folder()]
    if named_by is not None:
        folders = [project_folder(Path(named_by).parent), Path(os.path.realpath(named_by)).parent]
    folder = next((folder_of_project for folder_of_project in folders if real.is_relative_to(folder_of_project)), None)
    if folder is None or not os.path.samestat(real.stat(), opened):
        return False
    return not any(map(_HIDDEN_NAME.match, real.relative_to(folder).parts))


VALUES_HIDDEN: Final = (
    "values are hidden below: this file is outside the project {} or hidden in it. "
    "Validate a copy inside it to see them"
)
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The second one, which is slower, is for a PyYAML that was built without libyaml."""
_BEYOND_UNICODE: Final = re.compile(r"\\U(?!000|0010)")
_TAG_DIRECTIVE: Final = re.compile(r"^%TAG", re.MULTILINE)


def read(path: str, names: Collection[str] = ()) -> Document:
    """Return the YAML file at *path* as a document.

    Args:
        path: the file.
        names: the keys that messages may name although the file is not in the project.

    Raises:
        ConfigurationError: the file cannot be opened, or is no regular file.
        DeclarationError: it is not UTF-8, not one YAML document, or exceeds a limit: nothing more can be checked.

    """
    source = read_source(path)
    if source.is_quotable:
        return parse(source.content, path)
    return parse(source.content, path, Quoting(VALUES_HIDDEN.format(project_folder()), names))


def parse(content: bytes, file: str, quoting: Quoting | None = None) -> Document:
    """Return the bytes of a file as a document.

    Raises:
        DeclarationError: as `read`.

    """
    if len(content) > MAX_FILE_BYTES:
        message = f"more than {MAX_FILE_BYTES // 1024**2} MiB; split the declarations into several projects"
        raise DeclarationError([Problem(Position(file, 1, 1), "", message)])
    text = _decode(content, file)
    quoting = quoting or Quoting()
    note = Problem(Position(file, 1, 1), "", quoting.is_off_because) if quoting.is_off_because else None
    composer = Composer(file, quoting, Findings(note=note))
    try:
        data = _compose(composer, text)
    except Stop:
        raise composer.findings.error() from None
    return Document(
        file,
        data,
        composer.marks,
        text.split("\n"),
        quoting,
        composer.findings,
        composer.empty,
        has_merge_key=composer.has_merge_key,
    )


def _decode(content: bytes, file: str) -> str:
    try:
        return decode_text(content)
    except TextFault as fault:
        escape = f', or write it as "\\u{ord(fault.character):04X}" in double quotes' if fault.character else ""
        problem = Problem(Position(file, fault.line, fault.column), "", f"{fault}{escape}")
        raise DeclarationError([problem]) from None


def _compose(composer: Composer, text: str) -> Any:
    """Return the data. Errors of libyaml become problems of the composer, like its own; `Stop` is raised for both."""
    directive = _TAG_DIRECTIVE.search(text)
    if directive is not None:  # they are for custom tags, and libyaml compares each one with all others
        _report(composer, text[: directive.start()], "%TAG directives are not supported; remove them")
        raise Stop
    substitutes = Substitutes(text)
    try:
        return composer.compose(substitutes.restored(_LOADER(substitutes.text).get_event), text)
    except yaml.MarkedYAMLError as error:
        slip = find_slip(error, text)
        if slip is None:
            composer.report(error.problem_mark or error.context_mark, _explain(error))
        else:
            line, column = place_after(text[: slip.index])
            composer.report(yaml.Mark("", slip.index, line - 1, column - 1, "", 0), slip.text)
    except (ValueError, OverflowError):  # PyYAML's own parser makes a character of it at once
        _report(composer, _BEYOND_UNICODE.split(text)[0], r"invalid escape `\U`, expected the code of a character")
    raise Stop


def _report(composer: Composer, before: str, text: str) -> None:
    """Add a problem right after what is *before* it in the file."""
    composer.findings.add(Problem(Position(composer.file, *place_after(before)), "", text))


def _explain(error: yaml.MarkedYAMLError) -> str:
    """Return libyaml's error in one line."""
    context = error.context_mark
    where = f" that starts at line {context.line + 1}" if context is not None and error.context else ""
    reason = f"{error.context}{where}: {error.problem}" if error.context else str(error.problem)
    return f"invalid YAML: {reason}"
