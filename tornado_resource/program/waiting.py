"""Verdicts as outputs: from a session's resource to its verdict."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.declarations.model import Gate, request_from
from tornado_resource.program.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tornado_resource.gate.model import GatedSession, Result
    from tornado_resource.program.resources import TornadoSession

VerdictOutput = pulumi.Output[Verdict]


def verdict_output(
    session: TornadoSession,
    declared: GatedSession,
    wait: Callable[[GatedSession], Awaitable[Result | None]],
    not_created: Callable[[bool], Result] | None = None,
) -> VerdictOutput:
    """Return the verdict on a session as a mapping, as soon as it is known.

    Args:
        session: the resource.
        declared: the session as declared; the resource's outputs complete it.
        wait: returns the result of a session with an id; None if it is unknown in a preview.
        not_created: returns the result of a session that was not created. Its argument is whether it failed, which the
            program sees with `--continue-on-error`, or else was no `--target` of the update. None: the verdict is None.

    """

    async def judge(outputs: list[Any]) -> Any:
        result: Result | None
        if not (pulumi.contains_unknowns(outputs[1:]) or outputs[1] is None):
            result = await wait(_complete(declared, outputs[1:]))
            return asdict(result.verdict) if result is not None else pulumi.UNKNOWN
        if is_dry_run():
            return pulumi.UNKNOWN
        # The SDK makes all outputs of a resource that failed unknown. Of one that the engine left out, it fills in
        # those that are inputs too.
        result = not_created(pulumi.contains_unknowns(outputs[0])) if not_created is not None else None
        return asdict(result.verdict) if result is not None else None

    parts = (session.session_id, session.created_at, session.timeout_ms, session.declared, session.adopted)
    return pulumi.Output.all(session.pathway_id, *parts).apply(judge, run_with_unknowns=True)


def _complete(declared: GatedSession, outputs: list[Any]) -> GatedSession:
    """Return *declared* with the resource's outputs, which come in the order of `verdict_output`."""
    session_id, created_at, timeout_ms, inputs, is_adopted = outputs
    return replace(
        declared,
        session_id=session_id,
        created_at=created_at,
        timeout_ms=int(timeout_ms) if timeout_ms is not None else None,  # the engine passes every number as a float
        request=request_from(inputs),
        adopted=is_adopted,
        gate=Gate.of(inputs.get("gate")) or declared.gate,
    )
