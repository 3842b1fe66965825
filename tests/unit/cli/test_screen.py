"""Frames on a terminal, as a person sees them."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from rich.text import Text

from tests.support.terminal import Terminal
from tornado_resource.cli.live import Screen, redrawn

if TYPE_CHECKING:
    from collections.abc import Sequence


class Drawn:
    """A screen on a terminal that has a line of text already."""

    def __init__(self, columns: int = 20, rows: int = 6) -> None:
        self.terminal = Terminal(columns, rows)
        self.terminal.write("before\n")
        self.console = Console(file=io.StringIO(), width=columns, height=rows, force_terminal=True)
        self.screen = Screen(self.console, self.terminal.write)

    def draw(self, *lines: str) -> list[str]:
        self.screen.draw(lambda _width, _height: [Text(line, "red") for line in lines])
        return self.terminal.screen

    def resize(self, columns: int, rows: int) -> None:
        self.terminal.resize(columns, rows)
        self.console.size = columns, rows


def test_a_frame_takes_the_place_of_the_one_before() -> None:
    drawn = Drawn()
    assert drawn.draw("one", "two") == ["before", "one", "two", ""]
    assert drawn.draw("1", "two", "three") == ["before", "1", "two", "three", ""]
    assert drawn.draw("4") == ["before", "4", "", "", ""]


def test_only_lines_that_changed_are_written_and_none_is_erased_first() -> None:
    drawn = Drawn()
    drawn.draw("a 1", "b 1", "c 1")
    drawn.terminal.written = ""
    drawn.draw("a 1", "b 2", "c 1")
    assert (drawn.terminal.written, drawn.terminal.erased) == ("b2", [])
    drawn.draw("a 1", "b 2", "c 1")
    assert drawn.terminal.written == "b2"


def test_the_rest_of_a_longer_line_is_erased() -> None:
    drawn = Drawn()
    drawn.draw("a long line")
    assert drawn.draw("short") == ["before", "short", ""]
    assert drawn.terminal.erased == ["g line"]


def test_a_frame_may_fill_the_screen_but_for_the_line_of_the_cursor() -> None:
    drawn = Drawn(rows=4)
    room: list[tuple[int, int]] = []

    def render(width: int, height: int) -> Sequence[Text]:
        room.append((width, height))
        return [Text(f"{number}{'x' * (width - 1)}") for number in range(height)]

    drawn.screen.draw(render)
    drawn.screen.draw(render)
    assert room == [(19, 3), (19, 3)]
    assert [line[:2] for line in drawn.terminal.lines] == ["be", "0x", "1x", "2x", ""]


@pytest.mark.parametrize(("columns", "rows"), [(8, 6), (40, 6), (20, 3), (9, 3)])
def test_after_a_change_of_size_the_old_frame_is_gone(columns: int, rows: int) -> None:
    drawn = Drawn()
    drawn.draw("the first line", "the second line")
    drawn.resize(columns, rows)
    shown = [line for line in drawn.draw("1", "2") if line]
    assert shown[-2:] == ["1", "2"]
    assert shown[:-2] in ([], ["before"])
    assert drawn.terminal.lines[0] == "before"


async def test_the_table_is_drawn_until_the_end_and_the_cursor_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["first"]
    terminal = Terminal(80, 24)
    async with redrawn(lambda _width, _height: [Text(line) for line in lines], is_stderr=False):
        await asyncio.sleep(0)
        terminal.write(capsys.readouterr().out)
        assert terminal.screen == ["first", ""]
        assert not terminal.has_cursor
        lines.append("last")
    terminal.write(capsys.readouterr().out)
    assert terminal.screen == ["first", "last", ""]
    assert terminal.has_cursor


async def test_the_cursor_comes_back_after_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    async def wait() -> None:
        async with redrawn(lambda _width, _height: [Text("table")], is_stderr=True):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    captured = capsys.readouterr()
    assert captured.out == ""
    terminal = Terminal(80, 24)
    terminal.write(captured.err)
    assert terminal.screen == ["table", ""]
    assert terminal.has_cursor


def test_a_size_of_nought_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    monkeypatch.setenv("LINES", "0")
    room: list[tuple[int, int]] = []

    def render(width: int, height: int) -> Sequence[Text]:
        room.append((width, height))
        return []

    Screen(Console(file=io.StringIO(), force_terminal=True), lambda _: None).draw(render)
    assert room == [(79, 24)]


@pytest.mark.parametrize(("force", "is_coloured"), [("1", True), ("0", False)])
async def test_a_frame_has_no_colours_where_they_are_off(
    force: str,
    is_coloured: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FORCE_COLOR", force)
    monkeypatch.setenv("TERM", "xterm-256color")
    async with redrawn(lambda _width, _height: [Text("table", "red")], is_stderr=False):
        await asyncio.sleep(0)
    assert ("\x1b[31m" in capsys.readouterr().out) is is_coloured
