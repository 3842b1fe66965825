"""Programs that the tests need and pip cannot bring: the ones on this machine, else Debian's."""

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
    """A program: what it is called, Debian's package for it, and where it may be.

    Any of *names* on PATH will do; *folders* is a pattern below the root for folders that are looked in as well.
    """

    title: str
    package: str
    names: tuple[str, ...]
    folders: str | None = None

    def find(self) -> str | None:
        """Give the path of the first that is there; of several folders the newest version's."""
        folders = sorted(Path("/").glob(self.folders), key=_version) if self.folders else []
        search = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, reversed(folders))])
        return next((path for name in self.names if (path := shutil.which(name, path=search)) is not None), None)


BROWSER: Final = Program(
    "Chromium", "chromium", ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
)
INITDB: Final = Program("PostgreSQL's server", "postgresql", ("initdb",), folders="usr/lib/postgresql/*/bin")
SHELLCHECK: Final = Program("ShellCheck", "shellcheck", ("shellcheck",))
PROGRAMS: Final = (BROWSER, INITDB, SHELLCHECK)


def main() -> int:
    """Find or install every program; 1, with one message, where that does not work."""
    missing = [program for program in PROGRAMS if program.find() is None]
    if not missing:
        return 0
    fault = _install([program.package for program in missing])
    if fault is None and (missing := [program for program in missing if program.find() is None]):
        fault = "the packages are installed, but the programs are not where they were expected"
    if fault is None:
        return 0
    titles = " and ".join(program.title for program in missing)
    print(f"programs: the tests need {titles}: {fault}. Install by hand, then run this again", file=sys.stderr)
    return 1


def _install(packages: list[str]) -> str | None:
    """Install Debian's packages; None, or why that does not work."""
    if shutil.which("apt-get") is None:
        return "not on PATH, and this is no Debian"
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
    """Read the number in `/usr/lib/postgresql/15/bin`."""
    return max((int(part) for part in folder.parts if part.isdigit()), default=0)


if __name__ == "__main__":
    sys.exit(main())
