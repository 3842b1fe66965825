"""The gate of one update: wait for every session with a gate; any verdict but `passed` fails the update."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.gate.model import declared_sessions
from tornado_resource.gate.verdicts import unknown_result
from tornado_resource.program.interim import InterimOutputs
from tornado_resource.program.report import UpdateReport
from tornado_resource.program.waiting import verdict_output
from tornado_resource.promotion.record import as_output, with_promoted_version
from tornado_resource.reports.console import failure_message

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tornado_resource.declarations.model import Environment
    from tornado_resource.gate.model import Cause, GatedSession, Result
    from tornado_resource.program.resources import TornadoSession
    from tornado_resource.program.run import ProgramRun
    from tornado_resource.program.session_outputs import SessionOutputs
    from tornado_resource.program.waiting import VerdictOutput
    from tornado_resource.promotion.record import Promotion

INTERRUPTED: Final = "the update was interrupted while this session ran"

NOT_A_TARGET: Final = "not started: it is not a target of this update (--target, --exclude)"


class GateRun:
    """One run of the gate over the sessions of an environment.

    Its report holds a result for each session from the start: `incomplete` until the verdict is known.

    Args:
        environment: the declared environment, on the promoted versions.
        promotion: which stack the versions come from; None if they are not promoted.
        run: the program's config, and what waits for the sessions.

    """

    def __init__(self, environment: Environment, promotion: Promotion | None, run: ProgramRun) -> None:
        self._waiter = run.waiter
        self._last_runs = run.last_runs
        self._sessions = {
            gated.name: with_promoted_version(gated, promotion) for gated in declared_sessions(environment.declarations)
        }
        reason: tuple[str, Cause] = ("the update stopped before this session's verdict", "interrupted")
        if not run.settings.is_waiting:
            reason = ("not awaited (tornado:wait is false)", "not_awaited")
        unknown = [unknown_result(gated, *reason) for gated in self._sessions.values()]
        self.report = UpdateReport(run.settings.reports, environment.name, promotion, unknown)
        self._environment = environment.name or ""
        self._promotion = promotion
        self._interim = InterimOutputs(self._register)
        self.left_out: set[str] = set()
        """The sessions that the update did not create because they were not its targets."""

    def replace_old_verdicts(self, declared: Mapping[str, Mapping[str, Any]]) -> None:
        """Register stack outputs in which every verdict is `incomplete` that this update will give again.

        Args:
            declared: the inputs of each session, by name.

        """
        kept = [self._last_runs.kept(declared[name], gated) for name, gated in self._sessions.items()]
        for result in kept:
            if result is not None:
                self.report.record(result)
        if None in kept:
            self._register()

    def verdict(self, session: TornadoSession, outputs: pulumi.Output[SessionOutputs]) -> VerdictOutput:
        """Return the verdict on one session once it has ended; its result goes into the report."""
        name = session.pulumi_resource_name

        async def wait(gated: GatedSession) -> Result | None:
            if is_dry_run():
                return await self._waiter.ended(gated)
            result = self._waiter.recorded(gated)
            if result is not None:
                self.report.record(result)
                return result
            self.report.record(unknown_result(gated, INTERRUPTED, "interrupted"))
            self._interim.begin()
            result = await self._waiter.wait(gated, session)
            self.report.record(result)
            await self._interim.end()
            return result

        def not_created(is_failed: bool) -> Result:  # noqa: FBT001 - a callback
            if not is_failed:
                self.left_out.add(name)
                self.report.record(unknown_result(self._sessions[name], NOT_A_TARGET))
            return self.report.results[name]

        return verdict_output(outputs, self._sessions[name], wait, not_created, session.scenarios)

    def _register(self) -> None:
        register_verdicts(self.report.results.values(), self._environment, self._promotion)

    def finish(self) -> None:
        """Write the final reports. Call it when all verdicts are known.

        Sessions that were left out do not count, unless all were: an update that tested nothing is no success.

        Raises:
            pulumi.RunError: a verdict is not `passed`, or the reports cannot be written.

        """
        results = list(self.report.results.values())
        raise_if_any(failure_message(counted(results, self.left_out), pulumi.get_stack()), self.report.finish())


def counted(results: Sequence[Result], left_out: Collection[str]) -> Sequence[Result]:
    """Return the results that decide about an update, and warn of the sessions that it left out."""
    names = [result.gated.name for result in results if result.gated.name in left_out]
    if names:
        pulumi.log.warn(f"not a target of this update, so not started and not passed: {', '.join(names)}")
    return [result for result in results if result.gated.name not in left_out] or results


def raise_if_any(*problems: str | None) -> None:
    """Fail the program if there is a problem.

    Raises:
        pulumi.RunError: its text lists all problems.

    """
    if any(problems):
        raise pulumi.RunError("\n".join(problem for problem in problems if problem))


def register_verdicts(results: Iterable[Result], environment: str, promotion: Promotion | None) -> None:
    """Register stack outputs before all verdicts are known.

    Without them, an update that is cut off would leave an older pass in the stack's outputs. The engine stores the
    outputs that a stack registered last, however the update ends; if the stack registered none, the old ones stay.

    Args:
        results: a result for each session that is waited for; its outcome is `incomplete` until it is known.
        environment: the environment's name.
        promotion: the stack output `promotion`, if there is one.

    """
    # The SDK registers the exported outputs when the program ends: they replace these.
    stack = pulumi.runtime.get_root_resource()
    if isinstance(stack, pulumi.ComponentResource):
        outputs: dict[str, Any] = {
            "environment": environment,
            "verdicts": {result.gated.name: asdict(result.verdict) for result in results},
        }
        if promotion is not None:
            outputs["promotion"] = as_output(promotion)
        stack.register_outputs(outputs)
