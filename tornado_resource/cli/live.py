"""The live table of `tornado-resource wait`, and its frames, drawn over each other without flicker."""

from __future__ import annotations

import asyncio
import math
import os
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console, ConsoleDimensions
from rich.text import Text

from tornado_resource.cli.output import COLORS, wants_color
from tornado_resource.core.clock import format_ms
from tornado_resource.core.text import clean, cut
from tornado_resource.reports.outcomes import STYLES, Parts, headings, parts
from tornado_resource.runs.kinds import count_runs, kind_of
from tornado_resource.runs.wait import limit_ms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    Render = Callable[[int, int], Sequence[Text]]
    "Returns a frame of at most so many columns and lines."
    from collections.abc import Callable, Mapping, Sequence

    from tornado_resource.bland.sessions import Status
    from tornado_resource.reports.outcomes import Headings
    from tornado_resource.runs.model import GatedRun, Outcome, Result
    from tornado_resource.runs.wait import Progress

FRAME_SECONDS: Final = 0.25
DEFAULT_SIZE: Final = ConsoleDimensions(80, 25)
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
        self._size = self._present_size()

    def _present_size(self) -> ConsoleDimensions:
        """Return the columns and rows of the terminal; some programs say 0 where they do not know."""
        columns, rows = self._console.size
        return ConsoleDimensions(columns or DEFAULT_SIZE.width, rows or DEFAULT_SIZE.height)

    def draw(self, render: Render) -> None:
        """Draw a frame, below which a line stays free for the cursor."""
        size = self._present_size()
        # A character in the last column would make some terminals go on to the next line.
        lines = render(max(size.width - 1, 1), max(size.height - 1, 1))
        drawn, self._lines = self._lines, [self._encoded(line) for line in lines]
        if size != self._size:
            self._write(self._erased(size.width, size.height))
            drawn = []
        self._size, self._widths = size, [line.cell_len for line in lines]
        if drawn != self._lines:
            self._write(_change(drawn, self._lines))

    def _encoded(self, line: Text) -> str:
        with self._console.capture() as captured:
            self._console.print(line, end="", soft_wrap=True)
        return captured.get()

    def _erased(self, width: int, height: int) -> str:
        """Return what erases the frame after a change of the terminal's size, which may have wrapped its lines."""
        rows = sum(math.ceil(line_width / width) or 1 for line_width in self._widths)
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

    # Where colours are off for us, Rich may still want them.
    screen = Screen(Console(stderr=is_stderr, no_color=wants_color(os.environ) is False or None), write)

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


GAP: Final = "  "
FIXED_WIDTHS: Final = {"bar": 20, "state": 12}
COLUMNS: Final = ("name", "count", "bar", "iteration", "time", "state")
"""From left to right."""
SQUEEZES: Final = (("bar", 4), ("bar", 0), ("name", 12), ("iteration", 0), ("time", 0), ("count", 0), ("name", 1))
"""What gives way in a narrow terminal, one after the other: a column, and how narrow it may become; at 0 it goes."""
RANKS: Final[tuple[Outcome | None, ...]] = ("failed", "incomplete", None, "passed")
"""The order of the rows. None stands for a session that has not ended."""


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of a run's row, without its bar: that shows how many of its scenarios or judges *passed*."""

    cells: Mapping[str, Text]
    passed: int = 0
    total: int | None = None

    def line(self, widths: Mapping[str, int]) -> Text:
        """Return the row as one line."""
        cells = dict(self.cells)
        if self.total is not None:
            cells["bar"] = _bar(self.passed, self.total, widths.get("bar", 0))
        return _line(cells, widths)


