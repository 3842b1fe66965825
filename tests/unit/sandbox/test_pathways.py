"""Versions of pathways in the sandbox: content, forks, edits in place, and what is live."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT = """\
pathways:
  pw-1:
    scenarios: [{id: sc-refund}, {id: sc-cancel}]
    failing: [[sc-refund], 0]
    forked_version: 8
  pw-patched: {scenarios: [{id: sc-a}, {id: sc-b}], failing: [1, 0], retests: failed}
  pw-slow: {scenarios: [{id: sc-a}], publish_delay_ms: 300}
  pw-never: {scenarios: [{id: sc-a}], publish_delay_ms: never}
  pw-missing: {scenarios: [{id: sc-a}], versions: missing}
  pw-forbidden: {scenarios: [{id: sc-a}], versions: forbidden}
"""


@pytest.fixture
def http(tmp_path: Path) -> Iterator[httpx.Client]:
    script = tmp_path / "script.yaml"
    script.write_text(SCRIPT, encoding="utf-8")
    headers = {"authorization": "sk-any-key"}
    with (
        Sandbox(speed=100_000, script=script) as sandbox,
        httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as client,
    ):
        yield client


def version(http: httpx.Client, number: int, pathway: str = "pw-1") -> dict[str, Any]:
    response = http.get(f"/v1/pathway/{pathway}/version/{number}")
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    return content


def prompts(content: dict[str, Any]) -> dict[str, str]:
    return {node["id"]: node["data"]["prompt"] for node in content["nodes"] if "id" in node}


def run(http: httpx.Client, pathway: str = "pw-1", **body: Any) -> dict[str, Any]:
    """Start a session and return its status once it has ended."""
    path = "/v1/agent-testing/tornado"
    session_id = http.post(f"{path}/start", json={"pathway_id": pathway, **body}).json()["session_id"]
    deadline = time.monotonic() + 5
    while (status := http.get(f"{path}/{session_id}/status").json())["status"] == "RUNNING":
        assert time.monotonic() < deadline
    return dict(status)


def publish(http: httpx.Client, number: int, pathway: str = "pw-1", environment: str = "production") -> None:
    body = {"version_id": number, "environment": environment}
    http.post(f"/v1/pathway/{pathway}/publish", json=body).raise_for_status()


def test_a_version_has_the_documented_form(http: httpx.Client) -> None:
    shown = version(http, 6)
    settings = {"post_call_actions", "memory_enabled", "entity_schemas", "analysis_options"}
    assert shown.keys() == {"name", "nodes", "edges", "version_number", "revision_number", "is_latest"} | settings
    assert shown["version_number"] == 6
    forms = {frozenset(node) for node in shown["nodes"]}
    assert forms == {frozenset({"id", "type", "data", "position"}), frozenset({"globalConfig", "position"})}
    assert {frozenset(edge) for edge in shown["edges"]} == {frozenset({"id", "source", "target", "label"})}
    assert version(http, 6) == shown
    assert prompts(version(http, 7)) != prompts(shown)


def test_a_fork_is_what_it_started_from_with_the_fixes(http: httpx.Client) -> None:
    assert run(http, version_number=7)["forked_version"] == 8
    base, fork = prompts(version(http, 7)), prompts(version(http, 8))
    assert fork["node-refund"] == base["node-refund"] + "\nSay clearly what the caller of sc-refund can expect."
    assert {**fork, "node-refund": base["node-refund"]} == base
    assert version(http, 8)["is_latest"]
    assert [entry["version_number"] for entry in http.get("/v1/pathway/pw-1/versions").json()] == [1, 7, 8]


def test_an_edit_changes_a_version_in_place_and_no_other(http: httpx.Client) -> None:
    before, other = version(http, 7), version(http, 6)
    http.post("/v1/pathway/pw-1/version/7", json={"name": "Mine", "nodes": []}).raise_for_status()
    assert version(http, 7) == {**before, "name": "Mine", "nodes": []}
    assert version(http, 6) == other
    run(http, version_number=7)
    assert list(prompts(version(http, 8))) == ["node-refund"]  # the fork has the edit


def test_the_global_prompt_and_the_settings_can_be_edited(http: httpx.Client) -> None:
    nodes = [{"globalConfig": {"globalPrompt": "Refuse."}}]
    changes = {"nodes": nodes, "memory_enabled": True, "post_call_actions": [{"type": "x"}]}
    http.post("/v1/pathway/pw-1/version/7", json=changes).raise_for_status()
    assert version(http, 7).items() >= changes.items()
    publish(http, 7)
    assert version(http, 0).items() >= changes.items()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"nodes": {}},
        {"nodes": ["a"]},
        {"nodes": [{"globalConfig": "x"}]},
        {"nodes": [{"globalConfig": {}, "id": "a"}]},
        {"name": 1},
        {"memory_enabled": 1},
        {"version_number": 3},
        {"nodes": [], "x": 1},
    ],
)
def test_an_edit_of_anything_else_is_refused(http: httpx.Client, body: Any) -> None:
    assert http.post("/v1/pathway/pw-1/version/7", json=body).status_code == 400


def test_an_archived_version_is_gone(http: httpx.Client) -> None:
    run(http, version_number=7)
    http.delete("/v1/pathway/pw-1/version/7").raise_for_status()
    assert http.get("/v1/pathway/pw-1/version/7").status_code == 404
    assert http.post("/v1/pathway/pw-1/version/7", json={"nodes": []}).status_code == 404
    assert [entry["version_number"] for entry in http.get("/v1/pathway/pw-1/versions").json()] == [1, 8]
    assert http.delete("/v1/pathway/pw-1/version/0").status_code == 409


def test_live_is_what_was_published_as_it_was_then(http: httpx.Client) -> None:
    assert prompts(version(http, 0)) == prompts(version(http, 1))
    publish(http, 7)
    published = prompts(version(http, 7))
    http.post("/v1/pathway/pw-1/version/7", json={"nodes": []}).raise_for_status()
    assert prompts(version(http, 0)) == published
    assert version(http, 0)["version_number"] == 7
    http.post("/v1/pathway/pw-1/version/0", json={"nodes": []}).raise_for_status()
    assert prompts(version(http, 0)) == {}
    assert http.get("/v1/pathway/pw-1/version/staging").status_code == 400
    publish(http, 6, environment="staging")
    assert prompts(version(http, 0)) == {}
    staged = http.get("/v1/pathway/pw-1/version/staging").json()
    assert (staged["version_number"], prompts(staged)) == (6, prompts(version(http, 6)))
    http.post("/_sandbox/reset")
    assert prompts(version(http, 0)) == prompts(version(http, 1))


def test_a_publish_may_take_time_or_do_nothing(http: httpx.Client) -> None:
    for pathway in ("pw-slow", "pw-never"):
        publish(http, 7, pathway)
        assert version(http, 0, pathway)["version_number"] == 1
    time.sleep(0.35)
    assert version(http, 0, "pw-slow")["version_number"] == 7
    assert version(http, 0, "pw-never")["version_number"] == 1


@pytest.mark.parametrize(("pathway", "code"), [("pw-missing", 404), ("pw-forbidden", 403), ("pw-unknown", 404)])
def test_versions_that_are_not_shown(http: httpx.Client, pathway: str, code: int) -> None:
    for method, path in (("GET", "versions"), ("GET", "version/7"), ("DELETE", "version/7"), ("POST", "version/7")):
        body: Any = {"nodes": []} if method == "POST" else None
        assert http.request(method, f"/v1/pathway/{pathway}/{path}", json=body).status_code == code


def test_an_iteration_may_run_only_what_failed_before(http: httpx.Client) -> None:
    status = run(http, "pw-patched")
    assert [entry["passed_ids"] for entry in status["iterations"]] == [["sc-b"], ["sc-a"]]
    assert (status["status"], status["passed_scenarios"]) == ("COMPLETED_ALL_PASSED", 2)


@pytest.mark.parametrize("setting", ["versions: hidden", "retests: none", "publish_delay_ms: soon"])
def test_a_script_with_another_value_is_refused(tmp_path: Path, setting: str) -> None:
    script = tmp_path / "script.yaml"
    script.write_text(f"pathways:\n  pw-1: {{{setting}}}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"hidden|none|soon"):
        Sandbox(script=script)
