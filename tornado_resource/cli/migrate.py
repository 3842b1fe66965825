"""`tornado-resource migrate`: agents, checks and test cases for the sessions of pathways that agents replace."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tornado_resource.bland.address import find_endpoint
from tornado_resource.bland.responses import folded
from tornado_resource.cli.options import DEFAULT_FILE, Command, files
from tornado_resource.cli.output import writing
from tornado_resource.cli.unexpected import hide
from tornado_resource.core.files import create_files
from tornado_resource.core.text import clean, count, id_list
from tornado_resource.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.bland.agents import Agents
    from tornado_resource.bland.client import Client
    from tornado_resource.declarations.document import Document
    from tornado_resource.declarations.model import Declaration
    from tornado_resource.scenarios.migration import MovedAgent


@click.command("migrate", cls=Command)
@click.argument("file", default=DEFAULT_FILE, shell_complete=files)
@click.option(
    "--output", "-o", metavar="FILE", shell_complete=files, help="The file to write (default: a diff, on stdout)."
)
def command(file: str, output: str | None) -> None:
    """Write agents, checks and test cases for the sessions of pathways that agents replace.

    The scenarios of a session become test cases, and their assertions judges where they can; what cannot is listed with
    the reason, on stderr. The sessions stay. It writes a diff, which `git apply` takes, or a new file; it needs
    BLAND_API_KEY, and sends GET requests only.
    """
    from tornado_resource.declarations.resolver import (
        check_content,
        check_document,
        check_environments,
        environment_names,
    )
    from tornado_resource.scenarios.migration import Migration, difference

    if output is not None and os.path.lexists(output):
        raise _exists(output)
    document = check_document(file)
    sections = ("agents", "sessions", "scenarios", "judges")
    migration = Migration({name: [*(document.data.get(name) or {})] for name in sections})
    for agent in asyncio.run(_read(document, migration.notes)):
        migration.add(agent)
    text = migration.applied(document)
    changed = check_content(text.encode(), file)
    check_environments(changed, [*environment_names(changed)] or [None])
    for note in migration.notes:
        click.echo(f"note: {clean(note)}", err=True)
    if output is None:
        click.echo(difference("\n".join(document.lines), text, file), nl=False)
        return
    with writing(output):
        try:
            create_files({Path(output): text})
        except FileExistsError:
            raise _exists(output) from None
    click.echo(f"{clean(output)}: {clean(file)} with {count(len(changed.data['agents']), 'agent')}")
    click.echo(f"Check it (tornado-resource plan {clean(output)}).")


def _exists(output: str) -> ConfigurationError:
    return ConfigurationError(
        f"{clean(output)} exists already; name another file (--output), or leave it out for a diff"
    )


def _sessions(document: Document) -> dict[str, list[Declaration]]:
    """Return the sessions of a file by pathway, each once: as its first environment has it."""
    from tornado_resource.declarations.resolver import environment_names, resolve

    sessions: dict[str, Declaration] = {}
    environments: list[str | None] = [*environment_names(document)] or [None]
    for environment in environments:
        for session in resolve(document, environment).sessions:
            sessions.setdefault(f"{session.pathway_id}/{session.name}", session)
    by_pathway: dict[str, list[Declaration]] = {}
    for session in sessions.values():
        by_pathway.setdefault(session.pathway_id, []).append(session)
    return by_pathway


async def _read(document: Document, notes: list[str]) -> list[MovedAgent]:
    """Return the agents that replace the pathways of a file, with the scenarios that their sessions run.

    Raises:
        ConfigurationError: there are none, or no API key.
        ApiError: the agents or scenarios could not be read.

    """
    from tornado_resource.bland.agents import list_agents
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.retrying import retried

    hide(os.environ.get("BLAND_API_KEY", ""))
    sessions = _sessions(document)
    async with Client(find_endpoint(None, os.environ)) as client:
        agents = await retried(lambda: list_agents(client))
        chosen = _chosen(agents, list(sessions), _declared_agents(document), notes)
        if not chosen:
            message = f"no agent was migrated from a pathway of {clean(document.file)}: {id_list(list(sessions))}"
            raise ConfigurationError(message)
        own = [
            pathway_id for pathway_id in chosen if not _is_override(document, pathway_id, sessions[pathway_id], chosen)
        ]
        return [
            replace(await _moved(client, chosen[pathway_id], sessions[pathway_id], document, notes), agents=chosen)
            for pathway_id in own
        ]


def _is_override(
    document: Document, pathway_id: str, sessions: Sequence[Declaration], chosen: Mapping[str, str]
) -> bool:
    """Return whether only environments name a pathway, in the place of one that becomes an agent of its own."""
    default = (document.data.get("defaults") or {}).get("pathway_id")
    bases = [_in_base(document, session.name).get("pathway_id", default) for session in sessions]
    return all(base != pathway_id and base in chosen for base in bases)


def _declared_agents(document: Document) -> set[str]:
    parts = [document.data, *(environment or {} for environment in (document.data.get("environments") or {}).values())]
    agents = [agent for part in parts for agent in (part.get("agents") or {}).values() if agent]
    return {folded(str(agent.get("agent_id"))) for agent in agents}


def _chosen(agents: Agents, pathway_ids: Sequence[str], declared: set[str], notes: list[str]) -> dict[str, str]:
    chosen = {}
    for pathway_id in pathway_ids:
        agent_ids = [agent.agent_id for agent in agents.of_pathway(pathway_id)]
        if len(agent_ids) == 1 and folded(agent_ids[0]) not in declared:
            chosen[pathway_id] = agent_ids[0]
            continue
        what = f"several agents were migrated from it ({id_list(agent_ids)})" if agent_ids else "no agent replaces it"
        what = f"agent {clean(agent_ids[0])}, which replaces it, is declared already" if len(agent_ids) == 1 else what
        notes.append(f"pathway {clean(pathway_id)}: {what}; nothing is written for it")
    return chosen


async def _moved(
    client: Client, agent_id: str, sessions: Sequence[Declaration], document: Document, notes: list[str]
) -> MovedAgent:
    from tornado_resource.scenarios.migration import MovedAgent

    scenarios: dict[str, Mapping[str, Any]] = {}
    declared = set(document.data.get("scenarios") or {})
    for session in sessions:
        scenarios |= {scenario.key: scenario.fields for scenario in session.scenarios}
        ids = session.request.get("scenario_ids") or ()
        if ids or not session.scenarios:
            scenarios |= await _of_pathway(client, session.pathway_id, ids, declared | set(scenarios), notes)
    names = [session.name for session in sessions]
    return MovedAgent(
        agent_id,
        names,
        scenarios,
        options=_in_base(document, names[0]),
        overrides=_overrides(document, names[0]),
        environments=_environments_with(document, names[1:]),
    )


def _in_base(document: Document, session: str) -> Mapping[str, Any]:
    """Return what the file's base declares of a session."""
    own: Mapping[str, Any] = (document.data.get("sessions") or {}).get(session) or {}
    return own


