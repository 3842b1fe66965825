"""The provider of releases of agents as Pulumi calls it, in this process, against a sandbox."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pulumi import UNKNOWN
from pulumi.dynamic.dynamic import serialize_provider

from tests.support.api import configure_provider
from tornado_resource.provider.runtime import Failure, stop_runtimes
from tornado_resource.releases import agent_publishing, publishing
from tornado_resource.releases.agent_publishing import Pinned
from tornado_resource.releases.provider import AgentReleaseProvider
from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT = """\
pathways: {}
agents:
  "*":
    versions: [{name: First, semver: 1.0.0}, {name: Second}, {name: Third}]
    staging: 1.0.0
    production: 1.0.0
    scenarios: [{id: tc-1}]
"""
AGENT = "/v2/agents/a-1"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    script = tmp_path / "script.yaml"
    script.write_text(SCRIPT, encoding="utf-8")
    with Sandbox(script=script) as sandbox:
        yield sandbox


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url, headers={"authorization": "any-key"}, trust_env=False) as http:
        yield http


@pytest.fixture
def versions(http: httpx.Client) -> list[str]:
    """The ids of the agent's versions, the oldest first."""
    return [each["id"] for each in http.get(f"{AGENT}/versions").json()["data"]][::-1]


@pytest.fixture
def provider(sandbox: Sandbox) -> Iterator[AgentReleaseProvider]:
    provider = AgentReleaseProvider()
    configure_provider(provider, sandbox.url)
    yield provider
    stop_runtimes()


def props(version_id: str = "v-2", **more: Any) -> dict[str, Any]:
    given = {"agent_id": "a-1", "environment": "production", "version_id": version_id, "runs": ["run-1"]}
    return {**given, "declared_at": "s.yaml:3:3", **more}


def sent(http: httpx.Client) -> list[tuple[str, Any]]:
    rows = http.get("/_sandbox/requests").json()
    moves = [row for row in rows if row["path"].endswith(("/publish", "/promote"))]
    return [(row["path"].rpartition("/")[2], json.loads(row["body"])) for row in moves]


def fail(http: httpx.Client, **fault: Any) -> None:
    http.post("/_sandbox/faults", json={"path": "/promote", **fault}).raise_for_status()


def test_the_provider_is_pickled_by_reference() -> None:
    pickled = base64.b64decode(serialize_provider(AgentReleaseProvider()))
    assert len(pickled) < 80
    assert b"\x19tornado_resource.provider\x94" in pickled


def test_create_promotes_and_proves(provider: AgentReleaseProvider, http: httpx.Client, versions: list[str]) -> None:
    given = props(versions[1])
    created = provider.create(given)
    del given["declared_at"]
    assert created.id == "a-1/production"
    assert created.outs == {**given, "semver": "1.1.0", "live": versions[1], "unproved": None}
    assert sent(http) == [("promote", {"version_id": versions[1]})]


def test_staging_is_published(provider: AgentReleaseProvider, http: httpx.Client, versions: list[str]) -> None:
    outs = provider.create(props(versions[1], environment="staging")).outs or {}
    assert (outs["live"], outs["semver"]) == (versions[1], "1.1.0")
    assert sent(http) == [("publish", {"version_id": versions[1]})]


def test_an_update_sends_only_what_is_not_pinned(
    provider: AgentReleaseProvider, http: httpx.Client, versions: list[str]
) -> None:
    outs = provider.create(props(versions[1])).outs or {}
    again = provider.update("a-1/production", outs, props(versions[1], runs=["run-2"])).outs
    assert again == {**outs, "runs": ["run-2"]}
    provider.update("a-1/production", outs, props(versions[2]))
    assert [body["version_id"] for _, body in sent(http)] == versions[1:]


RECORDED = {**props(), "semver": "1.1.0", "live": "V-2", "unproved": None}


@pytest.mark.parametrize(
    ("change", "is_change", "replaces"),
    [
        ({}, False, []),
        ({"declared_at": "s.yaml:9:9"}, False, []),
        ({"version_id": "v-3"}, True, []),
        ({"runs": ["run-2"]}, True, []),
        ({"version_id": UNKNOWN}, False, []),
        ({"version_id": UNKNOWN, "runs": [UNKNOWN]}, True, []),
        ({"version_id": UNKNOWN, "runs": ["run-2"]}, True, []),
        ({"version_id": UNKNOWN, "runs": None}, True, []),
        ({"environment": "staging"}, True, ["environment"]),
        ({"agent_id": "a-2"}, True, ["agent_id"]),
    ],
)
def test_changes_are_found(change: dict[str, Any], is_change: bool, replaces: list[str]) -> None:  # noqa: FBT001
    found = AgentReleaseProvider().diff("a-1/production", RECORDED, {**props(), **change})
    assert (found.changes, found.replaces) == (is_change, replaces)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, []),
        (dict.fromkeys(("agent_id", "version_id", "environment"), UNKNOWN), []),
        ({"environment": "dev"}, ["environment"]),
        ({"version_id": None}, ["version_id"]),
        ({"version_id": 7.0}, ["version_id"]),
        ({"version_id": "v/2", "agent_id": "a b"}, ["agent_id", "version_id"]),
        ({"agent_id": "a b", "secrets": ["agent_id"]}, [""]),
        ({"version_id": "", "agent_id": "..", "environment": ""}, ["agent_id", "environment", "version_id"]),
    ],
)
def test_values_that_the_api_does_not_accept_are_refused(change: dict[str, Any], refused: list[str]) -> None:
    failures = AgentReleaseProvider().check({}, {**props(), **change}).failures
    assert [failure.property for failure in failures or []] == refused


