"""Runs every row of `tests/examples/gate.md`: a response of the API and a gate, and the verdict that must follow."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from tests.support import truth_tables
from tests.support.api import json_response
from tornado_resource.bland.listing import Scenario
from tornado_resource.bland.sessions import SESSION_STATUSES, Status
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.quarantine import Quarantine
from tornado_resource.runs.model import Ending, GatedRun
from tornado_resource.runs.verdict import make_verdict

GIVEN_UP: Final[dict[str, Any]] = {
    "(vanished)": json_response({}, 404),
    "(out of time)": json_response({"status": "RUNNING"}),
    **truth_tables.GIVEN_UP,
}
RULES: Final = {"all": "all", "3": "count", "75%": "percentage", "promotion": "promotion", "any": "any"}


@dataclass(frozen=True)
class Row:
    """The cells as they are written; `-` is what is not there. Only some tables have the column *more*."""

    line: int
    status: str
    total: str
    passed: str
    failed: str
    declared: str
    required: str
    iterations: str
    forked: str
    gate: str
    repaired: str
    outcome: str
    reason: str
    more: str = "{}"

    def __str__(self) -> str:
        return f"line {self.line}: {self.status} {self.passed}/{self.total} {self.gate}"

    @property
    def judged_by(self) -> Gate:
        passed, *parts = self.gate.split(" ~")
        given = {"passed": int(passed) if passed.isdecimal() else passed, "repaired": self.repaired}
        gate = Gate.of({key: value for key, value in given.items() if value != "-"})
        assert gate is not None
        return replace(gate, quarantine=tuple(Quarantine(part, "flaky", "2026-12-31") for part in parts))

    @property
    def response(self) -> dict[str, Any]:
        """What the API says of the session."""
        numbers = {"total": self.total, "passed": self.passed, "failed": self.failed}
        known = {f"{key}_scenarios": json.loads(cell) for key, cell in numbers.items() if cell != "-"}
        forked = {} if self.forked == "-" else {"forked_version": int(self.forked)}
        rounds = [] if self.iterations == "-" else self.iterations.split("/")
        iterations = [_iteration(text.split()) for text in rounds]
        return {"status": self.status, **known, **forked, "iterations": iterations, **json.loads(self.more)}

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        names = [] if self.required == "-" else self.required.split()
        return tuple(Scenario(name.strip("()"), None, not name.startswith("(")) for name in names)

    @property
    def request(self) -> dict[str, Any]:
        if self.declared == "-":
            return {"pathway_id": "pw-1"}
        is_number = self.declared.isdecimal()
        ids = [f"sc-{number}" for number in range(int(self.declared))] if is_number else self.declared.split()
        return {"pathway_id": "pw-1", "scenario_ids": ids}

    @property
    def gated(self) -> GatedRun:
        return GatedRun("support-line", "s-1", self.judged_by, self.request, timeout_ms=900_000)

    async def ending(self) -> Ending:
        """How the wait ends: with a status, or without one as the cell *status* says."""
        if self.status not in GIVEN_UP:
            return Ending(Status.parse(self.response))
        return await truth_tables.ending_of(
            self.gated, GIVEN_UP[self.status], ("/active", json_response({"message": "no active session"}, 404))
        )


def _iteration(cells: list[str]) -> dict[str, Any]:
    """Read `a+ b- fix`: what passed, what failed, and whether a fix was planned then."""
    fixes = [{"target_node": "node-1"}] if "fix" in cells else []
    ids = {sign: [cell[:-1] for cell in cells if cell.endswith(sign)] for sign in "+-"}
    return {"passed_ids": ids["+"], "failed_ids": ids["-"], "fix_plan": {"fixes": fixes}}


ROWS: Final = tuple(Row(number, *cells) for number, cells in truth_tables.rows_of("gate.md"))


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_every_row_has_its_verdict(row: Row) -> None:
    ending = await row.ending()
    verdict = make_verdict(row.gated, ending, row.scenarios)
    assert (ending.cause is not None) == (row.status in GIVEN_UP)
    assert (verdict.outcome, verdict.reason) == (row.outcome, row.reason)


def test_every_status_is_judged_by_every_rule() -> None:
    met = {(row.status, rule) for row in ROWS for gate, rule in RULES.items() if row.gate == gate}
    statuses = [*SESSION_STATUSES, "RUNNING", "SOMETHING_NEW", *GIVEN_UP]
    assert {(status, rule) for status in statuses for rule in RULES.values()} <= met


def test_there_are_many_different_rows() -> None:
    cases = {tuple(value for key, value in vars(row).items() if key != "line") for row in ROWS}
    assert len(cases) == len(ROWS) >= 80


def test_only_a_completed_session_with_scenarios_passes() -> None:
    passed = [row for row in ROWS if row.outcome == "passed"]
    assert passed
    for row in passed:
        assert row.status.startswith("COMPLETED_")
        assert int(row.total) > 0


def test_unknown_outcomes_are_incomplete() -> None:
    for row in ROWS:
        if row.status not in SESSION_STATUSES or (row.status.startswith("COMPLETED_") and row.total == "0"):
            assert row.outcome == "incomplete"
