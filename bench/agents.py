"""Rows on check runs of agents, beside those on sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects import agents_project, floor_project, requests, sandbox
from rows import Row, difference, ratio
from updates import FAST, LATENCY_MS, Measured

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO_FILE = """\
pathways: {}
agents:
  "*": {versions: [{semver: 1.0.0}], scenarios: [{id: tc-1}], checks: {staging: {judges: [resolved]}}}
"""


def agent_rows(folder: Path, number: int, pairs: int) -> list[Row]:
    """Measure new check runs, and unchanged ones of fixed versions and of `latest`."""
    measured, rows = Measured(), list[Row]()
    script = folder / "agents.yaml"
    script.write_text(SCENARIO_FILE, encoding="utf-8")
    near_by = (*FAST, "--scenario-file", str(script))
    far_off = (*near_by, "--latency", str(LATENCY_MS))
    for pair in range(pairs):
        floor = floor_project(folder / f"agents-floor-{pair}", number)
        with sandbox(*near_by) as near, sandbox(*far_off) as far, sandbox(*far_off) as moving:
            fixed = agents_project(folder / f"fixed-{pair}", number, far, "1.0.0")
            latest = agents_project(folder / f"latest-{pair}", number, moving, "latest")
            new = agents_project(folder / f"new-{pair}", number, near, "latest")
            new.wait(setting=False)
            measured.take("floor, new", floor.up)
            measured.take("new", new.up)
            fixed.up()
            latest.up()
            before = [len(requests(url)) for url in (far, moving)]
            measured.take("floor, unchanged", floor.up)
            measured.take("fixed, unchanged", fixed.up)
            measured.take("latest, unchanged", latest.up)
            calls = [len(requests(url)) - known for url, known in zip((far, moving), before, strict=True)]
            starts = sum(row["method"] == "POST" for row in requests(moving))
            rows = _counts(number, starts, *calls)
    return [*_times(measured, number), *rows]


def _times(measured: Measured, number: int) -> list[Row]:
    floor, agents = "a provider that does nothing", f"{number} agents that passed, responses after {LATENCY_MS} ms"
    new, unchanged = (
        measured.seconds(*names) for names in (("new", "floor, new"), ("fixed, unchanged", "floor, unchanged"))
    )
    moving = measured.seconds("latest, unchanged", "fixed, unchanged")
    return [
        ratio(f"up, {number} new check runs, tornado:wait false", floor, new, 1.15),
        ratio(f"up, {agents}, fixed versions", floor, unchanged, 1.10),
        difference(
            f"up, {agents}, version: latest", "the same with fixed versions, difference in seconds", moving, 0.8
        ),
    ]


def _counts(number: int, starts: int, fixed: int, latest: int) -> list[Row]:
    return [
        Row("POST calls", "one new check run", starts / number, 1.0, f"{starts} for {number}", "count"),
        Row("calls of an update", "all check runs of fixed versions", fixed, 0.0, "counted by the sandbox", "count"),
        Row("calls of an update", "one agent with version: latest", latest / number, 1.0, f"{latest}", "count"),
    ]
