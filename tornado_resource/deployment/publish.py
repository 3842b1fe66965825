"""Releases of an environment: declared once every gate has passed and the versions still are what passed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import pulumi

from tornado_resource.core.urns import RELEASE_TYPE, make_urn
from tornado_resource.declarations.releases import certain_versions, faults, releases
from tornado_resource.deployment.promote import refusal
from tornado_resource.errors import TornadoError
from tornado_resource.program.sdk import independent
from tornado_resource.releases.plan import ReleasePlan, plan_releases
from tornado_resource.releases.resource import PathwayRelease
from tornado_resource.versions.passed import edit_since_pass, unread

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.runs import RunOutputs
    from tornado_resource.runs.model import Result

REFUSED: Final = "every gate passed, but nothing was published"


def preview_releases(declarations: Sequence[Declaration], sessions: Mapping[str, pulumi.Output[RunOutputs]]) -> None:
    """Declare the releases in a preview, as far as they are known.

    Their inputs depend on no session, as in the update, which declares them when it has the ids: an update plan
    (`pulumi preview --save-plan`) allows no other dependencies than its preview had.
    """
    for release in releases(declarations, certain_versions(declarations)):
        ids = [independent(sessions[name].apply(lambda found: found.run_id)) for name in release.sessions]
        version: Any = release.version if release.version is not None else pulumi.UNKNOWN
        unknown: Any = pulumi.UNKNOWN
        PathwayRelease(
            release.name,
            pathway_id=release.pathway_id,
            version=version,
            environment=release.environment,
            sessions=ids,
            content=unknown,
            passed_at=unknown,
            declared_at=_position(release.name, declarations),
        )


async def publish(
    environment: Environment, results: Mapping[str, Result], left_out: Collection[str], run: ProgramRun
) -> None:
    """Declare the releases, now that every gate has passed; none of them if one of them cannot be published.

    A pathway on which a session was left out (`--target`) keeps what it has. A version is read again, unless the
    release is recorded as it is.

    Raises:
        pulumi.RunError: something cannot be published; the text lists all problems.

    """
    kept = {each.pathway_id for each in environment.declarations if each.name in left_out}
    declarations = [each for each in environment.declarations if each.pathway_id not in kept]
    plans, found = _plans(declarations, results)
    found = found or await _edited(plans, run)
    if found:
        raise pulumi.RunError(refusal(REFUSED, declarations, found))
    for plan in plans:
        _declare(plan, declarations)


def _plans(
    declarations: Sequence[Declaration], results: Mapping[str, Result]
) -> tuple[list[ReleasePlan], dict[str, str]]:
    """Return what is to be published, and by session why nothing can be, as far as the verdicts say."""
    versions = {name: result.verdict.version for name, result in results.items()}
    patched = {name for name, result in results.items() if result.verdict.full_run is False}
    plans, problems = plan_releases(releases(declarations, versions), results)
    return plans, faults(declarations, versions, patched) | problems


async def _edited(plans: Sequence[ReleasePlan], run: ProgramRun) -> dict[str, str]:
    """Return, by session, how a version that is about to be published is not what passed."""
    recorded = run.last_runs.releases()
    new = [plan for plan in plans if not plan.is_recorded(recorded.get(_urn(plan.release.name)))]
    _warn_of_unpinned([plan.release.name for plan in new if plan.content is None])
    problems = await asyncio.gather(*(_edit(plan, run) for plan in new))
    return {plan.release.name: problem for plan, problem in zip(new, problems, strict=True) if problem is not None}


def _urn(name: str) -> str:
    """Return the URN of a release that `deploy()` declares: it is in no component."""
    return make_urn(pulumi.get_stack(), pulumi.get_project(), RELEASE_TYPE, name)


def _warn_of_unpinned(names: Sequence[str]) -> None:
    if names:
        known = "published by the number of the version, since the content that passed is unknown"
        pulumi.log.warn(f"{known}: {', '.join(names)}")


async def _edit(plan: ReleasePlan, run: ProgramRun) -> str | None:
    if plan.content is None:
        return None
    run.versions.note_form(plan.content)
    try:
        now = await run.versions.read_again(plan.release.pathway_id, plan.version)
    except TornadoError as error:
        return f"{unread(plan.version)}: {error}"
    edits = (edit_since_pass(plan.version, content, plan.passed_at, now) for content in plan.contents)
    return next((edit for edit in edits if edit is not None), None)


def _declare(plan: ReleasePlan, declarations: Sequence[Declaration]) -> None:
    release = plan.release
    PathwayRelease(
        release.name,
        pathway_id=release.pathway_id,
        version=plan.version,
        environment=release.environment,
        sessions=list(plan.session_ids),
        content=plan.content,
        passed_at=plan.passed_at,
        declared_at=_position(release.name, declarations),
    )


def _position(name: str, declarations: Sequence[Declaration]) -> str:
    return str(next(each.position for each in declarations if each.name == name))
