"""`tornado-resource doctor`: compare the sessions that run with what the stacks have recorded."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import click

from tornado_resource.cli import completion
from tornado_resource.cli.drifted import drifted_rows
from tornado_resource.cli.exit_codes import ExitCode
from tornado_resource.cli.output import format_option, quiet_option
from tornado_resource.cli.rows import Row, as_json, as_text
from tornado_resource.cli.stack import endpoint_of
from tornado_resource.core.text import clean
from tornado_resource.declarations.resolver import load
from tornado_resource.errors import ConfigurationError
from tornado_resource.gate.model import HIDDEN
from tornado_resource.sessions.diagnosis import Finding, diagnose
from tornado_resource.sessions.intents import IntentStore, intents_folder
from tornado_resource.stacks.backend import backend_digest
from tornado_resource.stacks.reader import Stack, read_stack, stack_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from tornado_resource.bland.endpoint import Endpoint
    from tornado_resource.bland.responses import Active
    from tornado_resource.sessions.intents import Intent


@click.command("doctor")
@click.option(
    "--stack",
    "-s",
    "names",
    multiple=True,
    metavar="S",
    shell_complete=completion.stacks,
    help="A stack (default: all of the project).",
)
@format_option("text", "json")
@quiet_option
def command(names: tuple[str, ...], output: str, *, quiet: bool) -> ExitCode:
    """Compare the sessions that run on the declared pathways with the state of the stacks.

    Lists running sessions (recorded by a stack, started by somebody else, or started here but not recorded), locks,
    interrupted creations, and versions that were edited since they were tested or published, each with the command that
    helps. Changes nothing.
    """
    stacks = _read(names or stack_names())
    rows = [row for stack in stacks for row in (*_stack_rows(stack), *drifted_rows(stack))]
    rows += _finding_rows(_diagnose(stacks), _secret_pathways(stacks))
    wrong = [row for row in rows if row.cure is not None]
    shown = wrong if quiet else rows
    click.echo(as_json(shown) if output == "json" else as_text(shown), nl=bool(shown) or output == "json")
    return ExitCode.FAILED if wrong else ExitCode.PASSED


def _read(names: Iterable[str]) -> list[Stack]:
    stacks = [read_stack(name) for name in names]
    if not stacks:
        message = "this project has no stack: pulumi stack init"
        raise ConfigurationError(message)
    return stacks


def _diagnose(stacks: Sequence[Stack]) -> list[Finding]:
    """Return one finding for each pathway. A pathway of several stacks is read with the API key of the first."""
    recorded = {session.session_id: stack.name for stack in stacks for session in stack.sessions}
    intents = _intents_of_this_backend()
    findings: dict[str, Finding] = {}
    for stack in stacks:
        names = {pathway_id: name for pathway_id, name in _pathways(stack).items() if pathway_id not in findings}
        active_sessions = asyncio.run(_active_sessions(endpoint_of(stack), list(names)))
        for (pathway_id, name), active in zip(names.items(), active_sessions, strict=True):
            findings[pathway_id] = diagnose(
                pathway_id, name, stack.name, active=active, recorded=recorded, intents=intents
            )
    return list(findings.values())


def _intents_of_this_backend() -> list[Intent]:
    """Return the intents of this project's backend; those of another one are in no state that was read."""
    own_backend = backend_digest(os.environ)
    intents = IntentStore(intents_folder(os.environ)).all()
    return [intent for intent in intents if intent.address.backend == own_backend]


def _pathways(stack: Stack) -> dict[str, str]:
    """Return the pathway ids that a stack declares or has recorded, each with the name of its first session."""
    path = stack.config.get("tornado:declarations", "sessions.yaml")
    environment = load(path, stack.config.get("tornado:environment"), stack=stack.name.rpartition("/")[2])
    names = {session.pathway_id: session.resource for session in stack.sessions if session.pathway_id}
    # Reversed, so that of several sessions on one pathway the first one stays.
    names.update({declaration.pathway_id: declaration.name for declaration in reversed(environment.declarations)})
    return names


async def _active_sessions(endpoint: Endpoint, pathway_ids: Sequence[str]) -> list[Active | None]:
    """Return the active session of each pathway, requested all at once.

    Raises:
        ApiError: a request failed for good.

    """
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.retrying import retried

    async with Client(endpoint) as client:

        async def active_session(pathway_id: str) -> Active | None:
            return await retried(lambda: client.active(pathway_id))

        return await asyncio.gather(*(active_session(pathway_id) for pathway_id in pathway_ids))


def _stack_rows(stack: Stack) -> Iterator[Row]:
    if stack.locked_by is not None:
        cure = f"if that process is gone: pulumi cancel --yes --stack {stack.name}"
        yield Row("locked", f"stack {stack.name} is locked by {stack.locked_by}", cure)
    refresh = f"pulumi refresh --yes --clear-pending-creates --stack {stack.name}"
    for name in stack.pending:
        cure = f"pulumi up --stack {stack.name}, then {refresh}"
        yield Row("pending", f"stack {stack.name}: the creation of {name} was cut off", cure)
    for name in stack.settled:
        text = f"stack {stack.name}: Pulumi still warns of an interrupted creation of {name}, which was recorded since"
        yield Row("pending", text, refresh)


def _secret_pathways(stacks: Iterable[Stack]) -> set[str]:
    return {session.pathway_id for stack in stacks for session in stack.sessions if session.is_secret}


def _finding_rows(findings: Iterable[Finding], secrets: Collection[str]) -> Iterator[Row]:
    for finding in sorted(findings, key=lambda entry: (entry.cure is None, entry.session_name)):
        pathway = HIDDEN if finding.pathway_id in secrets else clean(finding.pathway_id)
        text = f"{finding.session_name} (pathway {pathway}): {finding.text}"
        yield Row(finding.kind, text, finding.cure)
