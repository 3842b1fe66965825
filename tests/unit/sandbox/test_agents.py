"""Agents in the sandbox: versions, environments, publish, promote, roll back, check configs and test cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tornado_resource.sandbox.scenario_file import read_scripts
from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT = """\
pathways: {}
judges:
  resolved: {name: Resolved}
  tone: {levels: [rude, neutral, friendly], targets: [friendly]}
agents:
  a-1:
    name: Support
    source_pathway_id: pw-1
    versions: [{name: First, semver: 1.0.0}, {semver: 1.1.0}, {name: Third}]
    staging: 1.1.0
    production: 1.0.0
    scenarios: [{id: tc-1, name: Refunds}, {id: tc-2}]
    checks: {staging: {judges: [resolved, {judge: tone, required: false}]}}
    variables: {staging: {N: 1, API_HOST: x}}
  a-2: {versions: []}
  a-3:
"""
AGENT = "/v2/agents/a-1"
CHECKS = f"{AGENT}/environments/staging/checks"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    script = tmp_path_factory.mktemp("agents") / "script.yaml"
    script.write_text(SCRIPT, encoding="utf-8")
    with Sandbox(speed=1_000_000, script=script) as sandbox:
        yield sandbox


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url, headers={"authorization": "sk-any-key"}, trust_env=False) as client:
        client.post("/_sandbox/reset")
        yield client


def data(response: httpx.Response, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    body = response.json()
    assert body.keys() == {"data", "errors"}
    assert body["errors"] is None
    return body["data"]


def code(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert body["data"] is None
    [error] = body["errors"]
    assert error["message"]
    return str(error["error"])


def version_ids(http: httpx.Client) -> list[str]:
    """The ids of the versions of `a-1`, the newest first."""
    return [each["id"] for each in data(http.get(f"{AGENT}/versions"))]


def pins(http: httpx.Client) -> dict[str, str | None]:
    return {each["env_type"]: each["current_version_id"] for each in data(http.get(f"{AGENT}/environments"))}


def check(http: httpx.Client, version_id: str) -> None:
    """A staging run that has passed."""
    run = data(http.post(f"{AGENT}/environments/staging/check-runs", json={"version_id": version_id}), 202)
    while data(http.get(f"{AGENT}/check-runs/{run['id']}"))["status"] in {"PENDING", "RUNNING"}:
        pass


def test_agents_are_those_of_the_file(http: httpx.Client) -> None:
    agents = data(http.get("/v2/agents"))
    assert [agent["id"] for agent in agents] == ["a-1", "a-2", "a-3"]
    assert agents[0].keys() == {"id", "name", "created_at", "updated_at", "source_pathway_id", "migrated_at"}
    assert (agents[0]["name"], agents[0]["source_pathway_id"], agents[1]["migrated_at"]) == ("Support", "pw-1", None)
    assert len(data(http.get("/v2/agents?limit=1"))) == len(data(http.get("/v2/agents?limit=-5"))) == 1
    assert [each["env_type"] for each in data(http.get(AGENT))["environments"]] == ["dev", "staging", "production"]


@pytest.mark.parametrize("path", ["", "/environments", "/versions", "/deployments", "/environments/staging/checks"])
def test_an_unknown_agent_is_404(http: httpx.Client, path: str) -> None:
    assert code(http.get(f"/v2/agents/a-9{path}"), 404) == "NOT_FOUND"


def test_errors_have_codes_before_an_endpoint_is_reached(http: httpx.Client) -> None:
    assert code(http.get(AGENT, headers={"authorization": ""}), 401) == "UNAUTHORIZED"
    assert code(http.get(f"{AGENT}?x=1"), 400) == "BAD_REQUEST"
    assert code(http.get(f"{AGENT}/environments/dev/checks"), 400) == "BAD_REQUEST"
    assert code(http.get("/v2/agents?limit=many"), 400) == "BAD_REQUEST"


def test_versions_are_the_newest_first_and_latest_has_a_snapshot(http: httpx.Client) -> None:
    rows = data(http.get(f"{AGENT}/versions"))
    assert [(row["name"], row["semver"]) for row in rows] == [("Third", None), (None, "1.1.0"), ("First", "1.0.0")]
    assert rows[0].keys() == {"id", "agent_id", "name", "created_via", "created_by", "created_at", "semver"}
    latest = data(http.get(f"{AGENT}/versions/latest"))
    assert latest.items() >= rows[0].items()
    assert "version 3" in str(latest["snapshot"])
    assert data(http.get(f"{AGENT}/versions/1.0.0"))["id"] == rows[2]["id"]
    assert code(http.get(f"{AGENT}/versions/1.0"), 400) == "INVALID_VERSION"
    assert code(http.get(f"{AGENT}/versions/9.0.0"), 404) == "VERSION_NOT_FOUND"
    assert code(http.get("/v2/agents/a-2/versions/latest"), 404) == "NO_VERSIONS"
    assert code(http.get(f"{AGENT}/versions/latest?branch=b"), 404) == "BRANCH_NOT_FOUND"


def test_only_an_unnamed_autosave_is_changed_in_place_until_it_is_used(http: httpx.Client) -> None:
    path = "/_sandbox/agents/a-1/versions"
    named, auto = (data(http.post(path, json=body)) for body in ({"name": "Fourth"}, {}))
    again = data(http.post(path, json={"snapshot": {"behavior": {}}}))
    assert named["id"] != auto["id"] == again["id"]
    assert (auto["revision"], again["revision"], again["snapshot"]) == (1, 2, {"behavior": {}})
    data(http.post(f"{AGENT}/environments/staging/check-runs", json={"version_id": auto["id"]}), 202)
    assert data(http.post(path, json={}))["id"] != auto["id"]


def test_publish_moves_staging_and_names_the_version_once(http: httpx.Client) -> None:
    newest = version_ids(http)[0]
    published = data(http.post(f"{AGENT}/publish", json={}), 201)
    assert (published["version"]["id"], published["semver"]) == (newest, "1.2.0")
    assert pins(http)["staging"] == newest
    assert data(http.post(f"{AGENT}/publish", json={"version_id": newest}))["semver"] == "1.2.0"
    data(http.post("/_sandbox/agents/a-1/versions", json={"name": "Next"}))
    assert data(http.post(f"{AGENT}/publish", json={"bump": "major"}), 201)["semver"] == "2.0.0"


@pytest.mark.parametrize(
    ("agent", "body", "status", "expected"),
    [
        ("a-1", {"version_id": "v-9"}, 404, "VERSION_NOT_FOUND"),
        ("a-1", {"bump": "huge"}, 400, "INVALID_BUMP"),
        ("a-1", {"branch_id": "b"}, 404, "BRANCH_NOT_FOUND"),
        ("a-1", {"version": "x"}, 400, "BAD_REQUEST"),
        ("a-2", {}, 400, "NO_VERSIONS"),
        ("a-9", {}, 404, "NOT_FOUND"),
    ],
)
def test_a_publish_is_refused(http: httpx.Client, agent: str, body: Any, status: int, expected: str) -> None:
    assert code(http.post(f"/v2/agents/{agent}/publish", json=body), status) == expected


def test_promote_is_blocked_until_the_checks_have_passed(http: httpx.Client) -> None:
    newest = version_ids(http)[0]
    assert code(http.post(f"{AGENT}/promote", json={"version_id": newest}), 409) == "CHECKS_BLOCKED"
    check(http, newest)
    promoted = data(http.post(f"{AGENT}/promote", json={"version_id": newest}))
    assert (promoted["semver"], promoted["production_moved"]) == ("1.2.0", True)
    assert pins(http) == {"dev": None, "staging": newest, "production": newest}
    assert code(http.post(f"{AGENT}/promote", json={"version_id": newest}), 400) == "ALREADY_IN_PRODUCTION"


def set_checks(http: httpx.Client, **changes: Any) -> None:
    """The same checks, but for *changes*."""
    config = data(http.get(CHECKS))
    body = {key: config[key] for key in ("scenario_ids", "enabled", "simulations_count")} | changes
    body["evals"] = [{key: value for key, value in each.items() if key != "name"} for each in config["evals"]]
    data(http.put(CHECKS, json=body))


def test_checks_that_are_set_to_what_they_are_keep_a_pass(http: httpx.Client) -> None:
    check(http, pins(http)["staging"] or "")
    set_checks(http)
    assert data(http.post(f"{AGENT}/promote", json={}))["production_moved"] is True


@pytest.mark.parametrize("edited", ["count", "scenarios", "test case"])
def test_an_edit_of_the_checks_voids_a_pass_and_force_needs_none(http: httpx.Client, edited: str) -> None:
    check(http, pins(http)["staging"] or "")
    if edited == "test case":
        http.put("/v1/agent-testing/scenarios/tc-1", json={"max_turns": 5}).raise_for_status()
    else:
        set_checks(http, **({"simulations_count": 6} if edited == "count" else {"scenario_ids": ["tc-1"]}))
    assert code(http.post(f"{AGENT}/promote", json={}), 409) == "CHECKS_BLOCKED"
    assert data(http.post(f"{AGENT}/promote", json={"force": True}))["semver"] == "1.1.0"


@pytest.mark.parametrize("change", ["delete", "disable"])
def test_without_checks_nothing_gates_a_promotion(http: httpx.Client, change: str) -> None:
    if change == "delete":
        assert data(http.delete(CHECKS)) == {"deleted": True}
        assert data(http.delete(CHECKS)) == {"deleted": False}
        assert data(http.get(CHECKS)) is None
    else:
        evals = [{"eval_agent_id": "resolved", "eval_agent_version_id": active(http, "resolved")}]
        data(http.put(CHECKS, json={"scenario_ids": ["tc-1"], "evals": evals, "enabled": False}))
    assert data(http.post(f"{AGENT}/promote", json={}))["production_moved"] is True


def test_promote_takes_what_staging_pins_and_rollback_what_was_live(http: httpx.Client) -> None:
    data(http.delete(CHECKS))
    assert code(http.post("/v2/agents/a-3/promote", json={}), 400) == "STAGING_UNPINNED"
    newest, staged, first = version_ids(http)
    data(http.post(f"{AGENT}/promote", json={}))
    data(http.post(f"{AGENT}/promote", json={"version_id": newest}))
    deployments = data(http.get(f"{AGENT}/deployments"))
    assert [(each["agent_version_id"], each["is_rollback_eligible"]) for each in deployments] == [
        (newest, False),
        (staged, True),
    ]
    assert code(http.post(f"{AGENT}/rollback", json={"version_id": first}), 400) == "BAD_REQUEST"
    assert code(http.post(f"{AGENT}/rollback", json={"version_id": newest}), 400) == "BAD_REQUEST"
    assert code(http.post(f"{AGENT}/rollback", json={"version_id": "v-9"}), 404) == "VERSION_NOT_FOUND"
    assert data(http.post(f"{AGENT}/rollback", json={"version_id": staged}))["semver"] == "1.1.0"
    assert pins(http) == {"dev": None, "staging": newest, "production": staged}


def active(http: httpx.Client, judge_id: str) -> str:
    """The id of a judge's active version."""
    return str(data(http.get(f"/v1/evals/agents/{judge_id}"))["agent"]["active_version_id"])


