"""Runs every row of `tests/examples/confirmations.md`: a simulation set and a gate, and what must follow."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from tests.support.api import client_of
from tests.support.paths import EXAMPLES
from tests.support.simulations import ALL_PASSED, gated_set, set_body
from tornado_resource.confirmations.kind import KIND
from tornado_resource.declarations.model import Confirm, Gate
from tornado_resource.runs.confirmation import judge_confirmation
from tornado_resource.runs.results import read_result

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE: Final = EXAMPLES / "confirmations.md"


@dataclass(frozen=True)
class Row:
    """The cells as they are written. Only one table has the column *more*."""

    line: int
    status: str
    simulations: str
    confirm: str
    outcome: str
    reason: str
    more: str = "{}"

    def __str__(self) -> str:
        return f"line {self.line}: {self.status} {self.confirm}"

    @property
    def gate(self) -> Confirm:
        runs, passed = self.confirm.split()
        return Confirm(int(runs), int(passed) if passed.isdecimal() else passed)

    @property
    def numbers(self) -> dict[str, list[int]]:
        """By scenario, how many passed, failed, and ended with an error."""
        if self.simulations in {"-", "none"}:
            return {key: [*pair, 0] for key, pair in ALL_PASSED.items()} if self.simulations == "-" else {}
        cells = (each.split() for each in self.simulations.split(", "))
        return {key: [*map(int, numbers.split("/")), 0][:3] for key, numbers in cells}


def rows() -> Iterator[Row]:
    for number, line in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), 1):
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and cells[0].isupper():
            more = [cells.pop(3)] if len(cells) == 6 else []
            yield Row(number, *cells, *more)


def respond(row: Row, request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/runs"):
        listed = [key for key, (_, _, errors) in row.numbers.items() for _ in range(errors)]
        shown = {"simulation_set_id": "set-1", "status": "ERROR"}
        return httpx.Response(200, json={"runs": [{"scenario_id": each, **shown} for each in listed]})
    rates = {key: (passed, failed) for key, (passed, failed, _) in row.numbers.items()}
    return httpx.Response(200, json=set_body(row.status, rates, **json.loads(row.more)))


@pytest.mark.parametrize("row", [*rows()], ids=str)
async def test_the_verdict_of_each_row(row: Row) -> None:
    result = await read_result(client_of(lambda request: respond(row, request)), gated_set(row.gate))
    verdict: dict[str, Any] = asdict(result.verdict)
    assert (verdict["outcome"], verdict["reason"]) == (row.outcome, row.reason)
    found = result.verdict.confirmation
    if found is not None and row.more == "{}" and row.status in {"PASSED", "FAILED"} and "other" not in row.simulations:
        again = judge_confirmation(Gate(confirm=row.gate), found)
        assert again == (row.outcome, row.reason), "the recorded rates say the same"


def test_the_table_has_every_status_that_the_kind_knows() -> None:
    assert {*KIND.statuses} < {row.status for row in rows()}
