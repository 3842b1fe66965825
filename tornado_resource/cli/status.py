"""`tornado-resource status`: a stack's sessions as of now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from tornado_resource.bland.content import short
from tornado_resource.cli.exit_codes import ExitCode
from tornado_resource.cli.stack import read_gated_stack, read_results, stack_option
from tornado_resource.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tornado_resource.gate.model import Result, SessionVerdict


@click.command("status")
@stack_option
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(name: str | None, output: str) -> ExitCode:
    """Show a stack's sessions as of now, without waiting: the status of each, and its version as it is now.

    The exit code is that of the verdicts; a session that is still running is incomplete.
    """
    stack = read_gated_stack(name)
    report = stack.report(asyncio.run(read_results(stack)))
    if output == "json":
        from tornado_resource.reports.verdicts import verdicts_json

        click.echo(verdicts_json(report), nl=False)
    else:
        click.echo("\n".join(_lines(report.results)) or f"stack {stack.stack} has no session with a gate")
    return ExitCode.of(report.outcome)


def _lines(results: tuple[Result, ...]) -> Iterator[str]:
    width = max((len(result.gated.name) for result in results), default=0)
    for result in results:
        verdict, status = result.verdict, result.status
        state = clean(verdict.status, 40) if verdict.status else "unknown"
        iteration = f" iteration {status.current_iteration}" if status and status.current_iteration is not None else ""
        yield (
            f"{result.gated.name:<{width}}  {verdict.outcome:<10}  {clean(verdict.session_id, 80)}  "
            f"{state}{iteration}: {clean(verdict.reason, 1000)}{_version(verdict)}"
        )
        if result.drift is not None:
            yield f"{'':<{width}}  {clean(result.drift, 1000)}"


def _version(verdict: SessionVerdict) -> str:
    if verdict.version is None:
        return ""
    return f" (version {verdict.version}{f', {short(verdict.content)}' if verdict.content else ''})"