def test_a_check_config_shows_names_and_defaults(http: httpx.Client) -> None:
    shown = data(http.get(CHECKS))
    assert (shown["scenario_ids"], shown["scenario_names"]) == (["tc-1", "tc-2"], ["Refunds", "tc-2"])
    assert [(each["name"], each["required"]) for each in shown["evals"]] == [("Resolved", True), ("tone", False)]
    assert (shown["enabled"], shown["simulations_count"]) == (True, 5)
    assert shown["evals"][1]["target_level_keys"] == ["friendly"]
    assert "target_level_keys" not in shown["evals"][0]
    body: Any = {"scenario_ids": ["tc-1", "tc-1"], "evals": [{**shown["evals"][0]}]}
    del body["evals"][0]["name"]
    set_again = data(http.put(CHECKS, json=body))
    assert (set_again["id"], set_again["created_at"], set_again["scenario_ids"]) == (
        shown["id"],
        shown["created_at"],
        ["tc-1"],
    )


@pytest.mark.parametrize(
    "change",
    [
        {"scenario_ids": []},
        {"scenario_ids": ["tc-9"]},
        {"scenario_ids": [f"tc-{number}" for number in range(6)]},
        {"evals": []},
        {"evals": [{}, {}]},
        {"evals": [{"eval_agent_id": "nobody"}]},
        {"evals": [{"eval_agent_version_id": "v-9"}]},
        {"evals": [{"target_level_keys": ["friendly"]}]},
        {"evals": [{"eval_agent_id": "tone"}]},
        {"simulations_count": 11},
        {"simulations_count": 0},
        {"colour": "blue"},
    ],
    ids=str,
)
def test_a_check_config_that_cannot_run_is_refused(http: httpx.Client, change: dict[str, Any]) -> None:
    before = data(http.get(CHECKS))
    judge_id = (change.get("evals") or [{}])[0].get("eval_agent_id", "resolved")
    valid = {
        "eval_agent_id": judge_id,
        "eval_agent_version_id": active(http, judge_id if judge_id != "nobody" else "resolved"),
    }
    body = {"scenario_ids": ["tc-1"], "evals": [valid], **change}
    body["evals"] = [valid | each for each in body["evals"]]
    assert code(http.put(CHECKS, json=body), 400) == "BAD_REQUEST"
    assert data(http.get(CHECKS)) == before


