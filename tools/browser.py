"""Chromium for the tests that look at the HTML report: the one on PATH, else Debian's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    """Find or install a Chromium; 1, with one message, where neither works."""
    if find() is not None:
        return 0
    if shutil.which("apt-get") is None or not _may_install():
        print(f"browser: none of {', '.join(NAMES)} is on PATH; install Chromium, then run this again", file=sys.stderr)
        return 1
    print("browser: no Chromium on PATH; installing Debian's package `chromium`", file=sys.stderr)
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        code = _apt(arguments)
        if code != 0:
            print(f"browser: apt-get {arguments[0]} failed with {code}; install Chromium by hand", file=sys.stderr)
            return 1
    return 0


def find() -> str | None:
    """Give the path of the first browser that is there."""
    return next((path for name in NAMES if (path := shutil.which(name)) is not None), None)


def _may_install() -> bool:
    if os.geteuid() == 0:
        return True
    return shutil.which("sudo") is not None and subprocess.run(["sudo", "-n", "true"], check=False).returncode == 0


def _apt(arguments: list[str]) -> int:
    command = ["apt-get", "-qq", *arguments] if os.geteuid() == 0 else ["sudo", "-n", "apt-get", "-qq", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
