"""Outcomes speak for themselves, and numbers that cannot be meant are errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

FAILING = """\
pathways:
  pw-1: {scenarios: [{id: sc-1}, {id: sc-2}], failing: [1, 1, 1, 1, 1]}
  "*": {scenarios: [{id: sc-1}]}
"""
ONE = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n"


def test_numbers_that_cannot_be_meant_fail_a_preview_with_their_positions(project: Project) -> None:
    project.declare(ONE.replace("pw-1", "pw-1, timeout_ms: 900"))
    printed = project.pulumi("preview", expect=None)
    assert "sessions.yaml:3:" in printed
    assert "sessions.support-line.timeout_ms: found the number 900, expected at least 10000 (milliseconds)" in printed
    assert not project.requests()


TWO = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n  billing: {pathway_id: pw-2}\n"


def test_no_stack_shows_running_beside_passed(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000)
    project.declare(TWO + "  late: {pathway_id: pw-2}\n  free: {pathway_id: pw-3, gate: none}\n")
    project.up()
    outputs = project.outputs()
    assert {name: verdict["outcome"] for name, verdict in outputs["verdicts"].items()} == dict.fromkeys(
        ("support-line", "billing", "late"), "passed"
    )
    statuses = {name: session["status"] for name, session in outputs["sessions"].items()}
    assert statuses == dict.fromkeys(outputs["verdicts"], "COMPLETED_ALL_PASSED") | {"free": "RUNNING"}


def test_failed_and_incomplete_sessions_are_counted_apart(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=FAILING)
    project.declare(ONE + "  unread: {pathway_id: pw-2, gate: {passed: promotion}}\n  good: {pathway_id: pw-3}\n")
    project.fail(kind="status", status=403, path="/scenarios", times=9)
    printed = project.up(expect=None)
    assert "gate failed: 1 failed, 1 incomplete of 3 sessions" in printed
    assert "  support-line: Fix the pathway or the scenarios" in printed
    assert "  unread: Run `pulumi up --stack dev` again: it reads them again" in printed
