"""The benchmarks run, and the rows that do not depend on the machine are within their targets."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.paths import ROOT
from tests.support.project import STAND_INS


@pytest.mark.soak
def test_a_quick_bench_runs_and_its_counts_are_within_their_targets() -> None:
    result = subprocess.run(
        [sys.executable, ROOT / "bench/run.py"],
        env={**os.environ, "QUICK": "1", "GOGC": "400", "PYTHONPATH": str(STAND_INS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "calls of an update and a preview, against all that passed" in result.stdout
