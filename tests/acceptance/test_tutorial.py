"""The tutorial, command by command, as a reader types it."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.project import Project

PAGE: Final = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
SKIPPED: Final = ("pip install", "pulumi install")
"""What `.venv` of this checkout has."""
MAY_FAIL: Final = "error: gate failed"


def blocks() -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        yield match[1], match[2]


def script(port: int) -> str:
    """Return the page as a script that stops at the first command with another exit code than the page shows."""
    lines = ["set -e"]
    for language, text in blocks():
        if language == "yaml":
            name = text.partition("\n")[0].removeprefix("# ")
            lines.append(f"cat > {name} <<'END'\n{text}END")
            continue
        for command in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
            if not command.startswith(SKIPPED):
                lines.append(f"echo {shlex.quote('$ ' + command)}")
                lines.append(f"! {command}" if MAY_FAIL in text else command)
        if "cd tutorial" in text:
            lines.append(f"ln -s {shlex.quote(sys.prefix)} .venv")
    return "\n".join(lines).replace("8080", str(port)).replace("--speed 60", "--speed 600")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_every_command_of_the_tutorial_works(make_project: Callable[..., Project], port: int) -> None:
    project = make_project()
    folder = project.folder.parent / "reader"
    folder.mkdir()
    known = {key: value for key, value in project.environment.items() if not key.startswith(("BLAND_", "PULUMI_B"))}
    ran = subprocess.run(
        ["bash", "-m", "-c", script(port)],
        cwd=folder,
        env=known,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    printed = ran.stdout + ran.stderr
    assert ran.returncode == 0, printed
    for _, text in blocks():
        for line in text.splitlines():
            if not line.startswith("$ ") and text.startswith("$ "):
                assert re.search(re.escape(line.strip()).replace("…", ".*"), printed), line
    assert (folder / "tutorial/reports/report.html").exists()
    assert "The last 10" not in printed
    assert "The last 3 updates" in Path(folder / "tutorial/reports/report.html").read_text(encoding="utf-8")
