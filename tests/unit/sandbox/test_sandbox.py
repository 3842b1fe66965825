"""The sandbox over real HTTP: a second, independent reading of the API's pages."""

from __future__ import annotations

import itertools
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.sandbox.playing import Session, active_of, status_of
from tornado_resource.sandbox.scenario_file import read_scripts
from tornado_resource.sandbox.scripts import Script
from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TORNADO = "/v1/agent-testing/tornado"
pytest_plugins = ["tornado_resource.sandbox.fixtures"]


@pytest.fixture(scope="module")
def slow_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def http(slow_sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=slow_sandbox.url, headers={"authorization": "sk-any-key"}, trust_env=False) as client:
        client.post("/_sandbox/reset")
        yield client


def start(http: httpx.Client, **body: Any) -> httpx.Response:
    return http.post(f"{TORNADO}/start", json={"pathway_id": "pw-1", **body})


def test_a_start_response_has_the_documented_fields(http: httpx.Client) -> None:
    response = start(http).json()
    assert response["status"] == "RUNNING"
    assert (response["max_iterations"], response["timeout_ms"], response["pathway_id"]) == (5, 900000, "pw-1")
    assert len(response["created_at"]) == len("2026-04-14T10:15:00.000Z")
    assert response.keys() == {"session_id", "status", "pathway_id", "max_iterations", "timeout_ms", "created_at"}


def test_the_runs_of_a_pathway_say_that_sessions_ran_there(http: httpx.Client) -> None:
    session_id = start(http).json()["session_id"]
    http.post("/_sandbox/speed", json={"speed": 100_000})
    status = wait_until_final(http, session_id)
    page = http.get("/v1/agent-testing/runs", params={"pathway_id": "pw-1", "limit": "2"}).json()
    assert (len(page["runs"]), page["total_count"] > 2) == (2, True)
    newest = status["iterations"][-1]
    assert {(each["trigger_source"], each["created_at"], each["batch_id"]) for each in page["runs"]} == {
        ("tornado", newest["started_at"], newest["batch_id"])
    }
    rest = http.get("/v1/agent-testing/runs", params={"pathway_id": "pw-1", "offset": "2"}).json()
    assert len(rest["runs"]) == rest["total_count"] - 2
    assert http.get("/v1/agent-testing/runs", params={"pathway_id": "pw-2"}).json() == {"runs": [], "total_count": 0}
    assert http.get("/v1/agent-testing/runs", params={"limit": "many"}).status_code == 400
    http.post("/_sandbox/speed", json={"speed": 1})


def wait_until_final(http: httpx.Client, session_id: str) -> Any:
    while (status := http.get(f"{TORNADO}/{session_id}/status").json())["status"] == "RUNNING":
        time.sleep(0.01)
    return status


def test_one_session_at_a_time_on_a_pathway(http: httpx.Client) -> None:
    first = start(http).json()["session_id"]
    assert start(http).status_code == 409
    assert start(http, pathway_id="pw-2").status_code == 200
    assert http.post(f"{TORNADO}/{first}/cancel").json() == {"cancelled": True}
    assert start(http).status_code == 200


def test_active_returns_the_running_session_or_404(http: httpx.Client) -> None:
    assert http.get(f"{TORNADO}/active", params={"pathway_id": "pw-1"}).status_code == 404
    assert http.get(f"{TORNADO}/active").status_code == 400
    session_id = start(http, persona_id="pe-1").json()["session_id"]
    by_pathway = http.get(f"{TORNADO}/active", params={"pathway_id": "pw-1"}).json()
    by_persona = http.get(f"{TORNADO}/active", params={"persona_id": "pe-1"}).json()
    assert by_pathway["session_id"] == by_persona["session_id"] == session_id
    assert "timeout_ms" not in by_pathway


@pytest.mark.parametrize(
    "body",
    [
        {"pathway_id": ""},
        {"pathway_id": 5},
        {"max_iterations": 5.5},
        {"max_iterations": True},
        {"max_iterations": 0},
        {"timeout_ms": "1"},
        {"scenario_ids": []},
        {"scenario_ids": [1]},
        {"scenario_ids": [f"sc-{n}" for n in range(51)]},
        {"gate": "all"},
        {"persona_id": None},
    ],
)
def test_undocumented_requests_are_refused(http: httpx.Client, body: dict[str, Any]) -> None:
    assert start(http, **body).status_code == 400
    assert http.get("/_sandbox/sessions").json() == []


