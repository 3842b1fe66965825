"""What an update says while it waits, and how its last words are shown."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pulumi
import pytest

from tests.support.results import gated_run_of, result_of, status_of
from tornado_resource.bland.sessions import Status
from tornado_resource.program import progress
from tornado_resource.program.progress import WaitProgress
from tornado_resource.program.sdk import EXIT_MESSAGE_SHOWN, show_error_once
from tornado_resource.program.shared_gate import INTERRUPTED_UPDATE
from tornado_resource.program.shared_report import UpdateReport
from tornado_resource.runs.verdict import unknown_result
from tornado_resource.runs.wait import Progress


class Wait:
    """A wait for so many sessions, and what is logged: the message, and whether it is on a session's own row."""

    def __init__(self, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")
        monkeypatch.setattr(pulumi, "get_project", lambda: "agents")
        monkeypatch.setattr(pulumi.log, "info", self._keep)
        monkeypatch.setattr(progress, "PAUSE_SECONDS", 0)
        self.logged: list[tuple[str, bool]] = []
        self.report = UpdateReport(None)
        self.sessions = [gated_run_of(f"s-{each}", urn=f"urn-{each}") for each in range(number)]
        for gated in self.sessions:
            self.report.record(unknown_result(gated, INTERRUPTED_UPDATE, "interrupted"))
        self._progress = WaitProgress(self.report)

    def _keep(self, line: str, resource: Any = None, *, ephemeral: bool) -> None:
        assert ephemeral
        self.logged.append((line, resource is not None))

    def change(self, number: int, iteration: int | None) -> None:
        status = Status("RUNNING", current_iteration=iteration, max_iterations=5)
        self._progress.show(self.sessions[number], Progress(f"s-{number}: {iteration}", status), object())  # type: ignore[arg-type]

    def end(self, number: int, passed: tuple[str, ...], failed: tuple[str, ...] = ()) -> None:
        status = status_of("COMPLETED_PARTIAL" if failed else "COMPLETED_ALL_PASSED", passed, failed)
        self._progress.show(self.sessions[number], Progress("", status), object())  # type: ignore[arg-type]
        self.report.record(result_of(self.sessions[number], status))

    async def lines(self) -> list[str]:
        """The lines on the stack's own row."""
        for _ in range(3):
            await asyncio.sleep(0)
        return [line for line, is_own in self.logged if not is_own]


async def test_a_few_sessions_have_a_row_each(monkeypatch: pytest.MonkeyPatch) -> None:
    wait = Wait(12, monkeypatch)
    wait.change(0, 1)
    assert await wait.lines() == []
    assert wait.logged == [("s-0: 1", True)]


async def test_many_sessions_share_a_line_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    wait = Wait(40, monkeypatch)
    for number in range(3):
        wait.change(number, 1)
    wait.change(0, 2)
    assert await wait.lines() == ["0 of 40 done · s-0 2/5, s-2 1/5, s-1 1/5"]
    wait.change(3, None)
    wait.end(1, ("sc-1",))
    wait.end(2, (), ("sc-1",))
    wait.change(4, 1)
    wait.change(5, 1)
    assert (await wait.lines())[1:] == ["2 of 40 done, 1 failed · s-5 1/5, s-4 1/5, s-3 …"]
    wait.change(5, 1)
    assert len(await wait.lines()) == 2


def ended(error: BaseException | None) -> asyncio.Task[None]:
    async def run_in_stack() -> None:
        if error is not None:
            raise error

    loop = asyncio.new_event_loop()
    task = loop.create_task(run_in_stack())
    loop.run_until_complete(asyncio.wait([task]))
    loop.close()
    return task


def test_an_error_that_was_shown_is_not_followed_by_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", shown.append)
    failed = ended(pulumi.RunError("gate failed"))
    show_error_once(failed)  # here the program does not own its process
    monkeypatch.setattr(sys, "orig_argv", ["python", "-u", "/x/pulumi-language-python-exec", "."])
    for other in (None, ValueError("x"), asyncio.CancelledError()):
        show_error_once(ended(other))
    assert shown == []
    with pytest.raises(SystemExit) as raised:
        show_error_once(failed)
    assert (raised.value.code, shown) == (EXIT_MESSAGE_SHOWN, ["gate failed"])
