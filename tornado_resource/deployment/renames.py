"""Sessions and agents that the file has renamed: for Pulumi they are the same resources, and so nothing is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.core.text import clean, count
from tornado_resource.core.urns import name_of, parents_of
from tornado_resource.declarations.releases import releases
from tornado_resource.deployment.scenarios import expected_inputs
from tornado_resource.deployment.verdicts import deployed_urn
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.stacks.recorded import RecordedRun
    from tornado_resource.stacks.renames import NamedRun, Renames


async def recognise(environment: Environment, run: ProgramRun) -> None:
    """Let recorded runs have the names that their declarations have now, if only the names have changed.

    Where it is unclear which run was renamed, the preview says what that costs, and how to say it.
    """
    recorded = await run.last_runs.recorded()
    _recognise_releases(environment, run)
    declared = {
        deployed_urn(declaration.name, declaration.kind): declaration
        for declaration in environment.declarations
        if declaration.retest
    }
    gone = [recorded[urn] for urn in recorded.keys() - declared if _is_of_file(recorded[urn], run)]
    unrecorded = {declared[urn].name: declared[urn] for urn in declared.keys() - recorded}
    if gone and unrecorded:
        from tornado_resource.stacks.renames import find_renames

        renames = find_renames(
            gone,
            [
                await _new(declaration, environment, run)
                for declaration in environment.declarations
                if declaration.name in unrecorded
            ],
        )
        run.last_runs.rename(_urns(renames))
        _log(renames, unrecorded)
    await _log_swaps(declared, recorded, environment, run)


async def _log_swaps(
    declared: Mapping[str, Declaration], recorded: Mapping[str, RecordedRun], environment: Environment, run: ProgramRun
) -> None:
    """Log, in a preview, which runs have swapped their names; the arguments have them by URN."""
    from tornado_resource.declarations.budget import cost_of
    from tornado_resource.stacks.renames import NamedRun, find_swaps, swapped_names

    declared = {urn: declaration for urn, declaration in declared.items() if urn in recorded and is_dry_run()}
    recorded_runs = {
        declaration.name: NamedRun(declaration.name, declaration.kind, recorded[urn].declared)
        for urn, declaration in declared.items()
    }
    urns = {declaration.name: urn for urn, declaration in declared.items()}
    for names in find_swaps(
        recorded_runs, [await _new(declaration, environment, run) for declaration in declared.values()]
    ):
        minutes = count(cost_of([declared[urns[name]] for name in names]).minutes, "minute")
        first, second = (recorded[urns[name]].resource for name in names)
        pulumi.log.warn(swapped_names(first, second, pulumi.get_stack(), minutes))


def _recognise_releases(environment: Environment, run: ProgramRun) -> None:
    names = {declaration.name for declaration in environment.declarations}
    run.last_runs.recognise_releases(releases(environment.declarations, {}), names)


def _urns(renames: Renames) -> dict[str, str]:
    """Return the recorded URNs of what was renamed, by the new ones."""
    return {deployed_urn(name, run.kind): run.resource.urn for name, run in renames.known.items()}


async def _new(declaration: Declaration, environment: Environment, run: ProgramRun) -> NamedRun:
    from tornado_resource.stacks.renames import NamedRun

    inputs, is_promoted = await expected_inputs(declaration, run), environment.promotes_from is not None
    return NamedRun(declaration.name, declaration.kind, inputs, is_promoted=is_promoted)


def _is_of_file(recorded: RecordedRun, run: ProgramRun) -> bool:
    """Return whether the file may have declared a run: what the program itself declares keeps its name."""
    urn = recorded.resource.urn
    return recorded.is_started and not parents_of(urn) and name_of(urn) not in run.session_urns


def _log(renames: Renames, declared: Mapping[str, Declaration]) -> None:
    for name, run in renames.known.items():
        noun, old_name = kind_of(run.kind).noun, clean(name_of(run.resource.urn))
        pulumi.log.info(f"{name}: was {old_name}, and takes over its {noun} {clean(run.run_id, 80)}")
    for name, candidates in renames.unclear.items() if is_dry_run() else ():
        from tornado_resource.declarations.budget import cost_of
        from tornado_resource.stacks.renames import unclear_rename

        minutes = count(cost_of([declared[name]]).minutes, "minute")
        pulumi.log.warn(unclear_rename(name, candidates, pulumi.get_stack(), minutes))