def test_drift_is_found_by_refresh_and_put_back(
    provider: AgentReleaseProvider, http: httpx.Client, versions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    given = props(versions[1])
    recorded = provider.create(given).outs or {}
    assert provider.read("a-1/production", {**recorded, "__provider": "x"}).outs == recorded
    assert not provider.diff("a-1/production", recorded, given).changes
    http.post(f"{AGENT}/promote", json={"version_id": versions[2]}).raise_for_status()
    drifted = provider.read("a-1/production", recorded).outs or {}
    assert (drifted["live"], drifted["semver"]) == (versions[2], "1.2.0")
    assert provider.diff("a-1/production", drifted, given).changes
    assert f"production pins version {versions[2]} instead of version {versions[1]}; `pulumi up`" in (
        capsys.readouterr().out
    )
    assert provider.update("a-1/production", drifted, given).outs == recorded


def test_an_environment_that_pins_nothing_is_drift(capsys: pytest.CaptureFixture[str]) -> None:
    for live, shown in ((None, "nothing"), ("v-3", "version v-3"), ("\x1b[31m", "version (unreadable)")):
        assert AgentReleaseProvider().diff("a-1/production", {**RECORDED, "live": live}, props()).changes
        assert f"production pins {shown} instead of version v-2" in capsys.readouterr().out


def test_a_refresh_that_fails_is_no_drift(
    provider: AgentReleaseProvider, http: httpx.Client, versions: list[str]
) -> None:
    recorded = provider.create(props(versions[1])).outs or {}
    fail(http, path="/environments", kind="status", status=401)
    with pytest.raises(Failure, match="environments of agent a-1: HTTP 401"):
        provider.read("a-1/production", recorded)
    fail(http, path="/environments", kind="status", status=404, body='{"error": "no"}')
    gone = provider.read("a-1/production", recorded).outs or {}
    assert gone["live"] == versions[1]
    assert gone["unproved"].startswith("environments of agent a-1: HTTP 404: no")
    assert provider.diff("a-1/production", gone, props(versions[1])).changes
    assert provider.read("a-1/production", gone).outs == recorded


def test_a_release_that_is_not_proved_is_proved_by_the_next_update(
    provider: AgentReleaseProvider,
    http: httpx.Client,
    versions: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(publishing, "PROOF_SECONDS", 0.0)
    fail(http, path="/promote", kind="status", status=200, body="{}")
    given = props(versions[1])
    outs = provider.create(given).outs or {}
    assert (outs["live"], outs["semver"]) == (None, None)
    assert "was published to production, but after 30 s production pins version" in outs["unproved"]
    assert provider.diff("a-1/production", outs, given).changes
    assert "`pulumi up` looks again" in capsys.readouterr().out
    assert (provider.read("a-1/production", outs).outs or {})["unproved"] == outs["unproved"]
    proved = provider.update("a-1/production", outs, given).outs or {}
    assert (proved["live"], proved["unproved"]) == (versions[1], None)
    assert not provider.diff("a-1/production", proved, given).changes


def test_an_error_shows_the_position_and_moves_nothing(
    provider: AgentReleaseProvider, http: httpx.Client, versions: list[str]
) -> None:
    with pytest.raises(Failure, match=r"^s.yaml:3:3: promote version v-9 of agent a-1 to production: HTTP 404"):
        provider.create(props("v-9"))
    assert sent(http) == [("promote", {"version_id": "v-9"})]
    assert http.get(f"{AGENT}/environments").json()["data"][2]["current_version_id"] == versions[0]


def test_delete_sends_nothing(provider: AgentReleaseProvider, http: httpx.Client) -> None:
    provider.delete("a-1/production", RECORDED)
    assert http.get("/_sandbox/requests").json() == []


def test_a_secret_agent_is_shown_nowhere(
    provider: AgentReleaseProvider,
    http: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    version = http.get("/v2/agents/a-in-clear/versions").json()["data"][0]["id"]
    given = props(version, agent_id="a-in-clear", secrets=["agent_id"])
    created = provider.create(given)
    outs = created.outs or {}
    assert re.fullmatch(r"[0-9a-f]{16}/production", created.id)
    provider.diff(created.id, {**outs, "live": "v-9"}, given)
    assert "release of agent [secret] to production: production pins version v-9" in capsys.readouterr().out
    fail(http, path="/environments", kind="status", status=403, times=2)
    for call in (lambda: provider.read(created.id, outs), lambda: provider.create(given)):
        with pytest.raises(Failure, match=r"environments of agent \[secret\]: HTTP 403"):
            call()

    async def publish(*_arguments: Any) -> Pinned:
        return Pinned(unproved="environments of agent a-in-clear: HTTP 500")

    monkeypatch.setattr(agent_publishing, "publish_agent", publish)
    assert (provider.create(given).outs or {})["unproved"] == "environments of agent [secret]: HTTP 500"
