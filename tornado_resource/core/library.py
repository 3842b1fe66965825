"""Python's own modules, where a project has files of the same names."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

LATE: Final = (
    "_ssl",
    "calendar",
    "copy",
    "csv",
    "decimal",
    "difflib",
    "fractions",
    "gzip",
    "hashlib",
    "html",
    "ipaddress",
    "linecache",
    "mimetypes",
    "numbers",
    "pyexpat",
    "shutil",
    "ssl",
    "statistics",
    "stringprep",
    "textwrap",
    "unicodedata",
    "xml",
    "zipfile",
)
"""What this package and the libraries that it uses import, or use for the first time, once the project's folder is
first on `sys.path`. Some of these import others in turn, such as `decimal` the module `numbers`."""
PROVIDER: Final = "pulumi.dynamic.__main__"
"""The program that serves providers. Python puts the project's folder first before that imports anything."""


def load_hidden() -> None:
    """Import the modules in `LATE` if files of the project hide any of Python's own modules.

    Pulumi runs programs and providers with the project's folder first on `sys.path`, so that an `html.py` there is
    what every library would get. In the process of the providers, Pulumi's own imports have got it already, such as a
    `numbers.py`. Pulumi does not use it, or would not be there, but what is imported now would: it gets Python's own.

    Raises:
        ImportError: the program has imported such a file already.

    """
    library = os.path.dirname(os.__file__)  # noqa: PTH120 - `validate` need not wait for pathlib
    if library not in sys.path:
        return
    first = sys.path[: sys.path.index(library)]
    hidden = _hidden_by(first)
    if not hidden:
        return
    taken = [name for name in LATE if name in hidden and _file_of(name) == hidden[name]]
    if taken and not _is_provider():
        name, file = taken[0], hidden[taken[0]]
        message = f"{file} hides Python's module `{name}`, which tornado-resource needs: rename the file"
        raise ImportError(message)
    _import_late(taken, first)


def _import_late(taken: Iterable[str], first: list[str]) -> None:
    """Import the modules in `LATE` from elsewhere than *first*. *taken*: those that were imported from there."""
    others = {name: sys.modules.pop(name) for name in taken}
    del sys.path[: len(first)]
    try:
        for name in LATE:
            import_module(name)
    finally:
        sys.path[:0] = first
    for name, other in others.items():
        vars(other).update(vars(sys.modules[name]))  # for those that have imported it, such as `inspect`


def _hidden_by(folders: list[str]) -> dict[str, str | None]:
    """Return the files in folders that hide modules of Python, by the names of these."""
    specs = [spec for name in _names_in(folders) if (spec := PathFinder.find_spec(name, folders)) is not None]
    return {spec.name: spec.origin for spec in specs if spec.has_location}


def _file_of(name: str) -> str | None:
    return getattr(sys.modules.get(name), "__file__", None)


def _names_in(folders: Iterable[str]) -> set[str]:
    """Return the names of Python's modules that entries of folders have."""
    names: set[str] = set()
    for folder in folders:
        with suppress(OSError):  # such as Python's own modules in a ZIP file, which need not exist
            names.update(entry.partition(".")[0] for entry in os.listdir(folder or "."))  # noqa: PTH208 - as above
    return names & sys.stdlib_module_names


def _is_provider() -> bool:
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return getattr(spec, "name", None) == PROVIDER
