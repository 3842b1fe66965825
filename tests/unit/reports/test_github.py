from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.paths import EXAMPLES
from tests.support.results import gated_run_of, report_of, result_of, sample, status_of
from tornado_resource.bland.listing import Owner
from tornado_resource.core.positions import Checkout, Position
from tornado_resource.declarations.model import ScenarioDeclaration
from tornado_resource.reports.ci import command
from tornado_resource.reports.github import annotation_lines, announce, append_summary
from tornado_resource.reports.junit import junit
from tornado_resource.reports.summary import summary

if TYPE_CHECKING:
    from tornado_resource.runs.model import Result

OWNER = Owner.pathway("pw-1")
GOLDEN = EXAMPLES / "reports/annotations.txt"


def test_the_annotations_match_the_golden_file() -> None:
    """Golden: look at the change, then copy it over."""
    assert annotation_lines(sample()) == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_a_session_that_passed_has_no_annotation() -> None:
    status = status_of("COMPLETED_ALL_PASSED", ("sc-1",), ())
    assert annotation_lines(report_of(result_of(gated_run_of("a"), status))) == []


def test_many_failed_scenarios_are_counted() -> None:
    status = status_of("COMPLETED_PARTIAL", (), tuple(f"sc-{number}" for number in range(20)))
    line = annotation_lines(report_of(result_of(gated_run_of("a"), status)))[0]
    assert "%0A20 scenarios failed: sc-0, sc-1, sc-2, sc-3, sc-4, sc-5, sc-6, sc-7 and 12 more%0AFix " in line


def declared_failures(name: str, number: int) -> Result:
    """A session in which so many scenarios failed that are declared as code."""
    ids = tuple(f"sc-{each}" for each in range(number))
    declared = {
        each: ScenarioDeclaration(each, OWNER, {"name": each}, Position("sessions.yaml", 60, 5)) for each in ids
    }
    status = status_of("COMPLETED_PARTIAL", (), ids)
    return result_of(gated_run_of(name, scenarios=declared), status)


def test_there_are_ten_of_each_kind_sessions_first() -> None:
    failed = [declared_failures(f"a-{number}", 4) for number in range(7)]
    late = [result_of(gated_run_of(f"b-{number}"), None, "no answer") for number in range(12)]
    lines = annotation_lines(report_of(*late, *failed))
    errors, warnings = ([line for line in lines if line.startswith(f"::{level} ")] for level in ("error", "warning"))
    assert (len(errors), len(warnings), len(lines)) == (10, 10, 20)
    assert all(f"title=a-{number}%3A gate failed" in errors[number] for number in range(7))
    assert all("title=a-0%3A scenario failed" in line for line in errors[7:9])
    rest = "see the message of the gate at the end of this log, and the summary of the job"
    assert errors[9] == f"::error title=tornado-resource::and 26 more: {rest}"
    assert warnings[9] == f"::warning title=tornado-resource::and 3 more: {rest}"


def test_positions_are_relative_to_the_repository() -> None:
    checkout = Checkout(Path("/ci/agents"), Path("/ci/agents/voice"))
    report = replace(report_of(declared_failures("a", 1)), checkout=checkout)
    session, scenario = annotation_lines(report)
    assert session.startswith("::error file=voice/sessions.yaml,line=6,")
    assert scenario.startswith("::error file=voice/sessions.yaml,line=60,")
    text = junit(report)
    assert 'file="voice/sessions.yaml" line="6"' in text
    assert 'file="voice/sessions.yaml" line="60"' in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("100%", "100%25"),
        ("a\nb", "a%0Ab"),
        ("a\r\nb", "a%0Ab"),
        ("a\rb", "a\\rb"),
        ("%0A::error::x", "%250A::error::x"),
        ("\x1b[2J\u202e\u2028", "\\x1b[2J\\u202e\\u2028"),
    ],
)
def test_a_text_cannot_leave_its_command(text: str, shown: str) -> None:
    assert command("error", text, position=None, title="t") == f"::error title=t::{shown}"


def test_a_property_cannot_leave_its_command() -> None:
    line = command("notice", "x", position=Position("a,line=9::\nb", 1, 2), title="t::%")
    assert line == "::notice file=a%2Cline=9%3A%3A\\nb,line=1,col=2,title=t%3A%3A%25::x"


def test_a_summary_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "step.md"
    path.write_text("before\n", encoding="utf-8")
    append_summary(path, sample())
    assert path.read_text(encoding="utf-8") == f"before\n{summary(sample())}\n"


def test_github_gets_annotations_and_a_job_summary(tmp_path: Path) -> None:
    path, echoed = tmp_path / "step.md", list[str]()
    announce(sample(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path)}, echoed.append)
    assert echoed == annotation_lines(sample())
    assert path.read_text(encoding="utf-8") == summary(sample()) + "\n"


def test_nothing_is_written_outside_github(tmp_path: Path) -> None:
    path, echoed = tmp_path / "step.md", list[str]()
    announce(sample(), {"GITHUB_STEP_SUMMARY": str(path)}, echoed.append)
    announce(sample(), {"GITHUB_ACTIONS": "false", "GITHUB_STEP_SUMMARY": str(path)}, echoed.append)
    assert (echoed, path.exists()) == ([], False)


def test_a_missing_or_unwritable_summary_is_no_error(tmp_path: Path) -> None:
    echoed: list[str] = []
    report = report_of(result_of(gated_run_of("a"), None, "no answer"))
    announce(report, {"GITHUB_ACTIONS": "true"}, echoed.append)
    announce(report_of(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path)}, echoed.append)
    announce(report_of(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "a\0b"}, echoed.append)
    assert echoed[:1] == annotation_lines(report)
    assert echoed[1] == f"cannot write the job summary to {tmp_path}: Is a directory"
    assert echoed[2] == "cannot write the job summary to a\\x00b: embedded null byte"
