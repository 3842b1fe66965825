"""The benchmarks run, and the rows that do not depend on the machine are within their targets."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.support.paths import ROOT
from tests.support.preloading import STAND_INS


def quick(value: str) -> str:
    result = subprocess.run(
        [sys.executable, ROOT / "bench/run.py"],
        env={**os.environ, "QUICK": value, "GOGC": "400", "PYTHONPATH": str(STAND_INS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_smallest_bench_runs() -> None:
    """So that nobody finds out at a release that the benchmarks are broken. `make soak` runs a larger part."""
    assert re.findall(r"(?:within|BEYOND) \S+ +([^,]+), against", quick("smallest")) == [
        "POST calls",
        "GET calls until the verdict",
        "calls of any other kind",
        "calls of an update and a preview",
        "reading and validating 1 session",
    ]


@pytest.mark.soak
def test_a_quick_bench_runs_and_its_counts_are_within_their_targets() -> None:
    assert "calls of an update and a preview, against all that passed" in quick("1")
