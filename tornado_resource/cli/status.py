"""`tornado-resource status`: one look at a stack's sessions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from tornado_resource.cli.exit_codes import BY_OUTCOME
from tornado_resource.cli.stack import read_gated_stack, stack_option
from tornado_resource.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tornado_resource.cli.stack import GatedStack
    from tornado_resource.gate.model import Result


@click.command("status")
@stack_option
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(name: str | None, output: str) -> int:
    """Show how the sessions that a stack has recorded stand now: one status call each, no wait."""
    stack = read_gated_stack(name)
    report = stack.report(asyncio.run(read_results(stack)))
    if output == "json":
        from tornado_resource.reports.verdicts import verdicts_json

        click.echo(verdicts_json(report), nl=False)
    else:
        click.echo("\n".join(_lines(report.results)) or f"stack {stack.stack} has no session with a gate")
    return BY_OUTCOME[report.outcome]


async def read_results(stack: GatedStack) -> list[Result]:
    """Judge all of a stack's sessions as they stand now. Raises ApiError when the API cannot be asked."""
    from tornado_resource.bland.client import Client
    from tornado_resource.gate.results import read_result

    async with Client(stack.access) as client:
        return await asyncio.gather(*(read_result(client, gated) for gated in stack.gated_sessions))


def _lines(results: tuple[Result, ...]) -> Iterator[str]:
    width = max((len(result.gated.name) for result in results), default=0)
    for result in results:
        verdict, status = result.verdict, result.status
        state = clean(verdict.status, 40) if verdict.status else "unknown"
        iteration = f" iteration {status.current_iteration}" if status and status.current_iteration is not None else ""
        yield (
            f"{result.gated.name:<{width}}  {verdict.outcome:<10}  {clean(verdict.session_id, 80)}  "
            f"{state}{iteration}: {clean(verdict.reason, 1000)}"
        )
