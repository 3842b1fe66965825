"""The one report of a program, by whatever way the program ends."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from tests.support.results import gated_run_of, result_of, status_of
from tornado_resource.errors import ConfigurationError
from tornado_resource.program import shared_gate, shared_report
from tornado_resource.program.sdk import full_stack_name
from tornado_resource.program.shared_gate import ProgramGate
from tornado_resource.program.shared_report import INTERRUPTED, NOTHING_JUDGED, STOPPED, UpdateReport
from tornado_resource.reports.baseline import EMPTY, ITSELF, UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SALES = "urn:pulumi:dev::agents::acme:agents:Sales$bland:Session::smoke"
BILLING = "urn:pulumi:dev::agents::acme:agents:Billing$bland:Session::smoke"
FAILED = result_of(gated_run_of("smoke", "s-1", urn=SALES), status_of("COMPLETED_PARTIAL", (), ("sc-1",)))
PASSED = result_of(gated_run_of("smoke", "s-2", urn=BILLING), status_of("COMPLETED_ALL_PASSED", ("sc-1",), ()))


class Program:
    """A program that has a report, run as the SDK runs it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.logged: list[str] = []
        self.on_signal: Callable[[], object] | None = None
        self.is_preview = False
        self.stack = "dev"
        self.folder = folder
        monkeypatch.setattr(pulumi, "get_stack", lambda: self.stack)
        monkeypatch.setattr(pulumi, "get_project", lambda: "agents")
        monkeypatch.setattr(shared_report, "is_update", lambda: not self.is_preview)
        monkeypatch.setattr(shared_report, "exit_on_signals", self._keep)
        for level in ("info", "warn"):
            monkeypatch.setattr(pulumi.log, level, self.logged.append)

    def _keep(self, before_exit: Callable[[], object]) -> None:
        self.on_signal = before_exit

    def run(self, *results: Any, error: BaseException | None = None, has_gate: bool = False) -> None:
        async def run_in_stack() -> None:
            found = UpdateReport(str(self.folder))
            found.begin()
            if has_gate:
                found.note_gate()
            for result in results:
                found.record(result)
            if error is not None:
                raise error
            if results:
                found.finish()

        run_in_stack.__qualname__ = "run_in_stack"
        try:
            asyncio.run(run_in_stack())
        except type(error or Exception()):
            assert error is not None

    @property
    def verdicts(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "verdicts.json").read_text(encoding="utf-8"))
        return content


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    return Program(tmp_path / "reports", monkeypatch)


@pytest.mark.parametrize("results", [(FAILED, PASSED), (PASSED, FAILED)], ids=["failed first", "passed first"])
def test_sessions_of_one_name_both_count_in_either_order(program: Program, results: Any) -> None:
    program.run(*results)
    assert {name: each["outcome"] for name, each in program.verdicts["sessions"].items()} == {
        "smoke (acme:agents:Sales)": "failed",
        "smoke (acme:agents:Billing)": "passed",
    }
    assert program.verdicts["tally"] == {"passed": 1, "failed": 1, "incomplete": 0}


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (None, NOTHING_JUDGED),
        (ValueError("secret"), "the program failed (ValueError): see the log of the update"),
        (pulumi.RunError("of somebody else"), "the program failed (RunError): see the log of the update"),
    ],
)
def test_an_update_that_judged_nothing_says_why(program: Program, error: Any, problem: str) -> None:
    program.run(PASSED)
    program.run(error=error)
    assert (program.verdicts["outcome"], program.verdicts["problem"]) == ("incomplete", problem)
    assert program.verdicts["sessions"] == {}


def test_an_error_of_ours_says_why_although_its_traceback_is_lost(program: Program) -> None:
    """Only the first one who awaits a future sees the traceback of its error."""
    with pytest.raises(pulumi.RunError) as caught, shared_report.in_own_words():
        shared_gate.raise_if_any("nothing was started")
    program.run(error=caught.value.with_traceback(None))
    assert program.verdicts["problem"] == "nothing was started"


