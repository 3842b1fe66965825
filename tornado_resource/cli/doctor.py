"""`tornado-resource doctor`: compare what runs with what the stacks have recorded."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tornado_resource.bland.content import LIVE
from tornado_resource.bland.listing import Owner
from tornado_resource.cli import options
from tornado_resource.cli.output import ExitCode, format_option, quiet_option
from tornado_resource.cli.stack import endpoint_of
from tornado_resource.core.text import clean, clean_json
from tornado_resource.core.urns import AGENT_RELEASE_TYPE, type_of
from tornado_resource.declarations.model import DEFAULT_RERUN
from tornado_resource.declarations.resolver import load
from tornado_resource.errors import ApiError, ConfigurationError, NotFound, TornadoError
from tornado_resource.runs import commands
from tornado_resource.runs.intents import IntentStore, intents_folder
from tornado_resource.runs.kinds import kind_of, kinds
from tornado_resource.runs.model import without_secret
from tornado_resource.runs.order import Address, Order, holder
from tornado_resource.stacks.backend import resource_address
from tornado_resource.stacks.reader import Stack, read_stack, stack_names
from tornado_resource.stacks.recorded import Place
from tornado_resource.stacks.recorded_scenarios import change_of
from tornado_resource.stacks.rollback import recorded_rollbacks
from tornado_resource.stacks.settings import read_settings
from tornado_resource.versions.drift import drift_of_live, drift_of_pins

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from tornado_resource.bland.address import Endpoint
    from tornado_resource.bland.agents import Agent
    from tornado_resource.bland.client import Client
    from tornado_resource.runs.intents import Intent
    from tornado_resource.runs.order import Found
    from tornado_resource.stacks.recorded import RecordedRun, Resource
    from tornado_resource.stacks.recorded_scenarios import ScenarioChange, StoredScenario
    from tornado_resource.versions.drift import RunBasis


STARTED_HERE: Final = (
    "The state of stack {stack} cannot be read. Not recorded there, as far as this machine knows (docs/state.md says "
    "how to go on):"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was found: its kind in a word, what it is, and what to do about it; None if nothing is wrong."""

    kind: str
    text: str
    cure: str | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """A run that a stack declares or has recorded. *has_checks*: whether its update creates its checks."""

    name: str
    place: Place
    stack: str
    has_checks: bool = False

    @property
    def shown(self) -> str:
        """`support-line (pathway pw-1)`."""
        return f"{self.name} ({self.place.shown})"


def diagnose(run: Declared, running: Found | None, *, recorded: Mapping[str, str], intents: Sequence[Intent]) -> Row:
    """Return whose run holds the place of a declared one.

    Args:
        run: the declared run.
        running: the run that holds its place.
        recorded: run id to stack name, for every run in the stacks' states.
        intents: the intents on this machine. The runs that they started may be in no state.

    """
    noun = kind_of(run.place.kind).noun
    if running is None:
        return Row("free", f"{run.shown}: no {noun} runs")
    since = f" since {clean(running.run.created_at)}" if running.run.created_at else ""
    holder, owner = f"{noun} {clean(running.run_id)}", recorded.get(running.run_id)
    if owner is not None:
        return Row("ours", f"{run.shown}: {holder} of stack {owner} runs{since}")
    for intent in intents:
        if intent.session_id == running.run_id or (intent.session_id is None and intent.pathway_id == run.place.key[1]):
            starter = intent.address.stack
            origin = f"started from this machine for stack {starter}, but not recorded in its state"
            cure = f"{commands.up(starter)} (on this machine) records it"
            return Row("orphaned", f"{run.shown}: {holder} runs{since}; {origin}", cure)
    cure = (
        f"{commands.adopt(run.stack, run.name, running.run_id)}, to adopt it; "
        f"{commands.on_conflict(run.stack, run.name, 'supersede')}, to cancel it"
    )
    return Row("foreign", f"{run.shown}: {holder} runs{since}, and no stack has recorded it", cure)


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
        scenarios = await asyncio.gather(*(_of_scenarios(client, owned, stack.name) for owned in _by_owner(stack)))
        return [*(row for row in versions if row is not None), *(row for rows in scenarios for row in rows)]


def _by_owner(stack: Stack) -> list[list[StoredScenario]]:
    by_owner: dict[Owner, list[StoredScenario]] = {}
    for scenario in stack.scenarios:
        by_owner.setdefault(scenario.owner, []).append(scenario)
    return list(by_owner.values())


