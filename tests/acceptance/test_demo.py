from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.paths import ROOT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that the demo reads, in a folder of their own, with this checkout's `.venv`."""
    for name in ("Pulumi.yaml", "__main__.py", "sessions.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/demo.py", tmp_path / "tools")
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return tmp_path


def demo(clone: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "tools/demo.py"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=clone, text=True, start_new_session=True, **streams)  # type: ignore[call-overload, no-any-return]


def ours(clone: Path) -> list[str]:
    """Processes that the demo started and left."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in listed if str(clone) in line]


def test_the_demo_shows_ids_and_verdicts_and_runs_again_without_a_start(clone: Path) -> None:
    begun = time.monotonic()
    printed, _ = (process := demo(clone)).communicate(timeout=90)
    assert process.returncode == 0, printed
    assert time.monotonic() - begun < 90
    assert printed.count("  passed   ") == 3
    assert "COMPLETED_ALL_PASSED" in printed
    assert "4 unchanged" in printed
    assert "Where to go from here" in printed
    again, _ = (process := demo(clone)).communicate(timeout=90)
    assert process.returncode == 0, again
    assert again.count("4 unchanged") == 2
    assert ours(clone) == []


def test_the_demo_can_be_interrupted_and_goes_on(clone: Path) -> None:
    process = demo(clone)
    assert process.stdout is not None
    for line in process.stdout:
        if "iteration 1/5" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    with process.stdout:
        printed = process.stdout.read()
    assert process.wait(30) == 130, printed
    assert "`make demo` resumes" in printed
    assert "Traceback" not in printed
    assert ours(clone) == []
    again, _ = (process := demo(clone)).communicate(timeout=90)
    assert process.returncode == 0, again
