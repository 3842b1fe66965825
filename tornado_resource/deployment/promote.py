"""Promotion inside a Pulumi program: read another stack's outputs and check them before anything is started."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pulumi

from tornado_resource.bland.content import Digests, is_same
from tornado_resource.core.clock import SYSTEM
from tornado_resource.core.text import clean
from tornado_resource.declarations.releases import obstacles
from tornado_resource.deployment.refusal import refusal
from tornado_resource.deployment.scenarios import expected_inputs
from tornado_resource.deployment.verdicts import deployed_runs, deployed_urn
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.program.sdk import full_stack_name
from tornado_resource.releases.promotion import SourceStack, VersionNow, check_promotion
from tornado_resource.runs.kinds import count_runs
from tornado_resource.runs.verdict import unknown_result
from tornado_resource.stacks.recorded_promotion import with_promoted_version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.shared_report import UpdateReport
    from tornado_resource.releases.promotion import Promoted

PROMOTED_OUTPUTS: Final = ("environment", "sessions", "agents", "verdicts", "rollbacks")
"""The outputs of the other stack that are used."""
UNPINNED_PASSES: Final = (
    "these passes name a version without its content, so an edit since then would not be noticed (the API did not show "
    "the version, or an older version of tornado-resource recorded the pass; docs/promotion.md)"
)


def promote(
    environment: Environment, run: ProgramRun, before_refusal: Callable[[], Awaitable[None]]
) -> pulumi.Output[Promoted]:
    """Read the stack that *environment* promotes from, check every session, and take over the versions that passed.

    A version whose content is known must still have it. It is read, unless this stack has recorded a pass with the same
    content that nothing in this update changes.

    Args:
        environment: what is declared; it has `promotes_from`.
        run: the program's config, and what the stack's own state has.
        before_refusal: is awaited before a promotion is refused: what does not depend on it.

    Returns:
        An output of the environment on those versions. It fails with a `pulumi.RunError` that lists every problem; then
        nothing that depends on it is started.

    Raises:
        pulumi.RunError: `promotes_from` names this stack itself.

    """
    stack = _full_name(environment.promotes_from or "")
    reference = pulumi.StackReference(stack)
    settings = run.settings

    async def check(outputs: Any) -> Promoted:
        plain = _without_unknowns(outputs)
        read = {name: plain.get(name) for name in PROMOTED_OUTPUTS} if isinstance(plain, Mapping) else {}
        promoted = check_promotion(environment, SourceStack(stack, **read), SYSTEM.now(), settings.promote_without)
        promoted = promoted.compared_with(await _versions_now(promoted, run))
        _log(promoted)
        unpublishable = obstacles(promoted.environment.declarations, promoted.awaiting_version)
        if promoted.problems or unpublishable:
            await before_refusal()
            raise pulumi.RunError(_refuse(environment, promoted, unpublishable, run.gate.report))
        for session in promoted.record.sessions.values():
            run.versions.note_form(session.content)
        run.last_runs.promote(_pinned(promoted))
        return promoted

    # unsecret: `reference.outputs` is secret as soon as any output of that stack is, and so would be all outputs here.
    # run_with_unknowns: an update that failed there may leave unknown outputs, and a preview here would skip the check.
    return pulumi.Output.unsecret(reference.outputs).apply(check, run_with_unknowns=True)


def _pinned(promoted: Promoted) -> dict[str, Digests | None]:
    """Return, by URN, the content that must pass here."""
    sessions = promoted.record.sessions
    return {
        deployed_urn(declaration.name, declaration.kind): sessions[declaration.name].pinned
        for declaration in promoted.environment.declarations
    }


async def _versions_now(promoted: Promoted, run: ProgramRun) -> dict[str, VersionNow]:
    await run.last_runs.recorded()
    pinned = promoted.pinned
    declarations = {declaration.name: declaration for declaration in promoted.environment.declarations}
    have_passed = await asyncio.gather(*(_has_passed_here(declarations[name], promoted, run) for name in pinned))
    left = [name for name, has_passed in zip(pinned, have_passed, strict=True) if not has_passed]
    return dict(zip(left, await asyncio.gather(*(_version_now(run, *pinned[name]) for name in left)), strict=True))


async def _version_now(run: ProgramRun, pathway_id: str, version: int) -> VersionNow:
    try:
        return VersionNow(await run.versions.digests(pathway_id, version))
    except TornadoError as error:
        return VersionNow(None, str(error))


async def _has_passed_here(declaration: Declaration, promoted: Promoted, run: ProgramRun) -> bool:
    """Return whether this update leaves a session as it is that has passed here with the promoted content."""
    if declaration.gate is None:
        return False
    [declared] = deployed_runs([declaration])
    gated = with_promoted_version(declared, promoted.record)
    kept = await run.last_runs.kept(await expected_inputs(declaration, run), gated)
    verdict = kept.verdict if kept is not None else None
    if verdict is None or verdict.outcome != "passed":
        return False
    return is_same(Digests.of(verdict.content), gated.promoted.content) is True


def warn_of_unused_override() -> None:
    """Warn that `tornado:promoteWithout` is set although nothing has to be overridden."""
    command = f"pulumi config rm tornado:promoteWithout --stack {pulumi.get_stack()}"
    pulumi.log.warn(f"tornado:promoteWithout was not needed: {command}")


def _without_unknowns(value: Any) -> Any:
    """Return *value* with None for each part that an update of the other stack has left unknown."""
    if isinstance(value, Mapping):
        return {key: _without_unknowns(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_without_unknowns(entry) for entry in value]
    return None if pulumi.contains_unknowns(value) else value


def _full_name(stack: str) -> str:
    """Return `organization/project/stack`, as StackReference needs it; a bare name is a stack of this project."""
    full = full_stack_name(stack)
    if full == full_stack_name(pulumi.get_stack()):
        message = f"promotes_from names {full}, which is this stack itself"
        raise pulumi.RunError(message)
    return full


def _log(promoted: Promoted) -> None:
    """Log which versions are taken over from where, in the preview and in the update."""
    record = promoted.record
    summaries = [summary for name, summary in promoted.summaries.items() if name not in promoted.problems]
    if summaries:
        pulumi.log.info("\n  ".join([f"promotes from stack {record.source}:", *summaries]))
    if promoted.unpinned:
        names = ", ".join(promoted.unpinned)
        pulumi.log.warn(f"{UNPINNED_PASSES}: {names}")
    if record.waived:
        reason = clean(record.override or "")
        declarations = promoted.environment.declarations
        waived = count_runs(run for run in declarations if run.name in record.waived)
        pulumi.log.warn(f"{waived} promoted without a pass (tornado:promoteWithout): {reason}")
    elif record.override is not None:
        warn_of_unused_override()


def _refuse(
    environment: Environment, promoted: Promoted, unpublishable: Mapping[str, str], report: UpdateReport
) -> str:
    """Write the reports of a refused promotion and return the error message."""
    names = [declaration.name for declaration in environment.declarations]
    refusals = {
        name: [problems[name] for problems in (promoted.problems, unpublishable) if name in problems] for name in names
    }
    problems = {name: "; ".join(texts) for name, texts in refusals.items() if texts}
    title = f"nothing was started: promotion from {promoted.record.source} refused"
    lines = [refusal(title, environment.declarations, problems)]
    if promoted.problems:
        lines.append(
            f"Fix it there (pulumi up --stack {environment.promotes_from}), then rerun. To override (the reason is "
            f'recorded): pulumi config set tornado:promoteWithout "REASON" --stack {pulumi.get_stack()} '
            "(docs/promotion.md)"
        )
    try:
        _report_refusal(environment, promoted, problems, report)
    except ConfigurationError as error:
        lines.append(str(error))
    return "\n".join(lines)


def _report_refusal(
    environment: Environment, promoted: Promoted, problems: Mapping[str, str], report: UpdateReport
) -> None:
    """Write reports that name the problems, in a preview too: there a refused `pulumi up` ends.

    The stack's outputs stay as they were: nothing has run.
    """
    others = "not started: others cannot be promoted"
    reasons = {name: f"not promoted: {text}" for name, text in problems.items()}
    report.describe(environment.name, promoted.record)
    for gated in deployed_runs(environment.declarations):
        report.record(unknown_result(gated, reasons.get(gated.name, others)))
    report.refuse()
