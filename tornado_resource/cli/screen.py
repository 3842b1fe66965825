"""Frames drawn over each other on a terminal, without flicker."""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from rich.text import Text

    Render = Callable[[int, int], Sequence[Text]]
    """Returns a frame of at most so many columns and lines."""

FRAME_SECONDS: Final = 0.25
HIDE_CURSOR: Final = "\x1b[?25l"
SHOW_CURSOR: Final = "\x1b[?25h"
ERASE_REST_OF_LINE: Final = "\x1b[K"
ERASE_BELOW: Final = "\x1b[J"


class Screen:
    """The lowest lines of a terminal, where each frame takes the place of the one before.

    Nothing is erased before its place is written again, and a line that has not changed is not written: that is what
    flickers elsewhere.

    Args:
        console: the terminal.
        write: writes to it.

    """

    def __init__(self, console: Console, write: Callable[[str], None]) -> None:
        self._console = console
        self._write = write
        self._lines: list[str] = []
        self._widths: list[int] = []
        self._size = console.size

    def draw(self, render: Render) -> None:
        """Draw a frame, below which a line stays free for the cursor."""
        size = self._console.size
        # A character in the last column would make some terminals go on to the next line.
        lines = render(max(size.width - 1, 1), max(size.height - 1, 1))
        shown, self._lines = self._lines, [self._encoded(line) for line in lines]
        if size != self._size:
            self._write(self._erased(size.width, size.height))
            shown = []
        self._size, self._widths = size, [line.cell_len for line in lines]
        if shown != self._lines:
            self._write(_change(shown, self._lines))

    def _encoded(self, line: Text) -> str:
        with self._console.capture() as captured:
            self._console.print(line, end="", soft_wrap=True)
        return captured.get()

    def _erased(self, width: int, height: int) -> str:
        """Return what erases the frame after a change of the terminal's size, which may have wrapped its lines."""
        rows = sum(math.ceil(each / width) or 1 for each in self._widths)
        return _up(min(rows, height - 1)) + ERASE_BELOW


def _change(before: Sequence[str], after: Sequence[str]) -> str:
    """Return what turns one frame into the next."""
    parts = [_up(len(before))]
    for number, line in enumerate(after):
        is_shown = number < len(before) and before[number] == line
        parts.append("\n" if is_shown else f"{line}{ERASE_REST_OF_LINE}\n")
    return "".join(parts) + (ERASE_BELOW if len(after) < len(before) else "")


def _up(rows: int) -> str:
    return f"\r\x1b[{rows}A" if rows else "\r"


@asynccontextmanager
async def redrawn(render: Render, *, is_stderr: bool) -> AsyncIterator[None]:
    """Draw what *render* returns four times a second, and once more at the end. stdout or stderr is a terminal."""

    def write(text: str) -> None:
        click.echo(text, nl=False, err=is_stderr, color=True)

    screen = Screen(Console(stderr=is_stderr), write)

    async def draw_on() -> None:
        while True:
            screen.draw(render)
            await asyncio.sleep(FRAME_SECONDS)

    write(HIDE_CURSOR)
    drawing = asyncio.create_task(draw_on())
    try:
        yield
    finally:
        drawing.cancel()
        with suppress(asyncio.CancelledError):
            await drawing
        screen.draw(render)
        write(SHOW_CURSOR)
