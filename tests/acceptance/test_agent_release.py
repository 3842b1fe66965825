"""Versions of an agent that are published, promoted, moved by others and put back, over real stacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.project import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

AGENT: Final = "agent-in-clear"
SCRIPT: Final = """\
pathways: {}
agents:
  "*":
    versions: [{name: First, semver: 1.0.0}, {name: Second}, {name: Third}]
    staging: 1.0.0
    production: 1.0.0
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}}
    runs: [{run_ms: 1000}]
"""
PROGRAM: Final = """\
import pulumi
from tornado_resource import AgentRelease

config = pulumi.Config()
agent, version = config.require_secret("agent"), config.require("version")
staged = AgentRelease("staged", agent_id=agent, version_id=version, environment="staging")
verdict = {"outcome": config.get("outcome") or "passed", "reason": "r", "version_id": version, "session_id": "run-1"}
live = AgentRelease("live", agent_id=agent, verdict=verdict, opts=pulumi.ResourceOptions(depends_on=[staged]))
pulumi.export("semver", live.semver)
pulumi.export("runs", live.runs)
"""


@dataclass(frozen=True)
class Support:
    """An agent with three versions, and a project that releases one of them."""

    project: Project

    def call(self, method: str, path: str, body: Any = None) -> Any:
        response = self.project.http.request(method, f"/v2/agents/{AGENT}{path}", json=body)
        response.raise_for_status()
        return response.json()["data"]

    @property
    def versions(self) -> list[str]:
        """The ids, the oldest first."""
        return [each["id"] for each in self.call("GET", "/versions")][::-1]

    @property
    def pins(self) -> dict[str, str]:
        return {each["env_type"]: each["current_version_id"] for each in self.call("GET", "/environments")}

    def moves(self) -> list[str]:
        """What was sent with our key or another one, the oldest first."""
        rows = self.project.requests(f"POST /v2/agents/{AGENT}")
        return [verb for row in rows if (verb := row["path"].rpartition("/")[2]) in {"publish", "promote"}]

    def test_version(self, version_id: str) -> None:
        """Run the checks of staging."""
        run = self.call("POST", "/environments/staging/check-runs", {"version_id": version_id})
        until(lambda: self.call("GET", f"/check-runs/{run['id']}")["status"] == "PASSED")

    def release(self, version_id: str) -> None:
        self.project.configure("agents:version", version_id)


@pytest.fixture
def support(make_project: Callable[..., Project]) -> Support:
    project = make_project(speed=1000, script=SCRIPT, program=PROGRAM)
    project.pulumi("config", "set", "--secret", "agent", AGENT)
    return Support(project)


def test_a_version_is_published_promoted_and_put_back(support: Support) -> None:
    first, second, third = support.versions
    support.test_version(second)
    support.release(second)
    preview = support.project.pulumi("preview", "--diff")
    assert support.pins["production"] == first
    printed = support.project.up()
    assert (support.pins["staging"], support.pins["production"]) == (second, second)
    assert support.moves() == ["publish", "promote"]
    assert support.project.outputs() == {"semver": "1.1.0", "runs": ["run-1"]}
    before = len(support.project.requests())
    support.project.up(0, "--expect-no-changes")
    assert len(support.project.requests()) == before

    support.call("POST", "/promote", {"version_id": third, "force": True})
    support.project.pulumi("refresh", "--yes", "--skip-preview")
    drift = support.project.up()
    for env in ("staging", "production"):
        place = f"release of agent [secret] to {env}: {env} pins version"
        assert f"{place} {third} instead of version {second}; `pulumi up` publishes it again" in drift
    assert (support.pins["staging"], support.pins["production"]) == (second, second)
    support.project.pulumi("destroy", "--yes", "--skip-preview")
    assert support.moves() == ["publish", "promote", "promote", "publish", "promote"]
    assert "in-clear" not in preview + printed + drift


def test_a_release_is_red_until_it_has_passed_and_is_proved(support: Support) -> None:
    _, second, _ = support.versions
    support.test_version(second)
    support.release(second)
    support.project.configure("agents:outcome", "failed")
    refused = support.project.up(expect=None)
    assert "release live: nothing is published, the verdict is failed: r" in refused
    assert "promote" not in support.moves()
    support.project.configure("agents:outcome", None)
    support.project.fail(method="POST", path="/promote", kind="status", status=200, body="{}")
    printed = support.project.up(expect=None)
    assert f"release live: version {second} was published to production, but after 30 s production pins" in printed
    assert "Traceback" not in printed + refused
    [live] = [each for each in support.project.resources("AgentRelease") if each["urn"].endswith("::live")]
    assert "after 30 s" in live["outputs"]["unproved"]
    assert "`pulumi up` looks again" in support.project.up()
    assert support.pins["production"] == second
    assert support.moves() == ["publish", "promote", "promote"]
