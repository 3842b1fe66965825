"""The report as one HTML page: what each run shows, its charts in SVG units, what changed, and the trends. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tornado_resource.bland.content import short
from tornado_resource.bland.responses import parse_time
from tornado_resource.core.clock import format_ms
from tornado_resource.core.text import clean
from tornado_resource.reports.baseline import NOT_BLAMED, changes, rows, tally
from tornado_resource.reports.changes import part_title, title
from tornado_resource.reports.outcomes import (
    STYLES,
    Parts,
    advice,
    headings,
    held,
    judge_views,
    last_fixes,
    omission,
    parts,
    quarantine_views,
    unmet_scenarios,
    worst_first,
)
from tornado_resource.reports.rates import rate_views
from tornado_resource.runs.kinds import count_runs, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.bland.sessions import Fix, Iteration
    from tornado_resource.reports.model import Report
    from tornado_resource.reports.outcomes import JudgeView, QuarantineView, ScenarioResult
    from tornado_resource.reports.rates import RateView
    from tornado_resource.reports.trends import PastRun, Trend
    from tornado_resource.runs.kinds import Kind
    from tornado_resource.runs.model import Result

HERE: Final = Path(__file__).parent
LONG: Final = 12
"""A page with more sessions than this is long."""
MAX_OPEN: Final = 3
"""How many cards of a long page are open: the first ones that did not pass."""
MAX_PAGE_CHARACTERS: Final = 2000
MAX_FAILED: Final = 100
"""How many failed scenarios are named for an iteration."""
MAX_DRAWN_PARTS: Final = 100
"""How many scenarios and judges that failed in the last updates are shown."""
MAX_MARKS: Final = 20
"""How many of their runs are shown: the last ones."""
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_RESERVED: Final = frozenset({"against", "controls", "flaky", "overview", "quarantine", "sessions", "trends", "waived"})
"""The ids of other parts of the page."""
CHART_HEIGHT: Final = 120
BAR_PITCH: Final = 52
SIZES: Final = {"bar": 34, "pitch": BAR_PITCH, "base": CHART_HEIGHT + 16, "height": CHART_HEIGHT + 38}
"""Of a chart, in SVG units: bar width, distance of bars, base line and height, with room for the numbers."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of one iteration: how many scenarios passed and failed, and its position and heights in SVG units."""

    number: int
    passed: int
    failed: int
    x: int
    passed_height: float
    failed_height: float


@dataclass(frozen=True, slots=True)
class Section:
    """What the page shows of one run."""

    anchor: str
    result: Result
    kind: Kind
    parts: Parts
    judges: tuple[JudgeView, ...]
    rates: tuple[RateView, ...]
    failed: tuple[ScenarioResult, ...]
    unfixable: tuple[ScenarioResult, ...]
    quarantine: tuple[QuarantineView, ...]
    bars: tuple[Bar, ...]
    is_open: bool
    advice: str
    fixes: tuple[Fix, ...]
    omission: str | None
    held: int | None
    at_worst: int | None


