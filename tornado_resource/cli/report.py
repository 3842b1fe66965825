"""`tornado-resource report`: write the reports of a stack's sessions and check runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tornado_resource.cli.options import Command, folders, stacks
from tornado_resource.cli.output import Output, quiet_option
from tornado_resource.cli.stack import against, finish, read_gated_stack, read_results, stack_option
from tornado_resource.core.text import count
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.history import KEPT, MAX_UPDATES, read_history, read_kept
from tornado_resource.stacks.settings import KEYS, stack_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.cli.stack import GatedStack
    from tornado_resource.reports.trends import Trends
    from tornado_resource.stacks.history import Update

MAX_NAMED_FILES: Final = 5


def _stack(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Return the name of a stack.

    Raises:
        click.BadParameter: it is none.

    """
    try:
        return stack_name(value) if value is not None else None
    except ValueError:
        message = f"expected {KEYS['baseline'].expected}"
        raise click.BadParameter(message) from None


@click.command("report", cls=Command)
@stack_option
@click.option(
    "--folder",
    "-f",
    metavar="DIR",
    shell_complete=folders,
    help="The folder (default: config tornado:reports, else reports).",
)
@click.option(
    "--history",
    type=click.IntRange(1, MAX_UPDATES),
    metavar="N",
    help=f"Add how the runs went over the last N updates (at most {MAX_UPDATES}), and which scenarios and judges are "
    "flaky, and write history.json.",
)
@click.option(
    "--from",
    "kept",
    metavar="DIR",
    shell_complete=folders,
    help=f"With --history: take the updates from the {KEPT} files kept in this folder, instead of Pulumi's history.",
)
@click.option(
    "--against",
    "baseline",
    metavar="S",
    callback=_stack,
    shell_complete=stacks,
    help="Compare with the last verdicts of another stack (default: config tornado:baseline). Changes no verdict.",
)
@quiet_option
def command(  # noqa: PLR0913 - an argument for each option
    name: str | None, folder: str | None, history: int | None, kept: str | None, baseline: str | None, *, quiet: bool
) -> int:
    """Write junit.xml, verdicts.json, summary.md and report.html about a stack's runs as of now.

    Needs only the stack's state and config. The exit code is that of the verdicts.
    """
    if kept is not None and history is None:
        message = "--from needs --history N"
        raise click.UsageError(message)
    stack, output = read_gated_stack(name), Output(quiet)
    has_transcripts = stack.settings.shows_transcripts
    results = asyncio.run(read_results(stack, has_names=True, has_transcripts=has_transcripts))
    trends = _trends(stack, history, kept) if history is not None else None
    report = against(replace(stack.report(results), trends=trends), baseline or stack.settings.baseline)
    code = finish(report, folder or stack.settings.reports or "reports", output)
    if trends is not None:
        from tornado_resource.reports.trends import flaky_lines

        output.say("\n".join(flaky_lines(trends)))
    return code


def _trends(stack: GatedStack, limit: int, kept: str | None) -> Trends | None:
    """Return how the runs went over the last updates; where nothing says that, a warning and None."""
    from tornado_resource.reports.trends import trends

    try:
        updates: Iterable[Update | None] = (
            read_history(stack.stack, stack.project, limit) if kept is None else _kept(stack, limit, Path(kept))
        )
        return trends(updates)
    except ConfigurationError as error:
        click.echo(f"warning: {error}", err=True)
        return None


def _kept(stack: GatedStack, limit: int, folder: Path) -> list[Update | None]:
    """Return the updates that a folder of kept files has, and warn of the files that are left out."""
    kept = read_kept(folder, stack.stack, stack.project, limit)
    if kept.foreign:
        owners = ", ".join([*kept.foreign][:MAX_NAMED_FILES])
        more = " and others" if len(kept.foreign) > MAX_NAMED_FILES else ""
        number = count(sum(kept.foreign.values()), "file")
        click.echo(f"warning: left out {number} in {folder}, of other stacks: {owners}{more}", err=True)
    for file, fault in [*kept.unreadable.items()][:MAX_NAMED_FILES]:
        click.echo(f"warning: {file} cannot be read: {fault}", err=True)
    if len(kept.unreadable) > MAX_NAMED_FILES:
        click.echo(f"warning: {len(kept.unreadable) - MAX_NAMED_FILES} more files cannot be read", err=True)
    return [*kept.updates, *([None] * len(kept.unreadable))]
