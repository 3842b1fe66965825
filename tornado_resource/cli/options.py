"""The values of options: what shells complete (nothing, whatever goes wrong), and which ones are no value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import click

from tornado_resource.core.text import clean
from tornado_resource.errors import TornadoError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from click.shell_completion import CompletionItem

DEFAULT_FILE: Final = "sessions.yaml"
T = TypeVar("T", bound=str | tuple[str, ...] | None)


class Command(click.Command):
    """A command of which no option and no argument can be empty, as with a variable that is not set."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse empty values, then read the others. Click calls it before anything else of the command."""
        if not ctx.resilient_parsing:
            self._refuse_empty(ctx, list(args))
        return super().parse_args(ctx, args)

    def _refuse_empty(self, ctx: click.Context, args: list[str]) -> None:
        # As they are typed: an empty path is `.` once it is converted.
        values, _, _ = self.make_parser(ctx).parse_args(args)
        for parameter in self.get_params(ctx):
            value = values.get(parameter.name or "")
            if "" in (value if isinstance(value, list | tuple) else [value]):
                cure = "" if parameter.required else ", or leave it out"
                message = f"it is empty (a variable that is not set?); give a value{cure}"
                raise click.BadParameter(message, ctx, parameter)


def stacks(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the stacks of the project in this folder."""
    from tornado_resource.stacks.reader import stack_names

    try:
        return _beginning_with(incomplete, stack_names())
    except TornadoError:
        return []


def environments(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the environments in the declarations file that the command line names, or in `sessions.yaml`."""
    # While the value of an option is missing, click leaves the arguments in `args`.
    named = [*context.args, context.params.get("file"), *(context.params.get("files") or ())]
    return _beginning_with(incomplete, _keys(next(filter(None, named), DEFAULT_FILE), "environments"))


def runs(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the sessions and the agents in `sessions.yaml`."""
    return _beginning_with(incomplete, [*_keys(DEFAULT_FILE, "sessions"), *_keys(DEFAULT_FILE, "agents")])


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Let the shell complete names of files."""
    return [_item(incomplete, "file")]


def folders(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Let the shell complete names of folders."""
    return [_item(incomplete, "dir")]


def _item(incomplete: str, kind: str) -> CompletionItem[str]:
    from click.shell_completion import CompletionItem

    return CompletionItem(incomplete, type=kind)


def _keys(file: str, part: str) -> Iterable[str]:
    """Return the keys of a part of a file, which may be invalid elsewhere."""
    from tornado_resource.declarations.reader import read

    try:
        data = read(file).data
    except TornadoError:
        return ()
    entries = data.get(part) if isinstance(data, dict) else None
    return entries if isinstance(entries, dict) else ()


def _beginning_with(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def ids(_context: click.Context, _parameter: click.Parameter, value: T) -> T:
    """Return the value of an option that names something of the API.

    Raises:
        BadParameter: nothing can have such an id.

    """
    from tornado_resource.bland.responses import SEGMENT, SEGMENT_EXPECTED

    for api_id in value if isinstance(value, tuple) else [value]:
        if api_id is not None and SEGMENT.fullmatch(api_id) is None:
            message = f"found '{clean(api_id, 80)}', expected an id: {SEGMENT_EXPECTED}"
            raise click.BadParameter(message)
    return value
