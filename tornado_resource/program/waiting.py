"""Wait for sessions on the program's event loop: verdicts as outputs, progress in the update's log."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.declarations.model import Gate, request_from
from tornado_resource.program.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.endpoint import Endpoint
    from tornado_resource.gate.model import GatedSession, Result
    from tornado_resource.gate.polling import Progress
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


class Waiter:
    """Waits for any number of sessions with one API client, which is open as long as one of them is waited for.

    Args:
        endpoint: the API's base URL and key.
        poll_seconds: the longest pause between two status requests of a session.

    """

    def __init__(self, endpoint: Endpoint, poll_seconds: float) -> None:
        self._endpoint = endpoint
        self._poll_seconds = poll_seconds
        self._client: Client | None = None
        self._waiting = 0
        self._is_announced = False

    async def wait(self, gated: GatedSession, session: TornadoSession) -> Result:
        """Return a session's result once it has ended; its progress shows on the resource's line of the update."""
        from tornado_resource.gate.results import wait_for_result

        def show(progress: Progress) -> None:
            self._announce()
            # ephemeral: shown while the update runs, and left out of the diagnostics at its end.
            pulumi.log.info(progress.line, resource=session, ephemeral=not progress.is_last)

        async with self._shared_client() as client:
            return await wait_for_result(client, gated, self._poll_seconds, show)

    async def ended(self, gated: GatedSession) -> Result | None:
        """Return the result of a session that has ended, for a preview; None if it is running or cannot be read."""
        from tornado_resource.gate.results import read_result

        async with self._shared_client() as client:
            result = await read_result(client, gated)
        return result if result.status is not None and result.status.is_final else None

    @asynccontextmanager
    async def _shared_client(self) -> AsyncIterator[Client]:
        """Return the client that all waits share: the first wait opens it, the last one closes it."""
        from tornado_resource.bland.client import Client

        # Opened on the program's event loop by the first wait: httpx connections belong to one loop.
        self._waiting += 1
        if self._client is None:
            self._client = Client(self._endpoint)
        client = self._client
        try:
            yield client
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._client = None
                await client.close()

    def _announce(self) -> None:
        if not self._is_announced:
            self._is_announced = True
            pulumi.log.info(
                "waiting for verdicts; Ctrl-C stops the wait, sessions keep running, and `pulumi up` resumes it"
            )


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
