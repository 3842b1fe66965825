"""The command line. Each command has a file of its own, imported only when that command runs."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from tornado_resource.cli.exit_codes import HELP, INCOMPLETE, INTERRUPTED, INVALID, PASSED
from tornado_resource.errors import ApiError, TornadoError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "validate": "Check declarations files and report all problems at once.",
    "plan": "Show what an environment would run: requests, origins of values, order, worst-case minutes.",
    "wait": "Wait for a stack's sessions and enforce their gates.",
    "status": "Show a stack's sessions as of now.",
    "report": "Write the reports of a stack's sessions as of now.",
    "doctor": "Compare the sessions that run on the declared pathways with the state of the stacks.",
    "schema": "Print the JSON Schema of the declarations file.",
    "sandbox": "Serve a stand-in for the Bland API on this machine.",
}


class _LazyGroup(click.Group):
    """Knows each command by its name and one line of help, and imports it only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"tornado_resource.cli.{cmd_name}").command
        command.short_help = COMMANDS[cmd_name]
        command.epilog = HELP
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_LazyGroup, epilog=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tornado-resource", prog_name="tornado-resource")
def cli() -> None:
    """Tested-agent deployments as code: Bland tornado sessions as Pulumi resources."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Errors meant for users are printed without a traceback."""
    try:
        # standalone_mode: click would print its own messages and exit with its own codes.
        result = cli.main(list(arguments) if arguments is not None else None, "tornado-resource", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return INVALID
    except (click.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except TornadoError as error:
        print(error, file=sys.stderr)
        return INCOMPLETE if isinstance(error, ApiError) else INVALID
    return result if isinstance(result, int) else PASSED
