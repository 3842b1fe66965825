from __future__ import annotations

import os
import signal
from collections import Counter
from typing import TYPE_CHECKING

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


def test_an_interrupted_update_keeps_only_passes_that_it_leaves_alone(
    make_project: Callable[..., Project],
) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(ONE)
    project.up()
    assert project.outputs()["verdicts"]["support-line"]["outcome"] == "passed"
    project.declare(TWO)
    assert interrupt_an_update(project, 1) == {"support-line": "passed", "billing": "incomplete"}
    project.declare(CHANGED)
    assert interrupt_an_update(project, 2) == {"support-line": "incomplete", "billing": "incomplete"}
