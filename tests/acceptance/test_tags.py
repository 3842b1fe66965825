"""What an environment leaves out by `only`, and a nightly run of everything that is no change for the next push."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT = "pathways: {pw-1: {failing: [0], iteration_ms: 1000}, pw-2: {failing: [0], iteration_ms: 1000}}\n"
DECLARATIONS = """\
version: 1
scenarios:
  refund: {max_turns: 3}
  cancel: {max_turns: 3}
sessions:
  quick: {pathway_id: pw-1, scenarios: [refund], tags: [smoke]}
  whole: {pathway_id: pw-2, scenarios: [refund, cancel]}
environments:
  dev: ONLY
"""
HEADERS = {"authorization": "any-key"}


def enabled(project: Project, pathway_id: str) -> dict[str, bool]:
    listed = project.http.get("/v1/agent-testing/scenarios", params={"pathway_id": pathway_id}, headers=HEADERS).json()[
        "scenarios"
    ]
    return {each["name"]: each["enabled"] for each in listed}


def test_only_narrows_and_a_nightly_run_is_no_change(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(DECLARATIONS.replace("ONLY", "{only: [smoke]}"))
    printed = project.pulumi("preview")
    assert "environment dev leaves out whole (only: smoke)" in printed
    project.up()
    assert [body["pathway_id"] for body in project.bodies()] == ["pw-1"]
    assert enabled(project, "pw-2") == {}, "what nothing here runs is not created"

    project.declare(DECLARATIONS.replace("ONLY", "{}"))
    project.up()
    assert [body["pathway_id"] for body in project.bodies()] == ["pw-1", "pw-2"]

    # The nightly run starts everything again. It leaves no trigger behind, so the next push starts nothing.
    project.up(0, "--config", "tornado:rerun=always")
    assert len(project.bodies()) == 4
    printed = project.pulumi("preview")
    assert "config tornado:rerun is always, whatever `rerun` of a session or agent says" in printed
    project.configure("tornado:rerun", None)
    assert "6 unchanged" in project.up()
    assert len(project.bodies()) == 4

    project.declare(DECLARATIONS.replace("ONLY", "{only: [smoke]}"))
    printed = project.up()
    assert "1 deleted" in printed, "the session, and none of its scenarios"
    assert enabled(project, "pw-2") == {"refund": True, "cancel": True}
    assert {*project.outputs()["verdicts"]} == {"quick"}
    assert len(project.bodies()) == 4
    assert not project.requests("cancel")
