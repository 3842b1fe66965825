"""`tornado-resource report`: reports of a stack's sessions."""

from __future__ import annotations

import asyncio

import click

from tornado_resource.cli.stack import finish, read_gated_stack, stack_option
from tornado_resource.cli.status import read_results


@click.command("report")
@stack_option
@click.option("--folder", "-f", metavar="DIR", help="Where to (default: config tornado:reports, else reports).")
def command(name: str | None, folder: str | None) -> int:
    """Write junit.xml, verdicts.json, summary.md and report.html from the sessions as they stand now.

    Works from the stack's state and config alone. The exit code is that of the verdicts.
    """
    stack = read_gated_stack(name)
    report = stack.report(asyncio.run(read_results(stack)))
    return finish(report, folder or stack.settings.reports or "reports")