def _environments_with(document: Document, sessions: Sequence[str]) -> list[str]:
    """Return the environments that declare something of sessions themselves."""
    return [name for name, own in _by_environment(document).items() if not own.keys().isdisjoint(sessions)]


def _overrides(document: Document, session: str) -> dict[str, Mapping[str, Any] | None]:
    """Return what environments declare of a session, by name. Without it in the base, the others leave it out."""
    is_base = (document.data.get("sessions") or {}).get(session) is not None
    environments = _by_environment(document).items()
    return {name: own.get(session) for name, own in environments if session in own or not is_base}


def _by_environment(document: Document) -> dict[str, Mapping[str, Any]]:
    environments = document.data.get("environments") or {}
    return {name: (settings or {}).get("sessions") or {} for name, settings in environments.items()}


async def _of_pathway(
    client: Client, pathway_id: str, ids: Sequence[str], taken: set[str], notes: list[str]
) -> dict[str, dict[str, Any]]:
    """Return the definitions of scenarios that a session names by their ids, or of all enabled ones."""
    from tornado_resource.bland.listing import Owner
    from tornado_resource.bland.retrying import retried
    from tornado_resource.bland.scenarios import list_scenarios, with_ids
    from tornado_resource.declarations.writing import unused_key
    from tornado_resource.scenarios.importing import definitions_of

    owner = Owner.pathway(pathway_id)
    try:
        listing = await with_ids(client, owner, await retried(lambda: list_scenarios(client, owner)), ids)
    except NotFound:
        notes.append(f"pathway {clean(pathway_id)}: the API no longer has it, so its scenarios cannot be read")
        return {}
    chosen = (
        [scenario for scenario in listing.scenarios if scenario.scenario_id in ids] if ids else list(listing.enabled)
    )
    definitions: dict[str, dict[str, Any]] = {}
    for fields in definitions_of(chosen).values():
        definitions[unused_key(str(fields["name"]), taken | definitions.keys(), "scenario")] = fields
    return definitions