@pytest.mark.parametrize("key", ["", "Bearer sk-any-key"])
def test_a_request_without_the_bare_key_is_refused(http: httpx.Client, key: str) -> None:
    assert http.post(f"{TORNADO}/start", json={"pathway_id": "p"}, headers={"authorization": key}).status_code == 401


def test_an_unknown_route_is_501_and_printed(http: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert http.get("/v2/anything").status_code == 501
    assert http.put(f"{TORNADO}/start").status_code in {405, 501}
    assert "no such route in the documented API: GET /v2/anything" in capsys.readouterr().err


def test_a_publish_request_is_checked_and_stored(http: httpx.Client) -> None:
    assert http.post("/v1/pathway/pw-1/publish", json={"version_id": 7}).json()["message"]
    assert http.post("/v1/pathway/pw-1/publish", json={"version_id": "7"}).status_code == 400
    assert http.post("/v1/pathway/pw-1/publish", json={"version_id": 7, "environment": "dev"}).status_code == 400
    assert http.get("/_sandbox/published").json() == [
        {"pathway_id": "pw-1", "environment": "production", "version_id": 7}
    ]


def test_every_request_is_logged_without_the_key(http: httpx.Client) -> None:
    start(http)
    log = http.get("/_sandbox/requests")
    assert [(row["method"], row["path"], row["status"]) for row in log.json()] == [("POST", f"{TORNADO}/start", 200)]
    assert "sk-any-key" not in log.text


@pytest.mark.parametrize(
    ("fault", "has_effect"),
    [
        ({"kind": "status", "status": 503, "headers": {"retry-after": "1"}}, False),
        ({"kind": "status_after", "status": 500}, True),
        ({"kind": "reset_before"}, False),
        ({"kind": "reset_after"}, True),
        ({"kind": "garbage"}, True),
        ({"kind": "truncate"}, True),
        ({"kind": "delay", "seconds": 0.05}, True),
        ({"kind": "delay_after", "seconds": 0.05}, True),
    ],
)
def test_a_fault_happens_once_before_or_after_the_effect(
    http: httpx.Client,
    fault: dict[str, Any],
    has_effect: bool,  # noqa: FBT001
) -> None:
    http.post("/_sandbox/faults", json={**fault, "method": "POST", "path": "/start"})
    try:
        response = start(http)
        is_spoilt = response.status_code >= 500 or "session_id" not in response.text
    except httpx.TransportError:
        is_spoilt = True
    assert is_spoilt is (fault["kind"] not in {"delay", "delay_after"})
    assert (len(http.get("/_sandbox/sessions").json()) == 1) is has_effect
    assert start(http).status_code == (409 if has_effect else 200)


def test_an_invalid_fault_is_refused(http: httpx.Client) -> None:
    assert http.post("/_sandbox/faults", json={"kind": "earthquake"}).status_code == 400
    assert http.post("/_sandbox/faults", content=b"[]").status_code == 400


def test_a_session_ends_in_scaled_time(tornado_sandbox: Sandbox) -> None:
    headers = {"authorization": "sk-any-key"}
    with httpx.Client(base_url=tornado_sandbox.url, headers=headers, trust_env=False) as http:
        session_id = start(http).json()["session_id"]
        deadline = time.monotonic() + 10
        while (status := http.get(f"{TORNADO}/{session_id}/status").json())["status"] == "RUNNING":
            assert time.monotonic() < deadline
        assert status["status"] == "COMPLETED_ALL_PASSED"
        assert (status["passed_scenarios"], status["total_scenarios"], status["forked_version"]) == (5, 5, 2)
        assert [len(entry["failed_ids"]) for entry in status["iterations"]] == [2, 1, 0]


def test_sessions_are_held_until_the_speed_changes(http: httpx.Client) -> None:
    assert http.post("/_sandbox/speed", json={"speed": 0.001}).status_code == 200
    held, cancelled = (http.post(f"{TORNADO}/start", json={"pathway_id": each}).json()["session_id"] for each in "ab")
    http.post(f"{TORNADO}/{cancelled}/cancel")
    assert http.get(f"{TORNADO}/{held}/status").json()["status"] == "RUNNING"
    assert http.post("/_sandbox/speed", json={"speed": 1_000_000}).status_code == 200
    statuses = [http.get(f"{TORNADO}/{each}/status").json()["status"] for each in (held, cancelled)]
    assert statuses == ["COMPLETED_ALL_PASSED", "CANCELLED"]
    http.post("/_sandbox/speed", json={"speed": 1})


@pytest.mark.parametrize("body", [{}, {"speed": 0}, {"speed": True}, {"speed": "1"}, {"speed": 1, "more": 1}, []])
def test_a_speed_that_is_none_is_refused(http: httpx.Client, body: object) -> None:
    assert http.post("/_sandbox/speed", json=body).status_code == 400


def test_removing_the_faults_ends_a_delay(http: httpx.Client) -> None:
    http.post("/_sandbox/faults", json={"kind": "delay_after", "seconds": 3600, "path": "/start"})
    with ThreadPoolExecutor() as pool:
        delayed = pool.submit(start, http)
        while http.get("/_sandbox/sessions").json() == []:
            time.sleep(0.01)
        assert not delayed.done()
        http.delete("/_sandbox/faults")
        assert delayed.result().status_code == 200


def test_sessions_in_a_file_outlive_the_server(tmp_path: Path) -> None:
    for _ in range(2):
        with Sandbox(db=str(tmp_path / "s.sqlite")) as sandbox:
            last = httpx.post(f"{sandbox.url}{TORNADO}/start", json={"pathway_id": "p"}, headers={"authorization": "k"})
    assert last.status_code == 409


SCRIPT = Script((), (2, 1, 0), 1000, None, None, is_open=True)


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=8).map(sorted), st.integers(1, 5), st.integers(1, 5000))
def test_a_session_never_goes_backwards(moments: list[int], max_iterations: int, timeout_ms: int) -> None:
    session = Session("s", "p", None, ("a", "b", "c"), None, max_iterations, timeout_ms, 0, None)
    seen = [status_of(session, SCRIPT, moment, 1.0) for moment in moments]
    for before, after in itertools.pairwise(seen):
        assert after["elapsed_ms"] >= before["elapsed_ms"]
        assert before["status"] == "RUNNING" or after == before
    for moment, status in zip(moments, seen, strict=True):
        assert status["passed_scenarios"] + status["failed_scenarios"] in {0, 3}
        assert (active_of(session, SCRIPT, moment, 1.0) is None) is (status["status"] != "RUNNING")


