"""The verdicts of one update as outputs, from a session's resource to its verdict, and what an interruption leaves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.core.clock import today
from tornado_resource.core.urns import make_urn
from tornado_resource.declarations.model import Gate
from tornado_resource.deployment.confirm import Confirming
from tornado_resource.program.interim import InterimOutputs
from tornado_resource.program.mappings import Verdict
from tornado_resource.program.purpose import is_idle
from tornado_resource.program.shared_gate import INTERRUPTED_UPDATE, STOPPED_BEFORE_VERDICT
from tornado_resource.runs.declared_checks import declared_checks
from tornado_resource.runs.kinds import kind_of
from tornado_resource.runs.model import Result, by_id, declared_runs
from tornado_resource.runs.verdict import unknown_result
from tornado_resource.stacks.recorded import started_content
from tornado_resource.stacks.recorded_promotion import as_output, with_promoted_version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.run_resource import RunOutputs, RunResource
    from tornado_resource.runs.model import Cause, GatedRun, RunVerdict
    from tornado_resource.stacks.recorded_promotion import Promotion
    from tornado_resource.stacks.rollback import Rollback

VerdictOutput = pulumi.Output[Verdict]


def verdict_output(
    outputs: pulumi.Output[RunOutputs],
    declared: GatedRun,
    wait: Callable[[GatedRun], Awaitable[Result | None]],
    not_created: Callable[[bool], Awaitable[Result]] | None = None,
    session: RunResource | None = None,
) -> VerdictOutput:
    """Return the verdict on a session as a mapping, as soon as it is known.

    Args:
        outputs: the outputs of the session's resource.
        declared: the session as declared; the resource's outputs complete it.
        wait: returns the result of a session with an id; None if it is unknown in a preview.
        not_created: returns the result of a session that was not created. Its argument is whether it failed, which the
            program sees with `--continue-on-error`, or else was no `--target` of the update. None: the verdict is None.
        session: the session's resource, which has what is declared of its scenarios or its checks.

    """

    async def judge(outputs_of_run: RunOutputs) -> Any:
        result: Result | None
        if outputs_of_run.is_created:
            result = await wait(await _complete(declared, outputs_of_run, session))
            return result.verdict.as_output() if result is not None else pulumi.UNKNOWN
        if is_dry_run() and not is_idle():
            return pulumi.UNKNOWN
        if not_created is None:
            return None
        result = await not_created(outputs_of_run.has_failed)
        return result.verdict.as_output()

    return outputs.apply(judge)


async def _complete(declared: GatedRun, outputs: RunOutputs, session: RunResource | None) -> GatedRun:
    values = outputs.values
    definitions = [await scenario.future() for scenario in session.scenarios] if session is not None else []
    scenarios = [definition for definition in definitions if definition is not None]
    config = session.checks_config if session is not None else None
    checks = await config.future() if config is not None else None
    request, timeout_ms = kind_of(outputs.kind).request_of(values["declared"]), values.get("timeout_ms")
    return replace(
        declared,
        run_id=outputs.run_id,
        created_at=values["created_at"],
        # The engine passes every number as a float.
        timeout_ms=int(timeout_ms) if timeout_ms is not None else None,
        request=request,
        scenarios=by_id(request, scenarios),
        test_cases=() if "scenario_ids" in request else tuple(scenarios),
        checks=declared_checks(checks, values["declared"].get("checks")),
        adopted=values["adopted"],
        started_content=started_content(values),
        gate=Gate.of_inputs(values["declared"], today()) or declared.gate,
        is_place_secret=outputs.has_secret_place,
    )


class GateRun:
    """One run of the gate over the sessions of an environment.

    The report holds a result for each of them from the start: `incomplete` until the verdict is known.

    Args:
        environment: the declared environment, on the promoted versions.
        promotion: which stack the versions come from; None if they are not promoted.
        carried: by name, the verdicts of runs that passed there, and that nothing is started for here.
        run: the program's config and gate, and what waits for the sessions.

    """

    def __init__(
        self, environment: Environment, promotion: Promotion | None, carried: Mapping[str, RunVerdict], run: ProgramRun
    ) -> None:
        self._run = run
        self._gate = run.gate
        self._last_runs = run.last_runs
        self._sessions = {
            gated.name: with_promoted_version(gated, promotion) for gated in deployed_runs(environment.declarations)
        }
        self.report = run.gate.report
        self.report.describe(environment.name, promotion)
        reason: tuple[str, Cause] = STOPPED_BEFORE_VERDICT
        if not run.settings.is_waiting:
            reason = ("not awaited (tornado:wait is false)", "not_awaited")
        self._placeholders = {
            gated.urn: _carried(gated, carried[name]) if name in carried else unknown_result(gated, *reason)
            for name, gated in self._sessions.items()
        }
        self._carried = frozenset(carried)
        for placeholder in self._placeholders.values():
            self.report.record(placeholder)
        self._environment = environment.name or ""
        self._promotion = promotion
        self._interim = InterimOutputs(self._register)

    @property
    def results(self) -> dict[str, Result]:
        """The results as of now, by the names of the sessions, in the order of the declarations."""
        results = self.report.results
        return {name: results[gated.urn] for name, gated in self._sessions.items()}

    @property
    def left_out(self) -> set[str]:
        """The names of the sessions that the update did not create because they were not its targets."""
        return {name for name, gated in self._sessions.items() if gated.urn in self._gate.left_out}

    async def replace_old_verdicts(self, declared: Mapping[str, Mapping[str, Any]]) -> None:
        """Register stack outputs in which every verdict is `incomplete` that this update will give again.

        Args:
            declared: the inputs of each session, by name.

        """
        started = {name: gated for name, gated in self._sessions.items() if name not in self._carried}
        kept = await asyncio.gather(*(self._last_runs.kept(declared[name], gated) for name, gated in started.items()))
        for result, gated in zip(kept, started.values(), strict=True):
            # In the meantime a session may have got its result in this update.
            if self.report.result(gated.urn) is self._placeholders[gated.urn]:
                self.report.record(result or self._unknown(gated, *STOPPED_BEFORE_VERDICT))
        if None in kept:
            self._register()

    def carried_verdict(self, name: str) -> VerdictOutput:
        """Return the verdict of a run that passed in another stack. It decides here as any other."""
        result = self._placeholders[self._sessions[name].urn]
        self._gate.expect(result.gated)
        self.report.record(result)
        output: Any = result.verdict.as_output()
        return pulumi.Output.from_input(output)

    def verdict(self, session: RunResource, outputs: pulumi.Output[RunOutputs]) -> VerdictOutput:
        """Return the verdict on one session once it has ended; its result goes into the report."""
        declared = self._sessions[session.pulumi_resource_name]
        self._gate.expect(declared)

        confirming = Confirming(self._run, session, self._record_pass)

        async def wait(gated: GatedRun) -> Result | None:
            if is_dry_run():
                return await confirming.previewed(gated)
            result = await confirming.settled(gated)
            if result is not None:
                self.report.record(result)
                return result
            self.report.record(self._unknown(gated, INTERRUPTED_UPDATE, "interrupted"))
            self._interim.begin()
            result = await confirming.wait(gated)
            self.report.record(result)
            await self._interim.end()
            return result

        async def not_created(is_failed: bool) -> Result:  # noqa: FBT001 - a callback
            if not is_failed:
                return self._gate.leave_out(declared)
            result = self._unknown(declared, *STOPPED_BEFORE_VERDICT)
            self.report.record(result)  # perhaps in place of what was recorded of the session before it
            return result

        if is_dry_run() and declared.gate.confirm is not None:
            outputs.apply(
                lambda run_outputs: None if run_outputs.is_created else confirming.preview_unknown(declared.gate)
            )
        return verdict_output(outputs, declared, wait, not_created, session)

    def _record_pass(self, result: Result) -> None:
        """Take note of a session that passed and whose confirmation is waited for."""
        self.report.record(result)
        self._interim.renew()

    def _unknown(self, gated: GatedRun, reason: str, cause: Cause) -> Result:
        """Return an incomplete result that calls the scenarios as the last verdict did: reports follow their names."""
        return replace(unknown_result(gated, reason, cause), scenario_names=self._last_runs.scenario_names(gated.urn))

    def _register(self) -> None:
        register_verdicts(self.results.values(), self._environment, self._promotion, self.report.rollbacks)


def _carried(gated: GatedRun, verdict: RunVerdict) -> Result:
    """Return the result of a run that passed in another stack."""
    return Result(replace(gated, run_id=verdict.session_id), verdict)


def deployed_urn(name: str, kind: str) -> str:
    """Return the URN of a run that `deploy()` declares: it is in no component."""
    return make_urn(pulumi.get_stack(), pulumi.get_project(), kind_of(kind).resource_type, name)


def deployed_runs(declarations: Iterable[Declaration]) -> list[GatedRun]:
    """Return the runs with a gate that `deploy()` declares, before they have an id."""
    return [replace(gated, urn=deployed_urn(gated.name, gated.kind)) for gated in declared_runs(declarations)]


def register_verdicts(
    results: Iterable[Result],
    environment: str,
    promotion: Promotion | None,
    rollbacks: Mapping[str, Rollback] = MappingProxyType({}),
) -> None:
    """Register stack outputs before all verdicts are known.

    Without them, an update that is cut off would leave an older pass in the stack's outputs. The engine stores the
    outputs that a stack registered last, however the update ends; if the stack registered none, the old ones stay.

    Args:
        results: a result for each session that is waited for; its outcome is `incomplete` until it is known.
        environment: the environment's name.
        promotion: the stack output `promotion`, if there is one.
        rollbacks: what the stack has gone back to, by the names of sessions and agents.

    """
    # The SDK registers the exported outputs when the program ends: they replace these.
    stack = pulumi.runtime.get_root_resource()
    if isinstance(stack, pulumi.ComponentResource):
        outputs: dict[str, Any] = {
            "environment": environment,
            "verdicts": {result.gated.name: result.verdict.as_output() for result in results},
        }
        if promotion is not None:
            outputs["promotion"] = as_output(promotion)
        if rollbacks:
            from tornado_resource.stacks.rollback import as_output as rollbacks_output

            outputs["rollbacks"] = rollbacks_output(rollbacks)
        stack.register_outputs(outputs)
