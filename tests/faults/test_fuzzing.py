"""Input that coverage guides into every corner of the readers of files and responses; ten minutes in `make soak`."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.paths import EXAMPLES, ROOT
from tests.support.soak import IS_SOAK

if TYPE_CHECKING:
    from pathlib import Path

LIMIT: Final = ["-max_total_time=600"] if IS_SOAK else ["-runs=200", "-seed=1"]
"""Ten minutes of whatever chance finds, or the same inputs every time."""
TIME: Final = "2026-04-14T10:15:00.000Z"
FIX: Final = {"id": "f", "target_node": "n", "description": "d", "type": "prompt_edit"}
ITERATION: Final = {
    "iteration": 1,
    "started_at": TIME,
    "completed_at": TIME,
    "passed_ids": ["sc-2"],
    "failed_ids": ["sc-1"],
    "fix_plan": {"fixes": [FIX], "priority_order": ["f"]},
}
SESSION: Final = {"session_id": "s-1", "status": "RUNNING", "created_at": TIME, "max_iterations": 5, "persona_id": None}
STATUS: Final = {
    "status": "COMPLETED_PARTIAL",
    "total_scenarios": 2,
    "passed_scenarios": 1,
    "failed_scenarios": 1,
    "unfixable_ids": ["sc-1"],
    "iterations": [ITERATION],
    "forked_version": 7,
}
NODE: Final = {"id": "a", "type": "t", "data": {"prompt": 1}}
EDGE: Final = {"id": "e", "source": "a", "target": "b", "label": "l"}
RESPONSES: Final[tuple[Any, ...]] = (
    STATUS,
    SESSION,
    SESSION,
    {"scenarios": [{"id": "sc-1", "name": "n", "is_required_for_promotion": True}]},
    {"data": {"nodes": [NODE], "edges": [EDGE], "version_number": 1}},
    {"cancelled": True},
    {"data": None, "errors": [{"error": "x", "message": "::error::y"}]},
)


def write_seeds(target: str, folder: Path) -> None:
    if target == "reader":
        for path in EXAMPLES.glob("*valid/*.yaml"):
            (folder / path.name).write_bytes(path.read_bytes())
    else:
        for call, body in enumerate(RESPONSES):
            for code in (0, 6):
                (folder / f"{call}-{code}").write_bytes(bytes([call, code]) + json.dumps(body).encode())


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="there is no atheris for this platform"
)
@pytest.mark.parametrize("target", ["reader", "responses"])
def test_no_input_that_coverage_finds_crashes_or_prints_codes(tmp_path: Path, target: str) -> None:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    write_seeds(target, seeds)
    command = [sys.executable, "-m", "tests.support.fuzzing", target, "seeds", *LIMIT, "-max_len=16384"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-5000:]
    print(re.findall(r"#\d+\s+DONE.*|Done \d+ runs.*", ran.stderr))
