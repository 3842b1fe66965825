"""Runs every row of `tests/examples/check-runs.md`: a check run and a gate, and the verdict that must follow."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from tests.support import truth_tables
from tests.support.api import json_response
from tornado_resource.agents.as_declared import name_of
from tornado_resource.agents.kind import CheckStatus
from tornado_resource.bland.check_runs import STATUSES, CheckRun, Checks, ConfiguredJudge
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.quarantine import Quarantine
from tornado_resource.runs.model import Ending, GatedRun
from tornado_resource.runs.verdict import make_verdict

RULES: Final = ("all", "80%", "any")
REQUEST: Final = {"agent_id": "ag-1", "env": "staging", "version_id": "v-1"}
GIVEN_UP: Final[dict[str, Any]] = {
    "(vanished)": json_response({"data": None, "errors": [{"message": "Check run not found"}]}, 404),
    "(out of time)": json_response({"id": "run-1", "status": "RUNNING"}),
    **truth_tables.GIVEN_UP,
}


@dataclass(frozen=True)
class Row:
    """The cells as they are written; `-` is what follows from the judges. Some tables have no *more* and *declared*."""

    line: int
    status: str
    judges: str
    names: str
    overall: str
    gate: str
    outcome: str
    reason: str
    more: str = "{}"
    declared: str = "-"

    def __str__(self) -> str:
        return f"line {self.line}: {self.status} {self.gate}"

    @property
    def judged_by(self) -> Gate:
        rule, *parts = self.gate.split(" ~")
        passed, *named = rule.split(", ")
        given = int(passed) if passed.isdecimal() else passed
        gate = Gate.of({"passed": given, "judges": dict(each.split(" ") for each in named)})
        assert gate is not None
        return replace(gate, quarantine=tuple(Quarantine(part, "flaky", "2026-12-31") for part in parts))

    @property
    def run(self) -> CheckRun:
        """What the API says of the run."""
        verdicts = [] if self.judges == "-" else [_verdict(each) for each in self.judges.split(", ")]
        names = [each["name"] for each in verdicts if each["name"]] if self.names == "-" else self.names.split()
        is_all = all(each["passed"] for each in verdicts if each["required"])
        shown = {"id": "run-1", "status": self.status, "verdicts": verdicts, "judge_names": names}
        overall = {"overall_passed": is_all if self.overall == "-" else json.loads(self.overall)}
        run = CheckRun.parse({"agent_version_id": "v-1", **shown, **overall, **json.loads(self.more)})
        assert run is not None
        return run

    @property
    def gated(self) -> GatedRun:
        return GatedRun("support", "run-1", self.judged_by, REQUEST, kind="check_run", checks=self.checks)

    @property
    def checks(self) -> Checks | None:
        """The declared checks: judges, then `2x5` for two test cases with five conversations each."""
        if self.declared == "-":
            return None
        judges, _, numbers = self.declared.rpartition(" ")
        test_cases, conversations = map(int, numbers.split("x"))
        scenario_ids = tuple(f"sc-{number}" for number in range(test_cases))
        return Checks(scenario_ids, tuple(map(_declared_judge, judges.split(", "))), True, conversations, None)

    async def ending(self) -> Ending:
        """How the wait ends: with a status, or without one as the cell *status* says."""
        if self.status not in GIVEN_UP:
            return Ending(CheckStatus.of(self.run))
        return await truth_tables.ending_of(self.gated, GIVEN_UP[self.status], ("/v2/agents", json_response([])))


def _verdict(text: str) -> dict[str, Any]:
    """Read `(polite) 0.4-`."""
    found = re.fullmatch(r"(\(?)([a-z]+)\)? (\S+?)([+-]?)", text)
    assert found, text
    optional, name, number, sign = found.groups()
    rate = json.loads(number)
    passed = sign == "+" if sign else isinstance(rate, float) and rate >= 0.5
    known = {"required": not optional, "match_rate": rate, "passed": passed if rate != 1 else True}
    return {"name": name if name != "null" else None, **known}


def _declared_judge(text: str) -> ConfiguredJudge:
    """Read `(polite)@v2[warm]`: its id is `j-polite`."""
    found = re.fullmatch(r"(\(?)([a-z]+)\)?(?:@(\S+?))?(?:\[(\S+)\])?", text)
    assert found, text
    optional, name, version, levels = found.groups()
    return ConfiguredJudge(f"j-{name}", version, name, not optional, tuple(levels.split("+")) if levels else ())


ROWS: Final = tuple(Row(number, *cells) for number, cells in truth_tables.rows_of("check-runs.md"))


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_every_row_has_its_verdict(row: Row) -> None:
    ending = await row.ending()
    verdict = make_verdict(row.gated, ending)
    assert (ending.cause is not None) == (row.status in GIVEN_UP)
    assert (verdict.outcome, verdict.reason) == (row.outcome, row.reason)


def test_every_status_is_judged_by_every_rule() -> None:
    met = {(row.status, row.gate) for row in ROWS}
    statuses = [*STATUSES, "PENDING", "RUNNING", "SOMETHING_NEW", *GIVEN_UP]
    assert {(status, rule) for status in statuses for rule in RULES} <= met


def test_there_are_many_different_rows() -> None:
    cases = {tuple(value for key, value in vars(row).items() if key != "line") for row in ROWS}
    assert len(cases) == len(ROWS) >= 100


def test_only_a_completed_run_with_a_required_judge_passes() -> None:
    passed = [row for row in ROWS if row.outcome == "passed"]
    assert passed
    for row in passed:
        assert row.status in {"PASSED", "FAILED"}
        assert any(each.is_required for each in row.run.verdicts)
        deciding = [
            each for each in row.run.verdicts if row.judged_by.quarantine_of(name_of(each), each.judge_id or "") is None
        ]
        assert all(each.match_rate is not None for each in deciding if each.is_required)


def test_the_version_of_an_adopted_run_must_be_shown() -> None:
    row = next(row for row in ROWS if row.outcome == "passed")
    own, adopted = row.gated, replace(row.gated, adopted=True)
    unknown = CheckStatus.of(replace(row.run, version_id=None))
    found = [make_verdict(gated, Ending(unknown)).outcome for gated in (own, adopted)]
    assert found == ["passed", "incomplete"]
    assert make_verdict(adopted, Ending(CheckStatus.of(row.run))).outcome == "passed"
