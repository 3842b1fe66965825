"""Rows on the largest inputs: how long the slowest of many kinds takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rows import Row

from tests.support.dense_files import FILES, many_values
from tests.support.large_bodies import LARGE, cpu_seconds
from tests.support.measuring import measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BEST_OF: Final = 3
FILE_SECONDS: Final = 1.0
BODY_SECONDS: Final = 2.0


def large_input_rows(folder: Path) -> list[Row]:
    """Measure files of 1 MiB and bodies of 10 MiB in processor time, which other processes hardly change."""
    files = {kind: _seconds(folder, "validate", make()) for kind, make in FILES.items()}
    plans = {"200,000 values": _seconds(folder, "plan", many_values())}
    bodies = {kind: min(cpu_seconds(make()) for _ in range(BEST_OF)) for kind, make in LARGE.items()}
    return [
        _slowest("seconds to validate a file of 1 MiB", files, FILE_SECONDS),
        _slowest("seconds to plan a file", plans, FILE_SECONDS),
        _slowest("seconds to read a response of 10 MiB", bodies, BODY_SECONDS),
    ]


def _seconds(folder: Path, command: str, content: str) -> float:
    (folder / "large.yaml").write_text(content, encoding="utf-8")
    return min(measure(folder, command, "large.yaml")[0] for _ in range(BEST_OF))


def _slowest(what: str, seconds: Mapping[str, float], target: float) -> Row:
    slowest = max(seconds, key=lambda kind: seconds[kind])
    return Row(what, f"the slowest of {len(seconds)} kinds", round(seconds[slowest], 4), target, slowest)
