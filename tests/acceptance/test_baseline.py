"""A stack beside the last verdicts of another one: what is red there already is not this change's fault."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  pw-main: {scenarios: [{id: m-1, name: Refunds an order}, {id: m-2, name: Cancels an order}], failing: [[m-2]]}
  pw-change: {scenarios: [{id: c-1, name: Refunds an order}, {id: c-2, name: Cancels an order}], failing: [[c-1]]}
  pw-surveys: {scenarios: [{id: s-1}]}
judges:
  resolved: {name: resolved}
  polite: {name: polite}
  brief: {name: brief}
agents:
  ag-sales:
    versions: [{semver: 1.0.0}]
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved, polite, brief]}}
    runs: [{rates: {polite: 0.2, brief: 0.2}}, {rates: {resolved: 0.2, polite: 0.2}}]
"""
DECLARATIONS: Final = """\
version: 1
sessions:
  support-line: {pathway_id: pw-main, max_iterations: 1}
agents:
  sales: {agent_id: ag-sales}
environments:
  dev: {}
  pr:
    sessions:
      support-line: {pathway_id: pw-change}
      surveys: {pathway_id: pw-surveys}
"""


def verdicts(project: Project, folder: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((project.folder / folder / "verdicts.json").read_text(encoding="utf-8"))
    return content


def test_reports_compare_with_another_stack_and_the_gate_stays(make_project: Callable[..., Project]) -> None:
    main = make_project(speed=1000, script=SCRIPT)
    change = replace(main, stack="pr")
    change.init()
    main.declare(DECLARATIONS)
    main.configure("tornado:reports", "main")
    change.configure("tornado:reports", "change")
    change.configure("tornado:baseline", "dev")
    main.up(expect=None)
    assert verdicts(main, "main")["baseline"] is None

    printed = change.up(expect=None)
    assert "gate failed: 2 failed of 2 sessions and 1 check run" in printed
    numbers = (
        "newly failing: 1 scenario, 1 judge; still failing: 1 session, 1 check run, 1 judge; fixed: 1 scenario, 1 judge"
    )
    assert f"against stack dev: {numbers}; new: 1 session" in printed
    found = verdicts(change, "change")["baseline"]["sessions"]
    changed = {
        name: {part["name"]: part["change"] for part in (*each["scenarios"], *each["judges"])}
        for name, each in found.items()
    }
    assert changed["support-line"] == {"Refunds an order": "newly_failing", "Cancels an order": "fixed"}
    assert changed["sales"] == {"resolved": "newly_failing", "polite": "still_failing", "brief": "fixed"}
    assert (found["surveys"]["change"], found["sales"]["outcome"]) == ("new", "failed")
    row = "| newly failing | support-line | Refunds an order (c-1) | passed |"
    assert row in (change.folder / "change/summary.md").read_text(encoding="utf-8")

    # A command reads another project's stack, too; what it cannot read changes nothing.
    tool = ("tornado-resource", "report", "--stack", "pr", "--folder", "again", "--against")
    code, printed = change.run(*tool, "organization/agents/dev")
    assert (code, verdicts(change, "again")["baseline"]["sessions"]) == (1, found)
    code, printed = change.run(*tool, "organization/other/gone")
    assert code == 1
    assert "warning: cannot compare with stack organization/other/gone: " in printed
    assert "against stack organization/other/gone: its state could not be read" in printed
    assert "Its state could not be read" in (change.folder / "again/summary.md").read_text(encoding="utf-8")
