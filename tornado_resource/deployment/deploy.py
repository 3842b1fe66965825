"""`deploy()`: declarations in, resources, verdicts and stack outputs out.

A phase that most programs do not need, such as promoting, is imported where it begins: an update waits for imports.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.resolver import load
from tornado_resource.declarations.schedule import predecessors
from tornado_resource.deployment.budget import count_cost, refuse_over_budget
from tornado_resource.deployment.confirm import Confirming, keep_confirmation
from tornado_resource.deployment.deployed import Deployed, export_all, preview
from tornado_resource.deployment.latest import with_latest
from tornado_resource.deployment.renames import recognise
from tornado_resource.deployment.rollback import Rollbacks
from tornado_resource.deployment.scenarios import (
    check_scenarios,
    declare_scenarios,
    expected_inputs,
    without_unknown_spares,
)
from tornado_resource.deployment.verdicts import GateRun, deployed_urn, register_verdicts, verdict_output
from tornado_resource.errors import TornadoError
from tornado_resource.program.arguments import aliases
from tornado_resource.program.config import check_against_declarations, config_message
from tornado_resource.program.purpose import is_idle
from tornado_resource.program.run import program_run
from tornado_resource.program.run_resource import RunOutputs, run_outputs
from tornado_resource.program.sdk import exit_on_signals
from tornado_resource.program.shared_report import in_own_words
from tornado_resource.runs.inputs import run_arguments
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import GatedRun
from tornado_resource.stacks.recorded_promotion import as_output
from tornado_resource.tornado.resource import TornadoSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.listing import Owner
    from tornado_resource.checks.resource import AgentChecks
    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.deployment.verdicts import VerdictOutput
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.run_resource import RunResource
    from tornado_resource.program.waiter import Waiter
    from tornado_resource.releases.promotion import Promoted
    from tornado_resource.runs.model import RunVerdict
    from tornado_resource.scenarios.resource import TornadoScenario
    from tornado_resource.stacks.recorded_promotion import Promotion
    from tornado_resource.stacks.settings import Settings


def deploy() -> None:
    """Declare the sessions and check runs of the stack's environment, enforce the gate, and publish what passed.

    Call it from a Pulumi program's `__main__.py`. It reads the config keys that docs/configuration.md lists and exports
    `environment`, `sessions` and `verdicts`; with declared agents also `agents`, with declared scenarios also
    `scenarios`, and with `promotes_from` also `promotion`.

    Raises:
        pulumi.RunError: the declarations or the configuration are invalid; the text lists all problems. What fails
            later (a gate, a promotion, a release) fails an output, and so the update.

    Examples:
        In `__main__.py`:

        ```python
        from tornado_resource import deploy

        deploy()
        ```

        With Pulumi's Automation API, in a script of your own:

        ```python
        import os

        from pulumi import automation
        from tornado_resource import deploy

        stack = automation.create_or_select_stack("dev", "agents", deploy)
        stack.set_config("bland:apiKey", automation.ConfigValue(os.environ["BLAND_API_KEY"], secret=True))
        stack.set_config("tornado:declarations", automation.ConfigValue(os.path.abspath("sessions.yaml")))
        result = stack.up(on_output=print)
        print(result.outputs["verdicts"].value)
        ```

    """
    exit_on_signals()
    try:
        run = program_run()
        settings = run.settings
        environment = load(settings.declarations, settings.environment, stack=pulumi.get_stack())
        if settings.budget is not None:
            environment = replace(environment, budget=settings.budget.within(environment.budget))
        if not is_idle():
            check_against_declarations(settings, environment)
    except TornadoError as error:
        raise pulumi.RunError(config_message(error)) from None
    if is_idle():
        from tornado_resource.deployment.keep import keep

        keep(environment, run)
        return
    if not is_dry_run():
        run.gate.begin("pulumi stack output verdicts")
    pulumi.export("environment", environment.name)
    rollbacks = Rollbacks(environment, run)
    deployed: pulumi.Output[Any] = _promoted(environment, rollbacks, run).apply(
        lambda promoted: _declare(promoted, environment, rollbacks, run)
    )
    verdicts = export_all(deployed, environment, run)
    if not is_dry_run():
        # Not exported, so that the stack's outputs, failing verdicts included, do not wait for this.
        deployed.apply(partial(_finish_after, verdicts, run))


def _promoted(environment: Environment, rollbacks: Rollbacks, run: ProgramRun) -> pulumi.Output[Promoted | None]:
    if environment.promotes_from is None:
        if run.settings.promote_without is not None:
            from tornado_resource.deployment.promote import warn_of_unused_override

            warn_of_unused_override()
        return pulumi.Output.from_input(None)
    from tornado_resource.deployment.promote import promote

    async def roll_back() -> None:
        await recognise(environment, run)
        await rollbacks.hold(environment, {})
        await rollbacks.publish()

    promoted = promote(environment, run, roll_back)
    pulumi.export("promotion", promoted.apply(lambda promotion: as_output(promotion.record)))
    return promoted


async def _declare(
    promoted: Promoted | None, environment: Environment, rollbacks: Rollbacks, run: ProgramRun
) -> Deployed:
    """Declare the runs, on the promoted versions if there are some; in a preview, declare the releases too."""
    promotion = promoted.record if promoted is not None else None
    carried = promoted.carried if promoted is not None else {}
    environment = promoted.environment if promoted is not None else environment
    with in_own_words():  # here, since the state has each frame of the call stack, for each run
        environment = await _resolve(environment, carried, promotion, rollbacks, run)
        gate = GateRun(environment, promotion, carried, run)
        if not is_dry_run():
            # Before anything starts: a folder that cannot be written is an error now, not after minutes of testing, and
            # an update that is killed leaves reports that say `incomplete`.
            try:
                gate.report.write()
            except TornadoError as error:
                raise pulumi.RunError(config_message(error)) from None
        # Runs are declared in the meantime. The engine gets none of them before: each has its last run as an input.
        preparing = asyncio.ensure_future(_prepare(environment, gate, promotion, run))
        scenarios = declare_scenarios(environment.all_scenarios, run.scenarios.stored)
        checks = _checks(environment, scenarios, run)
        deployed = Deployed(environment, gate, scenarios, checks, rollbacks)
        for declaration in environment.declarations:
            if not declaration.retest:
                _take_over(deployed, declaration, carried[declaration.name], is_waiting=run.settings.is_waiting)
        await _declare_runs(deployed, run)
        await preparing
        if is_dry_run():
            preview(deployed, run)
        return deployed


async def _resolve(
    environment: Environment,
    carried: Mapping[str, RunVerdict],
    promotion: Promotion | None,
    rollbacks: Rollbacks,
    run: ProgramRun,
) -> Environment:
    """Return the environment as it is declared: under recorded names, on versions that exist, within the budget.

    Nothing is declared before, but for the releases of a rollback.

    Args:
        environment: the environment, on the promoted versions.
        carried: the verdicts that count here (`retest: false`), by name.
        promotion: what may go on from another stack.
        rollbacks: the versions that the stack has gone back to.
        run: the run of the program.

    Raises:
        pulumi.RunError: something that the runs need cannot be found, or they cost too much.

    """
    await run.last_runs.recorded()
    await recognise(environment, run)
    environment = without_unknown_spares(environment, run.scenarios.stored)
    environment = await rollbacks.hold(environment, carried)
    try:
        environment = await rollbacks.settle(await _found(environment, promotion, run))
    finally:  # whatever is wrong with the runs must not stop a rollback
        await rollbacks.publish()
    if environment.budget is not None:
        await refuse_over_budget(environment, promotion, run)
    return environment


async def _found(environment: Environment, promotion: Promotion | None, run: ProgramRun) -> Environment:
    """Return the environment on versions that exist, once all that its runs need is known to be there."""
    if environment.all_scenarios:
        await check_scenarios(environment, promotion, run)
    if environment.checks:
        from tornado_resource.deployment.checks import check_judges

        await check_judges(environment, run)
    environment = await with_latest(environment, run)
    if environment.agents:
        from tornado_resource.deployment.variables import check_variables

        await check_variables(environment, run)
    return environment


async def _prepare(environment: Environment, gate: GateRun, promotion: Promotion | None, run: ProgramRun) -> None:
    """Do what no declaration waits for: count the cost where no budget limits it, and replace old outputs."""
    if environment.budget is None:
        await count_cost(environment, promotion, run)
    if not is_dry_run():
        await _replace_old_outputs(environment, gate, promotion, run)


async def _replace_old_outputs(
    environment: Environment, gate: GateRun, promotion: Promotion | None, run: ProgramRun
) -> None:
    """Register outputs without old verdicts: the update may end before it has new ones."""
    if not run.settings.is_waiting:
        register_verdicts((), environment.name or "", promotion)
    else:
        declared = {
            declaration.name: await expected_inputs(declaration, run)
            for declaration in environment.declarations
            if declaration.retest
        }
        await gate.replace_old_verdicts(declared)


def _checks(
    environment: Environment, scenarios: Mapping[tuple[str, Owner], TornadoScenario], run: ProgramRun
) -> Mapping[tuple[str, ...], AgentChecks]:
    if not environment.checks and not environment.judges:
        return {}
    from tornado_resource.deployment.checks import declare_checks

    return declare_checks(environment, scenarios, run.last_runs)


def _take_over(deployed: Deployed, declaration: Declaration, verdict: RunVerdict, *, is_waiting: bool) -> None:
    """Add the outputs and the verdict of a run that passed in another stack. Nothing is started for it here."""
    kind = kind_of(declaration.kind)
    request = {**declaration.request, "status": verdict.status, kind.id_output: verdict.session_id}
    if declaration.scenarios:
        request.pop("scenario_ids", None)  # those that are declared have no id here
    outputs = RunOutputs(kind.name, request)
    deployed.runs[declaration.name] = pulumi.Output.from_input(outputs)
    if is_waiting:
        deployed.verdicts[declaration.name] = deployed.gate.carried_verdict(declaration.name)


async def _declare_runs(deployed: Deployed, run: ProgramRun) -> None:
    """Declare all runs, and add their outputs and verdicts to *deployed*.

    A run in whose place an earlier one runs depends on the end of that one: the API allows one at a time. The engine
    gets each run as soon as it is declared, rather than all of them once the last one is.
    """
    declarations = [declaration for declaration in deployed.environment.declarations if declaration.retest]
    run.spending.leave_to_file(declarations)
    before = predecessors(declarations)
    holders = set(before.values())
    ends: dict[str, pulumi.Output[Any]] = {}
    for declaration in declarations:
        name, first = declaration.name, before.get(declaration.name)
        arguments = _arguments(declaration, run.settings)
        depends_on, renamed = ends[first] if first is not None else None, aliases(run.last_runs.old_name(name))
        arguments["opts"] = pulumi.ResourceOptions(depends_on=depends_on, aliases=renamed)
        # Not in a function of its own: the SDK writes every frame of the call stack into the state, for each run.
        resource: RunResource
        if declaration.section == "agents":
            from tornado_resource.agents.resource import CheckRun

            checks = deployed.checks.get(declaration.place)
            resource = CheckRun(name, version=arguments.pop("version_id"), checks=checks, **arguments)
        else:
            scenarios = [deployed.scenarios[scenario.key, scenario.owner] for scenario in declaration.scenarios]
            resource = TornadoSession(name, scenarios=scenarios, **arguments)
        outputs = deployed.runs[name] = run_outputs(resource)
        verdict = _verdict(deployed, declaration, resource, run)
        if name in holders:
            ends[name] = _end(resource, outputs, verdict, run.waiter)
        await asyncio.sleep(0)


def _verdict(
    deployed: Deployed, declaration: Declaration, resource: RunResource, run: ProgramRun
) -> VerdictOutput | None:
    """Return the verdict on a run, which is added to *deployed*; None if it has no gate, or is not waited for."""
    outputs, name = deployed.runs[declaration.name], declaration.name
    if declaration.gate is None:
        return None
    if run.settings.is_waiting:
        deployed.verdicts[name] = deployed.gate.verdict(resource, outputs)
        return deployed.verdicts[name]
    if declaration.gate.confirm is not None:
        outputs.apply(partial(keep_confirmation, run, resource))
        if is_dry_run():
            outputs.apply(partial(_preview_kept, declaration, resource, run))
    return None


async def _preview_kept(declaration: Declaration, session: RunResource, run: ProgramRun, outputs: RunOutputs) -> Any:
    """Show, in a preview, that the confirmation of a session stays whose outputs an update makes unknown."""
    urn = deployed_urn(declaration.name, declaration.kind)
    recorded = run.last_runs.recorded_run(urn)
    if outputs.is_created or recorded is None:
        return
    if not await run.last_runs.starts(urn, await expected_inputs(declaration, run)):
        Confirming(run, session).keep(recorded.run_id, is_secret=recorded.resource.is_secret)


def _arguments(declaration: Declaration, settings: Settings) -> dict[str, Any]:
    """Return the arguments of a run's resource. Triggers of the config are as secret as they are there."""
    arguments = {**run_arguments(declaration, settings.triggers), "declared_at": str(declaration.position)}
    if settings.triggers and pulumi.runtime.is_config_secret("tornado:triggers"):
        arguments["triggers"] = pulumi.Output.secret(arguments["triggers"])
    return arguments


