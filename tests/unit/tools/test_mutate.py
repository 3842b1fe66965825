"""What `make mutate` makes of mutmut's results; mutmut itself is not run here."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import mutate

from tests.support.paths import ROOT

if TYPE_CHECKING:
    import pytest

RESULTS = """
    tornado_resource.gate.judging.x_judge__mutmut_1: killed
    tornado_resource.gate.judging.x_judge__mutmut_2: timeout
    tornado_resource.gate.judging.x_judge__mutmut_3: survived
    tornado_resource.gate.judging.x_judge__mutmut_4: caught by type check
    tornado_resource.promotion.check.x_check__mutmut_1: no tests
    tornado_resource.promotion.check.xǁCheckǁrun__mutmut_2: killed
"""


def test_shares_leave_out_what_mypy_rejects() -> None:
    assert mutate.shares(mutate.parse(RESULTS)) == {"gate": 2 / 3, "promotion": 0.5}


def test_the_report_names_survivors_and_counts_by_folder() -> None:
    lines = mutate.report(mutate.parse(RESULTS)).splitlines()
    assert [line.split() for line in lines] == [
        ["survived", "tornado_resource.gate.judging.x_judge__mutmut_3"],
        ["no", "tests", "tornado_resource.promotion.check.x_check__mutmut_1"],
        ["mutmut", "show", "NAME", "prints", "a", "change"],
        [],
        ["folder", "killed", "timeout", "survived", "by", "mypy", "share"],
        ["gate", "1", "1", "1", "1", "66.7%", "below", "85%"],
        ["promotion", "1", "0", "1", "0", "50.0%", "below", "85%"],
    ]


def test_a_report_without_survivors_is_the_table_alone() -> None:
    lines = mutate.report([mutate.Mutant("tornado_resource.gate.judging.x_judge__mutmut_1", "killed")]).splitlines()
    assert [line.split() for line in lines[1:]] == [["gate", "1", "0", "0", "0", "100.0%"]]


def test_an_unknown_folder_is_an_error_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutate.main(["gates"]) == 1
    assert capsys.readouterr().err == (
        "mutate: unknown folder gates: expected declarations, gate, promotion, sessions\n"
    )


def test_what_is_mutated_is_what_coverage_measures() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert tools["coverage"]["run"]["source"] == [f"tornado_resource/{folder}" for folder in mutate.FOLDERS]