def html(report: Report) -> str:
    """Return the page; sessions that did not pass come first.

    Its `Content-Security-Policy` allows its own style sheet and script, by hash, and nothing else. Everything can be
    read without the script, which filters, sorts and unfolds.
    """
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    numbers = {result.gated.name: index + 1 for index, result in enumerate(report.results)}
    ranked = worst_first(report.results)
    is_long = len(ranked) > LONG
    sections = [
        _section(_anchor(result, numbers), result, report, is_open=_is_open(place, result, is_long=is_long))
        for place, result in enumerate(ranked)
    ]
    changed = rows(changes(report.results, report.baseline)) if report.baseline is not None else []
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        sections=sections,
        changed=changed,
        tally=tally(changed),
        not_blamed=NOT_BLAMED,
        style=style,
        digest=_digest(style),
        script=script,
        script_digest=_digest(script),
        styles=STYLES,
        sizes=SIZES,
        max_failed=MAX_FAILED,
        max_parts=MAX_DRAWN_PARTS,
        max_marks=MAX_MARKS,
        totals=_totals(report.results),
        headings=headings(result.gated for result in report.results),
        count=count_runs(result.gated for result in report.results),
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of the overview, by what is counted. *elapsed_ms* is the longest time: runs go side by side."""

    parts: tuple[Parts, ...]
    elapsed_ms: int


def _totals(results: Sequence[Result]) -> Totals:
    groups: dict[str, list[Parts]] = {}
    for result_parts in map(parts, results):
        groups.setdefault(result_parts.noun, []).append(result_parts)
    sums = tuple(
        Parts(sum(max(part.passed or 0, 0) for part in group), sum(max(part.total or 0, 0) for part in group), noun)
        for noun, group in groups.items()
    )
    return Totals(sums, max((result.verdict.elapsed_ms or 0 for result in results), default=0))


def chart(iterations: tuple[Iteration, ...]) -> tuple[Bar, ...]:
    """Lay out a bar for each iteration, in proportion to the largest one."""
    counts = [(len(set(iteration.passed_ids)), len(set(iteration.failed_ids))) for iteration in iterations]
    largest = max((passed + failed for passed, failed in counts), default=0) or 1
    unit = CHART_HEIGHT / largest
    return tuple(
        Bar(
            number=iteration.number if iteration.number is not None else index + 1,
            passed=passed,
            failed=failed,
            x=index * BAR_PITCH,
            passed_height=round(passed * unit, 1),
            failed_height=round(failed * unit, 1),
        )
        for index, (iteration, (passed, failed)) in enumerate(zip(iterations, counts, strict=True))
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _anchor(result: Result, numbers: Mapping[str, int]) -> str:
    """Return the id of a session's card: its name where that can be one, so that links to it stay the same.

    All other ids that are made from a name or number have a dot, which no such name has.
    """
    name = result.gated.name
    return name if _NAME.fullmatch(name) and name not in _RESERVED else f"session.{numbers[name]}"


def _is_open(place: int, result: Result, *, is_long: bool) -> bool:
    return not is_long or (result.verdict.outcome != "passed" and place < MAX_OPEN)


def _section(anchor: str, result: Result, report: Report, *, is_open: bool) -> Section:
    failed, unfixable = unmet_scenarios(result)
    return Section(
        anchor=anchor,
        result=result,
        kind=kind_of(result.gated.kind),
        parts=parts(result),
        judges=judge_views(result),
        rates=rate_views(result),
        failed=failed,
        unfixable=unfixable,
        quarantine=quarantine_views(result, report.day),
        bars=chart(result.status.iterations) if result.status else (),
        is_open=is_open,
        advice=advice(result, report.stack) if result.verdict.outcome != "passed" else "",
        fixes=last_fixes(result) if failed or unfixable else (),
        omission=omission(result),
        held=held(result),
        at_worst=report.cost.conversations.get(result.gated.name) if report.cost is not None else None,
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"safe_text": _safe_text, "duration": format_ms, "moment": _moment, "known": _known}
    environment.filters |= {"digest": short, "changes_title": title, "part_title": part_title, "mark": _mark}
    environment.filters |= {"sparkline": sparkline}
    return environment


def _safe_text(text: str) -> str:
    return clean(text, MAX_PAGE_CHARACTERS)


def _moment(text: str | None) -> str:
    """Return a time to the second, in UTC; text that is no time is returned as it is."""
    moment = parse_time(text)
    if moment is None:
        return _safe_text(text) if text else "unknown"
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _mark(sign: str) -> str:
    """Return the class of a line of a diff, by its first character."""
    return {"+": "added", "-": "removed"}.get(sign, "same")


def _known(value: object) -> str:
    return "unknown" if value is None else _safe_text(str(value))


BASE: Final = 18
"""The base line: bars above it passed, bars below it failed."""
BAR: Final = 7
PITCH: Final = 9
SMALLEST: Final = 3
"""The height of a bar whose time is short, and of one that is incomplete."""


@dataclass(frozen=True, slots=True)
class ChartMark:
    """The bar of one run."""

    outcome: str
    label: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The bars of a session's runs, and the text for people who do not see them."""

    marks: tuple[ChartMark, ...]
    label: str
    width: int
    height: int = 2 * BASE
    base: int = BASE
    bar: int = BAR


def sparkline(trend: Trend) -> Sparkline:
    """Lay out a bar for each run. Its height is its time, in proportion to the longest run."""
    longest = max((run.duration_ms or 0 for run in trend.runs), default=0)
    marks = tuple(_bar_of(run, index * PITCH, longest) for index, run in enumerate(trend.runs))
    return Sparkline(marks, ", ".join(mark.label for mark in marks), len(marks) * PITCH)


def _bar_of(run: PastRun, x: int, longest: int) -> ChartMark:
    time = f" in {format_ms(run.duration_ms)}" if run.duration_ms is not None else ""
    share = (run.duration_ms or 0) / (longest or 1)
    height = SMALLEST if run.outcome == "incomplete" else round(SMALLEST + share * (BASE - SMALLEST), 1)
    top = {"passed": BASE - height, "failed": BASE}.get(run.outcome, BASE - height / 2)
    return ChartMark(run.outcome, f"{run.outcome}{time}", x, round(top, 1), height)
