"""The budget of an update: what it would start is counted before anything is declared."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.core.text import count
from tornado_resource.declarations.budget import cost_of, refusal
from tornado_resource.deployment.scenarios import expected_inputs
from tornado_resource.deployment.verdicts import deployed_runs, deployed_urn
from tornado_resource.errors import ConfigurationError
from tornado_resource.runs.verdict import unknown_result

if TYPE_CHECKING:
    from tornado_resource.declarations.budget import Cost
    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.stacks.promotion import Promotion


async def check_budget(environment: Environment, promotion: Promotion | None, run: ProgramRun) -> None:
    """Count what this update would start at worst. Reports show it, and a preview logs it.

    Args:
        environment: the declared environment, on the versions that will be tested.
        promotion: which stack the versions come from; None if they are not promoted.
        run: knows the stack's state.

    Raises:
        pulumi.RunError: it is more than the budget allows. Nothing has been declared yet, so nothing is started.

    """
    started = await asyncio.gather(*(_starts(each, run) for each in environment.declarations))
    declarations = [each for each, starts in zip(environment.declarations, started, strict=True) if starts]
    cost = cost_of(declarations, environment.budget)
    run.gate.report.expect_cost(cost)
    message = refusal(cost, declarations)
    if message is not None:
        raise pulumi.RunError("\n".join([message, *_report(environment, promotion, cost, run)]))
    if is_dry_run() and declarations:
        _log(cost)


async def _starts(declaration: Declaration, run: ProgramRun) -> bool:
    if not declaration.retest or declaration.name in run.settings.adopt:
        return False
    urn = deployed_urn(declaration.name, declaration.kind)
    return await run.last_runs.starts(urn, await expected_inputs(declaration, run))


def _log(cost: Cost) -> None:
    limits = f" (budget: {cost.budget})" if cost.budget is not None else ""
    lines = [f"{name}: {count(number, 'conversation')}" for name, number in cost.conversations.items()]
    pulumi.log.info("\n  ".join([f"starts, at worst, {cost}{limits}:", *lines]))


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
