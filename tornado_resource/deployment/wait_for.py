"""`wait_for()`: verdicts for Pulumi programs that do not use `deploy()`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.declarations.model import Gate
from tornado_resource.deployment.confirm import Confirming
from tornado_resource.deployment.verdicts import verdict_output
from tornado_resource.errors import TornadoError
from tornado_resource.program.config import config_message
from tornado_resource.program.purpose import is_idle
from tornado_resource.program.run import program_run
from tornado_resource.program.run_resource import run_outputs
from tornado_resource.program.sdk import together
from tornado_resource.program.shared_gate import INTERRUPTED_UPDATE
from tornado_resource.runs.model import GatedRun
from tornado_resource.runs.verdict import unknown_result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.deployment.verdicts import VerdictOutput
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.run_resource import RunOutputs, RunResource
    from tornado_resource.runs.model import Result


NOT_AWAITED: Final = "not awaited: only `pulumi up` waits for a session"


def wait_for(session: RunResource, *, check: bool = True) -> VerdictOutput:
    """Wait for the end of a session and return its verdict. It is judged by the session's own `gate`.

    Any number of sessions are waited for at the same time. When all of them have ended, a verdict that is not `passed`
    fails the program, after the stack's outputs are registered. The reports are those of `deploy()`.

    Args:
        session: the session to wait for. It must have a gate.
        check: False to let the program go on whatever the verdict is: check `outcome` yourself.

    Returns:
        An output of the verdict as a mapping, with the keys of `Verdict`. In a preview it is known if the session is
        unchanged and has ended, and unknown otherwise.

    Raises:
        pulumi.RunError: the configuration is invalid.

    Examples:
        ```python
        import pulumi
        from tornado_resource import TornadoSession, wait_for

        session = TornadoSession("support-line", pathway_id="c3d4e5f6-789a-bcde-f012-34567890abcd")
        verdict = wait_for(session, check=False)
        pulumi.export("outcome", verdict.apply(lambda known: known["outcome"]))
        ```

    """
    try:
        run = program_run()
    except TornadoError as error:
        raise pulumi.RunError(config_message(error)) from None
    name = session.pulumi_resource_name
    declared = GatedRun(name, "", Gate(), {}, kind=session.kind)
    outputs = run_outputs(session)
    if is_idle():
        return verdict_output(outputs, declared, partial(_recorded, run), partial(_not_created, declared))
    session.declared.apply(lambda inputs: _require_gate(name, inputs))
    if is_dry_run():
        confirming = Confirming(run, session)
        own_gate = pulumi.Output.from_input(session.given_gate)
        together([outputs, own_gate], lambda resolved: _preview_confirmation(confirming, *resolved))
        return verdict_output(outputs, declared, confirming.previewed, session=session)
    try:
        run.gate.report.require_folder()
    except TornadoError as error:
        raise pulumi.RunError(str(error)) from None
    wait = _Wait(session, run)
    wait.begin(is_checked=check)
    verdict = verdict_output(outputs, declared, wait.result, wait.not_created, session)
    verdict.apply(wait.end)
    return verdict


class _Wait:
    """The wait for one session in an update."""

    def __init__(self, session: RunResource, run: ProgramRun) -> None:
        self._session = session
        self._confirming = Confirming(run, session, run.gate.report.record)
        self._gate = run.gate
        self._expected: asyncio.Task[None] | None = None

    def begin(self, *, is_checked: bool) -> None:
        self._gate.begin("pulumi stack output")
        self._expected = asyncio.ensure_future(self._expect(is_checked=is_checked))

    async def _expect(self, *, is_checked: bool) -> None:
        """Take note of the session before it is registered: its URN is known then."""
        urn = await self._session.known_urn
        declared = GatedRun(self._session.pulumi_resource_name, "", Gate(), {}, urn=urn, kind=self._session.kind)
        self._gate.expect(declared, is_checked=is_checked)

    async def result(self, gated: GatedRun) -> Result:
        gated = replace(gated, urn=await self._session.known_urn)
        result = await self._confirming.settled(gated)
        if result is None:
            self._gate.report.record(unknown_result(gated, INTERRUPTED_UPDATE, "interrupted"))
            result = await self._confirming.wait(gated)
        self._gate.report.record(result)
        return result

    async def not_created(self, is_failed: bool) -> Result:  # noqa: FBT001 - a callback
        result = self._gate.report.result(await self._session.known_urn)
        return result if is_failed else self._gate.leave_out(result.gated)

    async def end(self, _verdict: Any) -> Any:
        await self._gate.end()


async def _recorded(run: ProgramRun, gated: GatedRun) -> Result:
    """Return the recorded result, where nothing is waited for."""
    return await run.waiter.recorded(gated) or unknown_result(gated, NOT_AWAITED, "not_awaited")


async def _not_created(declared: GatedRun, _is_failed: bool) -> Result:  # noqa: FBT001 - a callback
    return unknown_result(declared, NOT_AWAITED, "not_awaited")


def _preview_confirmation(confirming: Confirming, outputs: RunOutputs, given_gate: Any) -> None:
    """Declare, in a preview, the confirmation of a session that is not started yet."""
    gate = Gate.of(given_gate) if not pulumi.contains_unknowns(given_gate) else None
    if not outputs.is_created and gate is not None:
        confirming.preview_unknown(gate)


def _require_gate(name: str, inputs: Mapping[str, Any]) -> None:
    if Gate.of(inputs.get("gate")) is None:
        message = f"wait_for: session {name} has `gate: none`, so there is no verdict to wait for; give it a gate"
        raise pulumi.RunError(message)
