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


def test_backend_and_folder_may_be_in_the_project_file(
    make_project: Callable[..., Project],
) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    elsewhere = project.folder / "src"
    elsewhere.mkdir()
    (project.folder / "__main__.py").rename(elsewhere / "__main__.py")
    (elsewhere / "sessions.yaml").write_text("version: 1\nsessions: {a: {pathway_id: pw-1}}\n", encoding="utf-8")
    settings = f"name: agents\nruntime: python\nmain: src\nbackend: {{url: '{project.backend}'}}\n"
    (project.folder / "Pulumi.yaml").write_text(settings, encoding="utf-8")
    project.up(PULUMI_BACKEND_URL="")
    lock = project.state_folder / ".pulumi/locks/organization/agents/dev/1.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text('{"username": "ann", "hostname": "ci", "pid": 7, "timestamp": "2026-01-01"}', encoding="utf-8")
    code, printed = project.run("tornado-resource", "doctor", PULUMI_BACKEND_URL="")
    assert code == 1
    assert "stack dev is locked by ann@ci, process 7, since 2026-01-01" in printed
    assert "a (pathway pw-1): no session runs" in printed
    code, printed = project.run("tornado-resource", "report", "--history", "3", "--folder", "r", PULUMI_BACKEND_URL="")
    assert (code, (project.folder / "r/history.json").exists()) == (0, True), printed
