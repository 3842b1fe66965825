"""bench/README.md and the chart of docs/performance.md show the results of the last benchmark."""

from __future__ import annotations

import json

import performance

RESULTS = json.loads(performance.RESULTS.read_text(encoding="utf-8"))


def test_the_page_has_the_table_of_the_results() -> None:
    text = performance.PAGE.read_text(encoding="utf-8")
    assert performance.page(text, RESULTS) == text, "run `python tools/performance.py`"


def test_the_chart_shows_the_results() -> None:
    drawn = performance.CHART.read_text(encoding="utf-8")
    assert performance.chart(RESULTS["growth"]) == drawn, "run `python tools/performance.py`"
