from __future__ import annotations

import pytest

from tests.support.paths import EXAMPLES
from tests.support.results import gated_session_of, report_of, result_of, sample, status_of
from tornado_resource.core.positions import Position
from tornado_resource.reports.annotations import annotation_lines, command

GOLDEN = EXAMPLES / "reports/annotations.txt"


def test_the_sample_reads_as_it_did() -> None:
    """Golden: look at the change, then copy it over."""
    assert annotation_lines(sample()) == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_nothing_is_said_of_what_passed() -> None:
    status = status_of("COMPLETED_ALL_PASSED", ("sc-1",), ())
    assert annotation_lines(report_of(result_of(gated_session_of("a"), status))) == []


def test_many_failed_scenarios_are_counted() -> None:
    status = status_of("COMPLETED_PARTIAL", (), tuple(f"sc-{number}" for number in range(20)))
    line = annotation_lines(report_of(result_of(gated_session_of("a"), status)))[0]
    assert line.endswith("%0A20 scenarios failed: sc-0, sc-1, sc-2, sc-3, sc-4, sc-5, sc-6, sc-7 and 12 more")


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


def test_a_property_cannot_leave_its_place() -> None:
    line = command("notice", "x", position=Position("a,line=9::\nb", 1, 2), title="t::%")
    assert line == "::notice file=a%2Cline=9%3A%3A\\nb,line=1,col=2,title=t%3A%3A%25::x"
