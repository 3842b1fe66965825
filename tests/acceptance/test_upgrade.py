"""The code takes over states that an earlier version has written: those of `tests/examples/states`."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.paths import EXAMPLES
from tornado_resource.declarations.model import REQUEST_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

STATES: Final = EXAMPLES / "states"
PASSES_AT_ONCE: Final = 1000.0
"""A sandbox's speed. Sessions take a minute of its time for each iteration."""
PASSES_AFTER_SECONDS: Final = 12.0
"""Long enough for `pulumi up` to begin while the sessions run; the test holds if they have ended by then."""
KEEPS_RUNNING: Final = 1.0
MAX_SECONDS: Final = 300.0


class Upgrade:
    """A project whose stacks have recorded states, with the sessions that belong to them on its sandbox."""

    def __init__(self, project: Project, name: str) -> None:
        self.project = project
        self.declarations = (STATES / f"{name}.sessions.yaml").read_text(encoding="utf-8")
        self.ids: dict[str, str] = {}
        """By session, the id in the state that was loaded last."""
        self._values: dict[str, str] = {}
        project.declare(self.declarations)

    def load(self, project: Project, file: str, *, has_ended: bool = True) -> None:
        """Start and publish over HTTP what the state in *file* has recorded, fill in its ids and times, and import."""
        text = (STATES / file).read_text(encoding="utf-8")
        for resource in json.loads(text)["deployment"]["resources"]:
            if resource["type"].endswith(":TornadoSession"):
                self._start(resource, project.stack, has_ended=has_ended)
            elif resource["type"].endswith(":PathwayRelease"):
                self._publish(resource["outputs"])
        for placeholder, value in self._values.items():
            text = text.replace(placeholder, value)
        assert "@" not in text
        state = project.folder / f"{project.stack}.json"
        state.write_text(text, encoding="utf-8")
        project.pulumi("stack", "import", "--file", str(state))

    def _start(self, resource: dict[str, Any], stack: str, *, has_ended: bool) -> None:
        declared, name = resource["outputs"]["declared"], resource["urn"].rpartition("::")[2]
        body = {key: declared[key] for key in REQUEST_FIELDS if key in declared}
        tornado = "/v1/agent-testing/tornado"
        started = self.project.http.post(f"{tornado}/start", json=body).raise_for_status().json()
        self.ids[name] = started["session_id"]
        values = {key: started[key] for key in ("session_id", "created_at")}
        if has_ended:
            deadline = time.monotonic() + MAX_SECONDS
            while (status := self.project.http.get(f"{tornado}/{self.ids[name]}/status").json())["status"] == "RUNNING":
                assert time.monotonic() < deadline
                time.sleep(0.02)
            values["finished_at"] = status["iterations"][-1]["completed_at"]
        self._values |= {f"@{stack}/{name}/{key}@": value for key, value in values.items()}

    def _publish(self, release: dict[str, Any]) -> None:
        body = {"version_id": release["version"], "environment": release["environment"]}
        self.project.http.post(f"/v1/pathway/{release['pathway_id']}/publish", json=body).raise_for_status()

    def starts_of_pulumi(self) -> int:
        """How many start requests were sent beside those of `load`."""
        return len(self.project.requests("/start")) - len([key for key in self._values if key.endswith("/session_id@")])


@pytest.fixture
def upgrade(make_project: Callable[..., Project]) -> Callable[..., Upgrade]:
    """Make a project with the declarations of a state, on a sandbox that plays its script."""

    def make(name: str, *, speed: float = PASSES_AT_ONCE, stack: str = "dev") -> Upgrade:
        script = (STATES / f"{name}.sandbox.yaml").read_text(encoding="utf-8")
        return Upgrade(make_project(speed=speed, script=script, stack=stack), name)

    return make


def changes(project: Project) -> dict[str, int]:
    """By operation, the number of resources in the last update."""
    files = (project.state_folder / ".pulumi/history/agents" / project.stack).glob("*.history.json")
    found: dict[str, int] = json.loads(max(files).read_text(encoding="utf-8"))["resourceChanges"]
    return found


