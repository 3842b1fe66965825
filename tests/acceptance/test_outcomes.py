"""Outcomes speak for themselves, and numbers that cannot be meant are errors."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from tests.support.project import PULUMI_SECONDS, until

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
    project.declare(ONE.replace("pw-1", "pw-1, scenario_ids: [sc-1], gate: {passed: 2}"))
    printed = project.pulumi("preview", expect=None)
    assert "sessions.support-line.gate.passed: found the number 2, expected at most 1" in printed
    assert not project.requests()


def test_numbers_that_cannot_be_meant_fail_a_library_program_too(make_project: Callable[..., Project]) -> None:
    values = 'pathway_id="pw-1", scenario_ids=["sc-1"], gate={"passed": 2}, timeout_ms=900'
    project = make_project(program=f"from tornado_resource import TornadoSession\n\nTornadoSession('a', {values})\n")
    printed = project.pulumi("preview", expect=None)
    assert "gate: gate.passed: found the number 2, expected at most 1, the number of its scenarios" in printed
    assert "timeout_ms: found the number 900, expected at least 10000 (milliseconds)" in printed


def test_only_a_requested_environment_must_be_in_the_file(project: Project) -> None:
    project.declare(ONE)
    project.pulumi("preview")
    project.configure("tornado:environment", "staging")
    printed = project.pulumi("preview", expect=None)
    assert "unknown environment 'staging', this file has no environments" in printed
    assert "Traceback" not in printed


TWO = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n  billing: {pathway_id: pw-2}\n"


def test_an_interrupted_update_leaves_verdicts_with_the_ids(slow_project: Project) -> None:
    project = slow_project
    project.declare(TWO)
    process = project.begin_up()
    until(lambda: min(counts(project, "/status"), default=0) >= 4)  # polled for more than two seconds
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=PULUMI_SECONDS)
    assert process.returncode != 0
    assert "Traceback" not in printed
    verdicts = project.outputs()["verdicts"]
    ids = {resource["urn"].rpartition("::")[2]: resource["id"] for resource in project.resources()}
    assert {name: verdict["session_id"] for name, verdict in verdicts.items()} == ids
    assert {verdict["outcome"] for verdict in verdicts.values()} == {"incomplete"}


def test_no_stack_shows_running_beside_passed(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000)
    project.declare(TWO + "  late: {pathway_id: pw-2}\n  free: {pathway_id: pw-3, gate: none}\n")
    for _ in range(2):
        project.up()
        outputs = project.outputs()
        assert {name: verdict["outcome"] for name, verdict in outputs["verdicts"].items()} == dict.fromkeys(
            ("support-line", "billing", "late"), "passed"
        )
        statuses = {name: session["status"] for name, session in outputs["sessions"].items()}
        assert statuses == dict.fromkeys(outputs["verdicts"], "COMPLETED_ALL_PASSED") | {"free": "RUNNING"}
        project.pulumi("preview", "--expect-no-changes")


def test_failed_and_incomplete_sessions_are_counted_apart(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=FAILING)
    project.declare(ONE + "  unread: {pathway_id: pw-2, gate: {passed: promotion}}\n  good: {pathway_id: pw-3}\n")
    project.fail(kind="status", status=403, path="/scenarios", times=9)
    printed = project.up(expect=None)
    assert "gate failed: 1 failed, 1 incomplete of 3 sessions" in printed
    assert "  support-line: Fix the pathway or the scenarios" in printed
    assert "  unread: Run `pulumi up --stack dev` again: it reads them again" in printed


def test_a_401_says_which_key_a_refresh_uses(project: Project) -> None:
    project.declare(ONE.replace("pw-1", "pw-1, gate: none"))
    project.up()
    project.fail(kind="status", status=401, path="/status", times=9)
    printed = project.pulumi("refresh", "--yes", expect=None)
    assert "HTTP 401" in printed
    assert "refresh and destroy use the bland:apiKey of the last `pulumi up`" in printed
    assert len(project.resources()) == 1


def counts(project: Project, part: str) -> list[int]:
    """How often each session was requested by a path with *part*; empty before there are two sessions."""
    paths = [row["path"] for row in project.requests(part)]
    return [paths.count(path) for path in {*paths}] if len({*paths}) > 1 else []
