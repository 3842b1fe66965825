"""The budget of an update: over it nothing starts, and its numbers are those of a sandbox that plays its worst case."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT = """\
pathways: {pw-1: {scenarios: [{id: sc-1}, {id: sc-2}], failing: [1, 1, 1], iteration_ms: 1000}}
agents:
  ag-1:
    versions: [{name: First}]
    scenarios: [{id: tc-1, name: One}, {id: tc-2, name: Two}]
    runs: [{rates: {resolved: 1.0}, run_ms: 1000}]
judges: {resolved: {name: Resolved}}
"""
DECLARATIONS = """\
version: 1
scenarios:
  refund: {max_turns: 3}
sessions:
  support:
    pathway_id: pw-1
    version_number: latest
    scenario_ids: [sc-1, sc-2]
    scenarios: [refund]
    max_iterations: 2
    gate: {passed: any, confirm: {runs: 2, passed: 1}}
agents:
  desk: {agent_id: ag-1, checks: {scenario_ids: [tc-1, tc-2], judges: [resolved], simulations_count: 4}}
judges:
  resolved: {name: Resolved}
budget: {minutes: 80, runs: RUNS}
"""
PROGRAM = """\
import pulumi
from tornado_resource import TornadoSession, wait_for

def declare(name, pathway):
    session = TornadoSession(
        name, pathway_id=pathway, scenario_ids=["sc-1", "sc-2"], version_number=1, declared_at="own.yaml:1:1"
    )
    pulumi.export(name, wait_for(session))
    return session

one = declare("one", "pw-1")
declare("two", "pw-2")
declare("after-one", one.session_id.apply(lambda _: "pw-3"))
"""
CHANGING = {"POST", "PUT", "DELETE", "PATCH"}


def changes(project: Project) -> list[str]:
    return [row["path"] for row in project.requests() if row["method"] in CHANGING]


def test_over_the_budget_nothing_starts_and_below_it_the_numbers_agree(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.configure("tornado:reports", "reports")
    project.declare(DECLARATIONS.replace("RUNS", "19"))
    printed = project.up(expect=None)
    assert "nothing was started: over the budget:" in printed
    assert "20 conversations at worst, 1 more than `runs: 19` (sessions.yaml:16:29)" in printed
    assert "support (sessions.yaml:5:3): 12 conversations, 76 minutes" in printed
    assert changes(project) == []
    assert not project.resources()
    summary = (project.folder / "reports/summary.md").read_text(encoding="utf-8")
    assert "not started: over the budget: 20 conversations at worst, 1 more than" in summary

    project.declare(DECLARATIONS.replace("RUNS", "20"))
    project.up()
    content = json.loads((project.folder / "reports/verdicts.json").read_text(encoding="utf-8"))
    budget = {"minutes": 80, "runs": 20}
    assert content["cost"] == {"started": 2, "minutes": 76, "conversations": 20, "budget": budget}
    numbers = {name: each["conversations"] for name, each in content["sessions"].items()}
    assert numbers == {"support": {"at_worst": 12, "held": 12}, "desk": {"at_worst": 8, "held": 8}}
    summary = (project.folder / "reports/summary.md").read_text(encoding="utf-8")
    assert "| support | 12 | 12 |" in summary

    # What would not run again does not count.
    project.declare(DECLARATIONS.replace("RUNS", "1"))
    printed = project.pulumi("preview", "--replace", "**CheckRun::desk", expect=None)
    assert "8 conversations at worst, 7 more than `runs: 1`" in printed
    # The session has passed. Other repeats of it are three more simulations of three scenarios.
    project.declare(DECLARATIONS.replace("RUNS", "1").replace("runs: 2, ", "runs: 3, "))
    assert "9 conversations at worst, 8 more than `runs: 1`" in project.pulumi("preview", expect=None)
    # The config of an adoption may stay, and a session that is in the state already starts as any other.
    project.pulumi("config", "set", "--path", "tornado:adopt.support", project.resources()[0]["id"])
    project.declare(DECLARATIONS.replace("RUNS", "1").replace("max_iterations: 2", "max_iterations: 1"))
    assert "9 conversations at worst, 8 more than `runs: 1`" in project.pulumi("preview", expect=None)


def test_a_program_of_its_own_starts_no_more_than_its_config_allows(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, program=PROGRAM)
    project.pulumi("config", "set", "--path", "tornado:budget.runs", "19")
    for printed in (project.pulumi("preview", expect=None), project.up(expect=None)):
        assert "not started: over the budget:" in printed
        assert "conversations at worst" in printed
        assert "more than `runs: 19` (config tornado:budget)" in printed
        assert "one: 10 conversations, 16 minutes" in printed
        assert "Traceback" not in printed
    assert changes(project) == []

    # What depends on another one's outputs is counted once these are known.
    project.pulumi("config", "set", "--path", "tornado:budget.runs", "29")
    assert "after-one: not started: over the budget:" in project.pulumi("preview", expect=None)
    assert "30 conversations at worst, 1 more than `runs: 29`" in project.up(expect=None)
    assert len(changes(project)) == 2

    # What has passed does not count.
    project.pulumi("config", "set", "--path", "tornado:budget.runs", "10")
    project.up()
    assert len(changes(project)) == 3
    project.pulumi("config", "set", "--path", "tornado:budget.runs", "1")
    project.pulumi("preview", "--expect-no-changes")


def test_the_config_lowers_the_budget_of_the_file(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(DECLARATIONS.replace("RUNS", "20"))
    project.pulumi("config", "set", "--path", "tornado:budget.runs", "19")
    printed = project.up(expect=None)
    assert "nothing was started: over the budget:" in printed
    assert "20 conversations at worst, 1 more than `runs: 19` (config tornado:budget)" in printed


FAMILY = """\
import pulumi
from tornado_resource import TornadoSession

def declare(name, pathway, parent=None):
    options = pulumi.ResourceOptions(parent=parent)
    return TornadoSession(name, pathway_id=pathway, scenario_ids=["sc-1", "sc-2"], gate="none", opts=options)

class Team(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("acme:Team", name, opts=opts)

one = declare("one", "pw-1")
declare("child", "pw-2", one)
declare("of-team", "pw-3", Team("team", pulumi.ResourceOptions(depends_on=[one])))
"""


def test_a_run_below_another_one_does_not_keep_that_waiting(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, program=FAMILY)
    project.pulumi("config", "set", "--path", "tornado:budget.runs", "30")
    project.up()
    assert len(changes(project)) == 3
