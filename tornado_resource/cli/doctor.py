"""`tornado-resource doctor`: compare the sessions that run with what the stacks have recorded."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from tornado_resource.bland.content import LIVE
from tornado_resource.cli import completion
from tornado_resource.cli.output import ExitCode, format_option, quiet_option
from tornado_resource.cli.stack import endpoint_of
from tornado_resource.core.text import clean, clean_json
from tornado_resource.declarations.resolver import load
from tornado_resource.errors import ConfigurationError
from tornado_resource.runs import commands
from tornado_resource.runs.intents import IntentStore, intents_folder
from tornado_resource.runs.kinds import kind_of, kinds
from tornado_resource.runs.model import HIDDEN
from tornado_resource.stacks.backend import backend_digest
from tornado_resource.stacks.reader import Stack, read_stack, stack_names
from tornado_resource.stacks.scenarios import change_of
from tornado_resource.stacks.settings import read_settings
from tornado_resource.versions.drift import drift_of_live

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from tornado_resource.bland.address import Endpoint
    from tornado_resource.bland.client import Client
    from tornado_resource.bland.responses import Active
    from tornado_resource.runs.intents import Intent
    from tornado_resource.stacks.recorded import RecordedRun, Resource
    from tornado_resource.stacks.scenarios import ScenarioChange, StoredScenario
    from tornado_resource.versions.drift import RunBasis

Kind = Literal["free", "ours", "orphaned", "foreign"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What `doctor` found on one pathway. *cure*: the command that fixes it, if something is wrong."""

    kind: Kind
    pathway_id: str
    session_name: str
    text: str
    cure: str | None = None


