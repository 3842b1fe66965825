"""Pulumi's other doors to a program: update plans, and `refresh` and `destroy` that run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT = """\
pathways:
  pw-1: {scenarios: [{id: sc-1}], failing: [0]}
  pw-2: {scenarios: [{id: sc-1}], failing: [1, 1, 1, 1, 1]}
"""
PASSING = "version: 1\nsessions:\n  alpha: {pathway_id: pw-1, version_number: 1, publish: production}\n"
FAILING = f"{PASSING}  beta: {{pathway_id: pw-2}}\n"


def test_a_plan_is_carried_out_and_a_failed_gate_refuses_no_destroy(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(PASSING)
    project.pulumi("preview", "--save-plan", "plan.json", PULUMI_EXPERIMENTAL="true")
    project.up(0, "--plan", "plan.json", PULUMI_EXPERIMENTAL="true")
    assert len(project.requests("/publish")) == 1
    project.declare(FAILING)
    project.up(expect=None)
    before = project.outputs()
    assert before["verdicts"]["beta"]["outcome"] == "failed"
    project.declare(FAILING.replace("pw-2", "pw-9"))
    printed = project.pulumi("refresh", "--run-program", "--yes", "--skip-preview")
    assert "gate failed" not in printed
    assert project.outputs() == before
    project.pulumi("destroy", "--run-program", "--yes")
    assert (project.resources(), len(project.requests("/start"))) == ([], 2)
