"""Confirming what passed: a simulation set for each pass whose gate requires it, started once and then resumed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.bland.content import Digests
from tornado_resource.core.urns import name_of
from tornado_resource.program.run_resource import run_outputs
from tornado_resource.runs.confirmation import confirmed, judge_confirmation, judged_again, unconfirmed
from tornado_resource.runs.inputs import compare
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import GatedRun, Known
from tornado_resource.runs.rerun import Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tornado_resource.confirmations.resource import Confirmation
    from tornado_resource.declarations.model import Gate
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.run_resource import RunOutputs, RunResource
    from tornado_resource.runs.model import Confirmation as Rates
    from tornado_resource.runs.model import Result
    from tornado_resource.stacks.recorded import RecordedRun

CONFIRMATION: Final = "confirmation"
CUT_OFF: Final = "its confirmation was cut off"
NOT_STARTED: Final = "its confirmation was not started: see the log of the update"
VERSIONLESS_RUN: Final = (
    "it cannot be confirmed, since the version that passed is unknown; declare `version_number: latest`, or a number"
)
UNLISTED: Final = "it cannot be confirmed, since the API does not show which scenarios ran"


class Confirming:
    """The wait for one session in one program, and its confirmation, whose resource is declared at most once.

    In a preview it is declared as far as it is known. Its inputs depend on no resource, as in an update: an update plan
    (`pulumi preview --save-plan`) allows no other dependencies than its preview had.

    Args:
        run: the program's config and client, and what its state had.
        session: the resource of the session.
        record: takes note of what is known if an update is cut off while the confirmation runs.

    """

    def __init__(
        self, run: ProgramRun, session: RunResource, record: Callable[[Result], None] = lambda _result: None
    ) -> None:
        self._run = run
        self._session = session
        self._record = record
        self._is_declared = False

    async def settled(self, gated: GatedRun) -> Result | None:
        """Return the recorded result of the session, and keep its confirmation; None if it has to be waited for."""
        result = await self._run.waiter.settled(gated)
        if result is not None and result.verdict.confirmation is not None:
            self.keep(gated.run_id, is_secret=gated.is_place_secret)
        return result

    async def wait(self, gated: GatedRun) -> Result:
        """Return the result of the session once it has ended, and has been confirmed if its gate requires that."""
        return await self._run.waiter.wait(gated, self._session, self.confirm)

    async def previewed(self, gated: GatedRun) -> Result | None:
        """Return the result of the session, as far as a preview knows it, and declare its confirmation; else None."""
        result = await self._run.waiter.ended(gated, self.confirm)
        if result is None:
            self.preview_unknown(gated.gate)
            return None
        if result.verdict.confirmation is not None:
            self.keep(gated.run_id, is_secret=gated.is_place_secret)
        return result if result.cause != "unconfirmed" else None

    async def confirm(self, result: Result) -> Result:
        """Return the result of a session that met its gate otherwise, with its confirmation.

        An update starts it, or resumes it, and waits for its end. In a preview the result stays unconfirmed, unless it
        is known already.
        """
        inputs = self._inputs(result)
        if isinstance(inputs, str):
            return unconfirmed(result, inputs)
        recorded = self._recorded(result, inputs)
        rates = self._rates(result, recorded)
        if rates is not None:
            self._declare(inputs, is_secret=result.gated.is_place_secret)
            return judged_again(result, rates)
        self._record(replace(unconfirmed(result, CUT_OFF), cause="interrupted"))
        decision = await self._decision(result, inputs, recorded) if recorded is not None else None
        resource = self._declare(inputs, decision, is_secret=result.gated.is_place_secret)
        if is_dry_run():
            return unconfirmed(result)
        outputs = await run_outputs(resource).future()
        if outputs is None or not outputs.is_created:
            return unconfirmed(result, NOT_STARTED)
        gated = _gated(result, inputs, outputs.run_id, outputs.values["created_at"])
        return confirmed(result, await self._run.waiter.wait(gated, self._session))

    def keep(self, session_id: str, *, is_secret: bool) -> None:
        """Declare the recorded confirmation of a session as it is, so that it stays in the state.

        Nothing is declared without one: what a state has lost is not started again for a pass that counts.
        """
        recorded = self._run.last_runs.confirmation(session_id)
        if recorded is not None and not self._is_declared:
            self._declare(recorded.request, is_secret=is_secret)

    def preview_unknown(self, gate: Gate) -> None:
        """Declare, in a preview, a confirmation of which nothing is known yet but that there will be one."""
        if gate.confirm is not None and not self._is_declared:
            self._declare(dict.fromkeys(kind_of(CONFIRMATION).fields, pulumi.UNKNOWN), is_secret=False)

    def _declare(self, inputs: Mapping[str, Any], decision: Decision | None = None, *, is_secret: bool) -> Confirmation:
        from tornado_resource.confirmations.resource import Confirmation

        self._is_declared = True
        secret = {"pathway_id": pulumi.Output.secret(inputs["pathway_id"])} if is_secret else {}
        recorded = self._run.last_runs.confirmation(str(inputs["session_id"]))
        # Who renames the session in the state (`pulumi state rename`) leaves its confirmation under the old name.
        old_name = name_of(recorded.resource.urn) if recorded is not None else None
        return Confirmation(self._session, {**inputs, **secret}, decision, old_name)

    def _inputs(self, result: Result) -> dict[str, Any] | str:
        """Return the fields of the request, or why there can be none."""
        verdict, confirm = result.verdict, result.verdict.gate.confirm
        if verdict.version is None or confirm is None:
            return VERSIONLESS_RUN
        recorded = self._run.last_runs.confirmation(verdict.session_id)
        ids = recorded.request["scenario_ids"] if recorded is not None else _ran(result)
        if not ids:
            return UNLISTED
        return {
            "session_id": verdict.session_id,
            "pathway_id": result.gated.request["pathway_id"],
            "version_number": verdict.version,
            "scenario_ids": [*ids],
            "simulations_per_scenario": confirm.runs,
        }

    def _recorded(self, result: Result, inputs: Mapping[str, Any]) -> RecordedRun | None:
        """Return the recorded confirmation, if it is of the same request."""
        recorded = self._run.last_runs.confirmation(result.verdict.session_id)
        if recorded is None or compare(CONFIRMATION, recorded.declared, {**recorded.declared, **inputs}).replaces:
            return None
        return recorded

    def _rates(self, result: Result, recorded: RecordedRun | None) -> Rates | None:
        """Return the recorded rates of a recorded confirmation; None unless they decide."""
        rates = self._run.last_runs.rates(result.verdict.session_id)
        if rates is None or recorded is None or rates["set_id"] != recorded.run_id:
            return None
        return rates if judge_confirmation(result.verdict.gate, rates)[0] != "incomplete" else None

    async def _decision(self, result: Result, inputs: Mapping[str, Any], recorded: RecordedRun) -> Decision | None:
        """Return that another set is started, if the recorded one has ended and says too little."""
        ended = await self._run.waiter.ended(_gated(result, inputs, recorded.run_id, None))
        if ended is None or ended.verdict.outcome != "incomplete" or ended.cause is not None:
            return None
        return Decision(recorded.run_id, f"its confirmation is incomplete: {ended.verdict.reason}")


def keep_confirmation(run: ProgramRun, session: RunResource, outputs: RunOutputs) -> None:
    """Declare the recorded confirmation of a session that is not waited for; the argument is its outputs."""
    if outputs.is_created:
        Confirming(run, session).keep(outputs.run_id, is_secret=outputs.has_secret_place)


def _ran(result: Result) -> list[str]:
    """Return the scenarios that a session ran; those that it declares where the response does not show them.

    In the order of their ids: that of the response is another one in each session.
    """
    ran = result.verdict.tested(result.status).last_results if result.status is not None else {}
    return sorted(ran or result.gated.declared_scenarios or ())


def _gated(result: Result, inputs: Mapping[str, Any], set_id: str, created_at: str | None) -> GatedRun:
    """Return the confirmation as a run under the gate of its session, with the content that passed."""
    gated = result.gated
    return GatedRun(
        gated.name,
        set_id,
        result.verdict.gate,
        dict(inputs),
        created_at=created_at,
        position=gated.position,
        urn=gated.urn,
        is_place_secret=gated.is_place_secret,
        kind=CONFIRMATION,
        known=Known(content=Digests.of(result.verdict.content)),
    )
