"""What `make mutate` makes of mutmut's results; mutmut itself is not run here."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import mutate
import pytest

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RESULTS = """
    tornado_resource.tornado.gate.x_judge__mutmut_1: killed
    tornado_resource.tornado.gate.x_judge__mutmut_2: timeout
    tornado_resource.tornado.gate.x_judge__mutmut_3: survived
    tornado_resource.tornado.gate.x_judge__mutmut_4: caught by type check
    tornado_resource.releases.promotion.x_check__mutmut_1: no tests
    tornado_resource.releases.promotion.xǁCheckǁrun__mutmut_2: killed
"""


@pytest.fixture
def fake_mutmut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a shell script in mutmut's place."""
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    monkeypatch.setattr(mutate, "WORK", tmp_path / "mutants")
    monkeypatch.setattr(mutate, "LOG", tmp_path / "mutants/run.log")
    monkeypatch.setattr(mutate, "MUTMUT", tmp_path / "mutmut")

    def write(script: str) -> None:
        (tmp_path / "mutmut").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / "mutmut").chmod(0o755)

    return write


def test_the_share_leaves_out_what_mypy_rejects() -> None:
    tallies = mutate.tally(mutate.parse(RESULTS))
    assert tallies == {"releases": mutate.Tally(1, 0, 1, 0), "tornado": mutate.Tally(1, 1, 1, 1)}
    assert [tally.share for tally in tallies.values()] == [0.5, 2 / 3]


def test_survivors_are_named() -> None:
    assert mutate.survivors(mutate.parse(RESULTS)) == [
        "  survived  tornado_resource.tornado.gate.x_judge__mutmut_3",
        "  no tests  tornado_resource.releases.promotion.x_check__mutmut_1",
        "`.venv/bin/mutmut show NAME` prints a change.",
        "",
    ]
    assert mutate.survivors([mutate.Mutant("tornado_resource.tornado.gate.x_judge__mutmut_1", "killed")]) == []


def test_the_table_marks_a_folder_that_has_too_few_killed() -> None:
    lines = mutate.table({"runs": mutate.Tally(85, 0, 15, 7), "releases": mutate.Tally(80, 4, 16, 0)})
    assert [line.split() for line in lines] == [
        ["folder", "killed", "timeout", "survived", "by", "mypy", "share"],
        ["runs", "85", "0", "15", "7", "85.0%"],
        ["releases", "80", "4", "16", "0", "84.0%", "below", "85%"],
    ]


@pytest.mark.parametrize(("results", "code"), [(RESULTS, 1), ("  tornado_resource.runs.a.x_b__mutmut_1: killed\n", 0)])
def test_the_exit_code_tells_whether_enough_were_killed(
    results: str, code: int, fake_mutmut: Callable[[str], None]
) -> None:
    fake_mutmut(f"cat <<'END'\n{results}END")
    assert mutate.main([]) == code


def test_a_failure_of_mutmut_is_an_error_with_the_end_of_its_log(
    fake_mutmut: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fake_mutmut("echo no tests found\nexit 1")
    assert mutate.main(["runs"]) == 1
    assert capsys.readouterr().err == "mutate: mutmut failed with exit code 1\nno tests found\n\n"


def test_an_unknown_folder_is_an_error_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutate.main(["gates"]) == 1
    assert capsys.readouterr().err == (
        "mutate: unknown folder gates: expected agents, checks, confirmations, declarations, releases, runs, "
        "scenarios, stacks, tornado, versions\n"
    )


def test_a_tenth_is_the_mutants_whose_number_ends_in_7(
    fake_mutmut: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mutants = [f"  tornado_resource.runs.wait.x_b__mutmut_{number}: killed\n" for number in range(1, 31)]
    fake_mutmut(f"echo \"$@\" >> calls\ncat <<'END'\n{''.join(mutants)}END")
    assert mutate.main(["--tenth", "runs"]) == 0
    assert (tmp_path / "calls").read_text(encoding="utf-8").splitlines()[0] == "run tornado_resource.runs.*7"
    assert capsys.readouterr().out.split()[-6:] == ["runs", "3", "0", "0", "0", "100.0%"]


def test_no_function_that_is_mutated_narrows_a_type() -> None:
    # mutmut wraps each function, and mypy does not see through the wrapper.
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    files = [path for pattern in tools["mutmut"]["only_mutate"] for path in ROOT.glob(pattern) if path.is_file()]
    narrowing = [path for path in files if re.search("TypeGuard|TypeIs", path.read_text(encoding="utf-8"))]
    assert files
    assert not narrowing


def test_what_is_mutated_is_what_coverage_measures() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert tools["coverage"]["run"]["source"] == [f"tornado_resource/{folder}" for folder in mutate.FOLDERS]


def test_the_tests_of_every_folder_that_is_mutated_run() -> None:
    run = mutate.SETTINGS["pytest_add_cli_args_test_selection"]
    assert [folder for folder in mutate.FOLDERS if f"tests/unit/{folder}" not in run] == []
