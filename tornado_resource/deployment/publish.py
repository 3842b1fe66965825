"""Releases of an environment: declared once every gate has passed and the versions still are what passed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi

from tornado_resource.core.urns import RELEASE_TYPE, make_urn
from tornado_resource.declarations.releases import certain_versions, faults, releases
from tornado_resource.deployment.refusal import refusal
from tornado_resource.errors import TornadoError
from tornado_resource.program.arguments import aliases
from tornado_resource.program.sdk import independent
from tornado_resource.releases.release_plan import ReleasePlan, plan_releases
from tornado_resource.releases.resource import AgentRelease, PathwayRelease
from tornado_resource.runs.kinds import kind_of
from tornado_resource.versions.drift import edit_since_pass, unread

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tornado_resource.declarations.model import Declaration
    from tornado_resource.declarations.releases import Release
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.run_resource import RunOutputs
    from tornado_resource.runs.model import Result

REFUSED_RELEASES: Final = "every gate passed, but nothing was published"


def preview_releases(
    declarations: Sequence[Declaration], runs: Mapping[str, pulumi.Output[RunOutputs]], run: ProgramRun
) -> None:
    """Declare the releases in a preview, as far as they are known.

    Their inputs depend on no run, as in the update, which declares them when it has the ids: an update plan
    (`pulumi preview --save-plan`) allows no other dependencies than its preview had.
    """
    for release in releases(declarations, certain_versions(declarations)):
        ids = [independent(runs[name].apply(lambda outputs: outputs.run_id)) for name in release.runs]
        version = release.version if release.version is not None else pulumi.UNKNOWN
        passed = Passed(version, ids, content=pulumi.UNKNOWN, passed_at=pulumi.UNKNOWN)
        declare_release(release, passed, declarations, run)


async def publish(
    declared: Sequence[Declaration], results: Mapping[str, Result], left_out: Collection[str], run: ProgramRun
) -> None:
    """Declare the releases, now that every gate has passed; none of them if one of them cannot be published.

    A pathway on which a session was left out (`--target`) keeps what it has. A version is read again, unless the
    release is recorded as it is.

    Raises:
        pulumi.RunError: something cannot be published; the text lists all problems.

    """
    kept = {(declaration.section, declaration.subject_id) for declaration in declared if declaration.name in left_out}
    declarations = [
        declaration for declaration in declared if (declaration.section, declaration.subject_id) not in kept
    ]
    plans, problems = _plans(declarations, results)
    problems = problems or await edited(plans, run)
    if problems:
        raise pulumi.RunError(refusal(REFUSED_RELEASES, declarations, problems))
    for plan in plans:
        passed = Passed(plan.version, plan.run_ids, plan.content, plan.passed_at)
        declare_release(plan.release, passed, declarations, run)


def _plans(
    declarations: Sequence[Declaration], results: Mapping[str, Result]
) -> tuple[list[ReleasePlan], dict[str, str]]:
    """Return what is to be published, and by session why nothing can be, as far as the verdicts say."""
    versions = {name: kind_of(result.gated.kind).version_of(result.verdict) for name, result in results.items()}
    patched = {name for name, result in results.items() if result.verdict.full_run is False}
    plans, problems = plan_releases(releases(declarations, versions), results)
    return plans, faults(declarations, versions, patched) | problems


async def edited(plans: Sequence[ReleasePlan], run: ProgramRun) -> dict[str, str]:
    """Return, by session, how a version that is about to be published is not what passed."""
    recorded = run.last_runs.releases()
    new = [plan for plan in plans if not plan.is_recorded(recorded.get(_recorded_urn(plan.release.name, run)))]
    _warn_of_unpinned([plan.release.name for plan in new if plan.content is None])
    problems = await asyncio.gather(*(_edit(plan, run) for plan in new))
    return {plan.release.name: problem for plan, problem in zip(new, problems, strict=True) if problem is not None}


def _recorded_urn(name: str, run: ProgramRun) -> str:
    """Return the URN that the state has of a release that `deploy()` declares: it is in no component."""
    return make_urn(pulumi.get_stack(), pulumi.get_project(), RELEASE_TYPE, run.last_runs.old_release(name) or name)


def _warn_of_unpinned(names: Sequence[str]) -> None:
    if names:
        reason = "published by the number of the version, since the content that passed is unknown"
        pulumi.log.warn(f"{reason}: {', '.join(names)}")


async def _edit(plan: ReleasePlan, run: ProgramRun) -> str | None:
    if plan.content is None or plan.release.section == "agents":  # the version of an agent never changes
        return None
    version = int(plan.version)
    run.versions.note_form(plan.content)
    try:
        now = await run.versions.read_again(plan.release.subject_id, version)
    except TornadoError as error:
        return f"{unread(version)}: {error}"
    edits = (edit_since_pass(version, content, plan.passed_at, now) for content in plan.contents)
    return next((edit for edit in edits if edit is not None), None)


@dataclass(frozen=True, slots=True)
class Passed:
    """What is published: a version, and the ids of the runs that passed with it. Each may be unknown in a preview.

    *rollback*: why the stack goes back to it, if it does.
    """

    version: Any
    run_ids: Sequence[Any]
    content: Any
    passed_at: Any
    rollback: Mapping[str, Any] | None = None


def declare_release(
    release: Release, passed: Passed, declarations: Sequence[Declaration], run: ProgramRun
) -> pulumi.Resource:
    """Declare the resource of a release, at the position of its first run, whose name it has."""
    common = {
        "environment": release.environment,
        "passed_at": passed.passed_at,
        "rollback": passed.rollback,
        "declared_at": str(
            next(declaration.position for declaration in declarations if declaration.name == release.name)
        ),
        "opts": pulumi.ResourceOptions(aliases=aliases(run.last_runs.old_release(release.name))),
    }
    if release.section == "agents":
        subject = {"agent_id": release.subject_id, "version_id": passed.version}
        return AgentRelease(release.name, **subject, runs=passed.run_ids, **common)
    subject = {"pathway_id": release.subject_id, "version": passed.version}
    return PathwayRelease(release.name, **subject, sessions=passed.run_ids, content=passed.content, **common)