def test_a_script_can_contradict_itself_in_the_last_response(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("pathways: {'*': {answer: {total_scenarios: null, passed_scenarios: 9}}}")
    script = read_scripts(tmp_path / "s.yaml").pathways["*"]
    session = Session("s", "p", None, ("a",), None, 5, 900_000, 0, None)
    running, ended = (status_of(session, script, moment, 1.0) for moment in (59_999, 60_000))
    assert (running["total_scenarios"], running["passed_scenarios"]) == (1, 0)
    assert (ended["status"], ended["total_scenarios"], ended["passed_scenarios"]) == ("COMPLETED_ALL_PASSED", None, 9)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("[]", ["the file"]),
        ("", ["the file"]),
        ("pathways: []", ["pathways"]),
        ("pathways: {p: {colour: blue}}", ["pathways.p"]),
        ("pathways: {p: {failing: [a scenario]}}", ["pathways.p.failing.0"]),
        ("pathways: {p: {failing: 2}, q: {iteration_ms: -1}}", ["pathways.p.failing", "pathways.q.iteration_ms"]),
        ("pathways: {p: {scenarios: [{name: a}], versions: no}}", ["pathways.p.scenarios.0", "pathways.p.versions"]),
        ("pathways: {p: {publish_delay_ms: soon}}", ["pathways.p.publish_delay_ms"]),
        ("pathways: [", ["not valid YAML"]),
    ],
)
def test_an_invalid_scenario_file_is_refused(tmp_path: Path, text: str, problems: list[str]) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        read_scripts(path)
    lines = str(caught.value).splitlines()
    assert sorted(line.removeprefix(f"{path}: ").partition(": ")[0] for line in lines) == problems
