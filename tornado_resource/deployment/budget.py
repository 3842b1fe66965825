"""The budget of an update: what it would start is counted before anything is declared."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.core.text import count
from tornado_resource.declarations.budget import Cost
from tornado_resource.deployment.scenarios import expected_inputs
from tornado_resource.deployment.verdicts import deployed_runs, deployed_urn
from tornado_resource.errors import ConfigurationError
from tornado_resource.program.purpose import has_targets
from tornado_resource.program.spending import find_share
from tornado_resource.runs.verdict import unknown_result
from tornado_resource.stacks.recorded_promotion import with_promoted_version

if TYPE_CHECKING:
    from tornado_resource.declarations.budget import Share
    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.stacks.recorded_promotion import Promotion


async def count_cost(environment: Environment, promotion: Promotion | None, run: ProgramRun) -> Cost:
    """Return what this update would start at worst. Reports show it, and a preview logs it if the budget allows it.

    Args:
        environment: the declared environment, on the versions that will be tested.
        promotion: which stack the versions come from; None if they are not promoted.
        run: knows the stack's state.

    """
    shares_found = await asyncio.gather(
        *(_share(declaration, promotion, run) for declaration in environment.declarations if declaration.retest)
    )
    shares = await run.spending.with_own([share for share in shares_found if share is not None])
    cost = Cost(shares, environment.budget)
    run.gate.report.expect_cost(cost)
    if is_dry_run() and cost.shares and cost.refusal is None:
        log_cost(cost)
    return cost


async def refuse_over_budget(environment: Environment, promotion: Promotion | None, run: ProgramRun) -> None:
    """Check that what this update would start is within the budget. The arguments are those of `count_cost`.

    Raises:
        pulumi.RunError: it is not. Nothing has been declared yet, so nothing is started.

    """
    cost = await count_cost(environment, promotion, run)
    if cost.refusal is not None:
        raise pulumi.RunError("\n".join([cost.refusal, *_report(environment, promotion, cost, run)]))


async def _share(declaration: Declaration, promotion: Promotion | None, run: ProgramRun) -> Share | None:
    """Return what a run may cost in this update; None if nothing is started for it."""
    urn, inputs = deployed_urn(declaration.name, declaration.kind), await expected_inputs(declaration, run)
    starts = await run.last_runs.starts(urn, inputs, adopts=declaration.name in run.settings.adopt)
    gated = [with_promoted_version(gated, promotion) for gated in deployed_runs([declaration])]
    confirmed = gated[0] if gated and run.settings.is_waiting else None
    return await find_share(declaration, inputs, run.last_runs, confirmed, starts=starts)


def log_cost(cost: Cost) -> None:
    """Log what an update starts at worst. A program cannot see what `--target` leaves out."""
    limits = f" (budget: {cost.budget})" if cost.budget is not None else ""
    lines = [f"{name}: {count(number, 'conversation')}" for name, number in cost.conversations.items()]
    extent = ", counting what --target and --exclude leave out" if has_targets() else ""
    pulumi.log.info("\n  ".join([f"starts, at worst, {cost}{limits}{extent}:", *lines]))


def _report(environment: Environment, promotion: Promotion | None, cost: Cost, run: ProgramRun) -> list[str]:
    """Write reports that say so, in a preview too: there a refused `pulumi up` ends. Return why that fails, if it does.

    The stack's outputs stay as they were: nothing has run.
    """
    report = run.gate.report
    report.describe(environment.name, promotion)
    for gated in deployed_runs(environment.declarations):
        report.record(unknown_result(gated, f"not started: over the budget: {'; '.join(cost.excesses)}"))
    try:
        report.refuse()
    except ConfigurationError as error:
        return [str(error)]
    return []
