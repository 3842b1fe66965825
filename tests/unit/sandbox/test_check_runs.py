"""Check runs in the sandbox: started one at a time, played from a script, judged, cancelled, lost on demand."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.sandbox.agent_scripts import RunScript
from tornado_resource.sandbox.check_runs import shown
from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = """\
pathways: {}
agents:
  a-1:
    versions: [{semver: 1.0.0}, {name: Second}]
    staging: 1.0.0
    scenarios: [{id: tc-1}, {id: tc-2}]
    checks:
      staging: {judges: [resolved, {judge: polite, required: false}]}
      production: {judges: [resolved]}
    runs:
      - {rates: {resolved: 0.9, polite: 0.4}}
      - {rates: {resolved: 0.4}}
      - {rates: {resolved: null}}
      - {ends_as: ERROR, error_message: The judges are down}
      - {ends_as: ERROR, run_ms: 0}
      - {ends_as: never}
      - {run_ms: 3000000}
      - {answer: {verdicts: [], overall_passed: true}}
  foreign:
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}, production: {judges: [resolved], enabled: false}}
    foreign: [staging]
  bare: {}
"""
STAGING = "/v2/agents/a-1/environments/staging/check-runs"
RUNS = "/v2/agents/a-1/check-runs"
HELD, DONE = 0.001, 1_000_000


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    script = tmp_path_factory.mktemp("runs") / "script.yaml"
    script.write_text(SCRIPT, encoding="utf-8")
    with Sandbox(script=script) as sandbox:
        yield sandbox


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url, headers={"authorization": "sk-any-key"}, trust_env=False) as client:
        client.post("/_sandbox/reset")
        go(client, HELD)
        yield client


def go(http: httpx.Client, speed: float) -> None:
    assert http.post("/_sandbox/speed", json={"speed": speed}).status_code == 200


def start(http: httpx.Client, path: str = STAGING, **body: Any) -> dict[str, Any]:
    response = http.post(path, json=body)
    assert response.status_code == 202, response.text
    return dict(response.json()["data"])


def read(http: httpx.Client, run: dict[str, Any]) -> dict[str, Any]:
    return dict(http.get(f"/v2/agents/{run['agent_id']}/check-runs/{run['id']}").json()["data"])


def ended(http: httpx.Client, number: int) -> dict[str, Any]:
    """The run that follows an entry of the script, once it has ended."""
    for _ in range(number):
        http.post(f"{RUNS}/{start(http)['id']}/cancel")
    run = start(http)
    go(http, DONE)
    while (run := read(http, run))["completed_at"] is None:
        pass
    return run


def test_a_run_is_pending_then_running_then_passed(http: httpx.Client) -> None:
    pending = start(http)
    assert (pending["status"], pending["overall_passed"], pending["verdicts"]) == ("PENDING", None, [])
    assert (pending["scenario_count"], pending["simulations_count"]) == (2, 5)
    assert pending["judge_names"] == ["resolved", "polite"]
    assert (pending["started_at"], pending["triggered_by"], pending["version_name"]) == (None, None, "Second")
    go(http, DONE)
    while (run := read(http, pending))["status"] != "PASSED":
        assert run["status"] in {"PENDING", "RUNNING"}
    assert run["overall_passed"] is True
    assert [(each["name"], each["required"], each["match_rate"], each["passed"]) for each in run["verdicts"]] == [
        ("resolved", True, 0.9, True),
        ("polite", False, 0.4, False),
    ]
    assert run["created_at"] == pending["created_at"] <= run["completed_at"]


@pytest.mark.parametrize(
    ("number", "status", "overall", "error"),
    [
        (1, "FAILED", False, None),
        (2, "FAILED", False, None),
        (3, "ERROR", None, "The judges are down"),
        (6, "ERROR", None, "The checks ran longer than 45 minutes"),
    ],
)
def test_a_run_ends_as_its_entry_says(
    http: httpx.Client, number: int, status: str, overall: object, error: str | None
) -> None:
    run = ended(http, number)
    assert (run["status"], run["overall_passed"], run["error_message"]) == (status, overall, error)
    assert bool(run["verdicts"]) is (error is None)


@pytest.mark.parametrize("number", [7, 8])  # the last entry is that of all later ones
def test_a_run_may_contradict_itself(http: httpx.Client, number: int) -> None:
    run = ended(http, number)
    assert (run["status"], run["overall_passed"], run["verdicts"]) == ("PASSED", True, [])


def test_a_start_may_respond_with_an_error_at_once(http: httpx.Client) -> None:
    for _ in range(4):
        http.post(f"{RUNS}/{start(http)['id']}/cancel")
    run = start(http)
    assert (run["status"], run["error_message"], run["simulation_set_id"]) == ("ERROR", "It failed", None)
    assert start(http)["status"] == "PENDING"


def test_a_run_may_never_end(http: httpx.Client) -> None:
    for _ in range(5):
        http.post(f"{RUNS}/{start(http)['id']}/cancel")
    run = start(http)
    go(http, DONE)
    while read(http, run)["status"] == "PENDING":
        pass
    assert read(http, run)["status"] == "RUNNING"
    assert http.post(STAGING, json={}).status_code == 409


def test_one_run_at_a_time_in_an_environment(http: httpx.Client) -> None:
    run = start(http)
    refused = http.post(STAGING, json={})
    assert (refused.status_code, refused.json()["errors"][0]["error"]) == (409, "CONFLICT")
    start(http, STAGING.replace("staging", "production"))
    cancelled = http.post(f"{RUNS}/{run['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["data"]["status"]) == (200, "CANCELLED")
    assert http.post(f"{RUNS}/{run['id']}/cancel").status_code == 409
    go(http, DONE)
    assert read(http, run)["status"] == "CANCELLED"
    start(http)


def test_the_candidate_is_the_newest_version_or_what_staging_pins(http: httpx.Client) -> None:
    newest, first = (each["id"] for each in http.get("/v2/agents/a-1/versions").json()["data"])
    assert start(http)["agent_version_id"] == newest
    run = start(http, STAGING.replace("staging", "production"))
    assert (run["agent_version_id"], run["semver"], run["env_type"]) == (first, "1.0.0", "production")
    http.post(f"{RUNS}/{run['id']}/cancel")
    assert start(http, STAGING.replace("staging", "production"), version_id=newest)["agent_version_id"] == newest


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (STAGING, {"version_id": "v-9"}, 400),
        (STAGING, {"version_id": None}, 400),
        (STAGING, {"version": "1.0.0"}, 400),
        (STAGING.replace("staging", "dev"), {}, 400),
        (STAGING.replace("a-1", "a-9"), {}, 404),
        (STAGING.replace("a-1", "bare"), {}, 400),
        (STAGING.replace("a-1", "foreign").replace("staging", "production"), {}, 400),
        (STAGING.replace("a-1", "foreign"), {}, 409),
    ],
)
def test_a_start_is_refused(http: httpx.Client, path: str, body: Any, status: int) -> None:
    before = len(http.get("/_sandbox/check-runs").json())
    response = http.post(path, json=body)
    assert response.status_code == status, response.text
    foreign = int(status == 409)
    assert len(http.get("/_sandbox/check-runs").json()) == before + foreign


def test_a_list_has_one_environment_with_the_newest_first(http: httpx.Client) -> None:
    first = start(http)
    http.post(f"{RUNS}/{first['id']}/cancel")
    second = start(http)
    production = start(http, STAGING.replace("staging", "production"))
    for query, ids in {
        "?env=staging": [second["id"], first["id"]],
        "?env=staging&limit=1": [second["id"]],
        "?env=staging&limit=0": [second["id"]],
        "": [production["id"]],
        "?env=elsewhere": [production["id"]],
    }.items():
        assert [each["id"] for each in http.get(f"{RUNS}{query}").json()["data"]] == ids
    assert http.get(f"{RUNS}/run-9").status_code == 404
    assert http.get(f"/v2/agents/foreign/check-runs/{first['id']}").status_code == 404


def test_somebody_elses_run_is_in_flight_from_the_beginning(http: httpx.Client) -> None:
    path = "/v2/agents/foreign/check-runs?env=staging"
    [run] = http.get(path).json()["data"]
    assert (run["triggered_by"], run["status"]) == ("user-sandbox", "PENDING")
    assert [each["id"] for each in http.get(path).json()["data"]] == [run["id"]]
    assert http.post(f"/v2/agents/foreign/check-runs/{run['id']}/cancel").status_code == 200
    mine = start(http, STAGING.replace("a-1", "foreign"))
    assert mine["created_at"] >= run["created_at"]


def test_a_run_keeps_the_config_that_it_started_with(http: httpx.Client) -> None:
    run = start(http)
    http.delete("/v2/agents/a-1/environments/staging/checks")
    go(http, DONE)
    while read(http, run)["status"] in {"PENDING", "RUNNING"}:
        pass
    assert [each["name"] for each in read(http, run)["verdicts"]] == ["resolved", "polite"]


def test_the_eval_run_says_what_each_judge_found(http: httpx.Client) -> None:
    pending = start(http)
    assert pending["eval_run_id"] is None
    assert http.get(f"/v1/evals/runs/eval-{pending['id']}").status_code == 404
    go(http, DONE)
    while (run := read(http, pending))["eval_run_id"] is None:
        pass
    path = f"/v1/evals/runs/{run['eval_run_id']}"
    eval_run = http.get(path).json()["data"]
    assert (eval_run["status"], eval_run["billable_cost_usd"]) == ("COMPLETE", 0.4)
    assert eval_run["summary"]["target_match_count"] == 9 + 4
    page = http.get(f"{path}/agent-results?limit=15").json()["data"]
    rest = http.get(f"{path}/agent-results?limit=15&starting_after={page['next_cursor']}").json()["data"]
    rows = page["data"] + rest["data"]
    assert (len(rows), rest["has_more"]) == (20, False)
    assert [row["is_target_match"] for row in rows if row["eval_agent_id"] == "resolved"] == [True] * 9 + [False]
    assert "did not do" in rows[9]["reasoning_md"]
    assert http.get("/v1/evals/runs/eval-9/agent-results").status_code == 404


@pytest.mark.parametrize(
    ("fault", "has_effect"),
    [
        ({"kind": "status", "status": 503, "headers": {"retry-after": "1"}}, False),
        ({"kind": "status_after", "status": 500}, True),
        ({"kind": "reset_before"}, False),
        ({"kind": "reset_after"}, True),
        ({"kind": "truncate"}, True),
        ({"kind": "delay_after", "seconds": 0.01}, True),
    ],
)
def test_a_fault_hits_a_check_run_before_or_after_its_effect(
    http: httpx.Client,
    fault: dict[str, Any],
    has_effect: bool,  # noqa: FBT001
) -> None:
    http.post("/_sandbox/faults", json={**fault, "method": "POST", "path": "/check-runs"})
    try:
        is_spoilt = not http.post(STAGING, json={}).text.endswith('"errors":null}')
    except httpx.TransportError:
        is_spoilt = True
    assert is_spoilt is (fault["kind"] != "delay_after")
    assert len(http.get(f"{RUNS}?env=staging").json()["data"]) == has_effect


@given(st.lists(st.integers(0, 4_000_000), min_size=1, max_size=8).map(sorted), st.integers(0, 4_000_000))
def test_a_run_never_goes_backwards(moments: list[int], run_ms: int) -> None:
    evals = [{"eval_agent_id": "j", "eval_agent_version_id": "v", "required": True}]
    config = {"scenario_ids": ["tc-1"], "simulations_count": 3, "evals": evals}
    named = dict.fromkeys(("id", "agent_id", "env_type", "agent_version_id", "semver", "version_name"), "x")
    run = {**named, "config": config, "names": ["j"], "triggered_by": None, "created_ms": 0, "cancelled_ms": None}
    order = ("PENDING", "RUNNING", "PASSED", "ERROR")
    seen = [shown(run, RunScript(run_ms=run_ms), moment, 1.0) for moment in moments]
    for before, after in itertools.pairwise(seen):
        assert order.index(after["status"]) >= order.index(before["status"])
        assert before["status"] in order[:2] or after == before