def test_an_error_of_somebody_else_is_not_in_our_words(program: Program) -> None:
    foreign = pulumi.RunError("secret")
    with pytest.raises(pulumi.RunError) as caught, shared_report.in_own_words():
        raise foreign
    program.run(error=caught.value.with_traceback(None))
    assert program.verdicts["problem"] == "the program failed (RunError): see the log of the update"


@pytest.mark.parametrize(
    ("has_gate", "error", "result"), [(False, None, "skipped"), (True, None, "error"), (False, ValueError(), "error")]
)
def test_only_an_update_without_a_gate_is_skipped(program: Program, has_gate: Any, error: Any, result: str) -> None:
    program.run(error=error, has_gate=has_gate)
    assert f"<{result} " in (program.folder / "junit.xml").read_text(encoding="utf-8")
    assert program.verdicts["outcome"] == "incomplete"


def test_only_a_preview_that_fails_replaces_the_reports(program: Program) -> None:
    program.run(PASSED)
    program.is_preview = True
    program.run()
    assert program.verdicts["outcome"] == "passed"
    program.run(error=ValueError())
    assert program.verdicts["outcome"] == "incomplete"


def test_an_error_of_our_own_is_quoted_in_full(program: Program) -> None:
    async def run_in_stack() -> None:
        UpdateReport(str(program.folder)).begin()
        shared_gate.raise_if_any("nothing was started:", "line 2")

    run_in_stack.__qualname__ = "run_in_stack"
    with pytest.raises(pulumi.RunError):
        asyncio.run(run_in_stack())
    assert program.verdicts["problem"] == "nothing was started:\nline 2"


def test_a_cancelled_program_is_a_failed_one(program: Program) -> None:
    program.run(error=asyncio.CancelledError())
    assert "CancelledError" in program.verdicts["problem"]


def test_until_then_the_reports_say_that_nothing_was_judged(program: Program) -> None:
    program.run(PASSED)
    found = UpdateReport(str(program.folder))
    asyncio.run(begun(found))
    assert program.verdicts["problem"] == STOPPED
    assert program.on_signal is not None
    program.on_signal()
    assert program.verdicts["problem"] == INTERRUPTED


def test_what_fails_after_a_pass_is_told(program: Program) -> None:
    found = UpdateReport(str(program.folder))
    asyncio.run(begun(found))
    found.record(PASSED)
    assert found.finish() is None
    assert program.verdicts["outcome"] == "passed"
    assert program.on_signal is not None
    program.on_signal()
    assert (program.verdicts["problem"], program.verdicts["tally"]["passed"]) == (INTERRUPTED, 1)


def test_a_gate_that_failed_is_reason_enough(program: Program) -> None:
    found = UpdateReport(str(program.folder))
    asyncio.run(begun(found))
    found.record(FAILED)
    found.finish()
    assert program.on_signal is not None
    program.on_signal()
    assert (program.verdicts["outcome"], program.verdicts["problem"]) == ("failed", None)


def test_the_report_of_another_stack_is_replaced_with_one_warning(program: Program) -> None:
    program.run(PASSED)
    program.stack = "prod"
    program.run(PASSED)
    assert [text for text in program.logged if "replaces the reports of stack dev of project agents" in text] == [
        program.logged[-2]
    ]
    assert program.verdicts["stack"] == "prod"


def test_a_folder_that_cannot_be_written_is_known_from_the_start(program: Program) -> None:
    program.folder.write_text("a file", encoding="utf-8")
    found = UpdateReport(str(program.folder))
    found.require_folder()
    asyncio.run(begun(found))
    with pytest.raises(ConfigurationError, match="the reports cannot be written to"):
        found.require_folder()
    assert "cannot be written" in (found.finish() or "")


