"""Outcomes speak for themselves, and numbers that cannot be meant are errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

ONE = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n"


def test_numbers_that_cannot_be_meant_fail_a_preview_with_their_positions(project: Project) -> None:
    project.declare(ONE.replace("pw-1", "pw-1, timeout_ms: 900"))
    printed = project.pulumi("preview", expect=None)
    assert "sessions.yaml:3:" in printed
    assert "sessions.support-line.timeout_ms: found the number 900, expected at least 10000 (milliseconds)" in printed
    project.declare(ONE.replace("pw-1", "pw-1, scenario_ids: [sc-1], gate: {passed: 2}"))
    printed = project.pulumi("preview", expect=None)
    assert "sessions.support-line.gate.passed: found the number 2, expected at most 1" in printed
    assert not project.requests()


def test_numbers_that_cannot_be_meant_fail_a_library_program_too(make_project: Callable[..., Project]) -> None:
    values = 'pathway_id="pw-1", scenario_ids=["sc-1"], gate={"passed": 2}, timeout_ms=900'
    project = make_project(program=f"from tornado_resource import TornadoSession\n\nTornadoSession('a', {values})\n")
    printed = project.pulumi("preview", expect=None)
    assert "gate: gate.passed: found the number 2, expected at most 1, the number of scenario_ids" in printed
    assert "timeout_ms: found the number 900, expected at least 10000 (milliseconds)" in printed


def test_only_a_requested_environment_must_be_in_the_file(project: Project) -> None:
    project.declare(ONE)
    project.pulumi("preview")
    project.pulumi("config", "set", "tornado:environment", "staging")
    printed = project.pulumi("preview", expect=None)
    assert "unknown environment 'staging', this file has no environments" in printed
    assert "Traceback" not in printed
