"""`tornado-resource check-state`: look for code and base URLs in a stack's state before Pulumi uses them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tornado_resource.bland.address import is_showable
from tornado_resource.cli.options import Command, files
from tornado_resource.cli.output import ExitCode, Output, format_option, quiet_option
from tornado_resource.cli.stack import stack_option
from tornado_resource.core.files import read_file
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean, clean_json, count
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.base_urls import is_one_of, own_urls, recorded_urls, settings_urls
from tornado_resource.stacks.provider_code import foreign_providers
from tornado_resource.stacks.reader import configured_urls, read_export, selected_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tornado_resource.stacks.base_urls import RecordedUrl
    from tornado_resource.stacks.fields import Fields

MAX_EXPORT_BYTES: Final = 256 * 1024 * 1024
MAX_FOREIGN_SHOWN: Final = 100
"""How many lines are shown; the others are counted."""

_ADVICE: Final = {
    "foreign provider": (
        "Pulumi would run their code: run no pulumi command on this stack before you know who wrote it; "
        "to restore the state from a backup: pulumi stack import --file BACKUP.json"
    ),
    "foreign base URL": (
        "`pulumi refresh` and `pulumi destroy` would take it for the API. If it was yours, `pulumi up` records that of "
        "the config instead (set BLAND_BASE_URL to it for this command, if a pipeline has to pass it first). Otherwise "
        "find out who wrote it"
    ),
}


@dataclass(frozen=True, slots=True)
class _Row:
    """Something in a state that is not ours: what it is (a key of `_ADVICE`), where, and a description."""

    kind: str
    urn: str
    path: str
    found: str


@click.command("check-state", cls=Command)
@stack_option
@format_option("text", "json")
@quiet_option
@click.argument("file", required=False, shell_complete=files)
def command(name: str | None, file: str | None, output: str, *, quiet: bool) -> ExitCode:
    """Look for code and base URLs in a stack's state before Pulumi uses them.

    `pulumi refresh` and `pulumi destroy` run the provider that the state names in __provider, and take the API's base
    URL from the state. This command lists every provider that is not from tornado-resource, and every base URL that is
    not that of the stack's config, of BLAND_BASE_URL, or the default one, with the URN of its resource, and exits with
    code 1 if there are any. It runs none of that code, and sends no request.
    FILE is a state that `pulumi stack export` wrote; without it, the state of the stack is read.
    """
    if name is not None and file is not None:
        message = "a file and --stack: name one of them"
        raise click.UsageError(message)
    printed = Output(quiet, output == "json")
    if file is not None:
        state = _read_file(file)
        return _tell(clean(file, 1000), [*_providers(state), *_urls(recorded_urls(state), settings_urls)], printed)
    stack = name or selected_stack()
    export = read_export(stack)
    rows = [*_providers(export.values), *_urls(_decrypted_urls(stack, export), lambda: configured_urls(stack))]
    return _tell(f"stack {stack}", rows, printed)


def _providers(state: Mapping[str, Any]) -> Iterator[_Row]:
    for provider in foreign_providers(state):
        yield _Row("foreign provider", provider.urn, provider.path, provider.found)


def _urls(recorded: Iterable[RecordedUrl], configured: Callable[[], list[str]]) -> Iterator[_Row]:
    """Yield the base URLs that are not ours. Those that are *configured* are only read if they matter."""
    others = [url for url in recorded if not is_one_of(url.value, own_urls(os.environ))]
    own = configured() if others else []
    for url in others:
        if not is_one_of(url.value, own):
            yield _Row("foreign base URL", url.urn, url.path, _description(url))


def _decrypted_urls(stack: str, export: Fields) -> list[RecordedUrl]:
    recorded = list(recorded_urls(export.values))
    is_secret = any(url.is_encrypted for url in recorded)
    return list(recorded_urls(read_export(stack, shows_secrets=True).values)) if is_secret else recorded


def _description(recorded: RecordedUrl) -> str:
    if recorded.is_encrypted:
        return "an encrypted base URL, which only the stack can decrypt (--stack)"
    if not isinstance(recorded.value, str):
        return "no text"
    return recorded.value if is_showable(recorded.value) else f"{len(recorded.value)} characters that are no base URL"


def _tell(source: str, rows: list[_Row], output: Output) -> ExitCode:
    if output.is_json:
        listed = {
            key: [
                {"urn": finding.urn, "path": finding.path, "found": finding.found}
                for finding in rows
                if finding.kind == kind
            ]
            for key, kind in (("foreign_providers", "foreign provider"), ("foreign_base_urls", "foreign base URL"))
        }
        click.echo(clean_json(json.dumps(listed, indent=2)))
    if not rows:
        output.say(f"{source}: no foreign provider or base URL in the state")
        return ExitCode.PASSED
    for kind, advice in _ADVICE.items():
        _tell_kind(source, kind, [row for row in rows if row.kind == kind], advice, output)
    return ExitCode.FAILED


def _tell_kind(source: str, kind: str, rows: list[_Row], advice: str, output: Output) -> None:
    for row in rows[:MAX_FOREIGN_SHOWN]:
        output.tell(f"{clean(row.urn, 1000)}: {clean(row.path, 1000)}: {row.found}")
    more = f" ({len(rows) - MAX_FOREIGN_SHOWN:,} more)" if len(rows) > MAX_FOREIGN_SHOWN else ""
    if rows:
        click.echo(f"{source}: {count(len(rows), kind)} in the state{more}. {advice}", err=True)


def _read_file(file: str) -> Mapping[str, Any]:
    try:
        state = parse_json(read_file(Path(file), MAX_EXPORT_BYTES))
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
