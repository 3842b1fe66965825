"""Programs that the tests need and pip cannot install: found on this machine, or installed from Debian."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import editor


@dataclass(frozen=True)
class Program:
    """A program: its title in messages, Debian's package, and where it may be.

    Any of *names* on PATH is accepted; *folders* is a pattern, below the root, of further folders to search.
    """

    title: str
    package: str
    names: tuple[str, ...]
    folders: str | None = None

    def find(self) -> str | None:
        """Return the path of the program, from the folder of the newest version if there are several; else None."""
        folders = sorted(Path("/").glob(self.folders), key=_version) if self.folders else []
        search = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, reversed(folders))])
        return next((path for name in self.names if (path := shutil.which(name, path=search)) is not None), None)


BROWSER: Final = Program(
    "Chromium", "chromium", ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
)
FIREFOX: Final = Program("Firefox", "firefox-esr", ("firefox", "firefox-esr"))
INITDB: Final = Program("PostgreSQL's server", "postgresql", ("initdb",), folders="usr/lib/postgresql/*/bin")
SHELLCHECK: Final = Program("ShellCheck", "shellcheck", ("shellcheck",))
ZSH: Final = Program("zsh", "zsh", ("zsh",))
NPM: Final = Program("npm", "npm", ("npm",))
JQ: Final = Program("jq", "jq", ("jq",))
PROGRAMS: Final = (BROWSER, FIREFOX, INITDB, SHELLCHECK, ZSH, NPM, JQ)


def main() -> int:
    """Find or install every program, and the npm packages; return 1, after one message, if that fails."""
    fault = _find_or_install()
    try:
        if fault is None:
            editor.prepare()
    except editor.EditorError as error:
        fault = str(error)
    if fault is not None:
        print(f"programs: {fault}", file=sys.stderr)
    return 0 if fault is None else 1


def _find_or_install() -> str | None:
    """Return None if every program is there, else which ones are missing, why, and what to do."""
    missing = _missing()
    if not missing:
        return None
    fault = _install([program.package for program in missing])
    missing = _missing()
    if not missing:
        return None
    fault = fault or "the packages are installed, but the programs are not where they are expected"
    titles = " and ".join(program.title for program in missing)
    return f"the tests need {titles}: {fault}. Install by hand, then run this again"


def _missing() -> list[Program]:
    return [program for program in PROGRAMS if program.find() is None]


def _install(packages: list[str]) -> str | None:
    """Install Debian's packages; return None, or why that failed."""
    if shutil.which("apt-get") is None:
        return "not on PATH, and there is no apt-get to install it"
    if not _may_install():
        return f"not on PATH, and only root may run apt-get install {' '.join(packages)}"
    print(f"programs: installing Debian's {', '.join(packages)}", file=sys.stderr)
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        code = _apt(arguments)
        if code != 0:
            return f"apt-get {arguments[0]} failed with {code}"
    return None


def _may_install() -> bool:
    if os.geteuid() == 0:
        return True
    return shutil.which("sudo") is not None and subprocess.run(["sudo", "-n", "true"], check=False).returncode == 0


def _apt(arguments: list[str]) -> int:
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    command = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", *arguments]
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode


def _version(folder: Path) -> int:
    """Return the number in a path such as `/usr/lib/postgresql/15/bin`; 0 if there is none."""
    return max((int(part) for part in folder.parts if part.isdigit()), default=0)


if __name__ == "__main__":
    sys.exit(main())
