"""What `latest` and the like stand for, for each pathway and agent, resolved before anything is declared."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pulumi

from tornado_resource.declarations.model import LATEST
from tornado_resource.deployment.refusal import refusal
from tornado_resource.deployment.scenarios import expected_inputs
from tornado_resource.deployment.verdicts import deployed_urn
from tornado_resource.errors import TornadoError
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.program.run import ProgramRun


async def with_latest(environment: Environment, run: ProgramRun) -> Environment:
    """Return the environment with a version for each `latest`: one request for each pathway or agent, side by side.

    Raises:
        pulumi.RunError: versions cannot be read; the text lists all problems. Nothing is started then.

    """
    wanted = [
        declaration for declaration in environment.declarations if declaration.retest and not _is_resolved(declaration)
    ]
    if not wanted:
        return environment
    resolved = await asyncio.gather(*(_latest(declaration, run) for declaration in wanted))
    _refuse(resolved, environment.declarations)
    _log([str(latest) for latest in resolved if latest.is_moving])
    return _with(environment, {latest.declaration.name: latest.declaration for latest in resolved})


def _refuse(resolved: Iterable[_Latest], declarations: Sequence[Declaration]) -> None:
    problems = {latest.declaration.name: latest.problem for latest in resolved if latest.problem is not None}
    if problems:
        raise pulumi.RunError(refusal("nothing was started", declarations, problems))


def _log(moving: Sequence[str]) -> None:
    if moving:
        pulumi.log.info("\n  ".join(["latest is:", *moving]))


def _is_resolved(declaration: Declaration) -> bool:
    kind = kind_of(declaration.kind)
    return kind.is_resolved(declaration.request.get(kind.version_field))


def _with(environment: Environment, resolved: Mapping[str, Declaration]) -> Environment:
    """Return the environment with some of its declarations replaced, by name."""
    return replace(
        environment,
        declarations=tuple(resolved.get(declaration.name, declaration) for declaration in environment.declarations),
    )


@dataclass(frozen=True, slots=True)
class _Latest:
    """A run on a version, and why that is tested again, if it is; or the problem in finding it.

    *wanted* is what the file declares as its version. *newest*: the newest version, if the run stays on an earlier one.
    """

    declaration: Declaration
    wanted: str
    reason: str | None = None
    problem: str | None = None
    newest: Any = None

    @property
    def is_moving(self) -> bool:
        """Whether what is declared may stand for another version later."""
        return kind_of(self.declaration.kind).is_moving(self.wanted)

    def __str__(self) -> str:
        declaration, why = self.declaration, f": runs again, {self.reason}" if self.reason is not None else ""
        kind = kind_of(declaration.kind)
        stands_for = "" if self.wanted == LATEST else f"{self.wanted} is "
        version = f"version {declaration.request[kind.version_field]}"
        stays = f", as it was started (the newest one is {self.newest})" if self.newest is not None else ""
        return f"{declaration.name}: {stands_for}{version} of {kind.place_noun} {declaration.subject_id}{stays}{why}"


async def _latest(declaration: Declaration, run: ProgramRun) -> _Latest:
    inputs, kind = await expected_inputs(declaration, run), kind_of(declaration.kind)
    wanted = declaration.request[kind.version_field]
    urns = [deployed_urn(declaration.name, kind.name)]
    try:
        version, reason = await run.last_runs.version(kind, urns, inputs)
    except TornadoError as error:
        return _Latest(declaration, wanted, problem=str(error))
    newest = None
    if version == await run.last_runs.started_version(urns):
        reason = None  # an unchanged declaration: the provider says why it runs again
        newest = run.last_runs.newest_seen(kind, inputs) if wanted == LATEST else None
    resolved = replace(declaration, request={**declaration.request, kind.version_field: version})
    return _Latest(resolved, wanted, reason, newest=newest if newest != version else None)
