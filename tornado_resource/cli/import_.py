"""`tornado-resource import`: declarations for what exists on a pathway, or for agents."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tornado_resource.bland.address import find_endpoint
from tornado_resource.cli.options import DEFAULT_FILE, Command, files, ids
from tornado_resource.cli.output import writing
from tornado_resource.cli.unexpected import hide
from tornado_resource.core.files import create_files
from tornado_resource.core.text import clean, count
from tornado_resource.errors import ApiError, ConfigurationError, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado_resource.agents.importing import FoundAgent
    from tornado_resource.bland.agents import Agents
    from tornado_resource.bland.check_runs import Checks
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.judges import Judges
    from tornado_resource.bland.listing import Scenario
    from tornado_resource.scenarios.importing import Definitions


@click.command("import", cls=Command)
@click.option("--pathway", metavar="ID", callback=ids, help="The pathway.")
@click.option(
    "--agent",
    "agents",
    multiple=True,
    metavar="ID",
    callback=ids,
    help="The agent, in place of a pathway (repeatable).",
)
@click.option("--all", "is_all", is_flag=True, help="All agents of the account.")
@click.option("--scenarios", "is_partial", is_flag=True, help="Print only `scenarios`, to paste into an existing file.")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    shell_complete=files,
    help="The file to write (default: sessions.yaml; with --scenarios, stdout).",
)
def command(
    pathway: str | None, agents: tuple[str, ...], *, is_all: bool, is_partial: bool, output: str | None
) -> None:
    """Write declarations for what exists on a pathway, or for agents.

    Of a pathway: its enabled scenarios, and a session that runs them. They are ready to be adopted: the next `pulumi
    up` takes them over, and changes nothing. Of an agent: a check run for each environment that has checks, with the
    checks, their test cases and their judges as they are. An existing file is never overwritten. It needs
    BLAND_API_KEY, and sends GET requests only.
    """
    if [pathway is not None, bool(agents), is_all].count(True) != 1:
        message = "name what to import: --pathway ID, --agent ID for each agent, or --all agents"
        raise click.UsageError(message)
    target = output if output is not None or is_partial else DEFAULT_FILE
    if target is not None and os.path.lexists(target):
        raise _exists(target)
    if pathway is not None:
        _import_pathway(pathway, target, is_partial=is_partial)
    elif is_partial:
        message = "--scenarios is for a pathway: the test cases of an agent are no scenarios of the file"
        raise click.UsageError(message)
    else:
        _import_agents(agents or None, target or DEFAULT_FILE)


def _import_pathway(pathway: str, target: str | None, *, is_partial: bool) -> None:
    from tornado_resource.scenarios.importing import declarations, definitions_of, scenarios_only

    scenarios, latest = asyncio.run(read_pathway(pathway))
    warn_of_left_out(scenarios)
    text = scenarios_only(scenarios) if is_partial else declarations(scenarios, pathway, latest)
    if target is None:
        click.echo(text, nl=False)
        return
    _write(target, text)
    click.echo(f"{clean(target)}: {count(len(definitions_of(scenarios)), 'scenario')} of pathway {clean(pathway)}")
    click.echo(f"Check it (tornado-resource plan {clean(target)}), then `pulumi up` adopts them.")


def _import_agents(agent_ids: tuple[str, ...] | None, target: str) -> None:
    text = agents_declared(agent_ids)
    _write(target, text)
    click.echo(f"{clean(target)}: {count(text.count('agent_id: '), 'check run')}")
    click.echo(f"Check it (tornado-resource plan {clean(target)}), then `pulumi up` starts them.")


def agents_declared(agent_ids: tuple[str, ...] | None) -> str:
    """Return a whole declarations file for agents, and print a warning for each whose checks are not declared.

    Args:
        agent_ids: the agents; None for all of the account, whose number is printed first.

    Raises:
        ConfigurationError: there is no such agent, or no API key.
        ApiError: the agents, their checks, their test cases or the judges could not be read.

    """
    from tornado_resource.agents.importing import declarations
    from tornado_resource.scenarios.importing import Definitions

    definitions = Definitions()
    agents, judges = asyncio.run(_read_agents(agent_ids, definitions))
    for agent in agents:
        place = f"warning: agent {clean(agent.agent_id)}"
        if not agent.envs:
            problem = "no checks in staging or production; first declare `checks`, or set them up in Bland"
            click.echo(f"{place}: {problem}", err=True)
        for env, problem in agent.undeclared.items():
            click.echo(f"{place}: its checks in {env} are not declared: {clean(problem)}", err=True)
    return declarations(agents, judges, definitions.text())


async def _read_agents(agent_ids: tuple[str, ...] | None, definitions: Definitions) -> tuple[list[FoundAgent], Judges]:
    from tornado_resource.bland.agents import list_agents
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.judges import list_judges
    from tornado_resource.bland.retrying import retried

    hide(os.environ.get("BLAND_API_KEY", ""))
    async with Client(find_endpoint(None, os.environ)) as client:
        listed = await retried(lambda: list_agents(client))
        wanted = _chosen(listed, agent_ids)
        names = {agent.agent_id: agent.name for agent in listed.agents}
        agents = [await _read_agent(client, agent_id, names.get(agent_id), definitions) for agent_id in wanted]
        return agents, await list_judges(client)


def _chosen(listed: Agents, agent_ids: tuple[str, ...] | None) -> list[str]:
    if agent_ids is not None:
        return list(dict.fromkeys(agent_ids))
    if not listed.agents:
        message = "the account has no agents; check that the API key is of the right account"
        raise ConfigurationError(message)
    click.echo(f"{count(len(listed.agents), 'agent')} in the account", err=True)
    if not listed.is_whole:
        click.echo("warning: the API does not list all agents; name the others (--agent)", err=True)
    return [agent.agent_id for agent in listed.agents]


async def _read_agent(client: Client, agent_id: str, name: str | None, definitions: Definitions) -> FoundAgent:
    from tornado_resource.agents.importing import ENVS, FoundAgent
    from tornado_resource.bland.listing import Owner
    from tornado_resource.bland.retrying import retried
    from tornado_resource.bland.scenarios import list_scenarios, with_ids

    checks = {env: await _read_checks(client, agent_id, env) for env in ENVS}
    agent = FoundAgent(agent_id, name, checks)
    ids = [scenario_id for config in agent.declared.values() for scenario_id in config.scenario_ids]
    if not ids:
        return agent
    owner = Owner.agent(agent_id)
    listing = await with_ids(client, owner, await retried(lambda: list_scenarios(client, owner)), ids)
    cases = {scenario_id: listing.get(scenario_id) for scenario_id in ids}
    keys = {scenario_id: definitions.key_of(case) for scenario_id, case in cases.items() if case is not None}
    return replace(agent, keys={scenario_id: key for scenario_id, key in keys.items() if key is not None})


async def _read_checks(client: Client, agent_id: str, env: str) -> Checks | None:
    from tornado_resource.bland.check_runs import read_checks
    from tornado_resource.bland.retrying import retried

    try:
        return await retried(lambda: read_checks(client, agent_id, env))
    except NotFound:
        message = f"unknown agent {clean(agent_id)}: check --agent, and that the API key is of its account"
        raise ConfigurationError(message) from None


def warn_of_left_out(scenarios: Iterable[Scenario]) -> None:
    """Print the scenarios, and the fields of scenarios, that no declaration can have."""
    from tornado_resource.scenarios.importing import left_out

    for scenario in scenarios:
        place = f"scenario {clean(str(scenario.name or scenario.scenario_id), 80)}"
        problems = left_out(scenario)
        if "name" in problems:
            problems = {"the scenario": f"name: {problems['name']}; rename it"}
        for what, text in problems.items():
            click.echo(f"warning: {place}: {what} is left out: {clean(text, 300)}", err=True)


def _write(target: str, text: str) -> None:
    with writing(target):
        try:
            create_files({Path(target): text})
        except FileExistsError:
            raise _exists(target) from None


def _exists(target: str) -> ConfigurationError:
    return ConfigurationError(
        f"{clean(target)} exists already; name another file (--output), or print `scenarios` alone (--scenarios)"
    )


async def read_pathway(pathway_id: str) -> tuple[list[Scenario], int | None]:
    """Return the enabled scenarios of a pathway, and the number of its latest version if the API shows it.

    Prints a warning if the API does not list all of them.

    Raises:
        ConfigurationError: there is no such pathway, or no API key.
        ApiError: the scenarios could not be read.

    """
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.listing import SCENARIOS_LIMIT, Owner
    from tornado_resource.bland.retrying import retried
    from tornado_resource.bland.scenarios import complete, list_scenarios

    hide(os.environ.get("BLAND_API_KEY", ""))
    owner = Owner.pathway(pathway_id)
    async with Client(find_endpoint(None, os.environ)) as client:
        try:
            listed = await retried(lambda: list_scenarios(client, owner))
            listing = await complete(client, owner, listed, enabled=True)
        except NotFound:
            raise await _unknown(client, pathway_id) from None
        latest = await _latest(client, pathway_id)
    if not listing.is_whole:
        problem = f"the API lists at most {SCENARIOS_LIMIT} scenarios of a category; {len(listing.enabled)} were found"
        click.echo(f"warning: pathway {clean(pathway_id)}: {problem}, older ones are left out", err=True)
    return list(listing.enabled), latest


async def _unknown(client: Client, pathway_id: str) -> ConfigurationError:
    """Return the error for a pathway that the API does not have, with the agent that replaces it, if there is one."""
    from tornado_resource.bland.agents import list_agents
    from tornado_resource.bland.retrying import retried

    advice = "check --pathway, and that the API key is of its account"
    with suppress(ApiError):
        successors = (await retried(lambda: list_agents(client))).of_pathway(pathway_id)
        named = " ".join(f"--agent {clean(agent.agent_id)}" for agent in successors)
        advice = f"it was migrated to an agent: import that one with {named}" if named else advice
    return ConfigurationError(f"unknown pathway {clean(pathway_id)}: {advice}")


async def _latest(client: Client, pathway_id: str) -> int | None:
    from tornado_resource.bland.pathways import read_latest
    from tornado_resource.bland.retrying import retried

    try:
        return await retried(lambda: read_latest(client, pathway_id))
    except ApiError:
        return None  # only a comment in the file