def _end(
    resource: RunResource,
    outputs: pulumi.Output[RunOutputs],
    verdict: VerdictOutput | None,
    waiter: Waiter,
) -> pulumi.Output[Any]:
    """Return a dependency on *resource* that resolves when its run has ended; in a preview, at once."""
    if is_dry_run():
        return pulumi.Output.from_input(resource)
    if verdict is None:
        # It has no gate, so nothing else waits for it.
        gated = GatedRun(resource.pulumi_resource_name, "", Gate("any"), {}, kind=resource.kind)
        verdict = verdict_output(outputs, gated, lambda gated_run: waiter.wait(gated_run, resource))
    return verdict.apply(lambda _: resource)


def _finish_after(verdicts: pulumi.Output[Any], run: ProgramRun, deployed: Deployed) -> pulumi.Output[Any]:
    return verdicts.apply(lambda _: _finish(deployed, run))


async def _finish(deployed: Deployed, run: ProgramRun) -> Any:
    """Enforce the gate, then publish. With `tornado:wait` false there are no verdicts, and so neither."""
    if deployed.verdicts:
        declarations, gate = deployed.published, deployed.gate
        if declarations:
            from tornado_resource.deployment.publish import publish

            run.gate.then(lambda: publish(declarations, gate.results, gate.left_out, run))
    await run.gate.end()