def test_a_draft_of_a_judge_scores_nothing(http: httpx.Client) -> None:
    judge = data(http.post("/v1/evals/agents", json={"name": "New", "modality": "text"}), 201)["agent"]
    entry = {"eval_agent_id": judge["id"], "eval_agent_version_id": judge["current_version_id"]}
    body = {"scenario_ids": ["tc-1"], "evals": [entry]}
    assert code(http.put(CHECKS, json=body), 400) == "BAD_REQUEST"
    data(http.post(f"/v1/evals/agents/{judge['id']}/publications"))
    assert data(http.put(CHECKS, json=body))["evals"][0]["name"] == "New"


def test_a_judge_is_drafted_published_and_then_fixed(http: httpx.Client) -> None:
    judge = data(http.post("/v1/evals/agents", json={"name": "New", "modality": "text"}), 201)["agent"]
    path = f"/v1/evals/agents/{judge['id']}"
    draft = f"{path}/versions/{judge['current_version_id']}"
    levels = [{"level_key": key, "label": key, "prompt_md": ""} for key in ("bad", "good")]
    edit = {"prompt_md": "Is it good?", "levels": levels, "judge_config": {"model": "m"}}
    assert "judge_config" not in data(http.patch(draft, json=edit))
    assert code(http.post(f"{path}/publications"), 400) == "BAD_REQUEST"
    data(http.patch(draft, json={"target_level_keys": ["good"]}))
    published = data(http.post(f"{path}/publications"))
    assert (published["active_version_id"], published["published_version"]["version_number"]) == (
        judge["current_version_id"],
        1,
    )
    assert code(http.patch(draft, json={"weight": 5}), 409) == "EVAL_AGENT_VERSION_NOT_EDITABLE"
    assert data(http.get(draft))["state"] == "archived"
    assert code(http.get(f"{path}/versions/v-9"), 404) == "EVAL_AGENT_VERSION_NOT_FOUND"
    assert code(http.get("/v1/evals/agents/nobody"), 404) == "EVAL_AGENT_NOT_FOUND"


