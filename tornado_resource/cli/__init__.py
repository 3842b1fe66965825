"""The command line. Each command has a file of its own, imported only when that command runs."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import StringIO, TextIOWrapper
from typing import TYPE_CHECKING, Final

import click

from tornado_resource.cli.output import HELP, ExitCode, fill_closed_streams, wants_color
from tornado_resource.cli.unexpected import Secrets, end_unexpectedly
from tornado_resource.core.text import clean_lines, did_you_mean
from tornado_resource.errors import ApiError, BackendUnreachable, ConfigurationError, TornadoError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM: Final = "tornado-resource"
COMPLETION: Final = "_TORNADO_RESOURCE_COMPLETE"
"""The environment variable that click's shell scripts set when they want completions."""

COMMANDS = {
    "init": "Write a new project: program, declarations, workflow.",
    "validate": "Check declarations files and report all problems at once.",
    "plan": "Show what an environment would run: requests, origins of values, order, worst-case minutes.",
    "wait": "Wait for a stack's sessions and check runs, and enforce their gates.",
    "status": "Show the current status of a stack's sessions and check runs.",
    "report": "Write reports on the current status of a stack's sessions and check runs.",
    "comment": "Write a report as a comment on the pull or merge request.",
    "import": "Write declarations for the scenarios that exist on a pathway.",
    "migrate": "Write agents, checks and test cases for sessions of pathways that agents replace.",
    "diff": "Show what differs between two versions of a pathway or agent.",
    "rollback": "Show what a stack's releases can go back to, and go back.",
    "doctor": "Check what runs, is pinned and is live against the state of the stacks.",
    "check-state": "Look for code in a stack's state before Pulumi runs it.",
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
        # No module can be named `import`.
        module = "import_" if cmd_name == "import" else cmd_name.replace("-", "_")
        command: click.Command = import_module(f"tornado_resource.cli.{module}").command
        command.short_help = COMMANDS[cmd_name]
        command.help = command.help or command.short_help  # `python -OO` removes the docstring
        command.epilog = HELP
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if word not in COMMANDS and not ctx.resilient_parsing:
            message = f"no such command `{word}`{did_you_mean(word, COMMANDS)}"
            raise click.UsageError(message, ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _show_version(ctx: click.Context, _option: click.Parameter, is_wanted: bool) -> None:  # noqa: FBT001 - click's
    if not is_wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"{PROGRAM}, version {version(PROGRAM)}")
    except PackageNotFoundError:
        message = f"the version of {PROGRAM} is unknown, because it is not installed; install it with pip"
        raise ConfigurationError(message) from None
    ctx.exit()


@click.command(cls=_LazyGroup, epilog=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Tested-agent deployments as code: Bland tornado sessions as Pulumi resources."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Errors meant for users are printed without a traceback."""
    secrets = Secrets()
    fill_closed_streams()
    # A character that the terminal's encoding lacks is no reason to fail. On stderr Python escapes it by itself.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments), secrets)
    except Exception as error:  # noqa: BLE001 # whatever it is: exit code 1 would say that a gate was not met
        return end_unexpectedly(error, secrets)


def _run(arguments: list[str], secrets: Secrets) -> int:
    completion = os.environ.get(COMPLETION)
    if completion:
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, PROGRAM, COMPLETION, completion)
    try:
        # Not `cli.main`: it exits with 1 when the reader of a pipe has gone, and has messages and codes of its own.
        with cli.make_context(PROGRAM, arguments, obj=secrets, color=wants_color(os.environ)) as context:
            result = cli.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        written = StringIO()
        error.show(written)
        message = written.getvalue()  # it quotes arguments, such as names of files
        click.echo(clean_lines(message, len(message)), err=True, nl=False)
        return ExitCode.INVALID
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted", err=True)
        return ExitCode.INTERRUPTED
    except TornadoError as error:
        click.echo(error, err=True)
        return ExitCode.INCOMPLETE if isinstance(error, ApiError | BackendUnreachable) else ExitCode.INVALID
    return result if isinstance(result, int) else ExitCode.PASSED
