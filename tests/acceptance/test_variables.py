"""The variables of agents: what is missing is known before anything is declared, and nothing is read twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

SCRIPT: Final = """\
pathways:
  "*": {scenarios: [{id: sc-1}]}
agents:
  "*":
    versions: [{semver: 1.0.0}]
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}, production: {judges: [resolved]}}
"""
PROGRAM: Final = """\
import pulumi
from tornado_resource import CheckRun, wait_for

for name in ("first", "second"):
    wait_for(CheckRun(name, agent_id=f"ag-{name}"))
"""
COMMANDS: Final = (("preview",), ("up", "--yes", "--skip-preview"))
VARIABLES: Final = "environments/staging/variables"
NEWEST: Final = "versions/latest"


def agents(*names: str, version: str = "latest") -> str:
    lines = [f"  {name}: {{agent_id: ag-{name}, version: {version}}}\n" for name in names]
    return "".join(["version: 1\nsessions: {booking: {pathway_id: pw-1}}\nagents:\n", *lines])


def save(project: Project, agent_id: str, *names: str) -> None:
    """Save a version of an agent that refers to variables."""
    snapshot = {"prompt": " ".join(f"{{{{env.{name}}}}}" for name in names)}
    project.http.post(f"/_sandbox/agents/{agent_id}/versions", json={"snapshot": snapshot}).raise_for_status()


def give(project: Project, agent_id: str, name: str) -> None:
    """Give a variable a value in staging."""
    path, headers = f"/v2/agents/{agent_id}/{VARIABLES}/{name}", {"authorization": "any-key"}
    project.http.put(path, json={"value": "sk-value-that-nobody-keeps"}, headers=headers).raise_for_status()


class Calls:
    """What a project asks of agents, from one look to the next, without what it asks of runs in flight."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known = len(project.requests())

    def of(self, agent_id: str) -> list[str]:
        rows = [f"{row['method']} {row['path']}" for row in self._project.requests()[self._known :]]
        found = [row.replace(f"/v2/agents/{agent_id}/", "") for row in rows if f"/{agent_id}/" in row]
        return [each for each in found if "GET check-runs" not in each]

    def next(self) -> None:
        self._known = len(self._project.requests())


def test_all_that_is_missing_is_said_before_anything_starts(make_project: Callable[..., Project]) -> None:
    """And the version of a new check run is read once."""
    project = make_project(speed=1000, script=SCRIPT)
    project.declare(agents("a", "b", "c", "plain") + "  fixed: {agent_id: ag-fixed, version: 1.0.0}\n")
    for agent_id, names in (("ag-a", ("HOST",)), ("ag-b", ("HOST", "PORT")), ("ag-c", ("HOST",))):
        save(project, agent_id, *names)
    give(project, "ag-c", "HOST")
    calls = Calls(project)
    for command in COMMANDS:
        calls.next()
        printed = project.pulumi(*command, expect=None)
        assert "nothing was started: variables have no value (2 of 1 session and 5 check runs):" in printed
        assert "  a (sessions.yaml:4:3): the version refers to an environment variable without a value in " in printed
        assert "environment variables without a value in staging: HOST, PORT. " in printed
        assert [calls.of(f"ag-{name}") for name in "abc"] == [[f"GET {NEWEST}", f"GET {VARIABLES}"]] * 3
        assert [calls.of(name) for name in ("ag-plain", "ag-fixed")] == [[f"GET {NEWEST}"], ["GET versions/1.0.0"]]
        assert project.bodies() == []
    for agent_id, name in (("ag-a", "HOST"), ("ag-b", "HOST"), ("ag-b", "PORT")):
        give(project, agent_id, name)
    calls.next()
    project.up()
    start = "POST environments/staging/check-runs"
    assert [calls.of(f"ag-{name}") for name in "abc"] == [[f"GET {NEWEST}", f"GET {VARIABLES}", start]] * 3
    assert calls.of("ag-plain") == [f"GET {NEWEST}", start]
    assert calls.of("ag-fixed") == ["GET versions/1.0.0", start]
    calls.next()
    project.up(0)
    assert [calls.of(f"ag-{name}") for name in ("a", "b", "c", "plain")] == [[f"GET {NEWEST}"]] * 4
    assert calls.of("ag-fixed") == []
    resources = json.loads(project.pulumi("stack", "export", "--show-secrets"))["deployment"]["resources"]
    kept = str([(each.get("inputs"), each.get("outputs")) for each in resources])
    assert not [word for word in ("HOST", "PORT", "nobody-keeps", "is_checked") if word in kept]


def test_a_program_of_ones_own_is_told_too(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000, script=SCRIPT)
    (project.folder / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    save(project, "ag-second", "HOST")
    calls = Calls(project)
    for command in COMMANDS:
        printed = project.pulumi(*command, expect=None)
        assert "nothing was started for check run second: the version refers to an environment variable" in printed
        assert "Traceback" not in printed
    assert "POST environments/staging/check-runs" not in calls.of("ag-second")
    give(project, "ag-second", "HOST")
    calls.next()
    project.up()
    assert calls.of("ag-second") == [f"GET {NEWEST}", f"GET {VARIABLES}", "POST environments/staging/check-runs"]
