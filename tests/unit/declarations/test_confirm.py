"""The key `confirm` of a gate: what it requires, and the same rules for a file and a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.declarations.model import Confirm, Gate
from tornado_resource.declarations.resolver import load
from tornado_resource.declarations.values import session_problems
from tornado_resource.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("confirm", "needed"),
    [(Confirm(5), 5), (Confirm(5, "80%"), 4), (Confirm(5, "81%"), 5), (Confirm(7, 3), 3), (Confirm(50, "1%"), 1)],
    ids=str,
)
def test_how_many_runs_must_pass(confirm: Confirm, needed: int) -> None:
    assert confirm.needed == needed


def test_a_gate_comes_back_as_it_is_recorded() -> None:
    for confirm in (None, Confirm(5), Confirm(20, 15)):
        gate = Gate(confirm=confirm)
        assert Gate.of(gate.recorded) == gate
    assert "confirm" not in Gate().recorded


@pytest.mark.parametrize(
    ("gate", "problem"),
    [
        ({"confirm": {"runs": 5}}, None),
        ({"confirm": {"runs": 5, "passed": 5}}, None),
        ({"confirm": {}}, "gate.confirm.runs: missing; expected how often each scenario is simulated, from 2 to 50"),
        (
            {"confirm": {"runs": 5, "passed": 6}},
            "gate.confirm.passed: found the number 6, expected at most 5, the number of runs",
        ),
        ({"confirm": {"runs": 51}}, "gate.confirm.runs: found the number 51, expected at most 50"),
        ({"confirm": {"runs": 5, "passed": "any"}}, "expected `all`, a whole number, or a percentage such as 80%"),
    ],
    ids=str,
)
def test_a_program_has_the_rules_of_the_file(gate: Any, problem: str | None) -> None:
    found = session_problems("booking", {"pathway_id": "pw-1", "version_number": 1, "gate": gate}).get("gate")
    assert found is None if problem is None else problem in (found or "")


PROMOTED = """\
version: 1
sessions:
  booking: {pathway_id: pw-1, gate: {confirm: {runs: 5}}}
environments:
  staging: {sessions: {booking: {version_number: latest}}}
  production: {promotes_from: staging%s}
"""


def test_a_promoted_session_gets_its_version_from_the_other_stack(tmp_path: Path) -> None:
    file = tmp_path / "sessions.yaml"
    file.write_text(PROMOTED % "", encoding="utf-8")
    [session] = load(str(file), "production").sessions
    assert session.gate == Gate(repaired="refuse", confirm=Confirm(5))
    assert session.limit_ms == (15 + 1 + 60) * 60_000


def test_on_another_pathway_there_is_no_version_to_confirm(tmp_path: Path) -> None:
    file = tmp_path / "sessions.yaml"
    file.write_text(PROMOTED % ", sessions: {booking: {pathway_id: pw-2}}", encoding="utf-8")
    with pytest.raises(DeclarationError, match="`confirm` needs a version to simulate; declare `version_number: lat"):
        load(str(file), "production")
