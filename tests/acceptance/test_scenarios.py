"""Scenarios as code, over real stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  pw-a: &pathway {scenarios: [], failing: [0], iteration_ms: 1000}
  pw-b: *pathway
"""
DECLARATIONS: Final = """\
version: 1
scenarios:
  refund:
    name: Refunds an order
    tester_persona_prompt: |
      You were charged twice.
    is_required_for_promotion: true
    assertions:
      - {type: LLM_JUDGE, config: {prompt: Refunded?, output_type: boolean}}
  cancel: {max_turns: 10}
sessions:
  a: {pathway_id: pw-a, scenarios: [refund, cancel]}
  b: {pathway_id: pw-b, scenarios: [refund], gate: {passed: promotion}}
"""
HEADERS: Final = {"authorization": "any-key"}


def test_the_life_of_scenarios(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(DECLARATIONS)
    printed = project.pulumi("preview")
    print(printed)
    printed = project.up()
    print(printed)
    for r in project.requests():
        print(r["method"], r["path"], r["query"], r["status"], r["body"][:200])
    n = len(project.requests())
    print(project.up())
    print(project.outputs())
    assert project.requests()[n:] == []
    project.declare(
        DECLARATIONS.replace("refund:\n    name", "money:\n    name")
        .replace("[refund", "[money")
        .replace("max_turns: 10", "max_turns: 12")
    )
    print(project.pulumi("preview", "--diff"))
    n = len(project.requests())
    print(project.up())
    for r in project.requests()[n:]:
        print(r["method"], r["path"], r["query"], r["status"], r["body"][:200])
