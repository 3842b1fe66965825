"""Stacks of pull requests beside the main one: one environment, scenarios of their own, one pathway at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

DECLARED: Final = """\
version: 1
scenarios:
  refund: {name: Refund, tester_persona_prompt: You were charged twice.}
sessions:
  line: {pathway_id: pw-0, scenarios: [refund], on_conflict: wait, tags: [smoke]}
  long: {pathway_id: pw-1, scenarios: [refund]}
environments:
  main: {}
  pr: {only: [smoke], scenarios: own}
"""
SCRIPT: Final = "pathways:\n  pw-0: {failing: [0], iteration_ms: 1000}\n  pw-1: {failing: [0], iteration_ms: 1000}\n"


def prompts(project: Project) -> dict[str, Any]:
    listed = project.http.get(
        "/v1/agent-testing/scenarios", params={"pathway_id": "pw-0"}, headers={"authorization": "any-key"}
    )
    return {each["name"]: each["tester_persona_prompt"] for each in listed.json()["scenarios"]}


def test_stacks_of_pull_requests_touch_nothing_of_others(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(DECLARED)
    main, first, second = (replace(project, stack=name) for name in ("main", "pr-7", "pr-8"))
    for stack in (main, first, second):
        stack.init()
    for stack in (first, second):
        stack.configure("tornado:environment", "pr")
    main.up()
    first.declare(DECLARED.replace("charged twice", "charged three times"))
    first.up()
    second.declare(DECLARED)
    second.up()
    twice, thrice = "You were charged twice.", "You were charged three times."
    assert prompts(project) == {"Refund": twice, "Refund (pr-7)": thrice, "Refund (pr-8)": twice}
    assert sorted(body["pathway_id"] for body in project.bodies()) == ["pw-0", "pw-0", "pw-0", "pw-1"]
    assert len({body["scenario_ids"][0] for body in project.bodies()}) == 4
    first.pulumi("destroy", "--yes", "--skip-preview")
    assert prompts(project) == {"Refund": twice, "Refund (pr-8)": twice}
    assert "unchanged" in main.up()
    assert len(project.bodies()) == 4
