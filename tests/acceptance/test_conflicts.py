"""Conflicts, and sessions that cannot be cancelled: each message is run as it is printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

ONE = "version: 1\nsessions:\n  support-line: {pathway_id: pw-1, gate: none}\n"
PROGRAM = """\
import pulumi
from tornado_resource import TornadoSession

parent = None
TornadoSession("support-line", pathway_id="pw-1", gate="none", opts=pulumi.ResourceOptions(parent=parent))
"""
TWO = f"{ONE}  billing: {{pathway_id: pw-2, gate: none}}\n"


def run_printed(project: Project, printed: str, label: str) -> None:
    """Run the commands of the line that begins with *label*, without the questions that Pulumi asks."""
    line = next(line for line in printed.splitlines() if label in line)
    commands = line.partition(label)[2].split(" (")[0].strip()
    for command in re.split(r" && |; ", commands):
        assert "--stack dev" in command
        is_asking = not command.startswith("pulumi config")
        code, output = project.run("sh", "-c", f"{command} --non-interactive{' --yes' if is_asking else ''}")
        assert code == 0, output


def start_elsewhere(project: Project, pathway_id: str) -> str:
    body = {"pathway_id": pathway_id}
    return str(project.http.post("/v1/agent-testing/tornado/start", json=body).json()["session_id"])


def ids(project: Project) -> dict[str, str]:
    return {each["urn"].rpartition("::")[2]: each["id"] for each in project.resources()}


def test_a_session_that_is_renamed_or_moves_into_a_component_is_kept(make_project: Callable[..., Project]) -> None:
    """In a program of its own: `deploy()` recognises it by its declaration."""
    project = make_project(program=PROGRAM)
    project.up()
    before = ids(project)
    renamed = PROGRAM.replace("support-line", "helpdesk")
    (project.folder / "__main__.py").write_text(renamed, encoding="utf-8")
    printed = project.up(expect=None)
    assert "It is this stack's own session, recorded as support-line." in printed
    assert "Traceback" not in printed
    run_printed(project, printed, "If helpdesk is its new name:")
    assert ids(project) == {"helpdesk": before["support-line"]}

    moved = renamed.replace("parent = None", 'parent = pulumi.ComponentResource("my:index:Line", "line")')
    (project.folder / "__main__.py").write_text(moved, encoding="utf-8")
    printed = project.up(expect=None)
    assert "It is this stack's own session, recorded as urn:pulumi:dev::agents::" in printed
    run_printed(project, printed, "To keep it:")
    assert ids(project) == {"helpdesk": before["support-line"]}
    assert "my:index:Line$" in project.resources()[0]["urn"]
    assert [row["status"] for row in project.sessions()] == ["RUNNING"]


PAIR = """\
import pulumi
from tornado_resource import TornadoSession

first = TornadoSession("first", pathway_id="pw-1", gate="none")
second = TornadoSession("second", pathway_id="pw-1", gate="none", opts=pulumi.ResourceOptions(depends_on=[first]))
"""


def test_two_sessions_of_a_pathway_are_told_how_to_run_in_order(make_project: Callable[..., Project]) -> None:
    project = make_project(program=PAIR)
    printed = project.up(expect=None)
    assert 'If both are declared: pass on_conflict="wait" to second, and first as depends_on' in printed
    project.configure("tornado:adopt.second", ids(project)["first"])
    assert "of this stack and cannot be adopted: two resources of one session" in project.up(expect=None)
    assert list(ids(project)) == ["first"]
    project.run("pulumi", "config", "rm", "--path", "tornado:adopt.second", "--stack", "dev")
    waiting = PAIR.replace("opts=", 'on_conflict="wait", opts=')
    (project.folder / "__main__.py").write_text(waiting, encoding="utf-8")
    project.finish_sessions()
    project.up()
    assert list(ids(project)) == ["first", "second"]
    assert len(project.sessions()) == 2


def test_on_conflict_overrides_one_session_and_the_preview_warns(slow_project: Project) -> None:
    project = slow_project
    project.declare(TWO)
    start_elsewhere(project, "pw-1")
    foreign = start_elsewhere(project, "pw-2")
    project.configure("tornado:onConflict.billing", "adopt")
    printed = project.pulumi("preview")
    assert "config tornado:onConflict.billing is adopt: if another run holds its pathway or agent" in printed
    assert "pulumi config rm --path tornado:onConflict.billing --stack dev" in printed
    printed = project.up(expect=None)
    assert ids(project) == {"billing": foreign}
    run_printed(project, printed, "To cancel it first:")
    assert ids(project)["billing"] == foreign
    assert [row["status"] for row in project.sessions()] == ["CANCELLED", "RUNNING", "RUNNING"]
    project.configure("tornado:onConflict.biling", "adopt")
    assert "config tornado:onConflict names 'biling'" in project.pulumi("preview", expect=None)


def test_a_session_that_cannot_be_cancelled_can_be_destroyed(slow_project: Project) -> None:
    """With an unknown status, and an API that refuses to cancel: one is left by its declaration, one by the state."""
    project = slow_project
    project.declare(TWO)
    project.up()
    project.fail(kind="status", status=200, body='{"status": "REBALANCING"}', path="/status", times=999)
    project.fail(kind="status", status=400, body='{"error": "not running"}', path="/cancel", times=999)
    printed = project.pulumi("destroy", "--yes", "--skip-preview", "--continue-on-error", expect=None)
    assert "declare `on_destroy: leave`, pulumi up --stack dev, and try again" in printed
    line = next(line for line in printed.splitlines() if "::billing' --stack dev" in line)
    run_printed(project, line, "Or remove it from the state only:")
    assert list(ids(project)) == ["support-line"]
    project.declare(ONE.replace("gate: none", "gate: none, on_destroy: leave"))
    project.up()
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert project.resources() == []
    project.http.delete("/_sandbox/faults")
    assert [row["status"] for row in project.sessions()] == ["RUNNING", "RUNNING"]
