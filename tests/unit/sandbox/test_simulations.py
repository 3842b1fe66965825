"""Simulation sets in the sandbox: started, played from a script, listed by their runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = """\
pathways:
  pw-1:
    scenarios: [{id: sc-1, name: Refund}, {id: sc-2, name: Cancel}]
    simulations:
      - {rates: {Refund: 0.8, sc-2: 0.5}}
      - {errors: {sc-1: 2}, missing: {sc-2: 1}}
      - {errors: {sc-1: 2}, counts_errors: true, shown_after_ms: 60000}
      - {ends_as: ERROR, run_ms: 0}
      - {ends_as: RUNNING}
  "*": {}
"""
SETS = "/v1/agent-testing/simulation-sets"
RUNS = "/v1/agent-testing/runs"
HELD, DONE = 0.001, 1_000_000


@pytest.fixture
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    script = tmp_path_factory.mktemp("sets") / "script.yaml"
    script.write_text(SCRIPT, encoding="utf-8")
    headers = {"authorization": "sk-any-key"}
    with (
        Sandbox(script=script, speed=HELD) as sandbox,
        httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as client,
    ):
        yield client


def start(http: httpx.Client, **changes: Any) -> httpx.Response:
    body = {"pathway_id": "pw-1", "scenario_ids": ["sc-1", "sc-2"], "simulations_per_scenario": 5}
    return http.post(SETS, json={**body, "version_number": 3, **changes})


def finished(http: httpx.Client, set_id: str) -> dict[str, Any]:
    http.post("/_sandbox/speed", json={"speed": DONE})
    time.sleep(0.002)
    return dict(http.get(f"{SETS}/{set_id}").json())


def rates(found: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    shown = found["statistics"]["per_scenario"]
    return {key: (each["passed"], each["failed"], each["total_runs"]) for key, each in shown.items()}


def test_a_set_is_played_from_the_script(http: httpx.Client) -> None:
    response = start(http)
    assert response.status_code == 202
    set_id = response.json()["simulation_set_id"]
    assert response.json()["status"] == http.get(f"{SETS}/{set_id}").json()["status"] == "PENDING"
    found = finished(http, set_id)
    assert (found["status"], rates(found)) == ("FAILED", {"sc-1": (4, 1, 5), "sc-2": (2, 3, 5)})
    assert found["completed_at"] is not None
    listed = http.get(RUNS, params={"simulation_set_id": set_id, "status": "FAILED"}).json()
    assert listed["total_count"] == 4
    run = http.get(f"{RUNS}/{listed['runs'][0]['run_id']}").json()
    assert (run["status"], run["chat_history"][0]["role"]) == ("FAILED", "user")
    assert http.get(f"{RUNS}/{set_id}--99--sc-1").status_code == 404


def test_each_further_set_plays_the_next_entry(http: httpx.Client) -> None:
    ids = [start(http).json()["simulation_set_id"] for _ in range(6)]
    found = [finished(http, each) for each in ids]
    assert [(each["status"], rates(each)["sc-1"], rates(each)["sc-2"]) for each in found[1:3]] == [
        ("FAILED", (3, 0, 5), (4, 0, 4)),
        ("FAILED", (3, 2, 5), (5, 0, 5)),
    ]
    assert [each["status"] for each in found[3:]] == ["ERROR", "RUNNING", "RUNNING"]
    errors = http.get(RUNS, params={"simulation_set_id": ids[1], "status": "ERROR"}).json()["runs"]
    assert [each["scenario_id"] for each in errors] == ["sc-1", "sc-1"]
    assert http.get(RUNS, params={"simulation_set_id": ids[2]}).json()["runs"] == []
    named = [each["simulation_set_id"] for each in http.get(RUNS, params={"pathway_id": "pw-1"}).json()["runs"]]
    assert named[0] in ids[3:]
    assert http.get(RUNS, params={"limit": "1"}).json()["total_count"] == len(named)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"scenario_ids": ["sc-9"]}, 403),
        ({"pathway_id": "pw-2", "scenario_ids": ["sc-9"]}, 202),
        ({"simulations_per_scenario": 0}, 400),
        ({"scenario_ids": []}, 400),
        ({"runs": 5}, 400),
    ],
    ids=str,
)
def test_what_a_start_may_say(http: httpx.Client, changes: dict[str, Any], status: int) -> None:
    assert start(http, **changes).status_code == status


def test_the_pathway_is_that_of_the_first_scenario(http: httpx.Client) -> None:
    body: dict[str, Any] = {"scenario_ids": ["sc-1"], "simulations_per_scenario": 1}
    assert http.post(SETS, json=body).status_code == 202
    assert http.post(SETS, json={**body, "scenario_ids": ["sc-9"]}).status_code == 403
    assert http.get(f"{SETS}/none").status_code == 404
