"""What the program runs for. Only an update starts sessions, waits for them and publishes."""

from __future__ import annotations

import os
from functools import cache
from typing import Final

from pulumi.runtime import is_dry_run

from tornado_resource.program.sdk import is_mocked
from tornado_resource.stacks.command_line import pulumi_command

KEEPING: Final = frozenset({"destroy", "down", "dn", "refresh"})
"""Operations of Pulumi that declare nothing: with `--run-program` they run the program for its config."""


def is_update() -> bool:
    """Return whether the program runs for `pulumi up`, past its preview."""
    return not is_dry_run() and not is_idle()


def is_idle() -> bool:
    """Return whether the program only declares resources: in a test with mocks, or for `destroy` and `refresh`.

    The engine does not tell a program which operation it serves. It is known where the system shows the command line.
    """
    return is_mocked() or _operation() in KEEPING


@cache
def _operation() -> str | None:
    command = pulumi_command(os.getpid())
    return command.operation if command is not None else None
