"""Variables without a value: found for all runs that start, before anything is declared."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pulumi

from tornado_resource.deployment.refusal import refusal
from tornado_resource.deployment.scenarios import expected_inputs
from tornado_resource.deployment.verdicts import deployed_urn
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.program.run import ProgramRun

VALUELESS: Final = "nothing was started: variables have no value"


async def check_variables(environment: Environment, run: ProgramRun) -> None:
    """Find the variables that the versions of runs refer to: one list for each agent and env of a run that starts.

    Nothing is asked for a version that this program has not read. The provider looks then.

    Raises:
        pulumi.RunError: some have no value; the text lists all of them.

    """
    runs = [
        declaration
        for declaration in environment.declarations
        if declaration.retest and kind_of(declaration.kind).has_variables
    ]
    texts = await asyncio.gather(*(_missing(declaration, run) for declaration in runs))
    problems = {declaration.name: text for declaration, text in zip(runs, texts, strict=True) if text is not None}
    if problems:
        raise pulumi.RunError(refusal(VALUELESS, environment.declarations, problems))


async def _missing(declaration: Declaration, run: ProgramRun) -> str | None:
    kind, urn = kind_of(declaration.kind), deployed_urn(declaration.name, declaration.kind)
    if not run.last_runs.variables(kind, declaration.request):
        return None
    inputs, adopts = await expected_inputs(declaration, run), declaration.name in run.settings.adopt
    return (await run.variables.find(kind, [urn], inputs, adopts=adopts)).missing
