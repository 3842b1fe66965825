"""Runs every row of `tests/examples/check-runs.md`: a check run and a gate, and the verdict that must follow."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.paths import EXAMPLES
from tornado_resource.agents.judge import judge
from tornado_resource.bland.check_runs import CheckRun
from tornado_resource.declarations.model import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE: Final = EXAMPLES / "check-runs.md"
RULES: Final = ("all", "80%", "any")


@dataclass(frozen=True)
class Row:
    """The cells as they are written; `-` is what follows from the judges. Only one table has the column *more*."""

    line: int
    status: str
    judges: str
    names: str
    overall: str
    gate: str
    outcome: str
    reason: str
    more: str = "{}"

    def __str__(self) -> str:
        return f"line {self.line}: {self.status} {self.gate}"

    @property
    def judged_by(self) -> Gate:
        passed, *named = self.gate.split(", ")
        given = int(passed) if passed.isdecimal() else passed
        gate = Gate.of({"passed": given, "judges": dict(each.split(" ") for each in named)})
        assert gate is not None
        return gate

    @property
    def run(self) -> CheckRun:
        """What the API says of the run."""
        verdicts = [] if self.judges == "-" else [_verdict(each) for each in self.judges.split(", ")]
        names = [each["name"] for each in verdicts if each["name"]] if self.names == "-" else self.names.split()
        is_all = all(each["passed"] for each in verdicts if each["required"])
        shown = {"id": "run-1", "status": self.status, "verdicts": verdicts, "judge_names": names}
        overall = {"overall_passed": is_all if self.overall == "-" else json.loads(self.overall)}
        run = CheckRun.parse({**shown, **overall, **json.loads(self.more)})
        assert run is not None
        return run


def _verdict(text: str) -> dict[str, Any]:
    """Read `(polite) 0.4-`."""
    found = re.fullmatch(r"(\(?)([a-z]+)\)? (\S+?)([+-]?)", text)
    assert found, text
    optional, name, number, sign = found.groups()
    rate = json.loads(number)
    passed = sign == "+" if sign else isinstance(rate, float) and rate >= 0.5
    known = {"required": not optional, "match_rate": rate, "passed": passed if rate != 1 else True}
    return {"name": name if name != "null" else None, **known}


def _rows() -> Iterator[Row]:
    for number, line in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), start=1):
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("| ") and cells[0] not in {"status", "---"}:
            yield Row(number, *cells)


ROWS: Final = tuple(_rows())


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_row_has_its_verdict(row: Row) -> None:
    assert judge(row.judged_by, row.run) == (row.outcome, row.reason)


def test_every_status_is_judged_by_every_rule() -> None:
    assert {(status, rule) for status in ("PASSED", "FAILED") for rule in RULES} <= {
        (row.status, row.gate) for row in ROWS
    }


def test_there_are_many_different_rows() -> None:
    cases = {tuple(value for key, value in vars(row).items() if key != "line") for row in ROWS}
    assert len(cases) == len(ROWS) >= 80


def test_only_a_run_with_a_required_judge_passes() -> None:
    passed = [row.run for row in ROWS if row.outcome == "passed"]
    assert passed
    for run in passed:
        assert all(each.match_rate is not None for each in run.verdicts if each.is_required)
        assert any(each.is_required for each in run.verdicts)
