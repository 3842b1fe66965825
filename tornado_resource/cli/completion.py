"""Values that a shell completes: stacks, environments, runs, files. Whatever goes wrong, there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.errors import TornadoError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click
    from click.shell_completion import CompletionItem

DEFAULT_FILE: Final = "sessions.yaml"


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
    found = data.get(part) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else ()


def _beginning_with(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
