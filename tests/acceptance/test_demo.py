from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

DEMO_SECONDS = 180


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that the demo reads, in a new folder with this checkout's `.venv`."""
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


def left_over(clone: Path) -> list[str]:
    """Return the processes that a demo left running."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in listed if str(clone) in line]


def test_an_interrupted_demo_resumes_and_its_second_update_starts_nothing(clone: Path) -> None:
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
    assert left_over(clone) == []
    resumed, _ = (process := demo(clone)).communicate(timeout=DEMO_SECONDS)
    assert process.returncode == 0, resumed
    assert resumed.count("  passed   ") == 4
    assert "COMPLETED_ALL_PASSED" in resumed
    assert "7 unchanged" in resumed
    assert "Where to go from here" in resumed
    assert left_over(clone) == []