def test_judges_are_listed_in_pages(http: httpx.Client) -> None:
    first = data(http.get("/v1/evals/agents?limit=1"))
    assert (first["object"], first["has_more"], first["next_cursor"]) == ("list", True, first["data"][0]["id"])
    second = data(http.get(f"/v1/evals/agents?limit=1&starting_after={first['next_cursor']}"))
    assert (second["has_more"], second["next_cursor"]) == (False, None)
    assert {each["data"][0]["id"] for each in (first, second)} == {"resolved", "tone"}
    assert code(http.get("/v1/evals/agents?starting_after=x"), 400) == "BAD_REQUEST"


def test_variables_are_set_and_listed_by_environment(http: httpx.Client) -> None:
    path = f"{AGENT}/environments/staging/variables"
    assert [(each["variable_key"], each["value"]) for each in data(http.get(path))] == [("API_HOST", "x"), ("N", 1)]
    assert data(http.put(f"{path}/KEY", json={"value": "hidden", "is_secret": True}))["value"] == "********"
    assert data(http.put(f"{path}/N", json={"value": [2]}))["value"] == [2]
    assert [each["variable_key"] for each in data(http.get(path))] == ["API_HOST", "KEY", "N"]
    assert "hidden" not in http.get(path).text
    assert data(http.get(f"{AGENT}/environments/dev/variables")) == []
    assert code(http.get(f"{AGENT}/environments/prod/variables"), 400) == "BAD_REQUEST"
    assert code(http.put(f"{path}/a-b", json={"value": 1}), 400) == "BAD_REQUEST"
    assert code(http.put(f"{path}/A", json={}), 400) == "BAD_REQUEST"
    assert code(http.get("/v2/agents/a-9/environments/dev/variables"), 404) == "NOT_FOUND"


