"""`wait_for()`: verdicts for Pulumi programs that do not use `deploy()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime import is_dry_run

from tornado_resource.declarations.model import Gate
from tornado_resource.errors import TornadoError
from tornado_resource.gate.model import GatedSession
from tornado_resource.gate.verdicts import unknown_result
from tornado_resource.program.config import config_message
from tornado_resource.program.gate import INTERRUPTED, NOT_A_TARGET, counted, raise_if_any
from tornado_resource.program.registration import outputs_registered
from tornado_resource.program.report import UpdateReport
from tornado_resource.program.run import ProgramRun, program_run
from tornado_resource.program.session_outputs import session_outputs
from tornado_resource.program.signals import exit_on_signals
from tornado_resource.program.waiting import verdict_output
from tornado_resource.reports.console import failure_message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.gate.model import Result
    from tornado_resource.program.resources import TornadoSession
    from tornado_resource.program.waiter import Waiter
    from tornado_resource.program.waiting import VerdictOutput
    from tornado_resource.stacks.settings import Settings


def wait_for(session: TornadoSession, *, check: bool = True) -> VerdictOutput:
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
    if run not in _WAITS:
        _WAITS[run] = _Waits(run.settings, run.waiter)
    return _WAITS[run].wait_for(session, check=check)


class _Waits:
    """The waits of one program: one report, and one failure."""

    def __init__(self, settings: Settings, waiter: Waiter) -> None:
        self._waiter = waiter
        self._report = UpdateReport(settings.reports, settings.environment, None, ())
        self._checked: set[str] = set()
        self._left_out: set[str] = set()
        self._waiting = 0
        if not is_dry_run():
            exit_on_signals(self._report.write_if_possible)

    def wait_for(self, session: TornadoSession, *, check: bool) -> VerdictOutput:
        name = session.pulumi_resource_name
        declared = GatedSession(name, "", Gate(), {})
        session.declared.apply(lambda inputs: _require_gate(name, inputs))
        outputs = session_outputs(session)
        if is_dry_run():
            return verdict_output(outputs, declared, self._waiter.ended, scenarios=session.scenarios)
        if check:
            self._checked.add(name)
        self._begin(declared)
        verdict = verdict_output(
            outputs,
            declared,
            lambda gated: self._wait(gated, session),
            lambda failed: self._not_created(name, failed),
            session.scenarios,
        )
        verdict.apply(self._end)
        return verdict

    def _begin(self, declared: GatedSession) -> None:
        is_first = not self._report.results
        self._waiting += 1
        self._report.record(unknown_result(declared, "the update stopped before this session's verdict", "interrupted"))
        if is_first:
            # A folder that cannot be written is an error now, not after minutes of testing.
            try:
                self._report.write()
            except TornadoError as error:
                raise pulumi.RunError(str(error)) from None

    async def _wait(self, gated: GatedSession, session: TornadoSession) -> Result:
        result = self._waiter.recorded(gated)
        if result is None:
            self._report.record(unknown_result(gated, INTERRUPTED, "interrupted"))
            result = await self._waiter.wait(gated, session)
        self._report.record(result)
        return result

    def _not_created(self, name: str, is_failed: bool) -> Result:  # noqa: FBT001 - a callback
        result = self._report.results[name]
        if not is_failed:
            self._left_out.add(name)
            result = unknown_result(result.gated, NOT_A_TARGET)
            self._report.record(result)
        return result

    async def _end(self, _verdict: Any) -> Any:
        """Once no session is waited for any more, write the reports, and fail the program if a gate was not met."""
        self._waiting -= 1
        if self._waiting > 0:
            return
        await outputs_registered()
        checked = [result for name, result in self._report.results.items() if name in self._checked]
        raise_if_any(
            failure_message(counted(checked, self._left_out), pulumi.get_stack(), "pulumi stack output"),
            self._report.finish(),
        )


def _require_gate(name: str, inputs: Mapping[str, Any]) -> None:
    if Gate.of(inputs.get("gate")) is None:
        message = f"wait_for: session {name} has `gate: none`, so there is no verdict to wait for; give it a gate"
        raise pulumi.RunError(message)


_WAITS: Final[WeakKeyDictionary[ProgramRun, _Waits]] = WeakKeyDictionary()
