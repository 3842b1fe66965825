"""Rollbacks in a program (`tornado:rollback`): what a stack goes back to, published whatever its gates say."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pulumi

from tornado_resource.core.text import clean
from tornado_resource.declarations.releases import releases
from tornado_resource.deployment.refusal import refusal
from tornado_resource.deployment.scenarios import expected_inputs
from tornado_resource.deployment.verdicts import deployed_urn
from tornado_resource.errors import TornadoError
from tornado_resource.runs.inputs import compare
from tornado_resource.runs.kinds import kind_of
from tornado_resource.versions.drift import unread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.declarations.releases import Release
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.releases.release_plan import ReleasePlan
    from tornado_resource.runs.model import RunVerdict
    from tornado_resource.stacks.rollback import Rollback

UNPINNED_ROLLBACK: Final = (
    "its rollback has no `content`, so nothing shows that version {version} has passed here; declare what "
    "`tornado-resource rollback --stack {stack}` prints"
)
REFUSED_ROLLBACK: Final = "nothing was started or published: a rollback is refused"


class Rollbacks:
    """The rollbacks of one update.

    One holds as long as the stack records the run that it was declared for, and that run's declaration stays as it is.
    Until then the run stays too, however it ended: neither its last outcome, nor an edit, nor a trigger of the config
    starts another one. What a rollback goes back to is published at once, and does not wait for any gate.
    """

    def __init__(self, environment: Environment, run: ProgramRun) -> None:
        self._declared = environment
        self._run = run
        self._held: dict[str, Rollback] = {}

    @property
    def held(self) -> Mapping[str, Rollback]:
        """The rollbacks that hold, by the names of the sessions and agents."""
        return self._held

    async def hold(self, environment: Environment, carried: Mapping[str, RunVerdict]) -> Environment:
        """Take note of the rollbacks of the runs that are recorded now; these keep their triggers for the time being.

        Args:
            environment: what is declared.
            carried: by name, what passed in another stack and counts here.

        """
        rollbacks = self._run.settings.rollbacks
        declared = {
            declaration.name: declaration for declaration in environment.declarations if declaration.name in rollbacks
        }
        self._held = {
            name: rollbacks[name]
            for name, declaration in declared.items()
            if self._is_for(declaration, rollbacks[name], carried)
        }
        kept = {name: await self._kept(declared[name]) for name in self._held if declared[name].retest}
        return _replaced(environment, kept)

    async def settle(self, environment: Environment) -> Environment:
        """Return the environment, on its resolved versions, without the rollbacks whose declarations have moved on."""
        declared = {declaration.name: declaration for declaration in environment.declarations}
        moved = [name for name in self._held if await self._has_moved(declared[name])]
        for name in moved:
            del self._held[name]
        for name in self._run.settings.rollbacks.keys() - self._held.keys():
            _warn_of_ended(name, self._run.settings.rollbacks[name])
        return _replaced(environment, {name: replace(declared[name], kept_triggers=None) for name in moved})

    async def publish(self) -> None:
        """Declare the releases of the rollbacks that hold, and return when the engine has them.

        Raises:
            pulumi.RunError: a version is no longer what passed. Nothing is published then.

        """
        if not self._held:
            return
        from tornado_resource.deployment.publish import edited

        plans = [_plan(release, self._rollback_of(release)) for release in self._releases()]
        problems = {**await edited(plans, self._run), **await self._unpinned(plans)}
        if problems:
            raise pulumi.RunError(refusal(REFUSED_ROLLBACK, self._declared.declarations, problems))
        self._run.gate.report.rollbacks = dict(self._held)
        declared = [self._declare(plan) for plan in plans]
        await asyncio.gather(*(release_declared.urn.future() for release_declared in declared))

    async def _unpinned(self, plans: Sequence[ReleasePlan]) -> dict[str, str]:
        """Return, by session, that its rollback names no content, although the API shows that of the version."""
        problems: dict[str, str] = {}
        for plan in plans:
            if plan.content is not None or plan.release.section == "agents":
                continue
            version = int(plan.version)
            try:
                now = await self._run.versions.digests(plan.release.subject_id, version)
            except TornadoError as error:
                problems[plan.release.name] = f"{unread(version)}: {error}"
            else:
                if now is not None:
                    problems[plan.release.name] = UNPINNED_ROLLBACK.format(version=version, stack=pulumi.get_stack())
        return problems

    def others(self, environment: Environment) -> tuple[Declaration, ...]:
        """Return the declarations whose releases are not rolled back."""
        rolled_back = {(release.section, release.subject_id, release.environment) for release in self._releases()}
        return tuple(
            declaration
            for declaration in environment.declarations
            if (declaration.section, declaration.subject_id, declaration.publish) not in rolled_back
        )

    def as_output(self) -> dict[str, Any]:
        """Return the stack output `rollbacks`."""
        from tornado_resource.stacks.rollback import as_output

        return as_output(self._held)

    def _is_for(self, declaration: Declaration, rollback: Rollback, carried: Mapping[str, RunVerdict]) -> bool:
        """Return whether the stack still has the run that a rollback was declared for."""
        if declaration.retest:
            recorded = self._recorded(declaration)
            return recorded is not None and recorded.run_id == rollback.instead_of
        verdict = carried.get(declaration.name)
        # Without one, the promotion is refused.
        return verdict is None or kind_of(declaration.kind).version_of(verdict) == rollback.instead_of_version

    def _recorded(self, declaration: Declaration) -> Any:
        return self._run.last_runs.recorded_run(deployed_urn(declaration.name, declaration.kind))

    async def _kept(self, declaration: Declaration) -> Declaration:
        """Return a declaration with the recorded values of the triggers that the config sets."""
        self._run.last_runs.hold(deployed_urn(declaration.name, declaration.kind))
        recorded, ours = self._recorded(declaration).declared.get("triggers") or {}, self._run.settings.triggers
        kept = {key: recorded[key] for key in ours if key in recorded}
        return replace(declaration, kept_triggers={**declaration.triggers, **kept})

    async def _has_moved(self, declaration: Declaration) -> bool:
        if not declaration.retest:
            return False
        inputs = await expected_inputs(declaration, self._run)
        return bool(compare(declaration.kind, self._recorded(declaration).declared, inputs).replaces)

    def _releases(self) -> Sequence[Release]:
        return [
            release
            for release in releases(self._declared.declarations, {})
            if not self._held.keys().isdisjoint(release.runs)
        ]

    def _rollback_of(self, release: Release) -> Rollback:
        return next(self._held[name] for name in release.runs if name in self._held)

    def _declare(self, plan: ReleasePlan) -> pulumi.Resource:
        from tornado_resource.deployment.publish import Passed, declare_release

        rollback = self._rollback_of(plan.release)
        name = next(run_name for run_name in plan.release.runs if run_name in self._held)
        pulumi.log.info(f"{name}: {rollback}")
        recorded = {"name": name, **rollback.as_output()}
        passed = Passed(plan.version, plan.run_ids, plan.content, plan.passed_at, recorded)
        return declare_release(plan.release, passed, self._declared.declarations, self._run)


def _plan(release: Release, rollback: Rollback) -> ReleasePlan:
    from tornado_resource.releases.release_plan import ReleasePlan

    contents = (rollback.content,) if rollback.content is not None else ()
    return ReleasePlan(release, rollback.version, [rollback.session_id], contents, rollback.passed_at)


def _replaced(environment: Environment, declarations: Mapping[str, Declaration]) -> Environment:
    changed = tuple(declarations.get(declaration.name, declaration) for declaration in environment.declarations)
    return replace(environment, declarations=changed)


def _warn_of_ended(name: str, rollback: Rollback) -> None:
    pulumi.log.warn(
        f"{name}: its rollback to version {clean(str(rollback.version))} has ended: its declaration has moved on; "
        f"remove it: pulumi config rm --path tornado:rollback.{name} --stack {pulumi.get_stack()}"
    )
