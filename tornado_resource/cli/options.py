"""The values of options: what shells complete (nothing, whatever goes wrong), and what can be the name of something."""

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


def stack_name(_context: click.Context, _parameter: click.Parameter, value: T) -> T:
    """Return the value of an option that names stacks. An empty one, as of an unset variable, is not the selected one.

    Raises:
        BadParameter: it is empty.

    """
    if any(name == "" for name in (value if isinstance(value, tuple) else [value])):
        message = "it is empty, expected the name of a stack (leave the option out for the selected one)"
        raise click.BadParameter(message)
    return value