def test_test_cases_belong_to_an_agent(http: httpx.Client) -> None:
    path = "/v1/agent-testing/scenarios"
    created = http.post(path, json={"agent_id": "a-1", "name": "New"}).json()
    assert (created["agent_id"], created["pathway_id"]) == ("a-1", None)
    listed = http.get(path, params={"agent_id": "a-1"}).json()["scenarios"]
    assert [each["name"] for each in listed] == ["New", "Refunds", "tc-2"]
    assert http.get(path, params={"agent_id": "a-2"}).json()["scenarios"] == []
    assert http.post(path, json={"agent_id": "a-1", "name": "New"}).status_code == 409
    assert http.post(path, json={"agent_id": "a-1", "pathway_id": "pw-1", "name": "Both"}).status_code == 400
    assert http.delete(f"{path}/tc-2").json() == {"deleted": True}
    refused = http.post(f"{AGENT}/environments/staging/check-runs", json={})
    assert code(refused, 400) == "BAD_REQUEST"


def test_bare_answers_have_no_wrapper(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(f"answers: bare\n{SCRIPT}", encoding="utf-8")
    headers = {"authorization": "sk-any-key"}
    with Sandbox(script=tmp_path / "s.yaml") as sandbox, httpx.Client(base_url=sandbox.url, headers=headers) as http:
        assert [each["id"] for each in http.get("/v2/agents").json()] == ["a-1", "a-2", "a-3"]
        assert http.get(f"{AGENT}/versions/1.0.0").json()["name"] == "First"
        refused = http.post(f"{AGENT}/promote", json={})
        assert (refused.status_code, refused.json()["error"]) == (409, "CHECKS_BLOCKED")


@pytest.mark.parametrize(
    ("agent", "problem"),
    [
        ("{staging: 1.0.0}", "agents.a.staging: no version has the semver 1.0.0"),
        ("{versions: [{semver: 1.0.0}, {semver: 1.0.0}]}", "versions: a semver is used twice"),
        ("{checks: {staging: {judges: [j]}}}", "checks: the agent has no scenarios"),
        ("{foreign: [staging]}", "foreign: staging has no checks"),
        ("{foreign: [dev]}", "agents.a.foreign.0"),
        ("{runs: [{rates: {j: 2}}]}", "agents.a.runs.0.rates.j"),
        ("{versions: [{semver: v1}]}", "agents.a.versions.0.semver"),
        ("{checks: {dev: {judges: [j]}}}", "agents.a.checks"),
        ("{variables: {dev: {a-b: 1}}}", "agents.a.variables.dev"),
    ],
)
def test_an_agent_that_cannot_be_is_refused(tmp_path: Path, agent: str, problem: str) -> None:
    (tmp_path / "s.yaml").write_text(f"pathways: {{}}\nagents: {{a: {agent}}}", encoding="utf-8")
    with pytest.raises(ValueError, match=problem):
        read_scripts(tmp_path / "s.yaml")


def test_a_scenario_of_an_older_database_has_no_agent(tmp_path: Path) -> None:
    headers = {"authorization": "sk-any-key"}
    for _ in range(2):
        with Sandbox(db=str(tmp_path / "s.sqlite")) as sandbox:
            store = sandbox._store
            old = {"id": "sc-old", "pathway_id": "pw-1", "persona_id": None, "name": "Old", "enabled": True}
            store.put_scenario("sc-old", {**old, "category": "CUSTOM", "created_at": "2026-01-01"})
            url = f"{sandbox.url}/v1/agent-testing/scenarios"
            listed = httpx.get(url, params={"pathway_id": "pw-1"}, headers=headers).json()["scenarios"]
    assert listed[0]["name"] == "Old"
    assert listed[0]["agent_id"] is None