async def _of_scenarios(client: Client, stored: Sequence[StoredScenario], stack: str) -> list[Row]:
    """Return a row for each scenario of a pathway or agent that was edited or deleted since the state has it."""
    from tornado_resource.bland.retrying import retried
    from tornado_resource.bland.scenarios import list_scenarios, with_ids

    owner = stored[0].owner
    listed = await retried(lambda: list_scenarios(client, owner))
    listing = await with_ids(client, owner, listed, [scenario.scenario_id for scenario in stored])
    changes = [(scenario, change_of(scenario, listing)) for scenario in stored]
    return [_scenario_row(scenario, change, stack) for scenario, change in changes if change is not None]


def _scenario_row(stored: StoredScenario, change: ScenarioChange, stack: str) -> Row:
    cure = f"to put it back: pulumi up --stack {stack} (add --refresh if rerun is on_failure or on_change)"
    if not stored.manage:
        cure = "to put it back: the same command for the stack that manages it"
    return Row("drifted", f"scenario {clean(stored.resource)}: {change}", cure)


async def _of_run(client: Client, run: RecordedRun, tested: RunBasis, stack: str) -> Row | None:
    from tornado_resource.versions.reading import ContentReader

    # Scenarios have rows of their own.
    drift = await kind_of(run.kind).find_drift(ContentReader(client), replace(tested, scenarios=None))
    place = f" ({run.place.shown})" if run.place is not None else ""
    return Row("drifted", f"{run.name}{place}: {drift}", _run_cure(run, stack)) if drift is not None else None


def _run_cure(run: RecordedRun, stack: str) -> str:
    sees_edits = run.declared.get("rerun", DEFAULT_RERUN) in {"on_drift", "always"}
    first = "" if sees_edits else "change one of its triggers, then "
    return f"to test it as it is now: {first}{commands.up(stack)}"


async def _of_release(client: Client, release: Resource, stack: str) -> Row | None:
    is_agent = type_of(release.urn) == AGENT_RELEASE_TYPE
    drift = await (_drift_of_pins if is_agent else _drift_of_pathway)(client, release)
    if drift is None:
        return None
    subject = f"{'agent' if is_agent else 'pathway'} {release.shown_subject}"
    cure = f"to publish again: pulumi refresh --stack {stack}, then pulumi up --stack {stack}"
    return Row("drifted", f"{release.name} ({subject}): {drift}", cure)


async def _drift_of_pathway(client: Client, release: Resource) -> str | None:
    from tornado_resource.versions.reading import read_digests

    return drift_of_live(release.outputs["content"], await read_digests(client, release.subject_id, LIVE))


async def _drift_of_pins(client: Client, release: Resource) -> str | None:
    from tornado_resource.bland.agents import read_pins
    from tornado_resource.bland.retrying import retried

    environment, version_id = release.outputs["environment"], release.outputs["version_id"]
    try:
        pin = (await retried(lambda: read_pins(client, release.subject_id))).of(environment)
    except NotFound:
        return "the API does not know the agent"
    return drift_of_pins(environment, version_id, pin.version_id)


@click.command("doctor", cls=options.Command)
@click.option(
    "--stack",
    "-s",
    "names",
    multiple=True,
    metavar="S",
    shell_complete=options.stacks,
    help="A stack (default: all of the project).",
)
@format_option("text", "json")
@quiet_option
def command(names: tuple[str, ...], output: str, *, quiet: bool) -> ExitCode:
    """Compare what runs on the declared pathways and agents with the state of the stacks.

    Lists running sessions and check runs (recorded by a stack, started by somebody else, or started here but not
    recorded), locks, interrupted creations, versions that were edited since they were tested or published, what
    environments of agents pin instead of what was published, declared scenarios that were edited, disabled or deleted,
    agents, versions and checks that are missing, and the agents that replace pathways, each with the command that
    helps. Changes nothing.
    """
    rows = _all_rows(_read(names or stack_names()))
    wrong = [row for row in rows if row.cure is not None]
    listed = wrong if quiet else rows
    click.echo(as_json(listed) if output == "json" else as_text(listed), nl=bool(listed) or output == "json")
    return ExitCode.FAILED if wrong else ExitCode.PASSED


def _all_rows(stacks: Sequence[Stack]) -> list[Row]:
    try:
        rows = [row for stack in stacks for row in (*_stack_rows(stack), *drifted_rows(stack))]
        return [*rows, *_place_rows(stacks)]
    except ApiError as error:
        raise _public(error, stacks) from None


def _public(error: ApiError, stacks: Sequence[Stack]) -> ApiError:
    """Return an error without the ids of pathways and agents that are secret."""
    places = [run.place for stack in stacks for run in stack.runs if run.place is not None]
    secrets = [place.subject_id for place in places if place.is_secret]
    secrets += [release.subject_id for stack in stacks for release in stack.releases if release.is_secret]
    request, cause = error.request, error.cause
    for secret in secrets:
        request, cause = without_secret(request, secret), without_secret(cause, secret)
    return ApiError(request, cause)


