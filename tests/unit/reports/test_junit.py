from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from lxml import etree

from tests.support.paths import EXAMPLES
from tests.support.results import gated_run_of, report_of, result_of, sample, status_of
from tornado_resource.bland.sessions import Status
from tornado_resource.declarations.model import Gate
from tornado_resource.reports.junit import junit

SCHEMA = etree.XMLSchema(etree.parse(str(EXAMPLES / "junit.xsd")))
PARTIAL = "COMPLETED_PARTIAL"


def cases_of(text: str) -> dict[str, dict[str, str | None]]:
    """By suite and case: None for a pass, else the kind of its entry."""
    SCHEMA.assertValid(etree.fromstring(text.encode()))
    document = JUnitXml.fromstring(text.encode())
    return {
        suite.name: {case.name: next((entry._tag for entry in case.result), None) for case in suite}
        for suite in document
    }


def test_the_xml_matches_the_golden_file() -> None:
    """Golden: look at the change, then copy it over."""
    assert junit(sample()) == (EXAMPLES / "reports/junit.xml").read_text(encoding="utf-8")


def test_every_kind_of_session_has_its_result() -> None:
    assert cases_of(junit(sample())) == {
        "support-line": {
            "gate": "failure",
            "sc-status": None,
            "Refund | within 30 days": "failure",
            "Cancel an order": "failure",
        },
        "booking": {"gate": None, "sc-1": None, "sc-2": None},
        "billing": {"gate": None, "sc-1": None, "sc-2": None, "sc-3": None, "sc-4": None, "sc-5": "skipped"},
        "reminders": {"gate": "failure", "sc-9": "failure"},
        "surveys": {
            "gate": "error",
            "Refund | within 30 days": None,
            "Cancel an order": "failure",
        },
        "later": {"gate": "error"},
    }


def test_a_problem_of_the_update_is_an_error_in_a_suite_of_its_own() -> None:
    text = junit(replace(report_of(), problem="nothing was started\x1b\nsessions.yaml:3:1: a & b"))
    assert cases_of(text) == {"update": {"update": "error"}}
    assert 'message="nothing was started\\x1b"' in text
    assert "sessions.yaml:3:1: a &amp; b</error>" in text


def test_an_update_without_a_gate_to_judge_is_skipped() -> None:
    text = junit(replace(report_of(), problem="nothing was judged", is_skipped=True))
    assert cases_of(text) == {"update": {"update": "skipped"}}
    assert 'message="nothing was judged"' in text


def test_a_passed_gate_has_no_failure_and_no_error() -> None:
    status = status_of(PARTIAL, ("sc-1",), ("sc-2",), unfixable_ids=("sc-2", "sc-3"), total_scenarios=3)
    text = junit(report_of(result_of(gated_run_of("a", gate=Gate("30%")), status)))
    assert cases_of(text) == {"a": {"gate": None, "sc-1": None, "sc-2": "skipped", "sc-3": "skipped"}}
    assert 'failures="0"' in text
    assert 'message="failed, but the gate (30%) passed"' in text


def test_names_of_cases_are_unique() -> None:
    names = {"sc-1": "Twice", "sc-2": "Twice"}
    status = status_of(PARTIAL, ("gate",), ("sc-1", "sc-2", "x" * 400, "x" * 401))
    cases = cases_of(junit(report_of(result_of(gated_run_of("a"), status, names=names))))["a"]
    cut = "x" * 299 + "…"
    assert list(cases) == ["gate", "gate #2", "Twice", "Twice #2", cut, f"{cut} #2"]


@pytest.mark.parametrize(
    ("created_at", "shown"),
    [
        (None, None),
        ("yesterday", None),
        ("2026-04-14T12:00:00.5+02:00", "2026-04-14T10:00:00"),
        ("2026-04-14", "2026-04-14T00:00:00"),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_invalid_times_are_left_out(created_at: str | None, shown: str | None) -> None:
    text = junit(report_of(result_of(gated_run_of("a", created_at=created_at), None, "no answer")))
    assert cases_of(text) == {"a": {"gate": "error"}}
    assert etree.fromstring(text.encode())[0].get("timestamp") == shown


@pytest.mark.parametrize("elapsed_ms", [-5, 0, 10**30, 10**400])
def test_huge_durations_are_bounded(elapsed_ms: int) -> None:
    status = Status("RUNNING", elapsed_ms=elapsed_ms)
    assert cases_of(junit(report_of(result_of(gated_run_of("a"), status, "it still runs")))) == {"a": {"gate": "error"}}


def test_junit2html_reads_it(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text(junit(sample()), encoding="utf-8")
    program = str(Path(sys.executable).with_name("junit2html"))
    ran = subprocess.run([program, "junit.xml", "out.html"], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "Cancel an order" in page
    assert "it reached its time limit" in page


def test_the_xml_is_the_same_without_lxml() -> None:
    """The library takes lxml where it is installed; users have none."""
    program = (
        "import sys; sys.modules['lxml'] = None\n"
        "from tests.support.results import sample; from tornado_resource.reports.junit import junit\n"
        "sys.stdout.buffer.write(junit(sample()).encode())"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, cwd=EXAMPLES.parents[1])
    assert ran.stdout.decode() == junit(sample())


def test_the_schema_refuses_a_time_with_an_offset() -> None:
    root: Any = etree.fromstring(junit(sample()).encode())
    root[0].set("timestamp", "2026-04-14T10:00:00Z")
    assert not SCHEMA.validate(root)
