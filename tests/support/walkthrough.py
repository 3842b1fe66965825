"""A page of the docs as what a reader types, from its first command to its last."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

INSTALLING: Final = ("python3 -m venv", "pip install", "pulumi install")
"""What the reader needs no command for: `.venv` of this checkout has all packages."""
MAY_FAIL: Final = "error: gate failed"
SECONDS: Final = 300


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Yield the language and the text of each block of a page of `docs/`."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for match in re.finditer(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield match[1], match[2]


def quick(command: str) -> str:
    """Return what is typed so that a command ends sooner. Getting started shows what is left out.

    The preview is half of an update, and to derive a key from a passphrase is a tenth of any operation.
    """
    command = re.sub(r"(pulumi stack init \S+)", r"\1 --secrets-provider hashivault://tests", command)
    return re.sub(r"(pulumi (?:up|destroy) --yes)(?! --skip-preview)", r"\1 --skip-preview", command)


def script(page: str, typed: Callable[[str], str | None] = lambda command: command) -> str:
    """Return a page as a script that stops at the first command with another exit code than the page shows.

    Args:
        page: its name in `docs/`.
        typed: returns what is typed for a command, None for nothing.

    """
    lines = ["set -e", "trap 'kill $(jobs -p) 2>/dev/null || :' EXIT"]
    for language, text in blocks(page):
        if language == "yaml":
            name = re.match(r"# ([\w.-]+)\n", text)
            lines += [f"cat > {name[1]} <<'END'\n{text}END"] if name is not None else []  # else a part of a file
            continue
        for command in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
            meant = None if command.startswith(INSTALLING) else typed(command)
            if meant is not None:
                lines.append(f"echo {shlex.quote('$ ' + command)}")
                lines.append(f"if {meant}; then exit 1; fi" if MAY_FAIL in text else meant)
            if command.startswith("pulumi install"):
                lines.append(f"ln -s {shlex.quote(sys.prefix)} .venv")
    return "\n".join(lines)


def run(text: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a script in *folder*, check that every command had the exit code that it should, and return its output."""
    folder.mkdir()
    ran = subprocess.run(
        ["bash", "-m", "-c", text],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr
