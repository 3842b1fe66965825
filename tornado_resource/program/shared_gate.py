"""The gate that all parts of one program share: any verdict but `passed` fails the update."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pulumi

from tornado_resource.core.clock import today
from tornado_resource.core.text import clean, without_credentials
from tornado_resource.program.sdk import full_stack_name, outputs_registered
from tornado_resource.program.state import resources_of
from tornado_resource.runs.verdict import unknown_result
from tornado_resource.stacks.recorded import read_outputs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from tornado_resource.program.shared_report import UpdateReport
    from tornado_resource.reports.baseline import Baseline
    from tornado_resource.runs.model import Cause, GatedRun, Result


STOPPED_BEFORE_VERDICT: Final[tuple[str, Cause]] = ("the update stopped before its verdict", "interrupted")
INTERRUPTED_UPDATE: Final = "the update was interrupted while it ran"
NOT_A_TARGET: Final = "not started: it is not a target of this update (--target, --exclude)"


class ProgramGate:
    """What `deploy()` and `wait_for()` wait for in one program: one report, and one failure.

    Args:
        report: has a result for each session.
        baseline: the stack whose last verdicts the reports are compared with; None for none.

    """

    def __init__(self, report: UpdateReport, baseline: str | None = None) -> None:
        self.report = report
        self._baseline = baseline
        self.left_out: set[str] = set()
        """The URNs of the sessions that the update did not create because they were not its targets."""
        self._checked: dict[str, bool] = {}
        self._commands: set[str] = set()
        self._waits = 0
        self._next_steps: list[Callable[[], Awaitable[None]]] = []

    def begin(self, command: str) -> None:
        """Begin to wait: the gate is judged when as many waits have ended. *command* shows the verdicts of this one."""
        self._commands.add(command)
        self._waits += 1

    def expect(self, gated: GatedRun, *, is_checked: bool = True) -> None:
        """Take note of a session that is waited for, and whether its verdict decides about the update."""
        self._checked[gated.urn] = is_checked or self._checked.get(gated.urn, False)
        self.report.expect(unknown_result(gated, *STOPPED_BEFORE_VERDICT))

    def leave_out(self, gated: GatedRun) -> Result:
        """Return the result of a session that was no target of the update."""
        self.left_out.add(gated.urn)
        result = unknown_result(gated, NOT_A_TARGET)
        self.report.record(result)
        return result

    def then(self, step: Callable[[], Awaitable[None]]) -> None:
        """Let *step* be done once every gate of the program has passed."""
        self._next_steps.append(step)

    async def end(self) -> None:
        """End a wait. After the last one, write the final reports, and do what had to wait for the gate.

        Sessions that were left out do not count, unless all were: an update that tested nothing is no success.

        Raises:
            pulumi.RunError: a verdict is not `passed`, or the reports cannot be written.

        """
        self._waits -= 1
        if self._waits == 0:
            await outputs_registered()
        if self._waits > 0 or not self._checked:
            return
        if self._baseline is not None:
            self.report.compare(await read_baseline(self._baseline))
        checked = [result for urn, result in self.report.results.items() if self._checked.get(urn)]
        command = min(self._commands, key=len)  # the shorter one shows the verdicts of the other, too
        deciding = counted(checked, self.left_out)
        raise_if_any(_failure(deciding, command), self.report.finish())
        while self._next_steps:
            await self._next_steps.pop(0)()


def _failure(results: Sequence[Result], command: str) -> str | None:
    """Return why an update fails, None if it does not, and warn of what failed in quarantine."""
    if all(result.verdict.outcome == "passed" and not result.verdict.quarantined for result in results):
        return None
    from tornado_resource.reports.console import failure_message, quarantine_message

    excused = quarantine_message(results, today())
    if excused is not None:
        pulumi.log.warn(excused)
    return failure_message(results, pulumi.get_stack(), command)


def counted(results: Sequence[Result], left_out: Collection[str]) -> Sequence[Result]:
    """Return the results that decide about an update, and warn of the sessions that it left out, given by URN."""
    names = [result.gated.name for result in results if result.gated.urn in left_out]
    if names:
        pulumi.log.warn(f"not a target of this update, so not started and not passed: {', '.join(names)}")
    return [result for result in results if result.gated.urn not in left_out] or results


def raise_if_any(*problems: str | None) -> None:
    """Fail the program if there is a problem.

    Raises:
        pulumi.RunError: its text lists all problems.

    """
    if any(problems):
        raise pulumi.RunError("\n".join(problem for problem in problems if problem))


BASELINE_SECONDS: Final = 30.0


async def read_baseline(stack: str) -> Baseline:
    """Return the last verdicts of a stack of this project, or of `organization/project/stack`.

    They are for reports only, and never fail an update: if they cannot be read, the report says so, and the log why.
    """
    from tornado_resource.reports.baseline import ITSELF, UNREADABLE, Baseline, baseline_of, is_same_stack

    if is_same_stack(stack, pulumi.get_stack(), pulumi.get_project()):
        return Baseline(stack, problem=ITSELF)
    try:
        async with asyncio.timeout(BASELINE_SECONDS):
            resources = await resources_of(full_stack_name(stack))
        return baseline_of(stack, read_outputs(resources))
    except Exception as error:  # noqa: BLE001 - the state is another stack's: whatever it is, it decides nothing here
        fault = clean(without_credentials(str(error)), 300) or type(error).__name__
        pulumi.log.warn(f"config tornado:baseline: cannot compare with stack {stack}: {fault}")
        return Baseline(stack, problem=UNREADABLE)