def _read(names: Iterable[str]) -> list[Stack]:
    stacks = [_read_one(name) for name in names]
    if not stacks:
        message = "this project has no stack: pulumi stack init"
        raise ConfigurationError(message)
    return stacks


def _read_one(name: str) -> Stack:
    """Return what a stack has recorded. If that cannot be read, say what this machine has started for it."""
    try:
        return read_stack(name)
    except TornadoError:
        stack = name.rpartition("/")[2]
        own = [intent for intent in _intents_of_this_backend() if intent.address.stack.rpartition("/")[2] == stack]
        if own:
            click.echo("\n".join([STARTED_HERE.format(stack=clean(name)), *map(_started_here, own)]), err=True)
        raise


def _started_here(intent: Intent) -> str:
    run = f"run {clean(intent.session_id)}" if intent.session_id is not None else "a run whose id is not known"
    return (
        f"  {clean(intent.address.resource)}: {run} on {clean(intent.pathway_id)}, sent at {clean(intent.sent_at, 40)}"
    )


def _place_rows(stacks: Sequence[Stack]) -> list[Row]:
    """Return the rows of every place, what needs an action first."""
    recorded = {run.run_id: stack.name for stack in stacks for run in stack.runs}
    intents = _intents_of_this_backend()
    rows: list[tuple[str, Row]] = []
    for view in _all_views(stacks):
        rows += [(view.run.name, row) for row in view.rows]
        if view.is_first and (view.holder is not None or not view.faults):
            rows.append((view.run.name, diagnose(view.run, view.holder, recorded=recorded, intents=intents)))
    return [row for _, row in sorted(rows, key=lambda entry: (entry[1].cure is None, entry[0]))]


def _all_views(stacks: Sequence[Stack]) -> Iterator[_View]:
    """Yield what the API shows of every run. A place of several stacks is read with the API key of the first."""
    places = [run.place for stack in stacks for run in stack.runs if run.place is not None]
    secrets, seen = {place.key for place in places if place.is_secret}, set[tuple[str, str]]()
    for stack in stacks:
        runs = [run for run in _declared(stack, secrets) if run.place.key not in seen]
        seen |= {run.place.key for run in runs}
        yield from asyncio.run(_views(endpoint_of(stack), runs))


def _intents_of_this_backend() -> list[Intent]:
    """Return the intents of this project's backend; those of another one are in no state that was read."""
    own = resource_address("", "", os.environ)
    intents = [noted for kind in kinds() for noted in IntentStore(intents_folder(os.environ, kind.intents)).all()]
    return [intent for intent in intents if intent.address.backend in (own.backend, own.older_backend)]


def _declared(stack: Stack, secrets: Collection[tuple[str, str]]) -> list[Declared]:
    """Return the runs that a stack declares, and those that it has recorded in other places.

    Without a declarations file, those that it has recorded.
    """
    recorded = [Declared(run.resource.name, run.place, stack.name) for run in stack.runs if run.place is not None]
    declared = list(_in_file(stack, is_needed=not recorded))
    keys = {run_declared.place.key for run_declared in declared}
    runs = [*declared, *(run_recorded for run_recorded in recorded if run_recorded.place.key not in keys)]
    return [replace(run, place=replace(run.place, is_secret=run.place.key in secrets)) for run in runs]


def _in_file(stack: Stack, *, is_needed: bool) -> Iterator[Declared]:
    path = stack.config.get("tornado:declarations")
    if not is_needed and path is None and not Path(options.DEFAULT_FILE).exists():
        return  # the program declares its runs itself, or lies in another folder (`main` in Pulumi.yaml)
    name = stack.name.rpartition("/")[2]
    environment = load(path or options.DEFAULT_FILE, stack.config.get("tornado:environment"), stack=name)
    for declaration in environment.declarations:
        has_checks = declaration.checks is not None and declaration.checks.manage
        yield Declared(declaration.name, Place(declaration.kind, declaration.request), stack.name, has_checks)


