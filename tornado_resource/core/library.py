"""Python's own modules, where a project has files of the same names."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from typing import Final

LATE: Final = (
    "csv",
    "decimal",
    "difflib",
    "fractions",
    "gzip",
    "html",
    "mimetypes",
    "statistics",
    "stringprep",
    "unicodedata",
    "xml",
    "zipfile",
)
"""What this package and the libraries that it uses import once the project's folder is first on `sys.path`."""


def load_hidden() -> None:
    """Import the modules in `LATE` that files of the project hide.

    Pulumi runs programs and providers with the project's folder first on `sys.path`, so that an `html.py` there is
    what every library would get.

    Raises:
        ImportError: the program has imported such a file already.

    """
    library = os.path.dirname(os.__file__)  # noqa: PTH120 - `validate` need not wait for pathlib
    if library not in sys.path:
        return
    first = sys.path[: sys.path.index(library)]
    hidden = {name: spec.origin for name in LATE if (spec := PathFinder.find_spec(name, first)) is not None}
    for name, file in hidden.items():
        if file is not None and getattr(sys.modules.get(name), "__file__", None) == file:
            message = f"{file} hides Python's module `{name}`, which tornado-resource needs: rename the file"
            raise ImportError(message)
    del sys.path[: len(first)]
    try:
        for name in hidden:
            import_module(name)
    finally:
        sys.path[:0] = first
