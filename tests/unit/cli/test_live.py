"""The live table, recorded as text. `TORNADO_GOLDEN=1` writes the recordings; look at them before you commit."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from tests.support.large_report import status
from tests.support.paths import EXAMPLES
from tests.support.results import gated_session_of, result_of
from tornado_resource.bland.responses import Status
from tornado_resource.cli.live import LiveTable
from tornado_resource.gate.polling import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado_resource.gate.model import GatedSession, Result

RECORDINGS = EXAMPLES / "terminal"
NAMES = ["support-line", "appointment-booking", "order-desk"]
RUNNING = Status("RUNNING", 2, 5, 8, 5, 3, elapsed_ms=190_000)
PASSED = status("COMPLETED_ALL_PASSED", 3, 1, 0)
FAILED = status("COMPLETED_PARTIAL", 5, 3, 2)


class Screen:
    """A terminal of 100 columns; ten seconds have passed since the last response."""

    def __init__(self, names: list[str], height: int = 24) -> None:
        self.time = 0.0
        self.gated_sessions = {name: gated_session_of(name) for name in names}
        self.out = io.StringIO()
        self.console = Console(file=self.out, width=100, height=height, force_terminal=False)
        self.table = LiveTable(list(self.gated_sessions.values()), self.console, lambda: self.time)

    def note(self, name: str, seen: Status) -> None:
        self.table.progress(self.gated_sessions[name])(Progress("", not seen.is_running, seen))

    def end(self, result: Result) -> None:
        self.table.end(result)

    def text(self) -> str:
        self.time += 10
        self.console.print(self.table.render())
        return "\n".join(line.rstrip() for line in self.out.getvalue().splitlines()) + "\n"


def ended(gated: GatedSession, seen: Status | None, given_up: str | None = None) -> Result:
    return result_of(gated, seen, given_up)


def running() -> Screen:
    screen = Screen(NAMES)
    screen.note(NAMES[0], RUNNING)
    screen.end(ended(screen.gated_sessions[NAMES[1]], PASSED))
    return screen


def success() -> Screen:
    screen = Screen(NAMES)
    for name in NAMES:
        screen.end(ended(screen.gated_sessions[name], PASSED))
    return screen


def failure() -> Screen:
    screen = success()
    screen.end(ended(screen.gated_sessions[NAMES[1]], FAILED))
    return screen


def out_of_time() -> Screen:
    screen = success()
    screen.end(ended(screen.gated_sessions[NAMES[2]], RUNNING, "it has not ended within its time limit"))
    screen.end(ended(screen.gated_sessions[NAMES[0]], None, "the API could not be reached for 5 minutes"))
    return screen


@pytest.mark.parametrize("make", [running, success, failure, out_of_time], ids=lambda make: make.__name__)
def test_the_table_is_the_recorded_one(make: Callable[[], Screen]) -> None:
    text = make().text()
    file = RECORDINGS / f"table-{make.__name__}.txt"
    if "TORNADO_GOLDEN" in os.environ:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_sessions_beyond_the_screen_are_counted_running_ones_first() -> None:
    names = [f"session-{number}" for number in range(40)]
    screen = Screen(names, height=10)
    for name in names[:38]:
        screen.end(ended(screen.gated_sessions[name], PASSED))
    lines = screen.text().splitlines()
    assert len(lines) <= 10
    assert lines[1].startswith("session-38")
    assert lines[-1] == "and 34 more sessions"


def test_text_from_the_api_is_escaped() -> None:
    screen = Screen(["support-line"])
    screen.note("support-line", Status("\x1b[2J[red]"))
    assert "\\x1b[2J[red]" in screen.text()