class LiveTable:
    """A row for each run, failed ones first, and a line with the totals.

    Args:
        gated_runs: the runs, in the order of the rows of those that are in the same state.
        now: the present time in seconds, from any starting point.

    """

    def __init__(self, gated_runs: Sequence[GatedRun], now: Callable[[], float] = time.monotonic) -> None:
        self._gated_runs = gated_runs
        self._now = now
        self._seen: dict[str, tuple[Status, float]] = {}
        self._results: dict[str, Result] = {}
        self._titles = headings(gated_runs)
        self._headers = _headers(self._titles)
        self._widths = {column: len(header) for column, header in self._headers.items()} | FIXED_WIDTHS

    def progress(self, gated: GatedRun, progress: Progress) -> None:
        """Show a run's progress."""
        self._seen[gated.name] = progress.status, self._now()

    def end(self, result: Result) -> None:
        """Show a run's verdict."""
        self._results[result.gated.name] = result

    def lines(self, width: int, height: int) -> list[Text]:
        """Return the table as of now, in at most *height* lines of at most *width* characters.

        If there is no room, passed runs collapse into a count first.
        """
        ordered = sorted(self._gated_runs, key=lambda gated: RANKS.index(self._outcome(gated.name)))
        room = max(height - 2, 1)  # without the headers and the totals
        visible = ordered if len(ordered) <= room else ordered[: max(room - 1, 1)]
        rows = [self._row(gated) for gated in visible]
        for row in rows:  # columns only grow: if they shrank too, the table would jump
            self._widths |= {
                column: max(width, row.cells[column].cell_len) if column in row.cells else width
                for column, width in self._widths.items()
            }
        widths = fit(self._widths, width)
        hidden = len(ordered) - len(visible)
        lines = [
            _line({column: Text(header, "dim") for column, header in self._headers.items()}, widths),
            *(row.line(widths) for row in rows),
            *([Text(f"and {hidden} more", "dim")] if hidden else []),
            self._totals(),
        ]
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        return lines[-height:]

    def _outcome(self, name: str) -> Outcome | None:
        result = self._results.get(name)
        return result.verdict.outcome if result is not None else None

    def _row(self, gated: GatedRun) -> _Row:
        result = self._results.get(gated.name)
        status, seen_at = self._seen.get(gated.name, (None, self._now()))
        status = result.status if result is not None else status
        ends = {"name": Text(clean(gated.name)), "state": _state(result, status)}
        if status is None:
            return _Row(ends)
        numbers = parts(result) if result is not None else _parts(gated, status)
        return _Row(
            ends | self._numbers(gated, numbers, status) | {"time": Text(self._time(gated, status, seen_at, result))},
            numbers.passed or 0,
            numbers.total,
        )

    def _numbers(self, gated: GatedRun, counted: Parts, status: Status) -> dict[str, Text]:
        """Return how many parts passed, and the iteration, as far as the kind of run has them."""
        unit = f" {counted.unit}" if self._titles.is_mixed else ""
        numbers = (
            {"count": Text(f"{counted.passed or 0} of {counted.total}{unit}")} if counted.total is not None else {}
        )
        if kind_of(gated.kind).has_iterations:
            numbers["iteration"] = Text(f"{status.current_iteration or 0}/{status.max_iterations or '?'}")
        return numbers

    def _time(self, gated: GatedRun, status: Status, seen_at: float, result: Result | None) -> str:
        # The API says how long a session had run at the last poll; the clock goes on between two polls.
        since = int((self._now() - seen_at) * 1000) if result is None else 0
        limit = format_ms(limit_ms(gated))
        if status.elapsed_ms is None and not kind_of(gated.kind).has_iterations:
            return f"at most {limit}"  # of a check run in flight, it says nothing
        return f"{format_ms((status.elapsed_ms or 0) + since)} of {limit}"

    def _totals(self) -> Text:
        outcomes = [self._outcome(gated.name) for gated in self._gated_runs]
        tally = [
            _painted(f"{outcomes.count(outcome)} {outcome or 'running'}", outcome)
            for outcome in RANKS
            if outcome in outcomes
        ]
        return Text(", ").join(tally).append(f" of {count_runs(self._gated_runs)}")


def _headers(titles: Headings) -> dict[str, str]:
    headers = {"name": titles.run.lower(), "count": titles.parts.lower(), "iteration": "iteration"}
    columns = [column for column in COLUMNS if column != "iteration" or titles.has_iterations]
    return {column: headers.get(column, "" if column == "bar" else column) for column in columns}


def _parts(gated: GatedRun, status: Status) -> Parts:
    """Return the scenarios of a session that runs; of a check run, nothing is known before it has ended."""
    kind = kind_of(gated.kind)
    total = (status.total_scenarios or 0) if kind.has_iterations else None
    return Parts(status.passed_scenarios, total, kind.part_noun)


def fit(widths: Mapping[str, int], room: int) -> dict[str, int]:
    """Return the columns that fit into *room* characters, with their widths.

    The bar gives way first. The state keeps its width, whatever the room.
    """
    fitted = dict(widths)
    for column, least in SQUEEZES:
        excess = sum(fitted.values()) + len(GAP) * (len(fitted) - 1) - room
        if excess > 0 and least == 0:
            fitted.pop(column, None)
        elif excess > 0:
            fitted[column] = max(fitted[column] - excess, min(fitted[column], least))
    return fitted


def _line(cells: Mapping[str, Text], widths: Mapping[str, int]) -> Text:
    padded = []
    for column, width in widths.items():
        cell = cells.get(column, Text()).copy()
        cell.truncate(width, overflow="ellipsis", pad=True)
        padded.append(cell)
    line = Text(GAP).join(padded)
    line.rstrip()
    return line


def _bar(passed: int, total: int, width: int) -> Text:
    """Return a bar that can be read without colours too."""
    halves = min(2 * width * passed // max(total, 1), 2 * width)
    done = "━" * (halves // 2) + "╸" * (halves % 2)
    return Text.assemble((done, "green"), ("─" * (width - len(done)), "dim"))


def _state(result: Result | None, status: Status | None) -> Text:
    if result is not None:
        outcome = result.verdict.outcome
        return _painted(f"{STYLES[outcome].symbol} {outcome}", outcome)
    word = "…"
    if status is not None:
        word = "judging" if status.is_final else clean(status.status)
    return Text(cut(word, FIXED_WIDTHS["state"]), "dim")


def _painted(text: str, outcome: Outcome | None) -> Text:
    return Text(text, COLORS[outcome]) if outcome is not None else Text(text)
