"""The live table, recorded as text. `TORNADO_GOLDEN=1` writes the recordings; look at them before you commit."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.large_report import large, status
from tests.support.paths import EXAMPLES
from tests.support.results import check_run_of, gated_check_run_of, gated_run_of, judge_of, result_of
from tornado_resource.agents.kind import CheckStatus
from tornado_resource.bland.sessions import Status
from tornado_resource.cli.live import LiveTable, fit
from tornado_resource.runs.wait import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado_resource.runs.model import GatedRun, Result

RECORDINGS = EXAMPLES / "terminal"
NAMES = ["support-line", "appointment-booking", "order-desk"]
RUNNING = Status("RUNNING", 2, 5, 8, 5, 3, elapsed_ms=190_000)
PASSED = status("COMPLETED_ALL_PASSED", 3, 1, 0)
FAILED = status("COMPLETED_PARTIAL", 5, 3, 2)


class Scene:
    """A table of some sessions, ten seconds after the last response."""

    def __init__(self, sessions: list[GatedRun]) -> None:
        self.time = 0.0
        self.gated_runs = {gated.name: gated for gated in sessions}
        self.table = LiveTable(sessions, lambda: self.time)

    def note(self, name: str, seen: Status) -> None:
        self.table.progress(self.gated_runs[name], Progress("", seen))

    def end(self, name: str, seen: Status | None, given_up: str | None = None) -> None:
        self.table.end(result_of(self.gated_runs[name], seen, given_up))

    def lines(self, width: int = 79, height: int = 23) -> list[str]:
        self.time += 10
        lines = self.table.lines(width, height)
        assert all(line.cell_len <= width for line in lines)
        assert len(lines) <= height
        return [line.plain for line in lines]


def three() -> Scene:
    return Scene([gated_run_of(name) for name in NAMES])


def running() -> Scene:
    scene = three()
    scene.note(NAMES[0], RUNNING)
    scene.end(NAMES[1], PASSED)
    return scene


def success() -> Scene:
    scene = three()
    for name in NAMES:
        scene.end(name, PASSED)
    return scene


def failure() -> Scene:
    scene = success()
    scene.end(NAMES[1], FAILED)
    return scene


def out_of_time() -> Scene:
    scene = success()
    scene.end(NAMES[2], RUNNING, "it has not ended within its time limit")
    scene.end(NAMES[0], None, "the API could not be reached for 5 minutes")
    return scene


def sixty() -> Scene:
    """Half of the sessions have ended, a quarter runs, and of the others nothing is known yet."""
    results: tuple[Result, ...] = large(60).results
    scene = Scene([result.gated for result in results])
    for index, result in enumerate(results):
        if index < 30:
            scene.table.end(result)
        elif index < 45:
            scene.note(result.gated.name, RUNNING)
    return scene


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("make", [running, success, failure, out_of_time, sixty], ids=lambda make: make.__name__)
def test_the_table_is_the_recorded_one(make: Callable[[], Scene], columns: int) -> None:
    text = "\n".join(make().lines(columns - 1)) + "\n"
    file = RECORDINGS / f"table-{make.__name__}-{columns}.txt"
    if "TORNADO_GOLDEN" in os.environ:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_failed_sessions_come_first_and_those_that_passed_last() -> None:
    scene = Scene([gated_run_of(name) for name in ("a", "b", "c", "d")])
    scene.end("a", PASSED)
    scene.end("c", None, "the API could not be reached for 5 minutes")
    scene.end("d", FAILED)
    assert [line.split()[0] for line in scene.lines()[1:-1]] == ["d", "c", "b", "a"]


def test_sessions_beyond_the_screen_are_counted_above_the_totals() -> None:
    scene = Scene([gated_run_of(f"session-{number}") for number in range(40)])
    for number in range(38):
        scene.end(f"session-{number}", PASSED)
    lines = scene.lines(height=10)
    assert len(lines) == 10
    assert lines[1].startswith("session-38")
    assert lines[-2:] == ["and 33 more", "2 running, 38 passed of 40 sessions"]


@pytest.mark.parametrize(("number", "height"), [(7, 9), (8, 9)])
def test_no_row_is_hidden_without_need(number: int, height: int) -> None:
    lines = Scene([gated_run_of(f"s-{each}") for each in range(number)]).lines(height=height)
    rows = [line for line in lines if line.startswith("s-")]
    assert (len(rows), len(lines)) == ((7, 9) if number == 7 else (6, 9))


@pytest.mark.parametrize("width", [1, 5, 12, 14, 20, 30, 40, 55, 60, 79, 200])
@pytest.mark.parametrize("height", [1, 2, 3, 4, 24])
def test_the_table_fits_any_terminal(width: int, height: int) -> None:
    scene = sixty()
    scene.table.end(result_of(gated_run_of("support-line"), FAILED))
    assert scene.lines(width, height)


def test_the_bar_shrinks_first_and_the_state_never() -> None:
    widths = {"name": 30, "count": 9, "bar": 20, "iteration": 9, "time": 12, "state": 12}
    fitted = {room: fit(widths, room) for room in range(102, 13, -1)}
    assert fitted[102] == widths
    assert fitted[90] == {**widths, "bar": 8}
    assert "bar" not in fitted[85]
    assert fitted[80] == {"name": 30, "count": 9, "iteration": 9, "time": 12, "state": 12}
    assert fitted[70]["name"] == 20
    assert list(fitted[52]) == ["name", "count", "time", "state"]
    assert list(fitted[15]) == ["name", "state"]
    for room, columns in fitted.items():
        assert columns["state"] == 12
        assert sum(columns.values()) + 2 * (len(columns) - 1) <= max(room, 15)


def test_columns_do_not_jump_when_a_row_gets_shorter() -> None:
    scene = three()
    scene.note(NAMES[0], Status("RUNNING", 2, 5, 8, 5, 3, elapsed_ms=59_000))
    before = scene.lines(120)[0]
    scene.time += 100_000
    wider = scene.lines(120)[0]
    assert len(wider) > len(before)
    for name in NAMES:
        scene.end(name, PASSED)
    assert scene.lines(120)[0] == wider


def test_every_part_of_a_bar_can_be_told_apart_without_colours() -> None:
    scene = three()
    scene.note(NAMES[0], RUNNING)
    assert "5 of 8     ━━━━━━━━━━━━╸───────" in scene.lines(120)[1]


def test_a_session_that_has_ended_is_judged_until_its_verdict_is_known() -> None:
    scene = three()
    scene.note(NAMES[0], PASSED)
    assert scene.lines()[1].endswith("  judging")


def test_text_from_the_api_is_escaped_and_does_not_widen_the_state() -> None:
    scene = Scene([gated_run_of("support-line")])
    scene.note("support-line", Status("\x1b[2J[red]" + "x" * 40))
    row = scene.lines()[1]
    assert row.endswith("  \\x1b[2J[red…")


def test_check_runs_are_beside_sessions() -> None:
    scene = Scene([gated_run_of("support-line"), gated_check_run_of("support"), gated_check_run_of("sales")])
    scene.note("support-line", RUNNING)
    scene.note("sales", CheckStatus.of(check_run_of("RUNNING", completed_at=None)))
    scene.end("support", CheckStatus.of(check_run_of("FAILED", judge_of("resolved", 0.4), judge_of("tone", 0.9))))
    headers, *rows, totals = scene.lines(width=100)
    assert headers.split() == ["run", "passed", "iteration", "time", "state"]
    assert [" ".join(re.sub("[━─╸]", "", row).split()) for row in rows] == [
        "support 1 of 2 judges 10m of 45m ✗ failed",
        "support-line 5 of 8 scenarios 2/5 3m20s of 15m RUNNING",
        "sales at most 45m RUNNING",
    ]
    assert totals == "1 failed, 2 running of 1 session and 2 check runs"


def test_check_runs_alone_have_no_iterations() -> None:
    scene = Scene([gated_check_run_of("support")])
    scene.end("support", CheckStatus.of(check_run_of("PASSED", judge_of("resolved", 1.0))))
    headers, row, _ = scene.lines(width=100)
    assert headers.split() == ["check", "run", "judges", "time", "state"]
    assert "1 of 1 " in row
    assert scene.lines(width=34)[0].split() == ["check", "run", "judges", "state"]