def diagnose(  # noqa: PLR0913 - the API's view and three records of this machine
    pathway_id: str,
    session_name: str,
    stack: str,
    *,
    active: Active | None,
    recorded: Mapping[str, str],
    intents: Sequence[Intent],
) -> Finding:
    """Return whose session runs on a pathway.

    Args:
        pathway_id: the pathway.
        session_name: the declared session that runs there.
        stack: the stack that declares it.
        active: the active session of the pathway.
        recorded: session id to stack name, for every session in the stacks' states.
        intents: the intents on this machine. The sessions that they started may be in no state.

    """
    if active is None:
        return Finding("free", pathway_id, session_name, "no session runs")
    session_id = clean(active.session_id)
    since = f" since {clean(active.created_at)}" if active.created_at else ""
    owner = recorded.get(active.session_id)
    if owner is not None:
        return Finding("ours", pathway_id, session_name, f"session {session_id} of stack {owner} runs{since}")
    for intent in intents:
        if intent.session_id == active.session_id or (intent.session_id is None and intent.pathway_id == pathway_id):
            starter = intent.address.stack
            text = (
                f"session {session_id} runs{since}; started from this machine for stack {starter}, "
                f"but not recorded in its state"
            )
            cure = f"{commands.up(starter)} (on this machine) records it"
            return Finding("orphaned", pathway_id, session_name, text, cure)
    text = f"session {session_id} runs{since}, and no stack has recorded it"
    cure = (
        f"{commands.adopt(stack, session_name, session_id)}, to adopt it; "
        f"{commands.on_conflict(stack, session_name, 'supersede')}, to cancel it"
    )
    return Finding("foreign", pathway_id, session_name, text, cure)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was found: its kind in a word, what it is, and what to do about it; None if nothing is wrong."""

    kind: str
    text: str
    cure: str | None = None


def as_text(rows: Iterable[Row]) -> str:
    """Return the rows in a line each, or in two where there is something to do."""
    lines = [
        line
        for row in rows
        for line in (f"{row.kind:<9} {row.text}", *([f"{'':<9} {row.cure}"] if row.cure is not None else []))
    ]
    return "\n".join(lines)


def as_json(rows: Sequence[Row]) -> str:
    """Return the rows as JSON."""
    return clean_json(json.dumps({"findings": [asdict(row) for row in rows]}, indent=2))


def drifted_rows(stack: Stack) -> list[Row]:
    """Return a row for each version and each scenario of a stack that has drifted.

    Raises:
        ApiError: a request failed for good.

    """
    tested = [(run, run.tested) for run in stack.runs if run.tested is not None]
    if not tested and not stack.releases and not stack.scenarios:
        return []
    return asyncio.run(_rows(stack, tested))


async def _rows(stack: Stack, tested: list[tuple[RecordedRun, RunBasis]]) -> list[Row]:
    from tornado_resource.bland.client import Client

    ignored = read_settings(stack.config, stack.name).ignored_content
    async with Client(endpoint_of(stack), ignored=ignored) as client:
        runs = (_of_run(client, run, basis, stack.name) for run, basis in tested)
        releases = (_of_release(client, release, stack.name) for release in stack.releases)
        versions = await asyncio.gather(*runs, *releases)
        scenarios = await asyncio.gather(*(_of_scenarios(client, each, stack.name) for each in _by_pathway(stack)))
        return [*(row for row in versions if row is not None), *(row for rows in scenarios for row in rows)]


def _by_pathway(stack: Stack) -> list[list[StoredScenario]]:
    found: dict[str, list[StoredScenario]] = {}
    for each in stack.scenarios:
        found.setdefault(each.pathway_id, []).append(each)
    return list(found.values())


async def _of_scenarios(client: Client, stored: Sequence[StoredScenario], stack: str) -> list[Row]:
    """Return a row for each scenario of a pathway that was edited or deleted since the state has it."""
    from tornado_resource.bland.retrying import retried
    from tornado_resource.bland.scenarios import list_scenarios, with_ids

    pathway_id = stored[0].pathway_id
    listed = await retried(lambda: list_scenarios(client, pathway_id))
    listing = await with_ids(client, pathway_id, listed, [each.scenario_id for each in stored])
    changes = [(each, change_of(each, listing)) for each in stored]
    return [_scenario_row(each, change, stack) for each, change in changes if change is not None]


def _scenario_row(stored: StoredScenario, change: ScenarioChange, stack: str) -> Row:
    cure = f"to put it back: pulumi up --stack {stack} (add --refresh if rerun is on_failure or on_change)"
    if not stored.manage:
        cure = "to put it back: the same command for the stack that manages it"
    return Row("drifted", f"scenario {clean(stored.resource)}: {change}", cure)


async def _of_run(client: Client, run: RecordedRun, tested: RunBasis, stack: str) -> Row | None:
    from tornado_resource.versions.reading import ContentReader

    # Scenarios have rows of their own.
    found = await kind_of(run.kind).find_drift(ContentReader(client), replace(tested, scenarios=None))
    cure = f"to test it as it is now: change one of its triggers, then pulumi up --stack {stack}"
    return _finding(run.name, run.resource.shown_pathway, found, cure)


async def _of_release(client: Client, release: Resource, stack: str) -> Row | None:
    from tornado_resource.versions.reading import read_digests

    now = await read_digests(client, release.pathway_id, LIVE)
    cure = f"to publish again: pulumi refresh --stack {stack}, then pulumi up --stack {stack}"
    return _finding(release.name, release.shown_pathway, drift_of_live(release.outputs["content"], now), cure)


def _finding(name: str, pathway: str, found: str | None, cure: str) -> Row | None:
    return Row("drifted", f"{name} (pathway {clean(pathway)}): {found}", cure) if found is not None else None


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
    interrupted creations, versions that were edited since they were tested or published, and declared scenarios that
    were edited, disabled or deleted, each with the command that helps. Changes nothing.
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
    recorded = {run.run_id: stack.name for stack in stacks for run in stack.runs}
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
    intents = [each for kind in kinds() for each in IntentStore(intents_folder(os.environ, kind.intents)).all()]
    return [intent for intent in intents if intent.address.backend == own_backend]


def _pathways(stack: Stack) -> dict[str, str]:
    """Return the pathway ids that a stack declares or has recorded, each with the name of its first session.

    Without a declarations file, those that it has recorded.
    """
    names = {run.resource.pathway_id: run.resource.name for run in stack.runs if run.resource.pathway_id}
    path = stack.config.get("tornado:declarations")
    if names and path is None and not Path(completion.DEFAULT_FILE).exists():
        return names  # the program declares its sessions itself, or lies in another folder (`main` in Pulumi.yaml)
    name = stack.name.rpartition("/")[2]
    environment = load(path or completion.DEFAULT_FILE, stack.config.get("tornado:environment"), stack=name)
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
    return {run.resource.pathway_id for stack in stacks for run in stack.runs if run.resource.is_secret}


def _finding_rows(findings: Iterable[Finding], secrets: Collection[str]) -> Iterator[Row]:
    for finding in sorted(findings, key=lambda entry: (entry.cure is None, entry.session_name)):
        pathway = HIDDEN if finding.pathway_id in secrets else clean(finding.pathway_id)
        text = f"{finding.session_name} (pathway {pathway}): {finding.text}"
        yield Row(finding.kind, text, finding.cure)
