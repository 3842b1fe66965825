"""The processor time and the memory of a command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("tornado-resource"))
MEASURED = """
import json, os, sys
with open("out", "wb") as out:
    files = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, out.fileno(), 2)]
    process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=files)
_, status, usage = os.wait4(process, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""
"""Linux counts the memory of the process that starts another one, so a small process starts the command."""


def measure(folder: Path, *arguments: str) -> tuple[float, float, str]:
    """Return the processor time in seconds, the most memory in MiB, and what was printed."""
    command = [sys.executable, "-c", MEASURED, PROGRAM, *arguments]
    result = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True)
    code, seconds, mebibytes = json.loads(result.stdout)
    assert code in {0, 2}
    return seconds, mebibytes, (folder / "out").read_text(encoding="utf-8")
