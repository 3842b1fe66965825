"""Ids on the command line."""

from __future__ import annotations

from typing import TypeVar

import click

from tornado_resource.core.text import clean

T = TypeVar("T", bound=str | tuple[str, ...] | None)


def ids(_context: click.Context, _parameter: click.Parameter, value: T) -> T:
    """Return the value of an option that names something of the API.

    Raises:
        BadParameter: nothing can have such an id.

    """
    from tornado_resource.bland.responses import SEGMENT, SEGMENT_EXPECTED

    for each in value if isinstance(value, tuple) else [value]:
        if each is not None and SEGMENT.fullmatch(each) is None:
            message = f"found '{clean(each, 80)}', expected an id: {SEGMENT_EXPECTED}"
            raise click.BadParameter(message)
    return value


def stack_name(_context: click.Context, _parameter: click.Parameter, value: T) -> T:
    """Return the value of an option that names stacks. An empty one, as of an unset variable, is not the selected one.

    Raises:
        BadParameter: it is empty.

    """
    if any(each == "" for each in (value if isinstance(value, tuple) else [value])):
        message = "it is empty, expected the name of a stack (leave the option out for the selected one)"
        raise click.BadParameter(message)
    return value
