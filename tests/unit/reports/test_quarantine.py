"""Quarantine is never silent: each report says what it is, what it found, why, and how long."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import pytest
from junitparser import JUnitXml

from tests.support.results import (
    check_result_of,
    check_run_of,
    gated_check_run_of,
    gated_run_of,
    judge_of,
    report_of,
    result_of,
    status_of,
)
from tornado_resource.cli.status import _lines
from tornado_resource.declarations.model import Confirm, Gate
from tornado_resource.declarations.quarantine import Quarantine
from tornado_resource.reports.console import MAX_QUARANTINED, failure_message, quarantine_message
from tornado_resource.reports.github import annotation_lines
from tornado_resource.reports.html import html
from tornado_resource.reports.junit import junit
from tornado_resource.reports.outcomes import gate_text, quarantine_views
from tornado_resource.reports.summary import summary
from tornado_resource.reports.verdicts_json import verdicts_json
from tornado_resource.runs.confirmation import judged_again

if TYPE_CHECKING:
    from tornado_resource.reports.model import Report

DAY: Final = date(2026, 4, 14)
FINE: Final = Quarantine("sc-ok", "slow | <b>", "2026-04-14")
GATE: Final = Gate(quarantine=(FINE, Quarantine("sc-q", "mishears", "2026-04-16")))
SESSION: Final = result_of(
    gated_run_of("support-line", gate=GATE),
    status_of("COMPLETED_PARTIAL", ("sc-1", "sc-2", "sc-ok"), ("sc-q",)),
    names={"sc-q": "Order number"},
)
CHECKED: Final = check_result_of(
    gated_check_run_of("support", gate=Gate(quarantine=(Quarantine("polite", "too strict", "2026-05-01"),))),
    check_run_of("FAILED", judge_of("resolved", 0.9), judge_of("polite", 0.4)),
)
FOUND: Final = "failed, decides again after 2026-04-16 (2 days left)"


def report() -> Report:
    return report_of(SESSION, CHECKED)


def test_what_failed_comes_first() -> None:
    assert (SESSION.verdict.outcome, CHECKED.verdict.outcome) == ("passed", "passed")
    assert [(each.label, each.state) for each in quarantine_views(SESSION, DAY)] == [
        ("Order number (sc-q)", FOUND),
        ("sc-ok", "did not fail, decides again after 2026-04-14 (0 days left)"),
    ]


def test_what_missed_its_bar_in_the_confirmation_has_not_passed() -> None:
    passed = result_of(
        gated_run_of("support-line", gate=replace(GATE, confirm=Confirm(5, "80%"))),
        status_of("COMPLETED_ALL_PASSED", ("sc-1", "sc-2", "sc-ok", "sc-q"), ()),
    )
    rates: Any = {
        key: {"passed": number, "runs": 5} for key, number in {"sc-1": 5, "sc-2": 4, "sc-ok": 4, "sc-q": 2}.items()
    }
    confirmed = judged_again(passed, {"set_id": "set-1", "runs": 5, "scenarios": rates})
    assert confirmed.verdict.outcome == "passed"
    assert [(each.label, each.state) for each in quarantine_views(confirmed, DAY)] == [
        ("sc-q", "passed 2 of 5 simulations, decides again after 2026-04-16 (2 days left)"),
        ("sc-ok", "did not fail, decides again after 2026-04-14 (0 days left)"),
    ]
    message = quarantine_message([confirmed], DAY) or ""
    assert message.startswith("failed in quarantine, which decides nothing: 1\n  support-line: sc-q passed 2 of 5")


def test_the_day_is_that_of_the_report() -> None:
    assert report().day == DAY
    assert replace(report(), written_at="2026-04-14T23:30:00-05:00").day == date(2026, 4, 15)
    assert replace(report(), written_at="once").day >= date(2026, 11, 28)


def test_the_summary_has_a_table_of_its_own() -> None:
    text = summary(report())
    assert (
        "### In quarantine\n\n| Run | What | Found | Reason |\n| --- | --- | --- | --- |\n| support-line | Order number"
        in text
    )
    assert f"{FOUND} | mishears |" in text
    assert "| support | polite | failed, decides again after 2026-05-01 (17 days left) | too strict |" in text
    assert "slow &#124; &lt;b&gt;" in text
    assert "In quarantine" not in summary(
        report_of(result_of(gated_run_of("a"), status_of("COMPLETED_PARTIAL", (), ("b",))))
    )


def test_a_long_table_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tornado_resource.reports.summary.MAX_ROWS", 2)
    assert "\n… and 1 more: see `verdicts.json`.\n" in summary(report())


def test_the_page_has_a_section_of_its_own() -> None:
    page = html(report())
    assert '<h2 id="quarantine">In quarantine</h2>' in page
    assert f"support-line: <strong>Order number (sc-q)</strong> {FOUND}<br>Reason: mishears" in page
    assert "slow | &lt;b&gt;" in page
    assert "in quarantine until 2026-05-01" in page
    assert 'id="quarantine"' not in html(report_of(result_of(gated_run_of("a"), None)))


def cases(text: str) -> dict[str, Any]:
    return {case.name: case for suite in JUnitXml.fromstring(text.encode()) for case in suite}


def test_in_junit_a_failure_in_quarantine_is_skipped_with_its_reason() -> None:
    found = cases(junit(report()))
    assert found["Order number"].result[0].message == "failed, but in quarantine until 2026-04-16: mishears"
    assert found["polite"].result[0].message == "40% matched, but in quarantine until 2026-05-01: too strict"
    assert {found["Order number"].is_skipped, found["polite"].is_skipped} == {True}
    assert found["sc-ok"].is_passed


def test_in_junit_it_is_skipped_where_the_gate_failed_for_another() -> None:
    status = status_of("COMPLETED_PARTIAL", ("sc-2",), ("sc-1", "sc-q"))
    failed = result_of(gated_run_of("a", gate=GATE), status)
    found = cases(junit(report_of(failed)))
    assert (found["sc-1"].is_failure, found["sc-q"].is_skipped) == (True, True)
    message = failure_message([failed], "dev") or ""
    assert "    failed: sc-1\n" in message
    assert "failed in quarantine: sc-q" in message
    assert "### In quarantine" in summary(report_of(failed))


def test_annotations_warn_of_each_at_its_declaration() -> None:
    warnings = [line for line in annotation_lines(report()) if line.startswith("::warning")]
    assert len(warnings) == 3
    assert warnings[0].startswith(
        "::warning file=sessions.yaml,line=6,col=3,title=support-line%3A in quarantine::Order number"
    )
    assert annotation_lines(report()) == warnings


def test_the_json_has_reason_and_days_left() -> None:
    sessions = json.loads(verdicts_json(report()))["sessions"]
    assert sessions["support-line"]["quarantined"] == ["sc-q"]
    assert sessions["support-line"]["quarantine"][0] == {
        "part": "sc-q",
        "name": "Order number",
        "reason": "mishears",
        "until": "2026-04-16",
        "days_left": 2,
        "failed": True,
    }
    assert sessions["support"]["quarantine"][0]["name"] is None


def test_status_has_a_line_for_each() -> None:
    lines = list(_lines([SESSION, CHECKED], [], DAY))
    assert f"              in quarantine: Order number (sc-q) {FOUND}: mishears" in lines
    assert len(lines) == 5


def test_the_log_says_what_was_excused() -> None:
    assert quarantine_message([SESSION, CHECKED], DAY) == (
        "failed in quarantine, which decides nothing: 2\n"
        f"  support-line: Order number (sc-q) {FOUND}: mishears\n"
        "  support: polite failed, decides again after 2026-05-01 (17 days left): too strict"
    )
    passed = result_of(gated_run_of("a", gate=GATE), status_of("COMPLETED_ALL_PASSED", ("sc-q", "sc-ok"), ()))
    assert quarantine_message([passed], DAY) is None
    assert (quarantine_message([SESSION] * (MAX_QUARANTINED + 2), DAY) or "").endswith("  … and 2 more")


@pytest.mark.parametrize("gate", [GATE, Gate()], ids=["some", "none"])
def test_a_gate_in_words_is_as_ever(gate: Gate) -> None:
    assert gate_text(gate) == "all"
