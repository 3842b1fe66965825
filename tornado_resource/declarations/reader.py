"""A YAML file, read strictly and with positions."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any, Final

import yaml

from tornado_resource.core.positions import Position, Problem
from tornado_resource.core.text import clean
from tornado_resource.declarations.composer import Composer, Stop
from tornado_resource.declarations.document import Document
from tornado_resource.errors import ConfigurationError, DeclarationError

MAX_BYTES: Final = 10 * 1024 * 1024


def read(path: str) -> Document:
    """Return the YAML file at *path* as a document.

    Raises:
        ConfigurationError: the file cannot be opened.
        DeclarationError: it is not UTF-8, not one YAML document, or exceeds a limit: nothing more can be checked.

    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        message = f"{clean(path)}: {reason}; name the declarations file (tornado:declarations, or the argument)"
        raise ConfigurationError(message) from None
    return parse(content, clean(path))


def parse(content: bytes, file: str) -> Document:
    """Return the bytes of a file as a document.

    Raises:
        DeclarationError: as `read`.

    """
    if len(content) > MAX_BYTES:
        message = f"more than {MAX_BYTES // 1024**2} MiB; split the declarations into several projects"
        raise DeclarationError([Problem(Position(file, 1, 1), "", message)])
    text = _decode(content, file)
    composer = Composer(file)
    was_collecting = gc.isenabled()
    gc.disable()  # composing makes no reference cycles, and collecting takes a third of the time for a large file
    try:
        data = _compose(composer, text)
    except Stop:
        raise DeclarationError(sorted(composer.problems)) from None
    finally:
        if was_collecting:
            gc.enable()
    return Document(file, data, composer.marks, text.splitlines(), tuple(composer.problems))


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        position = _end_of(content[: error.start].decode("utf-8"), file)
        raise DeclarationError([Problem(position, "", "invalid UTF-8; save the file as UTF-8")]) from None


def _compose(composer: Composer, text: str) -> Any:
    """Return the data. Errors of libyaml become problems of the composer, like its own; `Stop` is raised for both."""
    try:
        return composer.compose(yaml.CSafeLoader(text))
    except yaml.MarkedYAMLError as error:
        composer.report(error.problem_mark or error.context_mark, _explain(error, text))
    except yaml.reader.ReaderError as error:
        position = _end_of(text[: error.position] if isinstance(error.position, int) else "", composer.file)
        composer.problems.append(Problem(position, "", f"invalid YAML: {clean(error.reason)}"))
    raise Stop


def _end_of(before: str, file: str) -> Position:
    """Return the position right after the text *before*."""
    return Position(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _explain(error: yaml.MarkedYAMLError, text: str) -> str:
    """Return libyaml's error in one line."""
    mark, context = error.problem_mark, error.context_mark
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        return "invalid YAML: found a tab, expected spaces as indentation"
    where = f" that starts at line {context.line + 1}" if context is not None and error.context else ""
    reason = f"{error.context}{where}: {error.problem}" if error.context else str(error.problem)
    return f"invalid YAML: {clean(reason)}"
