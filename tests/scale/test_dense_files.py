"""A file of up to a megabyte takes at most 200 MB, and prints at most 1,000 problems; `make bench` says how long.

Every eighth kind of file in `make test`, and all of them in `make soak`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.dense_files import FILES, SIZE, long_scenarios, many_values
from tests.support.measuring import measure
from tests.support.soak import IS_SOAK

if TYPE_CHECKING:
    from pathlib import Path

MAX_MEBIBYTES = 200
MAX_PROBLEMS = 1000
KINDS = list(FILES) if IS_SOAK else list(FILES)[1::8]


@pytest.mark.parametrize("kind", KINDS)
def test_a_megabyte_takes_200_mb_at_most(tmp_path: Path, kind: str) -> None:
    content = FILES[kind]()
    assert len(content) <= SIZE
    (tmp_path / "s.yaml").write_text(content, encoding="utf-8")
    _, mebibytes, printed = measure(tmp_path, "validate", "s.yaml")
    assert mebibytes < MAX_MEBIBYTES
    assert printed.count("\n") <= MAX_PROBLEMS + 1
    assert "traceback" not in printed.lower()
    assert len(printed) < MAX_PROBLEMS * 1000


@pytest.mark.parametrize("output", ["text", "json", "github"])
def test_a_plan_of_many_values_is_cut(tmp_path: Path, output: str) -> None:
    (tmp_path / "s.yaml").write_text(many_values(), encoding="utf-8")
    _, mebibytes, printed = measure(tmp_path, "plan", "s.yaml", "--format", output)
    assert mebibytes < MAX_MEBIBYTES
    assert "more sessions: a plan shows at most 20,000 values" in printed or '"more_sessions": ' in printed


def test_a_plan_of_long_texts_is_cut(tmp_path: Path) -> None:
    """They are few values, and a plan has the scenarios of each pathway."""
    content = long_scenarios()
    assert len(content) <= SIZE
    (tmp_path / "s.yaml").write_text(content, encoding="utf-8")
    _, mebibytes, printed = measure(tmp_path, "plan", "s.yaml", "--format", "json")
    assert mebibytes < MAX_MEBIBYTES
    assert '"more_sessions": ' in printed
