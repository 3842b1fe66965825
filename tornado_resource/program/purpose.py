"""What the program runs for. Only an update starts sessions, waits for them and publishes."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Final

from pulumi.runtime import is_dry_run

from tornado_resource.program.sdk import is_mocked, owns_process
from tornado_resource.stacks.command_line import pulumi_command

if TYPE_CHECKING:
    from tornado_resource.stacks.command_line import CommandLine

KEEPING: Final = frozenset({"destroy", "down", "dn", "refresh"})
"""Operations of Pulumi that declare nothing: with `--run-program` they run the program for its config."""


def is_update() -> bool:
    """Return whether the program runs for `pulumi up`, past its preview."""
    return not is_dry_run() and not is_idle()


def is_idle() -> bool:
    """Return whether the program only declares resources: in a test with mocks, or for `destroy` and `refresh`.

    The engine does not pass the operation to the program, so it is read from the command line of `pulumi` (Linux only).
    Where that is not possible, the program counts as one of `pulumi up`.
    """
    command = own_command()
    return is_mocked() or (command is not None and command.operation in KEEPING)


def has_targets() -> bool:
    """Return whether the command line may leave resources out, as with `--target`; False if it is not known."""
    command = own_command()
    return command is not None and command.has_targets


def is_replaced(urn: str) -> bool:
    """Return whether the command line replaces a resource, as with `--replace`; False if it is not known."""
    command = own_command()
    return command is not None and command.replaces(urn)


@cache
def own_command() -> CommandLine | None:
    """Return the `pulumi` command that this program serves, which is above the process of its language host.

    None stands for an update. So it is with an inline program of the Automation API: it starts the `pulumi` that it
    serves, and one above it, such as that of a `command.local.Command`, is another one.
    """
    return pulumi_command(os.getpid()) if owns_process() else None
