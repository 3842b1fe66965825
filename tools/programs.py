"""Programs that the tests need and pip cannot install: found on this machine, or installed from Debian."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final


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
INITDB: Final = Program("PostgreSQL's server", "postgresql", ("initdb",), folders="usr/lib/postgresql/*/bin")
SHELLCHECK: Final = Program("ShellCheck", "shellcheck", ("shellcheck",))
ZSH: Final = Program("zsh", "zsh", ("zsh",))
PROGRAMS: Final = (BROWSER, INITDB, SHELLCHECK, ZSH)


def main() -> int:
    """Find or install every program; return 1, after one message, if that fails."""
    missing = _missing()
    if not missing:
        return 0
    fault = _install([program.package for program in missing])
    missing = _missing()
    if not missing:
        return 0
    fault = fault or "the packages are installed, but the programs are not where they are expected"
    titles = " and ".join(program.title for program in missing)
    print(f"programs: the tests need {titles}: {fault}. Install by hand, then run this again", file=sys.stderr)
    return 1


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
