"""The scenarios of an environment: checked side by side before anything is declared, then declared as resources."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.core.text import clean
from tornado_resource.deployment.verdicts import deployed_runs
from tornado_resource.errors import TornadoError
from tornado_resource.program.arguments import resource_path
from tornado_resource.program.sdk import together
from tornado_resource.runs import inputs
from tornado_resource.runs.intents import SCENARIO_INTENTS, IntentStore, intents_folder
from tornado_resource.stacks.backend import resource_address
from tornado_resource.stacks.recorded_promotion import with_promoted_version
from tornado_resource.stacks.recorded_scenarios import resource_name
from tornado_resource.versions.definitions import changed_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tornado_resource.bland.listing import Listing, Owner, Scenario
    from tornado_resource.declarations.model import Declaration, Environment, ScenarioDeclaration
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.shared_client import SharedClient
    from tornado_resource.scenarios.resource import TornadoScenario
    from tornado_resource.stacks.managers import Managers
    from tornado_resource.stacks.recorded_promotion import Promotion
    from tornado_resource.stacks.recorded_scenarios import StoredScenario, StoredScenarios

SCENARIOS_DIFFER: Final = "nothing was started: the scenarios are not as declared"
UNREAD: Final = "nothing was started: the scenarios could not be read"
UNKNOWN_ID: Final = "?"
"""Stands for the id of a scenario that this update creates or changes. It is equal to none that is recorded."""


def without_unknown_spares(environment: Environment, stored: StoredScenarios) -> Environment:
    """Return the environment with, of its spare scenarios, those that the stack's state has.

    What `only` leaves out does not run: it is not gone. Other stacks may run its scenarios on the same pathway.
    """
    kept = tuple(spare for spare in environment.spare_scenarios if stored.matching(spare) is not None)
    return replace(environment, spare_scenarios=kept)


async def check_scenarios(environment: Environment, promotion: Promotion | None, run: ProgramRun) -> None:
    """Look for scenarios that this update cannot have as declared, and for those that somebody has edited or deleted.

    It takes one request for each pathway and agent concerned. A scenario that the stack's state has as declared is
    asked for only if one of its sessions may start, or compares what it has tested with what is there.

    Args:
        environment: the declared environment, on the promoted versions.
        promotion: which stack the versions come from; None if they are not promoted.
        run: knows the stack's state, and takes note of what was found.

    Raises:
        pulumi.RunError: some exist already, or differ from what another stack manages; the text lists all of them.

    """
    stored, due = run.scenarios.stored, await _due(environment, promotion, run)
    looks = [
        _Look(scenario, stored.matching(scenario), is_due=scenario in due) for scenario in environment.all_scenarios
    ]
    asked = [look for look in looks if look.is_asked]
    listings = await _listed_by_owner(asked, run.client)
    for look in looks:
        run.scenarios.note(look.resource, look.stored, look.listing(listings))
    unsure = [look.declared for look in asked if look.is_unsure or look.is_unreadable(listings) or look.is_gone(run)]
    problems = await _problems(unsure, listings)
    if problems:
        raise pulumi.RunError("\n".join(problems))


async def _problems(unsure: Sequence[ScenarioDeclaration], listings: Mapping[Owner, Listing | str]) -> list[str]:
    """Return why scenarios cannot be as declared: a title, and a text for each; nothing if all can be."""
    managers = await _managers(unsure, listings)
    checked = [
        (listings[scenario.owner], _problem(scenario, listings[scenario.owner], managers)) for scenario in unsure
    ]
    problems = [problem for _, problem in checked if problem is not None]
    is_unread = all(isinstance(listed, str) for listed, problem in checked if problem is not None)
    return [UNREAD if is_unread else SCENARIOS_DIFFER, *problems] if problems else []


@dataclass(frozen=True, slots=True)
class _Look:
    """A declared scenario, and the same one in the stack's state; None if it is new.

    *is_due*: whether one of its sessions may start, or compares what it has tested with what is there.
    """

    declared: ScenarioDeclaration
    stored: StoredScenario | None
    is_due: bool

    @property
    def resource(self) -> str:
        """The name of its resource."""
        return resource_name(self.declared)

    @property
    def is_unsure(self) -> bool:
        """Whether the API must show one of this name, or none."""
        if self.stored is None:
            return not (self.declared.manage and _was_interrupted(self.declared))
        return not self.declared.manage

    @property
    def is_asked(self) -> bool:
        """Whether it matters what the API shows."""
        return self.is_unsure if self.stored is None else self.is_due or not self.stored.is_current(self.declared)

    def listing(self, listings: Mapping[Owner, Listing | str]) -> Listing | None:
        """Return the listing that shows what has become of it; None if that does not matter, or cannot be known."""
        listed = listings[self.declared.owner] if self.is_asked else None
        return listed if not isinstance(listed, str) else None

    def is_unreadable(self, listings: Mapping[Owner, Listing | str]) -> bool:
        """Return whether those of its owner could not be read."""
        return isinstance(listings[self.declared.owner], str)

    def is_gone(self, run: ProgramRun) -> bool:
        """Return whether somebody has deleted it."""
        return run.scenarios.is_gone(self.resource)


async def _due(environment: Environment, promotion: Promotion | None, run: ProgramRun) -> list[ScenarioDeclaration]:
    """Return the scenarios of the sessions that this update may not leave as they are, and those of all checks."""
    gated = {run.name: with_promoted_version(run, promotion) for run in deployed_runs(environment.declarations)}

    async def is_kept(session: Declaration) -> bool:
        gated_run = gated.get(session.name)
        return gated_run is not None and await run.last_runs.is_settled(await expected_inputs(session, run), gated_run)

    sessions = [session for session in environment.sessions if session.scenarios and session.retest]
    are_kept = await asyncio.gather(*map(is_kept, sessions))
    due = [session for session, kept in zip(sessions, are_kept, strict=True) if not kept]
    # The checks of agents are read by every update, and so are their scenarios.
    return [scenario for run in (*due, *environment.agents) for scenario in run.tested_scenarios]


async def _listed_by_owner(asked: Sequence[_Look], client: SharedClient) -> dict[Owner, Listing | str]:
    """Return the scenarios of the owners of *asked* ones, or why they cannot be read."""
    by_owner: dict[Owner, list[_Look]] = {}
    for look in asked:
        by_owner.setdefault(look.declared.owner, []).append(look)
    listed = await asyncio.gather(*(_listed(client, looks) for looks in by_owner.values()))
    return dict(zip(by_owner, listed, strict=True))


def declare_scenarios(
    declared: Sequence[ScenarioDeclaration], stored: StoredScenarios
) -> dict[tuple[str, Owner], TornadoScenario]:
    """Declare the scenarios of an environment and return their resources by key and owner."""
    names = {resource_name(scenario) for scenario in declared}
    return {
        (scenario.key, scenario.owner): _declare(scenario, stored.matching(scenario), names) for scenario in declared
    }


def scenario_ids(scenarios: Mapping[tuple[str, Owner], TornadoScenario]) -> pulumi.Output[dict[str, dict[str, str]]]:
    """Return the stack output `scenarios`: by key and owner, the id of each scenario.

    An update leaves out the scenarios that it has not created (`--target`), like the output `sessions`.
    """

    def gather(ids: list[str]) -> dict[str, dict[str, str]]:
        ids_by_key: dict[str, dict[str, str]] = {}
        for (key, owner), scenario_id in zip(scenarios, ids, strict=True):
            if is_dry_run() or not pulumi.contains_unknowns(scenario_id):
                ids_by_key.setdefault(key, {})[owner.owner_id] = scenario_id
        return ids_by_key

    return together([scenario.id for scenario in scenarios.values()], gather)


async def expected_inputs(declaration: Declaration, run: ProgramRun) -> dict[str, Any]:
    """Return the inputs of a run as far as they are known before its scenarios and its checks are declared."""
    stored, checks = run.scenarios.stored, declaration.checks
    ids = [_expected_id(scenario, stored.matching(scenario), run) for scenario in declaration.tested_scenarios]
    config = None
    if checks is not None:
        from tornado_resource.deployment.checks import expected_config

        config = await expected_config(checks, ids, run)
    return inputs.expected_inputs(declaration, run.settings.triggers, ids, config)


def _expected_id(declared: ScenarioDeclaration, stored: StoredScenario | None, run: ProgramRun) -> str:
    is_kept = stored is not None and stored.is_current(declared) and not run.scenarios.is_gone(resource_name(declared))
    return stored.scenario_id if stored is not None and is_kept else UNKNOWN_ID


def _declare(declared: ScenarioDeclaration, stored: StoredScenario | None, names: Iterable[str]) -> TornadoScenario:
    from tornado_resource.scenarios.resource import TornadoScenario

    name = resource_name(declared)
    # The key was renamed: for Pulumi it is the same resource, and for the API the same scenario.
    is_renamed = stored is not None and stored.resource != name and stored.resource not in names
    alias = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=stored.resource)]) if stored and is_renamed else None
    owner: Mapping[str, Any] = {declared.owner.field: declared.owner.owner_id}
    return TornadoScenario(
        name,
        **owner,
        **declared.fields,
        on_conflict=declared.on_conflict,
        on_destroy=declared.on_destroy,
        manage=declared.manage,
        managed_by=declared.managed_by,
        declared_at=str(declared.position),
        opts=alias,
    )


def _was_interrupted(declared: ScenarioDeclaration) -> bool:
    """Return whether a run on this machine may have created the scenario: the provider takes it over then."""
    path = resource_path(resource_name(declared))
    address = resource_address(path, pulumi.get_project(), os.environ)
    return IntentStore(intents_folder(os.environ, SCENARIO_INTENTS)).find(address) is not None


async def _listed(client: SharedClient, asked: Sequence[_Look]) -> Listing | str:
    """Return the scenarios of the owner of *asked* ones, or why they cannot be read."""
    from tornado_resource.bland.scenarios import list_named, with_ids

    owner = asked[0].declared.owner
    names = [look.declared.name for look in asked if look.is_unsure]
    ids = [look.stored.scenario_id for look in asked if look.stored is not None]
    try:
        async with client.open() as opened:
            listing = await list_named(opened, owner, names)
            return await with_ids(opened, owner, listing, ids)
    except TornadoError as error:
        return str(error)


async def _managers(unsure: Sequence[ScenarioDeclaration], listings: Mapping[Owner, Listing | str]) -> Managers:
    """Return the other stacks that manage scenarios, if one of *unsure* could be taken over."""
    from tornado_resource.stacks.managers import Managers, managing_stacks

    if any(_is_adoptable(scenario, listings[scenario.owner]) for scenario in unsure if scenario.manage):
        return await asyncio.to_thread(managing_stacks, pulumi.get_stack())
    return Managers()


def _is_adoptable(declared: ScenarioDeclaration, listed: Listing | str) -> bool:
    from tornado_resource.scenarios.lifecycle import is_exactly

    existing = listed.named(declared.name) if not isinstance(listed, str) else None
    return declared.on_conflict != "adopt" and existing is not None and is_exactly(declared, existing)


def _problem(declared: ScenarioDeclaration, listed: Listing | str, managers: Managers) -> str | None:
    """Return why a scenario cannot be as declared; None if it can be."""
    error = listed if isinstance(listed, str) else _conflict(declared, listed, managers)
    return f"{declared.position}: {error}" if error is not None else None


def _conflict(declared: ScenarioDeclaration, listing: Listing, managers: Managers) -> TornadoError | None:
    from tornado_resource.scenarios.conflict import ScenarioExists

    existing = listing.named(declared.name)
    if not declared.manage:
        return _difference(declared, existing, listing)
    if existing is None:
        return None  # if it exists all the same, the API refuses to create it
    if declared.on_conflict != "adopt":
        claim = managers.claim(existing.scenario_id)
        is_taken = claim is None and _is_adoptable(declared, listing)
        return None if is_taken else ScenarioExists(declared, existing, claim)
    changed = changed_fields(declared.fields, existing.entry)
    what = f"and changes {', '.join(changed)}" if changed else "as it is"
    pulumi.log.info(f"{resource_name(declared)}: adopts scenario {clean(existing.scenario_id)} {what}")
    return None


def _difference(declared: ScenarioDeclaration, existing: Scenario | None, listing: Listing) -> TornadoError | None:
    """Return how a scenario that another stack manages is not as declared; None if it is."""
    from tornado_resource.scenarios.conflict import ScenarioDiffers, ScenarioMissing, ScenarioUnlisted

    if existing is None:
        return ScenarioMissing(declared) if listing.is_whole else ScenarioUnlisted(declared, exists=False)
    return ScenarioDiffers(declared, existing) if changed_fields(declared.fields, existing.entry) else None
