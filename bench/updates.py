"""Rows on `pulumi up` and `pulumi preview`, against a provider that does nothing."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from projects import Project, Usage, floor_project, our_project, requests, sandbox
from rows import Row, difference, ratio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LATENCY_MS = 100
SLOTS = 4
"""Pulumi serves a Python dynamic provider with four threads."""
FAST = ("--speed", "100000")
"""Sessions end at once."""


@dataclass
class Measured:
    """The usages of commands, by name: one for each pair."""

    usages: dict[str, list[Usage]] = field(default_factory=dict)

    def take(self, name: str, command: Callable[[], Usage]) -> None:
        """Run a command and add what it took."""
        self.usages.setdefault(name, []).append(command())

    def seconds(self, ours: str, floor: str, extra: float = 0.0) -> list[tuple[float, float]]:
        """Return the seconds of two commands in pairs; *extra* is added to the second."""
        pairs = zip(self.usages[ours], self.usages[floor], strict=True)
        return [(our.seconds, their.seconds + extra) for our, their in pairs]

    def processor_ms(self, ours: str, floor: str, number: int) -> float:
        """Return the median of the processor time above the floor, in milliseconds for each session."""
        pairs = zip(self.usages[ours], self.usages[floor], strict=True)
        return statistics.median((our.processor - their.processor) * 1000 / number for our, their in pairs)


def update_rows(folder: Path, number: int, pairs: int) -> list[Row]:
    """Measure new, resumed and unchanged sessions, near and far from the API."""
    measured = Measured()
    rows: list[Row] = []
    for pair in range(pairs):
        with sandbox(*FAST) as near, sandbox(*FAST, "--latency", str(LATENCY_MS)) as far:
            floor = floor_project(folder / f"floor-{pair}", number)
            ours = our_project(folder / f"near-{pair}", number, near)
            distant = our_project(folder / f"far-{pair}", number, far)
            settled = _measure(measured, floor, ours, distant, far)
            rows = [*_counts(far, number, settled), _state(ours, floor)]
        with sandbox(*FAST, "--latency", str(LATENCY_MS)) as drifting:
            project = our_project(folder / f"drift-{pair}", number, drifting, "on_drift")
            project.up()
            before = len(requests(drifting))
            measured.take("drift, unchanged", project.up)
            rows.append(_reads(len(requests(drifting)) - before, number))
    return [*_times(measured, number), *rows]


def smallest_rows(folder: Path) -> list[Row]:
    """Count the requests of one new session."""
    with sandbox(*FAST) as url:
        our_project(folder / "smallest", 1, url).up()
        return _counts(url, 1, len(requests(url)))


def _measure(measured: Measured, floor: Project, near: Project, far: Project, url: str) -> int:
    """Measure one pair, and return how many calls the far project made until all of its sessions were judged."""
    near.wait(setting=False)
    far.wait(setting=False)
    measured.take("floor, new", floor.up)
    measured.take("near, new", near.up)
    measured.take("far, new", far.up)
    near.wait(setting=True)
    far.wait(setting=True)
    measured.take("near, resumed", near.up)
    measured.take("far, resumed", far.up)
    settled = len(requests(url))
    measured.take("floor, unchanged", floor.up)
    measured.take("far, unchanged", far.up)
    measured.take("floor, preview", floor.preview)
    measured.take("far, preview", far.preview)
    return settled


def _times(measured: Measured, number: int) -> list[Row]:
    far = f"responses after {LATENCY_MS} ms"
    return [*_settled(measured, f"{number} sessions", far), *_new(measured, number, far)]


def _settled(measured: Measured, sessions: str, far: str) -> list[Row]:
    return [
        ratio(
            f"up, {sessions} that passed, {far}",
            "a provider that does nothing",
            measured.seconds("far, unchanged", "floor, unchanged"),
            1.10,
        ),
        difference(
            f"up, {sessions} that passed, rerun: on_drift, {far}",
            "the same with on_failure, difference in seconds",
            measured.seconds("drift, unchanged", "far, unchanged"),
            0.8,
        ),
        ratio(
            f"preview, {sessions} that passed, {far}",
            "a provider that does nothing",
            measured.seconds("far, preview", "floor, preview"),
            1.10,
        ),
        difference(
            f"up, {sessions} not judged yet, {far}",
            "the same without latency, difference in seconds",
            measured.seconds("far, resumed", "near, resumed"),
            1.5,
        ),
    ]


def _new(measured: Measured, number: int, far: str) -> list[Row]:
    slots = number / SLOTS * LATENCY_MS / 1000
    return [
        ratio(
            f"up, {number} new sessions, tornado:wait false",
            "a provider that does nothing",
            measured.seconds("near, new", "floor, new"),
            1.15,
        ),
        Row(
            f"processor time of the same above the floor, {number} new sessions",
            "one session, in ms",
            round(measured.processor_ms("near, new", "floor, new", number), 2),
            5.0,
            "all processes, Pulumi's engine included",
        ),
        ratio(
            f"up, {number} new sessions, {far}",
            f"a provider that does nothing, and {slots:g} s for {SLOTS} calls at a time",
            measured.seconds("far, new", "floor, new", slots),
            1.25,
        ),
    ]


def _counts(url: str, number: int, settled: int) -> list[Row]:
    """Count the requests of the far project; the first *settled* ones came before all sessions were judged."""
    log = [f"{row['method']} {row['path'].rpartition('/')[2]}" for row in requests(url)]
    before = Counter(log[:settled])
    posts = before["POST start"]
    # The live version when it has started, its status, and the version that it is for.
    gets = sum(calls for request, calls in before.items() if request.startswith("GET "))
    return [
        Row("POST calls", "one new session", posts / number, 1.0, f"{posts} for {number}", "count"),
        Row("GET calls until the verdict", "one session that has ended", gets / number, 3.0, f"{gets}", "count"),
        Row("calls of any other kind", "all sessions", settled - posts - gets, 0.0, f"of {settled}", "count"),
        Row(
            "calls of an update and a preview",
            "all that passed",
            len(log) - settled,
            0.0,
            "counted by the sandbox",
            "count",
        ),
    ]


def _reads(calls: int, number: int) -> Row:
    what = "calls of an update with rerun: on_drift"
    return Row(what, "one pathway that passed", calls / number, 3.0, f"{calls} for {number}", "count")


def _state(ours: Project, floor: Project) -> Row:
    sizes = ours.state_bytes(), floor.state_bytes()
    detail = f"{sizes[0]} and {sizes[1]} bytes"
    return Row(
        "state of a session, without outputs", "the floor's", round(sizes[0] / sizes[1], 4), 1.10, detail, "count"
    )
