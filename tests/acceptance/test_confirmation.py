"""A pass that must be confirmed: one simulation set for it, on the version that passed, whatever happens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tests.support.crashes import VICTIMS, crash, lift_lock
from tests.support.project import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  pw-1:
    scenarios: [{id: sc-1, name: Refund}, {id: sc-2, name: Cancel}]
    failing: [1, 0]
    simulations: [{rates: {sc-2: 0.8}, run_ms: 1000}, {rates: {sc-1: 0.2}, errors: {sc-1: 2}}, {rates: {sc-2: 0.4}}]
"""
HELD: Final = """\
pathways:
  pw-1:
    scenarios: [{id: sc-1}, {id: sc-2}]
    iteration_ms: 0
    simulations: [{errors: {sc-1: 2}}, {rates: {sc-1: 0.2}}, {}]
"""
SETS: Final = "POST /v1/agent-testing/simulation-sets"
READS: Final = "GET /v1/agent-testing/simulation-sets"


def declare(project: Project, confirm: str, more: str = "") -> None:
    gate = f"gate: {{confirm: {confirm}}}"
    project.declare(f"version: 1\nsessions:\n  booking: {{pathway_id: pw-1, version_number: 4, {gate}{more}}}\n")


def sets(project: Project) -> list[dict[str, Any]]:
    """What the starts of simulation sets sent."""
    return [json.loads(row["body"]) for row in project.requests(SETS)]


def verdict(project: Project) -> dict[str, Any]:
    return dict(project.outputs()["verdicts"]["booking"])


def test_a_pass_is_confirmed_once_and_judged_again(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=10_000, script=SCRIPT)
    project.configure("tornado:reports", "reports")
    declare(project, '{runs: 5, passed: "80%"}', ", publish: staging")
    preview = project.pulumi("preview", "--save-plan", "plan.json")
    assert "Confirmation" in preview
    assert project.requests("POST") == []
    project.up(0, "--plan", "plan.json")
    assert sets(project) == [
        {
            "pathway_id": "pw-1",
            "version_number": 5,
            "scenario_ids": ["sc-1", "sc-2"],
            "simulations_per_scenario": 5,
        }
    ]
    [resource] = project.resources("Confirmation")
    found = verdict(project)
    assert (found["outcome"], found["confirmation"]) == (
        "passed",
        {
            "set_id": resource["id"],
            "runs": 5,
            "scenarios": {"sc-1": {"passed": 5, "runs": 5}, "sc-2": {"passed": 4, "runs": 5}},
        },
    )
    assert "2 of 2 scenarios confirmed, each in at least 4 of 5 runs (80%)" in found["reason"]
    assert len(project.requests("/publish")) == 1

    before = len(project.requests())
    project.up(0, "--expect-no-changes")
    assert [row for row in project.requests()[before:] if "simulation" in row["path"] or row["method"] == "POST"] == []
    assert verdict(project) == found
    assert project.resources("Confirmation")[0]["id"] == resource["id"]

    before = len(project.requests())
    declare(project, "{runs: 5}", ", publish: staging")
    printed = project.up(expect=None)
    assert "1 of 2 scenarios confirmed: sc-2 passed 4 of 5, the gate requires 5 of 5 runs" in printed
    assert [row for row in project.requests()[before:] if "simulation" in row["path"] or row["method"] == "POST"] == []
    assert (verdict(project)["outcome"], len(project.sessions())) == ("failed", 1)

    # Where nothing waits for verdicts, the set of other runs stays, and the preview says so.
    project.configure("tornado:wait", False)
    declare(project, "{runs: 6}", "")
    preview = project.pulumi("preview")
    assert "Confirmation" not in preview
    assert "conversations" not in preview
    project.up()
    assert [each["id"] for each in project.resources("Confirmation")] == [resource["id"]]
    waited = commands(project, "wait", 3)
    assert "its confirmation ran each scenario 5 times, the gate requires 6: `pulumi up` starts another one" in waited
    assert "enabled" not in waited
    project.configure("tornado:wait", None)

    # Who replaces the set gets a verdict on the new one, and the budget counts it.
    declare(project, '{runs: 5, passed: "80%"}', ", publish: staging")
    text = (project.folder / "sessions.yaml").read_text(encoding="utf-8")
    project.declare(f"{text}budget: {{runs: 10}}\n")
    printed = project.pulumi("preview", "--replace", resource["urn"], expect=None)
    assert "250 conversations at worst, 240 more than `runs: 10`" in printed
    project.declare(text)
    project.up(None, "--replace", resource["urn"])
    [replaced] = project.resources("Confirmation")
    assert (len(sets(project)), len(project.sessions())) == (2, 1)
    assert (verdict(project)["outcome"], verdict(project)["confirmation"]["set_id"]) == ("failed", replaced["id"])


