"""The HTML report for people: one self-contained page that makes no request."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tornado_resource.bland.content import short
from tornado_resource.bland.responses import parse_time
from tornado_resource.core.durations import format_ms
from tornado_resource.core.text import clean
from tornado_resource.reports.changes import part_title, title
from tornado_resource.reports.outcomes import STYLES, advice, worst_first
from tornado_resource.reports.scenarios import omission, unmet_scenarios

if TYPE_CHECKING:
    from tornado_resource.bland.responses import Iteration
    from tornado_resource.gate.model import Result
    from tornado_resource.reports.model import Report
    from tornado_resource.reports.scenarios import ScenarioResult

HERE: Final = Path(__file__).parent
MAX_OPEN: Final = 12
"""With more sessions than this, those that passed are folded."""
MAX_CHARACTERS: Final = 2000
MAX_FAILED: Final = 100
"""How many failed scenarios are named for an iteration."""
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
    """What the page shows of one session."""

    anchor: str
    result: Result
    failed: tuple[ScenarioResult, ...]
    unfixable: tuple[ScenarioResult, ...]
    bars: tuple[Bar, ...]
    is_open: bool
    advice: str
    omission: str | None


def html(report: Report) -> str:
    """Return the page; sessions that did not pass come first.

    Its `Content-Security-Policy` allows its own style sheet, by hash, and nothing else.
    """
    style = (HERE / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    numbers = {result.gated.name: index + 1 for index, result in enumerate(report.results)}
    ranked = worst_first(report.results)
    is_long = len(ranked) > MAX_OPEN
    sections = [_section(numbers[result.gated.name], result, report.stack, is_long=is_long) for result in ranked]
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report, sections=sections, style=style, digest=digest, styles=STYLES, sizes=SIZES, max_failed=MAX_FAILED
    )


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


def _section(number: int, result: Result, stack: str, *, is_long: bool) -> Section:
    failed, unfixable = unmet_scenarios(result)
    return Section(
        anchor=f"session-{number}",
        result=result,
        failed=failed,
        unfixable=unfixable,
        bars=chart(result.status.iterations) if result.status else (),
        is_open=result.verdict.outcome != "passed" or not is_long,
        advice=advice(result, stack) if result.verdict.outcome != "passed" else "",
        omission=omission(result),
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"safe_text": _safe_text, "duration": format_ms, "moment": _moment, "known": _known}
    environment.filters |= {"digest": short, "changes_title": title, "part_title": part_title, "mark": _mark}
    return environment


def _safe_text(text: str) -> str:
    return clean(text, MAX_CHARACTERS)


def _moment(text: str | None) -> str:
    """Return a time to the second, in UTC; text that is no time is returned as it is."""
    moment = parse_time(text)
    try:
        moment = moment.astimezone(UTC) if moment is not None else None
    except OverflowError:
        moment = None
    if moment is None:
        return _safe_text(text) if text else "unknown"
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _mark(sign: str) -> str:
    """Return the class of a line of a diff, by its first character."""
    return {"+": "added", "-": "removed"}.get(sign, "same")


def _known(value: object) -> str:
    return "unknown" if value is None else _safe_text(str(value))
