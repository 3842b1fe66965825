from __future__ import annotations

import os
import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.project import PULUMI_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

ONE = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n"
TWO = ONE + "  billing: {pathway_id: pw-slow, timeout_ms: 90000000}\n"
CHANGED = TWO.replace("pathway_id: pw-1", "pathway_id: pw-slow-too, timeout_ms: 90000000")
SCRIPT = """\
pathways:
  pw-slow: {scenarios: [{id: sc-1}], iteration_ms: 600000000}
  pw-slow-too: {scenarios: [{id: sc-1}], iteration_ms: 600000000}
  "*": {scenarios: [{id: sc-1}]}
"""


@pytest.fixture
def passed(make_project: Callable[..., Project]) -> Project:
    """A project whose only session has passed."""
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(ONE)
    project.up()
    assert project.outputs()["verdicts"]["support-line"]["outcome"] == "passed"
    return project


def paths(project: Project) -> list[str]:
    return [row["path"] for row in project.requests("/status")]


def interrupt_an_update(project: Project, running: int) -> dict[str, str]:
    """Interrupt `pulumi up` while it waits for so many sessions; return the outcomes that it leaves."""
    before = len(paths(project))
    process = project.begin_up()
    # First it asks what has become of each, and then it waits.
    until(lambda: sum(count >= 2 for count in Counter(paths(project)[before:]).values()) == running)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=PULUMI_SECONDS)
    assert process.returncode != 0
    return {name: verdict["outcome"] for name, verdict in project.outputs()["verdicts"].items()}


def test_an_interrupted_update_leaves_no_pass_of_an_older_run(passed: Project) -> None:
    passed.declare(CHANGED)
    assert interrupt_an_update(passed, 2) == {"support-line": "incomplete", "billing": "incomplete"}


def test_an_interrupted_update_keeps_the_pass_of_what_it_leaves_alone(passed: Project) -> None:
    passed.declare(TWO)
    assert interrupt_an_update(passed, 1) == {"support-line": "passed", "billing": "incomplete"}


def test_a_start_that_fails_leaves_no_pass_of_an_older_run(passed: Project) -> None:
    passed.declare(CHANGED)
    passed.fail(kind="status", status=422, path="/start")
    passed.up(expect=None)
    assert passed.outputs()["verdicts"]["support-line"]["outcome"] == "incomplete"
