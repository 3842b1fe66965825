"""Verdicts as outputs: from a session's resource to its verdict."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.declarations.model import Gate, request_from
from tornado_resource.program.verdict import Verdict
from tornado_resource.runs.scenarios import by_id
from tornado_resource.stacks.recorded import started_content

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tornado_resource.declarations.model import ScenarioDeclaration
    from tornado_resource.runs.model import GatedSession, Result
    from tornado_resource.tornado.resource import SessionOutputs

VerdictOutput = pulumi.Output[Verdict]


def verdict_output(
    outputs: pulumi.Output[SessionOutputs],
    declared: GatedSession,
    wait: Callable[[GatedSession], Awaitable[Result | None]],
    not_created: Callable[[bool], Awaitable[Result]] | None = None,
    scenarios: Sequence[pulumi.Output[ScenarioDeclaration]] = (),
) -> VerdictOutput:
    """Return the verdict on a session as a mapping, as soon as it is known.

    Args:
        outputs: the outputs of the session's resource.
        declared: the session as declared; the resource's outputs complete it.
        wait: returns the result of a session with an id; None if it is unknown in a preview.
        not_created: returns the result of a session that was not created. Its argument is whether it failed, which the
            program sees with `--continue-on-error`, or else was no `--target` of the update. None: the verdict is None.
        scenarios: the declared scenarios that the session runs, in the order of their ids.

    """

    async def judge(found: SessionOutputs) -> Any:
        result: Result | None
        if found.is_created:
            definitions = [await each.future() for each in scenarios]
            result = await wait(_complete(declared, found, [each for each in definitions if each is not None]))
            return asdict(result.verdict) if result is not None else pulumi.UNKNOWN
        if is_dry_run():
            return pulumi.UNKNOWN
        # The SDK makes all outputs of a resource that failed unknown. Of one that the engine left out, it fills in
        # those that are inputs too.
        if not_created is None:
            return None
        result = await not_created(pulumi.contains_unknowns(found.pathway_id))
        return asdict(result.verdict)

    return outputs.apply(judge)


def _complete(declared: GatedSession, found: SessionOutputs, scenarios: Sequence[ScenarioDeclaration]) -> GatedSession:
    request = request_from(found.declared)
    return replace(
        declared,
        session_id=found.session_id,
        created_at=found.created_at,
        # The engine passes every number as a float.
        timeout_ms=int(found.timeout_ms) if found.timeout_ms is not None else None,
        request=request,
        scenarios=by_id(request, scenarios),
        adopted=found.adopted,
        started_content=started_content({"started_content": found.started_content}),
        gate=Gate.of(found.declared.get("gate")) or declared.gate,
        is_pathway_secret=found.has_secret_pathway,
    )