@dataclass(frozen=True)
class State:
    """What one export of a stack shows: by session, the recorded id; the stack outputs; the number of releases."""

    ids: dict[str, str]
    outputs: dict[str, Any]
    releases: int

    @classmethod
    def of(cls, project: Project) -> State:
        resources = project.deployment().get("resources", [])
        sessions = [resource for resource in resources if resource["type"].endswith(":TornadoSession")]
        stacks = [resource for resource in resources if resource["type"] == "pulumi:pulumi:Stack"]
        return cls(
            ids={resource["urn"].rpartition("::")[2]: resource["id"] for resource in sessions},
            outputs=stacks[0].get("outputs", {}) if stacks else {},
            releases=sum(resource["type"].endswith(":PathwayRelease") for resource in resources),
        )

    def has(self, ids: dict[str, str], outcome: str) -> bool:
        """Whether exactly these sessions are recorded and shown, and each has this verdict."""
        shown = {name: session["session_id"] for name, session in self.outputs["sessions"].items()}
        verdicts = {name: verdict["outcome"] for name, verdict in self.outputs["verdicts"].items()}
        return self.ids == shown == ids and verdicts == dict.fromkeys(ids, outcome)


def destroy_with_refresh(project: Project, sessions: int, releases: int = 0) -> None:
    """Destroy what a refresh has found, which must be all that was recorded, and the stack's own resource."""
    project.pulumi("destroy", "--yes", "--skip-preview", "--refresh")
    assert changes(project)["delete"] == sessions + releases + 1


def test_sessions_that_passed_are_unchanged(upgrade: Callable[..., Upgrade]) -> None:
    passed = upgrade("passed")
    project = passed.project
    passed.load(project, "passed.json")
    before = State.of(project)
    project.up(0, "--expect-no-changes")
    after = State.of(project)
    assert after.has(passed.ids, "passed")
    for name, session in before.outputs["sessions"].items():
        assert after.outputs["sessions"][name] == session | {"status": "COMPLETED_ALL_PASSED"}
    for name, verdict in before.outputs["verdicts"].items():
        kept = {key: value for key, value in verdict.items() if key != "reason"}
        assert after.outputs["verdicts"][name].items() >= kept.items()
    assert passed.starts_of_pulumi() == 0


def test_a_failed_session_runs_again_unless_rerun_is_on_change(upgrade: Callable[..., Upgrade]) -> None:
    failed = upgrade("failed")
    project = failed.project
    failed.load(project, "failed.json")
    steps = json.loads(project.pulumi("preview", "--json"))["steps"]
    assert {step["op"] for step in steps if step["urn"].endswith("::support-line")} == {"replace"}
    project.declare(failed.declarations.replace("}", ", rerun: on_change}"))
    project.up(expect=None)
    assert changes(project) == {"same": 1, "update": 1}
    assert State.of(project).has(failed.ids, "failed")
    assert failed.starts_of_pulumi() == 0


def test_running_sessions_are_awaited(upgrade: Callable[..., Upgrade]) -> None:
    running = upgrade("running", speed=PASSES_AFTER_SECONDS)
    project = running.project
    running.load(project, "running.json", has_ended=False)
    project.up()
    assert set(changes(project)) == {"same"}
    assert State.of(project).has(running.ids, "passed")
    assert running.starts_of_pulumi() == 0


@pytest.mark.parametrize(
    ("name", "speed", "cancels"),
    [pytest.param("passed", PASSES_AT_ONCE, 0, marks=pytest.mark.soak), ("running", KEEPS_RUNNING, 2)],
)
def test_refresh_and_destroy_work_before_any_update(
    upgrade: Callable[..., Upgrade], name: str, speed: float, cancels: int
) -> None:
    state = upgrade(name, speed=speed)
    state.load(state.project, f"{name}.json", has_ended=cancels == 0)
    state.project.pulumi("refresh", "--yes", "--skip-preview")
    assert State.of(state.project).ids == state.ids
    state.project.pulumi("destroy", "--yes", "--skip-preview")
    assert State.of(state.project).ids == {}
    assert state.starts_of_pulumi() == 0
    assert len(state.project.requests("/cancel")) == cancels


def test_a_promoted_release_is_not_published_again(upgrade: Callable[..., Upgrade]) -> None:
    """It may be updated in place: its provider class was `tornado_resource.release_provider.ReleaseProvider`."""
    promoted = upgrade("promoted", stack="staging")
    staging, production = promoted.project, replace(promoted.project, stack="production")
    production.init()
    promoted.load(staging, "promoted.staging.json")
    tested = promoted.ids.copy()
    promoted.load(production, "promoted.json")
    released, publishes = promoted.ids, len(staging.requests("/publish"))
    for project, ids in ((production, released), (staging, tested)):
        project.up()
        done, state = changes(project), State.of(project)
        assert done.keys() <= {"same", "read", "update"}
        assert done.get("update", 0) <= state.releases == 1
        assert state.has(ids, "passed")
    destroy_with_refresh(production, 1, releases=1)
    assert promoted.starts_of_pulumi() == 0
    assert len(staging.requests("/publish")) == publishes == 2