def test_without_a_folder_nothing_is_written(program: Program, tmp_path: Path) -> None:
    found = UpdateReport(None)
    asyncio.run(begun(found))
    found.write()
    assert program.on_signal is None
    assert list(tmp_path.iterdir()) == []


async def begun(found: UpdateReport) -> None:
    found.begin()


async def test_the_gate_is_judged_when_the_last_wait_has_ended(program: Program) -> None:
    done: list[str] = []

    async def step() -> None:
        done.append("step")

    waits = ProgramGate(UpdateReport(str(program.folder)))
    waits.begin("pulumi stack output verdicts")
    waits.begin("pulumi stack output")
    waits.then(step)
    waits.expect(FAILED.gated)
    waits.expect(PASSED.gated, is_checked=False)
    waits.report.record(FAILED)
    await waits.end()
    assert not program.folder.exists()
    waits.report.record(PASSED)
    with pytest.raises(
        pulumi.RunError, match=r"smoke \(acme:agents:Sales\) (.*\n)+All verdicts: pulumi stack output --"
    ):
        await waits.end()
    assert done == []
    assert asdict(waits.report.results[BILLING].verdict) == asdict(PASSED.verdict)


@pytest.mark.parametrize(
    ("stack", "state", "problem"),
    [
        ("main", {}, EMPTY),
        ("main", RuntimeError("\x1b[31mno such stack in postgres://user:secret@db"), UNREADABLE),
        ("main", {"urn": "damaged"}, EMPTY),
        ("acme/agents/main", [], UNREADABLE),
        ("dev", RuntimeError("it is not read"), ITSELF),
    ],
)
async def test_a_baseline_that_cannot_be_read_decides_nothing(
    program: Program, monkeypatch: pytest.MonkeyPatch, stack: str, state: Any, problem: str
) -> None:
    asked: list[str] = []

    async def resources_of(name: str) -> Any:
        asked.append(name)
        if isinstance(state, Exception):
            raise state
        return state

    monkeypatch.setattr(shared_gate, "resources_of", resources_of)
    waits = ProgramGate(UpdateReport(str(program.folder)), stack)
    waits.begin("pulumi stack output")
    waits.expect(PASSED.gated)
    waits.report.record(PASSED)
    await waits.end()
    written = json.loads((program.folder / "verdicts.json").read_text(encoding="utf-8"))
    assert (written["outcome"], written["baseline"]["problem"]) == ("passed", problem)
    assert program.logged[-1] == f"against stack {stack}: {problem}"
    assert ("".join(program.logged).count("cannot compare with stack ") == 1) is (problem == UNREADABLE)
    assert [part for part in ("\x1b", "secret") if part in "".join(program.logged)] == []
    assert asked == ([] if problem == ITSELF else [full_stack_name(stack)])


async def test_after_a_pass_what_had_to_wait_for_it_is_done(program: Program) -> None:
    done: list[str] = []

    async def step() -> None:
        done.append(program.verdicts["outcome"])

    waits = ProgramGate(UpdateReport(str(program.folder)))
    waits.begin("pulumi stack output")
    waits.then(step)
    waits.expect(PASSED.gated)
    waits.report.record(PASSED)
    await waits.end()
    assert done == ["passed"]


async def test_a_session_that_was_left_out_does_not_count(program: Program) -> None:
    waits = ProgramGate(UpdateReport(str(program.folder)))
    waits.begin("pulumi stack output")
    for result in (FAILED, PASSED):
        waits.expect(result.gated)
        waits.report.record(result)
    assert waits.leave_out(FAILED.gated).verdict.outcome == "incomplete"
    await waits.end()
    assert program.logged[0].endswith("so not started and not passed: smoke (acme:agents:Sales)")


async def test_a_wait_without_a_gate_ends_without_a_report(program: Program) -> None:
    waits = ProgramGate(UpdateReport(str(program.folder)))
    waits.begin("pulumi stack output verdicts")
    await waits.end()
    assert not program.folder.exists()
