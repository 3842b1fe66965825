"""An interactive shell in a terminal, in which a person presses Tab."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SECONDS = 60
"""How long the shell may take for one response on a busy machine."""


class Shell:
    """A shell with a pseudo-terminal. `shown` is all that has been on it."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._terminal, slave = pty.openpty()
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def type(self, text: str, expect: str) -> None:
        """Type *text*, and wait until *expect* has appeared after it."""
        start = len(self.shown)
        os.write(self._terminal, text.encode())
        deadline = time.monotonic() + SECONDS
        while expect not in self.shown[start:]:
            left = deadline - time.monotonic()
            assert left > 0, f"{expect!r} did not appear: {self.shown[start:]!r}"
            if select.select([self._terminal], [], [], left)[0]:
                self.shown += os.read(self._terminal, 65536).decode(errors="replace")
