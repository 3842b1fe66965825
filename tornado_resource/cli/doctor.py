"""`tornado-resource doctor`: does what runs match what the stacks have recorded?"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import click

from tornado_resource.bland.endpoint import find_endpoint
from tornado_resource.core.text import clean
from tornado_resource.declarations.resolver import load
from tornado_resource.errors import ConfigurationError
from tornado_resource.sessions.diagnosis import Finding, diagnose
from tornado_resource.sessions.intents import IntentStore, intents_folder
from tornado_resource.stacks.backend import backend_digest
from tornado_resource.stacks.reader import Stack, read_stack, stack_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tornado_resource.bland.endpoint import Endpoint
    from tornado_resource.bland.responses import Active


@click.command("doctor")
@click.option("--stack", "-s", "names", multiple=True, metavar="S", help="A stack (default: all of the project).")
def command(names: tuple[str, ...]) -> int:
    """Probe every declared pathway, and compare with the state of the stacks.

    Lists sessions that are ours, foreign and orphaned, with the command for each; locks and pending creations too.
    Reads only.
    """
    stacks = [read_stack(name) for name in names or stack_names()]
    if not stacks:
        message = "this project has no stack: pulumi stack init"
        raise ConfigurationError(message)
    troubles = [line for stack in stacks for line in _troubles(stack)]
    recorded = {session.session_id: stack.name for stack in stacks for session in stack.sessions}
    own_backend = backend_digest(os.environ)
    intents = [i for i in IntentStore(intents_folder(os.environ)).all() if i.address.backend == own_backend]
    findings: dict[str, Finding] = {}
    for stack in stacks:
        pathways = {pathway: name for pathway, name in _pathways(stack).items() if pathway not in findings}
        access = find_endpoint(stack.config, os.environ)
        for pathway_id, active in asyncio.run(_probe(access, list(pathways))).items():
            findings[pathway_id] = diagnose(pathway_id, pathways[pathway_id], active, recorded, intents)
    for line in (*troubles, *_lines(findings.values())):
        click.echo(line)
    return 1 if troubles or any(finding.cure for finding in findings.values()) else 0


def _pathways(stack: Stack) -> dict[str, str]:
    """The pathways that a stack declares or has recorded, each with the session it is for."""
    path = stack.config.get("tornado:declarations", "sessions.yaml")
    environment = load(path, stack.config.get("tornado:environment", stack.name.rpartition("/")[2]))
    found = {session.pathway_id: session.name for session in stack.sessions}
    found.update({declaration.pathway_id: declaration.name for declaration in reversed(environment.declarations)})
    return found


async def _probe(access: Endpoint, pathways: list[str]) -> Mapping[str, Active | None]:
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.retrying import retried

    async with Client(access) as client:

        async def ask(pathway_id: str) -> Active | None:
            return await retried(lambda: client.active(pathway_id))

        answers = await asyncio.gather(*(ask(pathway_id) for pathway_id in pathways))
    return dict(zip(pathways, answers, strict=True))


def _troubles(stack: Stack) -> Iterator[str]:
    if stack.locked_by is not None:
        yield f"locked    stack {stack.name} is locked by {stack.locked_by}"
        yield f"          if that process is gone: pulumi cancel --yes --stack {stack.name}"
    for name in stack.pending:
        yield f"pending   stack {stack.name}: the creation of {name} was cut off"
        yield f"          pulumi up --stack {stack.name}, then pulumi refresh --yes --clear-pending-creates"


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in sorted(findings, key=lambda entry: (entry.cure is None, entry.session_name)):
        yield f"{finding.kind:<9} {finding.session_name} (pathway {clean(finding.pathway_id)}): {finding.text}"
        if finding.cure is not None:
            yield f"          {finding.cure}"
