"""Where Pulumi's Python processes are forked from one that has imported the package (`stand_in/preloaded.py`)."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STAND_INS = Path(__file__).with_name("stand_in")
"""Modules that the commands of a project import instead of the installed ones."""


@contextmanager
def forks(address: str) -> Iterator[None]:
    """Fork the processes that find a socket's *address* in their variable `PRELOADED`."""
    server = subprocess.Popen(
        [sys.executable, STAND_INS / "preloaded.py", address],
        env={**os.environ, "PYTHONPATH": str(STAND_INS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        yield
        assert server.stdin is not None
        server.stdin.close()
