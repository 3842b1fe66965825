"""`version_number: latest`: the newest version of each pathway, resolved before anything is declared."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pulumi

from tornado_resource.declarations.model import LATEST
from tornado_resource.deployment.promote import refusal
from tornado_resource.deployment.scenarios import expected_inputs
from tornado_resource.deployment.verdicts import deployed_urn
from tornado_resource.errors import TornadoError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.program.run import ProgramRun


async def with_latest(environment: Environment, run: ProgramRun) -> Environment:
    """Return the environment with a number for each `latest`: one request for each pathway, side by side.

    Raises:
        pulumi.RunError: versions cannot be read; the text lists all problems. Nothing is started then.

    """
    wanted = [each for each in environment.declarations if each.request.get("version_number") == LATEST]
    if not wanted:
        return environment
    found = await asyncio.gather(*(_latest(each, run) for each in wanted))
    problems = {each.declaration.name: each.problem for each in found if each.problem is not None}
    if problems:
        raise pulumi.RunError(refusal("nothing was started", environment.declarations, problems))
    pulumi.log.info("\n  ".join(["latest is:", *map(str, found)]))
    return _with(environment, {each.declaration.name: each.declaration for each in found})


def _with(environment: Environment, resolved: Mapping[str, Declaration]) -> Environment:
    """Return the environment with some of its sessions replaced, by name."""
    return replace(environment, declarations=tuple(resolved.get(each.name, each) for each in environment.declarations))


@dataclass(frozen=True, slots=True)
class _Latest:
    """A session on the newest version, and why it is tested again, if it is; or the problem in finding it."""

    declaration: Declaration
    reason: str | None = None
    problem: str | None = None

    def __str__(self) -> str:
        each, why = self.declaration, f": runs again, {self.reason}" if self.reason is not None else ""
        return f"{each.name}: version {each.request['version_number']} of pathway {each.pathway_id}{why}"


async def _latest(declaration: Declaration, run: ProgramRun) -> _Latest:
    inputs = expected_inputs(declaration, run)
    try:
        number, reason = await run.last_runs.latest([deployed_urn(declaration.name)], inputs)
    except TornadoError as error:
        return _Latest(declaration, problem=str(error))
    return _Latest(replace(declaration, request={**declaration.request, "version_number": number}), reason)