def test_a_confirmation_is_cut_off_lost_and_found(make_project: Callable[..., Project]) -> None:
    """Never two sets for one pass; and what is not known is confirmed again, without another session."""
    project = make_project(speed=1, script=HELD)
    declare(project, "{runs: 5}")
    project.fail(kind="reset_after", method="POST", path="simulation-sets")
    crash(project, VICTIMS[2], lambda: project.resources("Confirmation") != [], after_seconds=1.0)
    lift_lock(project)
    assert "2 of 2 scenarios passed; it is still running" in commands(project, "status", 3)

    project.configure("tornado:wait", False)
    project.up()
    project.configure("tornado:wait", None)
    before = [resource["id"] for resource in project.resources("Confirmation")]
    assert (len(before), len(sets(project)), len(project.sessions())) == (1, 1, 1)

    asked = len(project.requests(READS))
    process = project.begin_up()
    # First it asks what has become of the set, and then it waits.
    until(lambda: len(project.requests(READS)) >= asked + 2)
    project.finish_sessions()
    printed, _ = process.communicate()
    assert process.returncode != 0
    assert "2 of 5 simulations of sc-1 gave no result" in printed
    assert ([each["id"] for each in project.resources("Confirmation")], len(sets(project))) == (before, 1)

    printed = project.up(expect=None)
    assert "booking: runs again, its confirmation is incomplete: 2 of 5 simulations of sc-1 gave no result" in printed
    assert "sc-1 passed 1 of 5" in printed
    assert (len(sets(project)), len(project.sessions())) == (2, 1)
    assert "20% (1 of 5 runs; 95% interval 4% to 62%)" in printed
    assert verdict(project)["outcome"] == "failed"
    assert "sc-1 passed 1 of 5" in commands(project, "status", 1)

    printed = project.up()
    assert "booking: runs again, the last run did not meet its gate" in printed
    assert (len(sets(project)), len(project.sessions())) == (3, 2)
    assert verdict(project)["outcome"] == "passed"
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert project.resources("Confirmation") == []


def commands(project: Project, command: str, code: int) -> str:
    """What a command says of the stack, and that it ends with this exit code."""
    found, printed = project.run("tornado-resource", command, "--stack", "dev")
    assert found == code, printed
    return printed


PROGRAM: Final = """\
import pulumi
from tornado_resource import Confirm, Gate, TornadoSession, wait_for

session = TornadoSession("booking", pathway_id="pw-1", version_number=4, gate=Gate(confirm=Confirm(5, "80%")))
pulumi.export("verdict", wait_for(session))
"""


def test_a_program_of_ones_own_confirms_too(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=10_000, script=SCRIPT, program=PROGRAM)
    assert "bland:Confirmation" in project.up()
    project.up(0, "--expect-no-changes")
    assert (len(sets(project)), project.outputs()["verdict"]["outcome"]) == (1, "passed")
    [resource] = project.resources("Confirmation")
    assert "TornadoSession$" in resource["urn"]

    # `pulumi state rename` renames the session alone: its confirmation goes with it.
    [session] = project.resources("TornadoSession")
    project.pulumi("state", "rename", session["urn"], "reservation", "--yes")
    (project.folder / "__main__.py").write_text(PROGRAM.replace('"booking"', '"reservation"'), encoding="utf-8")
    assert "Confirmation reservation create" not in project.pulumi("preview")
    project.up()
    assert (len(sets(project)), project.outputs()["verdict"]["outcome"]) == (1, "passed")
    assert [each["id"] for each in project.resources("Confirmation")] == [resource["id"]]
