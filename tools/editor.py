"""npm packages that the tests drive: an editor's language server, validators, Firefox. A lock file pins them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCE: Final = ROOT / "tools/editor"
FOLDER: Final = ROOT / ".venv/editor"
"""Where they are installed: `make clean` and a new `.venv` remove them."""
FILES: Final = ("package.json", "package-lock.json")


class EditorError(Exception):
    """The packages cannot be installed; the text says what to do."""


def prepare() -> None:
    """Install the packages, unless those of the lock file are there.

    Raises:
        EditorError: npm failed.

    """
    if is_complete():
        return
    print("editor: installing npm packages into .venv/editor", file=sys.stderr)
    FOLDER.mkdir(parents=True, exist_ok=True)
    _stamp().unlink(missing_ok=True)
    for name in FILES:
        shutil.copy(SOURCE / name, FOLDER / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    result = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        message = (
            f"`{' '.join(command)}` failed (is an npm registry reachable from here?)\n{result.stderr.strip()[-2000:]}"
        )
        raise EditorError(message)
    _stamp().write_text(_wanted(), encoding="utf-8")


def is_complete() -> bool:
    """Return whether the packages of the lock file were installed to the end."""
    return _stamp().exists() and _stamp().read_text(encoding="utf-8") == _wanted()


def _stamp() -> Path:
    return FOLDER / "installed-from"


def _wanted() -> str:
    return (SOURCE / FILES[1]).read_text(encoding="utf-8")
