"""`make setup`: install all that the project needs into `.venv`; nothing is written elsewhere but a build cache.

Standard library only, since it runs before anything is installed. A second run is quick if all is complete, and repairs
what is not: a removed or truncated file, an interrupted install, a partly built engine.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import engine

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
MIN_PYTHON = (3, 11)
BUILD_INPUTS = [LOCK, ROOT / "pyproject.toml", Path(__file__)]


class SetupError(Exception):
    """Set-up failed; the text says what to do."""


def main() -> int:
    """Set up `.venv` and the engine; return the exit code."""
    try:
        prepare_python()
        bin_folder = VENV / "bin"
        print(f"engine: {engine.prepare(bin_folder, say=_say)}", flush=True)
        if engine.is_built_here(bin_folder):
            print(f"engine: {engine.BUILT_HERE}", flush=True)
    except (SetupError, engine.EngineError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; run it again to continue", file=sys.stderr)
        return 130
    return 0


def prepare_python() -> None:
    """Install the locked packages and this project into `.venv`, unless it is complete already.

    Raises:
        SetupError: Python is too old, or an install failed.

    """
    if sys.version_info < MIN_PYTHON:
        needed = ".".join(map(str, MIN_PYTHON))
        message = f"found Python {sys.version.split()[0]}, expected {needed} or newer: make PYTHON=/path/to/python"
        raise SetupError(message)
    fault = find_fault()
    if fault is None:
        print(f"python: {VENV.name} is complete", flush=True)
        return
    _say(f"python: {fault}; installing {VENV.name} from {LOCK.name}")
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)], "Debian and Ubuntu: apt-get install python3-venv")
    pip = [str(VENV / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    network = "is a Python package index reachable from here?"
    _run([*pip, "--require-hashes", "--requirement", str(LOCK)], network)
    _run([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], network)
    _stamp().write_text(_fingerprint(), encoding="utf-8")


def find_fault() -> str | None:
    """Return in a few words what is wrong with `.venv`; None if every installed file is there."""
    python = VENV / "bin/python"
    if not python.exists():
        return f"{VENV.name} does not exist" if not VENV.exists() else f"{VENV.name} has no working Python"
    if not _stamp().exists() or _stamp().read_text(encoding="utf-8") != _fingerprint():
        return "the install is incomplete or older than the lock file"
    if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode != 0:
        return f"the Python of {VENV.name} does not start"
    return next(
        (fault for record in VENV.glob("lib/python*/site-packages/*.dist-info/RECORD") if (fault := _damage(record))),
        None,
    )


def _damage(record: Path) -> str | None:
    """Return the first file of an installed package that differs from its RECORD (PyPA's binary format)."""
    site_packages = record.parent.parent
    with record.open(encoding="utf-8", newline="") as rows:
        for name, _digest, size in csv.reader(rows):
            if not size:
                continue
            path = os.path.join(site_packages, name)  # noqa: PTH118 - pathlib is 10 times slower, 10,000 files here
            try:
                is_whole = os.stat(path).st_size == int(size)  # noqa: PTH116 - as above
            except OSError:
                is_whole = False
            if not is_whole:
                return f"{Path(name).name} of {record.parent.stem} is missing or damaged"
    return None


def _stamp() -> Path:
    return VENV / "installed-from"


def _fingerprint() -> str:
    """Return a digest of all that the install was made from."""
    import hashlib

    parts = [str(ROOT), sys.version, *(path.read_text(encoding="utf-8") for path in BUILD_INPUTS)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _run(command: list[str], hint: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        tail = re.sub(r"\n{2,}", "\n", (result.stderr or result.stdout).strip())[-2000:]
        message = f"`{' '.join(command)}` failed ({hint})\n{tail}"
        raise SetupError(message)


def _say(text: str) -> None:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    print(text[:width] if width else text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
