"""Scenarios in the sandbox: created, changed, deleted, and run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATH = "/v1/agent-testing/scenarios"
SCRIPT = """\
pathways:
  pw-1: {scenarios: [{id: sc-refund, name: Refund, required: true}], failing: [[Angry]]}
  pw-data: {scenarios: [{id: sc-a}], scenario_lists: data}
  pw-bare: {scenarios: [{id: sc-a}], scenario_lists: bare}
  pw-stripped: {scenario_texts: stripped}
  pw-lowered: {scenario_texts: lowered}
agents: {ag-1: {}, ag-2: {}}
"""


@pytest.fixture
def http(tmp_path: Path) -> Iterator[httpx.Client]:
    script = tmp_path / "script.yaml"
    script.write_text(SCRIPT, encoding="utf-8")
    with Sandbox(speed=100_000, script=script) as sandbox, client_of(sandbox) as client:
        yield client


def client_of(sandbox: Sandbox) -> httpx.Client:
    return httpx.Client(base_url=sandbox.url, headers={"authorization": "sk-any-key"}, trust_env=False)


def create(http: httpx.Client, **fields: Any) -> dict[str, Any]:
    response = http.post(PATH, json={"pathway_id": "pw-1", **fields})
    assert response.status_code == 200, response.text
    return dict(response.json())


def listed(http: httpx.Client, **query: str) -> list[str]:
    response = http.get(PATH, params=query)
    assert response.status_code == 200, response.text
    return [each["name"] for each in response.json()["scenarios"]]


def test_a_created_scenario_has_every_documented_field_and_its_default(http: httpx.Client) -> None:
    created = create(http, name="Angry", assertions=[{"type": "NODE_REACHED", "config": {"node_id": "done"}}])
    [assertion] = created.pop("assertions")
    assert assertion.pop("id")
    assert assertion == {
        "type": "NODE_REACHED",
        "config": {"node_id": "done"},
        "name": "",
        "is_required": True,
        "weight": 1.0,
        "order": 0,
    }
    assert created["id"]
    assert (created["category"], created["scenario_type"], created["max_turns"]) == ("CUSTOM", "AGENT", 20)
    assert (created["enabled"], created["start_node_id"], created["created_at"]) == (True, None, created["updated_at"])
    assert http.get(f"{PATH}/{created['id']}").json()["name"] == "Angry"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "A"},
        {"name": "A", "pathway_id": ""},
        {"name": 7, "pathway_id": "pw-1"},
        {"name": "A", "pathway_id": "pw-1", "max_turns": 51},
        {"name": "A", "pathway_id": "pw-1", "max_turns": True},
        {"name": "A", "pathway_id": "pw-1", "category": "NEW"},
        {"name": "A", "pathway_id": "pw-1", "scenario_type": "REPLAY"},
        {"name": "A", "pathway_id": "pw-1", "scenario_type": "REPLAY", "input_messages": []},
        {"name": "A", "pathway_id": "pw-1", "enabled": True},
        {"name": "A", "pathway_id": "pw-1", "other": 1},
        {"name": "A", "pathway_id": "pw-1", "assertions": [{"type": "NODE_REACHED"}]},
        {"name": "A", "pathway_id": "pw-1", "assertions": [{"type": "X", "config": {}}]},
    ],
)
def test_what_is_not_documented_is_refused(http: httpx.Client, body: dict[str, Any]) -> None:
    assert http.post(PATH, json=body).status_code == 400
    assert listed(http, pathway_id="pw-1") == ["Refund"]


def test_a_replay_has_messages(http: httpx.Client) -> None:
    replay = create(http, name="Replay", scenario_type="REPLAY", input_messages=["Hello"])
    other = create(http, name="Other")
    refusals: list[tuple[dict[str, Any], dict[str, Any]]]
    refusals = [(replay, {"input_messages": []}), (other, {"scenario_type": "REPLAY"})]
    for scenario, changes in refusals:
        refused = http.put(f"{PATH}/{scenario['id']}", json=changes)
        assert (refused.status_code, "input_messages is required" in refused.text) == (400, True)
    changes = {"scenario_type": "REPLAY", "input_messages": [{"role": "user", "content": "Hi"}]}
    assert http.put(f"{PATH}/{other['id']}", json=changes).status_code == 200


def test_names_are_unique_on_a_pathway(http: httpx.Client) -> None:
    create(http, name="Angry")
    assert http.post(PATH, json={"pathway_id": "pw-1", "name": "Angry"}).status_code == 409
    assert http.post(PATH, json={"pathway_id": "pw-1", "name": "Refund"}).status_code == 409
    other = http.post(PATH, json={"pathway_id": "pw-data", "name": "Angry"}).json()
    third = create(http, name="Third")
    assert http.put(f"{PATH}/{third['id']}", json={"name": "Angry"}).status_code == 409
    assert http.put(f"{PATH}/{other['id']}", json={"name": "Angry"}).status_code == 200


def test_an_update_changes_only_its_fields_and_replaces_all_assertions(http: httpx.Client) -> None:
    judge = {"type": "LLM_JUDGE", "config": {"prompt": "?"}}
    created = create(http, name="Angry", max_turns=9, assertions=[judge, judge])
    changed = http.put(f"{PATH}/{created['id']}", json={"enabled": False, "assertions": [judge]}).json()
    assert (changed["name"], changed["max_turns"], changed["enabled"]) == ("Angry", 9, False)
    assert len(changed["assertions"]) == 1
    assert changed["assertions"][0]["id"] not in {each["id"] for each in created["assertions"]}
    assert http.put(f"{PATH}/{created['id']}", json={"pathway_id": "pw-data"}).status_code == 400
    assert http.put(f"{PATH}/none", json={"enabled": False}).status_code == 404


def test_a_scenario_of_the_file_can_be_edited_and_deleted(http: httpx.Client) -> None:
    assert http.put(f"{PATH}/sc-refund", json={"name": "Money back"}).json()["is_required_for_promotion"] is True
    assert listed(http, pathway_id="pw-1") == ["Money back"]
    assert http.delete(f"{PATH}/sc-refund").json() == {"deleted": True}
    assert listed(http, pathway_id="pw-1") == []
    assert http.delete(f"{PATH}/sc-refund").status_code == 404


def test_lists_are_filtered(http: httpx.Client) -> None:
    angry = create(http, name="Angry", category="ANGRY_CALLER")
    http.put(f"{PATH}/{angry['id']}", json={"enabled": False}).raise_for_status()
    http.post(PATH, json={"persona_id": "pe-1", "name": "Of a persona"}).raise_for_status()
    assert listed(http, pathway_id="pw-1") == ["Angry", "Refund"]
    assert listed(http, pathway_id="pw-1", enabled="true") == ["Refund"]
    assert listed(http, pathway_id="pw-1", enabled="false") == ["Angry"]
    assert listed(http, pathway_id="pw-1", category="ANGRY_CALLER") == ["Angry"]
    assert listed(http, persona_id="pe-1") == ["Of a persona"]
    assert listed(http, persona_id="pe-1", pathway_id="pw-1") == []
    assert set(listed(http)) >= {"Refund", "Angry", "Of a persona"}
    assert http.get(PATH, params={"enabled": "yes"}).status_code == 400
    assert http.get(PATH, params={"pathway_id": "pw-none"}).status_code == 404


def test_lists_come_in_other_forms(http: httpx.Client) -> None:
    assert [each["id"] for each in http.get(PATH, params={"pathway_id": "pw-data"}).json()["data"]] == ["sc-a"]
    assert [each["id"] for each in http.get(PATH, params={"pathway_id": "pw-bare"}).json()] == ["sc-a"]


def test_created_scenarios_outlive_the_server(tmp_path: Path) -> None:
    for names in (["Angry"], ["Angry", "Calm"]):
        with Sandbox(db=str(tmp_path / "sandbox.db")) as sandbox, client_of(sandbox) as http:
            http.post(PATH, json={"pathway_id": "pw-1", "name": names[-1]}).raise_for_status()
            assert [name for name in listed(http, pathway_id="pw-1") if name in {"Angry", "Calm"}] == names[::-1]


def test_a_list_has_the_newest_hundred(http: httpx.Client) -> None:
    for number in range(103):
        create(http, name=f"Case {number}")
    names = listed(http, pathway_id="pw-1")
    assert names == [f"Case {number}" for number in range(102, 2, -1)]
    assert listed(http, pathway_id="pw-1", category="CUSTOM") == names


def run(http: httpx.Client, **body: Any) -> dict[str, Any]:
    """Start a session and return its status once it has ended."""
    tornado = "/v1/agent-testing/tornado"
    session_id = http.post(f"{tornado}/start", json={"pathway_id": "pw-1", **body}).json()["session_id"]
    deadline = time.monotonic() + 5
    while (status := http.get(f"{tornado}/{session_id}/status").json())["status"] == "RUNNING":
        assert time.monotonic() < deadline
    return dict(status)


def test_a_session_runs_the_enabled_scenarios_and_shows_why_one_failed(http: httpx.Client) -> None:
    angry = create(
        http, name="Angry", tester_persona_prompt="Shout.", assertions=[{"type": "BLAND_TONE", "config": {}}]
    )
    off = create(http, name="Off")
    http.put(f"{PATH}/{off['id']}", json={"enabled": False}).raise_for_status()
    status = run(http)
    [iteration] = status["iterations"]
    assert (iteration["passed_ids"], iteration["failed_ids"]) == (["sc-refund"], [angry["id"]])

    batch = http.get(f"/v1/agent-testing/batches/{iteration['batch_id']}").json()
    assert batch["status"] == "FAILED"
    runs = {each["scenario_id"]: each for each in batch["runs"]}
    assert {each: runs[each]["status"] for each in runs} == {"sc-refund": "PASSED", angry["id"]: "FAILED"}
    failed = http.get(f"/v1/agent-testing/runs/{runs[angry['id']]['run_id']}").json()
    assert failed["chat_history"][0] == {"role": "user", "content": "Shout."}
    [result] = failed["assertion_results"]
    assert (result["type"], result["passed"]) == ("BLAND_TONE", False)
    passed = http.get(f"/v1/agent-testing/runs/{runs['sc-refund']['run_id']}").json()
    assert (passed["overall_score"], passed["assertion_results"][0]["passed"]) == (1.0, True)
    for path in ("batches/batch-none-1", "batches/x", f"runs/{iteration['batch_id']}--none", "runs/x"):
        assert http.get(f"/v1/agent-testing/{path}").status_code == 404


def test_a_session_refuses_scenarios_that_there_are_not(http: httpx.Client) -> None:
    body = {"pathway_id": "pw-1", "scenario_ids": ["sc-none"]}
    assert http.post("/v1/agent-testing/tornado/start", json=body).status_code == 400
    assert run(http, scenario_ids=[create(http, name="Calm")["id"]])["status"] == "COMPLETED_ALL_PASSED"


@pytest.mark.parametrize(
    ("pathway", "stored"), [("pw-1", " Be KIND.\n"), ("pw-stripped", "Be KIND."), ("pw-lowered", " be kind.\n")]
)
def test_texts_are_stored_as_the_script_says(http: httpx.Client, pathway: str, stored: str) -> None:
    created = create(http, name="Angry", pathway_id=pathway, tester_persona_prompt=" Be KIND.\n")
    assert (created["name"], created["tester_persona_prompt"]) == ("Angry", stored)
    path = f"{PATH}/{created['id']}"
    changed = http.put(path, json={"description": " Be KIND.\n"}).json()
    assert changed["description"] == stored == http.get(path).json()["description"]


@pytest.mark.parametrize(
    ("owner", "code"),
    [
        ({"agent_id": "ag-1"}, 200),
        ({"agent_id": "ag-none"}, 404),
        ({"agent_id": "ag-1", "pathway_id": "pw-1"}, 400),
        ({"persona_id": "pe-1", "pathway_id": "pw-1"}, 400),
        ({}, 400),
    ],
)
def test_a_scenario_belongs_to_one_that_there_is(http: httpx.Client, owner: dict[str, str], code: int) -> None:
    assert http.post(PATH, json={"name": "Refund", **owner}).status_code == code


def test_the_scenarios_of_agents_are_apart(http: httpx.Client) -> None:
    fields = {"name": "Refund", "tags": ["billing", "vip"]}
    for agent_id in ("ag-1", "ag-2"):
        created = http.post(PATH, json={**fields, "agent_id": agent_id}).raise_for_status().json()
        assert (created["agent_id"], created["pathway_id"], created["tags"]) == (agent_id, None, ["billing", "vip"])
        assert http.post(PATH, json={"name": "Refund", "agent_id": agent_id}).status_code == 409
    assert listed(http, agent_id="ag-1") == ["Refund"]
    assert http.get(PATH, params={"agent_id": "ag-none"}).status_code == 404
