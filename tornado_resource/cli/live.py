"""The live table of `tornado-resource wait`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tornado_resource.core.durations import format_ms
from tornado_resource.core.text import clean, count
from tornado_resource.reports.outcomes import STYLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tornado_resource.bland.responses import Status
    from tornado_resource.gate.model import GatedSession, Outcome, Result
    from tornado_resource.gate.polling import Progress

COLORS: Final[dict[Outcome, str]] = {"passed": "green", "failed": "bold red", "incomplete": "yellow"}
BAR_WIDTH = 20


class LiveTable:
    """A row for each session: how many scenarios passed, the iteration, the time.

    If there are more sessions than lines, running ones come first and the rest is counted.

    Args:
        gated_sessions: the sessions, in the order of the rows.
        console: where the table is drawn.
        now: the present time in seconds, from any starting point.

    """

    def __init__(
        self,
        gated_sessions: Sequence[GatedSession],
        console: Console | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gated_sessions = gated_sessions
        self._console = console or Console()
        self._now = now
        self._seen: dict[str, tuple[Status, float]] = {}
        self._results: dict[str, Result] = {}
        self._live = Live(console=self._console, get_renderable=self.render, refresh_per_second=4)

    @property
    def shown(self) -> Live:
        """A context manager: inside it, the table is on the terminal and redrawn four times a second."""
        return self._live

    def progress(self, gated: GatedSession) -> Callable[[Progress], None]:
        """Return the function to call with each progress of a session."""

        def update(progress: Progress) -> None:
            self._seen[gated.name] = progress.status, self._now()

        return update

    def end(self, result: Result) -> None:
        """Show a session's verdict."""
        self._results[result.gated.name] = result

    def render(self) -> RenderableType:
        """Return the table as of now."""
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for header in ("session", "scenarios", "", "iteration", "time", "state"):
            table.add_column(header, no_wrap=header != "state", overflow="ellipsis" if header == "session" else "fold")
        room = max(self._console.size.height - 4, 1)  # the header, the count of hidden rows, and the prompt
        ordered = sorted(self._gated_sessions, key=lambda gated: gated.name in self._results)
        shown = ordered[:room] if len(ordered) > room else self._gated_sessions
        for gated in shown:
            table.add_row(*self._row(gated))
        hidden = len(self._gated_sessions) - len(shown)
        return Group(table, Text(f"and {count(hidden, 'more session')}", "dim")) if hidden else table

    def _row(self, gated: GatedSession) -> list[RenderableType]:
        result = self._results.get(gated.name)
        status, seen_at = self._seen.get(gated.name, (None, self._now()))
        status = result.status if result is not None else status
        if status is None:
            return [Text(gated.name), "", "", "", "", _state(result, "…")]
        passed, total = status.passed_scenarios or 0, status.total_scenarios or 0
        # The API says how long a session had run at the last poll; the clock goes on between two polls.
        elapsed = (status.elapsed_ms or 0) + (int((self._now() - seen_at) * 1000) if result is None else 0)
        limit = format_ms(gated.limit_ms)
        iteration = f"{status.current_iteration or 0}/{status.max_iterations or '?'}"
        bar = ProgressBar(total=max(total, 1), completed=passed, width=BAR_WIDTH)
        return [
            Text(gated.name),
            bar,
            f"{passed} of {total}",
            iteration,
            f"{format_ms(elapsed)} of {limit}",
            _state(result, clean(status.status, 40)),
        ]


def _state(result: Result | None, otherwise: str) -> Text:
    if result is None:
        return Text(otherwise, "dim")
    outcome = result.verdict.outcome
    return Text(f"{STYLES[outcome].symbol} {outcome}", COLORS[outcome])
