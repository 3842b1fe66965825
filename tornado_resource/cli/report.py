"""`tornado-resource report`: write the reports of a stack's sessions."""

from __future__ import annotations

import asyncio

import click

from tornado_resource.cli.completion import folders
from tornado_resource.cli.output import Output, quiet_option
from tornado_resource.cli.stack import finish, read_gated_stack, read_results, stack_option


@click.command("report")
@stack_option
@click.option(
    "--folder",
    "-f",
    metavar="DIR",
    shell_complete=folders,
    help="The folder (default: config tornado:reports, else reports).",
)
@quiet_option
def command(name: str | None, folder: str | None, *, quiet: bool) -> int:
    """Write junit.xml, verdicts.json, summary.md and report.html about a stack's sessions as of now.

    Needs only the stack's state and config. The exit code is that of the verdicts.
    """
    stack = read_gated_stack(name)
    results = asyncio.run(read_results(stack, has_transcripts=stack.settings.shows_transcripts))
    report = stack.report(results)
    return finish(report, folder or stack.settings.reports or "reports", Output(quiet))
