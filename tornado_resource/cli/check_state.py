"""`tornado-resource check-state`: look for code in a stack's state before Pulumi runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tornado_resource.cli.completion import files
from tornado_resource.cli.exit_codes import ExitCode
from tornado_resource.cli.output import Output, format_option, quiet_option
from tornado_resource.cli.stack import stack_option
from tornado_resource.core.files import read_file
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean, clean_json, count
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.provider_code import foreign_providers
from tornado_resource.stacks.reader import read_export, selected_stack

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES: Final = 256 * 1024 * 1024
MAX_SHOWN: Final = 100
"""How many foreign providers are shown; the others are counted."""

_ADVICE = (
    "Pulumi would run their code: run no pulumi command on this stack before you know who wrote it; "
    "to restore the state from a backup: pulumi stack import --file BACKUP.json"
)


@click.command("check-state")
@stack_option
@format_option("text", "json")
@quiet_option
@click.argument("file", required=False, shell_complete=files)
def command(name: str | None, file: str | None, output: str, *, quiet: bool) -> ExitCode:
    """Look for code in a stack's state before Pulumi runs it.

    `pulumi refresh` and `pulumi destroy` run the provider that the state names in __provider. This command lists every
    provider that is not from tornado-resource, with the URN of its resource, and exits with code 1 if there are any. It
    runs none of that code.
    FILE is a state that `pulumi stack export` wrote; without it, the state of the stack is read.
    """
    if name is not None and file is not None:
        message = "a file and --stack: name one of them"
        raise click.UsageError(message)
    printed = Output(quiet, output == "json")
    if file is not None:
        return _check(clean(file, 1000), _read_file(file), printed)
    stack = name or selected_stack()
    return _check(f"stack {stack}", read_export(stack).values, printed)


def _check(source: str, state: Mapping[str, Any], output: Output) -> ExitCode:
    found = list(foreign_providers(state))
    if output.is_json:
        rows = [{"urn": each.urn, "path": each.path, "found": each.found} for each in found]
        click.echo(clean_json(json.dumps({"foreign_providers": rows}, indent=2)))
    if not found:
        output.say(f"{source}: no foreign provider in the state")
        return ExitCode.PASSED
    for foreign in found[:MAX_SHOWN]:
        output.tell(f"{clean(foreign.urn, 1000)}: {clean(foreign.path, 1000)}: {foreign.found}")
    more = f" ({len(found) - MAX_SHOWN:,} more)" if len(found) > MAX_SHOWN else ""
    click.echo(f"{source}: {count(len(found), 'foreign provider')} in the state{more}. {_ADVICE}", err=True)
    return ExitCode.FAILED


def _read_file(file: str) -> Mapping[str, Any]:
    try:
        state = parse_json(read_file(Path(file), MAX_BYTES))
    except OSError as error:
        fault = (error.strerror or "cannot be read").lower()
    except ValueError as error:
        fault = str(error)
    else:
        if isinstance(state, dict) and isinstance(state.get("deployment"), dict | None):
            return state
        fault = "it is not the state of a stack"
    message = f"{clean(file, 1000)}: {fault}; expected a file that `pulumi stack export --file` wrote"
    raise ConfigurationError(message)
