"""`tornado-resource report`: write the reports of a stack's sessions and check runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from tornado_resource.cli.completion import folders
from tornado_resource.cli.output import Output, quiet_option
from tornado_resource.cli.stack import finish, read_gated_stack, read_results, stack_option
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.history import MAX_UPDATES, read_history

if TYPE_CHECKING:
    from tornado_resource.cli.stack import GatedStack
    from tornado_resource.reports.trends import Trends


@click.command("report")
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
    help=f"Add how the runs went over the last N updates (at most {MAX_UPDATES}), and write history.json.",
)
@quiet_option
def command(name: str | None, folder: str | None, history: int | None, *, quiet: bool) -> int:
    """Write junit.xml, verdicts.json, summary.md and report.html about a stack's runs as of now.

    Needs only the stack's state and config. The exit code is that of the verdicts.
    """
    stack = read_gated_stack(name)
    has_transcripts = stack.settings.shows_transcripts
    results = asyncio.run(read_results(stack, has_names=True, has_transcripts=has_transcripts))
    report = replace(stack.report(results), trends=_trends(stack, history) if history is not None else None)
    return finish(report, folder or stack.settings.reports or "reports", Output(quiet))


def _trends(stack: GatedStack, limit: int) -> Trends | None:
    """Return how the runs went over the last updates; where Pulumi does not say, a warning and None."""
    from tornado_resource.reports.trends import trends

    try:
        return trends(read_history(stack.stack, stack.project, limit))
    except ConfigurationError as error:
        click.echo(f"warning: {error}", err=True)
        return None