@dataclass(frozen=True, slots=True)
class _View:
    """What the API shows of a declared run and its place. *is_first*: no other run of the stack before it is there.

    *holder*: the run that holds the place. *faults*: why the declared one cannot start. *successors*: the agents that
    replace its pathway. Each has what to do about it, if anything.
    """

    run: Declared
    holder: Found | None
    faults: Sequence[tuple[str, str]]
    successors: Sequence[tuple[str, str | None]]
    is_first: bool

    @property
    def rows(self) -> list[Row]:
        """What is wrong with what the run is to test."""
        is_replaced = any(cure is not None for _, cure in self.successors)  # which says that the pathway is gone
        told = () if is_replaced else self.faults
        faults = [Row("missing", f"{self.run.shown}: {text}", cure) for text, cure in told]
        return [*faults, *(Row("replaced", f"{self.run.shown}: {text}", cure) for text, cure in self.successors)]


async def _views(endpoint: Endpoint, runs: Sequence[Declared]) -> list[_View]:
    """Return what the API shows of runs, requested all at once.

    Raises:
        ApiError: a request failed for good.

    """
    from tornado_resource.bland.client import Client

    firsts = {run.place.key: run for run in reversed(runs)}
    async with Client(endpoint) as client:
        held = await asyncio.gather(*(_holder(client, run) for run in firsts.values()))
        faults = await asyncio.gather(*(_faults(client, run) for run in runs))
        successors = await _successors(client, [place_id for kind, place_id in firsts if kind == "tornado"])
    holders = dict(zip(firsts, held, strict=True))
    views = []
    for run, problems in zip(runs, faults, strict=True):
        key, is_first = run.place.key, firsts[run.place.key] is run
        views.append(_View(run, holders[key], problems, successors.get(key[1], ()) if is_first else (), is_first))
    return views


async def _faults(client: Client, run: Declared) -> Sequence[tuple[str, str]]:
    return await kind_of(run.place.kind).find_faults(client, run.place.request, has_checks=run.has_checks)


async def _holder(client: Client, run: Declared) -> Found | None:
    from tornado_resource.bland.retrying import retried

    kind, order = kind_of(run.place.kind), Order(Address("", "", run.stack, run.name), run.place.request)
    try:
        return holder(await retried(lambda: kind.look(client, order)))
    except NotFound:
        return None  # it is not there, which is a fault


async def _successors(client: Client, pathway_ids: Sequence[str]) -> dict[str, list[tuple[str, str | None]]]:
    """Return the agents that replace pathways, by the pathway; none if the API shows no agents."""
    from tornado_resource.bland.agents import list_agents
    from tornado_resource.bland.retrying import retried

    if not pathway_ids:
        return {}
    try:
        agents = await retried(lambda: list_agents(client))
    except ApiError:
        return {}
    agents_of = {pathway_id: agents.of_pathway(pathway_id) for pathway_id in pathway_ids}
    replaced = [pathway_id for pathway_id, successors in agents_of.items() if successors]
    gone = dict(
        zip(replaced, await asyncio.gather(*(_is_gone(client, pathway_id) for pathway_id in replaced)), strict=True)
    )
    return {
        pathway_id: [_successor(agent, is_gone=gone[pathway_id]) for agent in agents_of[pathway_id]]
        for pathway_id in replaced
    }


def _successor(agent: Agent, *, is_gone: bool) -> tuple[str, str | None]:
    name = f" ({clean(agent.name, 60)})" if agent.name else ""
    text = f"agent {clean(agent.agent_id)}{name} was migrated from it"
    if not is_gone:
        return text, None
    return (
        f"the API no longer has it; {text}",
        f"tornado-resource import --agent {clean(agent.agent_id)} declares the agent",
    )


async def _is_gone(client: Client, pathway_id: str) -> bool:
    from tornado_resource.bland.retrying import retried
    from tornado_resource.bland.scenarios import list_scenarios

    owner = Owner.pathway(pathway_id)
    try:
        await retried(lambda: list_scenarios(client, owner))
    except NotFound:
        return True
    return False


def _rollback_rows(stack: Stack) -> Iterator[Row]:
    """Yield a row for each rollback that is declared: it holds, or it has ended and is left over."""
    rollbacks = read_settings(stack.config, stack.name).rollbacks
    done = recorded_rollbacks(stack.recorded)
    runs = {entry.run_id for entry in stack.runs} | {entry.verdict.session_id for entry in stack.carried}
    for name, rollback in rollbacks.items():
        if done.get(name) == rollback:
            yield Row("rollback", f"{name}: {rollback}")
        elif rollback.instead_of not in runs:
            text = f"{name}: its rollback to version {clean(str(rollback.version))} has ended: it has another run now"
            yield Row("ended", text, f"pulumi config rm --path tornado:rollback.{name} --stack {stack.name}")
        else:
            yield Row("rollback", f"{name}: declared, and not yet done: {rollback}", f"pulumi up --stack {stack.name}")


def _stack_rows(stack: Stack) -> Iterator[Row]:
    yield from _rollback_rows(stack)
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
