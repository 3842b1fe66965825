"""What the kind says of versions, inputs, outputs and progress: against the sandbox in both forms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.agents import FORMS, Bench, bench
from tests.support.api import client_of, json_response
from tests.support.results import VERSION_ID, check_run_of, gated_check_run_of, judge_of
from tornado_resource.agents.kind import KIND, CheckStatus
from tornado_resource.bland.agents import list_versions
from tornado_resource.bland.sessions import Status
from tornado_resource.declarations.model import Gate
from tornado_resource.errors import ConfigurationError, NotFound, OutcomeUnknown, Rejected
from tornado_resource.runs.model import Ending, Known
from tornado_resource.runs.order import Address, FoundVersion, Order
from tornado_resource.runs.rerun import rerun_reason
from tornado_resource.runs.results import read_last_run, read_result
from tornado_resource.runs.verdict import make_verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SCRIPT = """\
pathways: {}
agents:
  a-1:
    versions: [{semver: 1.0.0}, {semver: 1.1.0}, {name: Newest}]
    staging: 1.0.0
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}}
"""
AGENT = {"agent_id": "a-1", "env": "staging"}


@pytest.fixture(params=FORMS)
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(SCRIPT, tmp_path / "s.yaml", request.param) as api:
        yield api


async def test_a_declared_version_becomes_the_id_of_one(api: Bench) -> None:
    ids = {each.semver or "latest": each.version_id for each in (await list_versions(api.client, "a-1")).versions}
    for declared, semver in (("latest", "latest"), ("pinned", "1.0.0"), ("1.1.0", "1.1.0")):
        found = await KIND.find_version(api.client, {**AGENT, "version_id": declared})
        assert found == FoundVersion(ids[semver], None if declared == "pinned" else ())
    unpinned = {**AGENT, "env": "production", "version_id": "pinned"}
    with pytest.raises(ConfigurationError, match=r"^agent a-1 in production pins no version; publish one"):
        await KIND.find_version(api.client, unpinned)


def test_which_versions_are_resolved_and_which_may_move() -> None:
    versions = (None, VERSION_ID, "1.4.0", "latest", "pinned")
    assert [KIND.is_resolved(each) for each in versions] == [True, True, False, False, False]
    assert [KIND.is_moving(each) for each in versions] == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("recorded", "known"),
    [
        ({}, VERSION_ID),
        ({"semver": "1.3.0"}, None),
        ({"agent_id": "a-2"}, None),
        ({"version_id": None}, None),
    ],
)
def test_a_published_version_that_the_state_knows_costs_no_request(recorded: dict[str, Any], known: str | None) -> None:
    outputs = {**AGENT, "semver": "1.4.0", "version_id": VERSION_ID, **recorded}
    assert KIND.known_version({**AGENT, "version_id": "1.4.0"}, outputs) == known


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({}, set()),
        ({"version_id": "latest"}, {"version_id"}),
        ({"version_id": 5}, {"version_id"}),
        ({"env": 1}, {"env"}),
    ],
)
def test_a_provider_takes_the_id_of_a_version_only(changes: dict[str, Any], keys: set[str]) -> None:
    assert {*KIND.problems("support", {**AGENT, "version_id": VERSION_ID, **changes})} == keys


def test_what_is_recorded_as_declared_must_be_a_request() -> None:
    assert KIND.is_sound({**AGENT, "version_id": VERSION_ID})
    assert not KIND.is_sound(AGENT)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"scenario_count": 2, "simulations_count": 5}, " running · 10 conversations"),
        ({"scenario_count": None}, " running"),
        ({"status": "PASSED"}, ""),
    ],
)
def test_progress_says_what_the_api_shows(changes: dict[str, Any], text: str) -> None:
    run = check_run_of("RUNNING", completed_at=None)
    assert KIND.progress(CheckStatus.of(replace(run, **changes))) == text
    assert KIND.progress(Status("RUNNING")) == ""


@pytest.mark.parametrize("end", [None, "2026-04-14T09:00:00.000Z", "soon", "0001-01-01T00:00:00+01:00"])
def test_an_end_before_the_start_is_no_time(end: str | None) -> None:
    assert CheckStatus.of(check_run_of("PASSED", completed_at=end)).elapsed_ms is None


def test_a_status_shows_the_version_as_far_as_it_has_one() -> None:
    assert CheckStatus("RUNNING").shown == {}
    assert not CheckStatus("RUNNING").is_running
    assert CheckStatus.of(check_run_of("PASSED")).shown == {"version_id": VERSION_ID, "semver": "1.4.0"}
    verdict = make_verdict(gated_check_run_of("support"), Ending(CheckStatus("PASSED")))
    assert (verdict.outcome, verdict.reason) == ("incomplete", "the API does not show its judges")
    assert KIND.version_of(verdict) == VERSION_ID


async def test_a_run_that_has_ended_is_judged_without_another_request() -> None:
    def refuse(_: object) -> Any:
        return json_response({}, 500)

    status = CheckStatus.of(check_run_of("PASSED", judge_of("resolved", 0.9)))
    gated = replace(gated_check_run_of("support"), known=Known(status=status))
    last, _ = await read_last_run(client_of(refuse), gated)
    assert (last.state, last.outcome) == ("ended", "passed")
    assert (await read_result(client_of(refuse), gated)).verdict == last.verdict


async def test_a_gate_that_names_another_judge_runs_nothing_again() -> None:
    """Another run would not have that judge either."""
    run = check_run_of("PASSED", judge_of("resolved", 0.9))
    for name, state in (("resolved", "ended"), ("nobody", "unknown")):
        declared = gated_check_run_of("support", gate=Gate(judges={name: "80%"}))
        gated = replace(declared, known=Known(status=CheckStatus.of(run)))
        last, _ = await KIND.last_run(client_of(lambda _: json_response({})), gated)
        assert (last.state, rerun_reason("on_failure", gated.gate, last)) == (state, None)


async def test_a_run_is_started_found_read_and_cancelled(api: Bench) -> None:
    version_id = (await list_versions(api.client, "a-1")).versions[0].version_id
    request = {**AGENT, "version_id": version_id}
    order = Order(Address("b", "agents", "dev", "support"), request, kind="check_run")
    started = await KIND.start(api.client, request)
    run = order.run(started.run_id)
    assert KIND.outputs(request, started) == {**request, "semver": started.shown["semver"]}
    [found] = await KIND.look(api.client, order)
    assert (found.run_id, found.is_holding, found.contradictions) == (started.run_id, True, ())
    assert await KIND.is_holding(api.client, run)
    await KIND.cancel(api.client, run)
    status = await KIND.read(api.client, run)
    assert (status.status, await KIND.is_holding(api.client, run)) == ("CANCELLED", False)
    assert KIND.status_differences(order, status) == []
    other = replace(order, request={**request, "version_id": VERSION_ID})
    assert KIND.status_differences(other, status) == [f"it checks version {version_id} (declared: {VERSION_ID})"]
    assert KIND.place(request) == "agent a-1 in staging"


@pytest.mark.parametrize(("status", "responds"), [(200, True), (404, False), (401, False)])
async def test_a_server_without_agents_does_not_say_that_a_run_is_gone(status: int, responds: bool) -> None:  # noqa: FBT001
    run, gone = gated_check_run_of("support").run, NotFound("check run", "none", status_code=404)
    client = client_of(lambda _: json_response([] if status == 200 else {"message": "no"}, status))
    assert await KIND.responds(client, run, gone) == responds


async def test_a_server_that_fails_says_nothing_of_a_run() -> None:
    run, gone = gated_check_run_of("support").run, NotFound("check run", "none", status_code=404)
    with pytest.raises(Rejected):
        await KIND.responds(client_of(lambda _: json_response({"message": "no"}, 500)), run, gone)


async def test_a_list_with_an_unreadable_run_is_unknown_and_not_none() -> None:
    order = Order(Address("b", "agents", "dev", "support"), {**AGENT, "version_id": VERSION_ID}, kind="check_run")
    with pytest.raises(OutcomeUnknown, match="no usable id or status"):
        await KIND.look(client_of(lambda _: json_response([{"id": 5}])), order)


def test_the_place_and_the_request_are_what_is_declared() -> None:
    request = {**AGENT, "version_id": VERSION_ID}
    assert KIND.place_id(request) == "a-1/staging"
    assert KIND.request_of({**request, "gate": {"passed": "all"}, "rerun": "always"}) == request
    verdict = make_verdict(gated_check_run_of("support"), Ending(CheckStatus.of(check_run_of("CANCELLED"))))
    assert KIND.agrees(verdict, gated_check_run_of("support").request)


async def test_a_start_without_checks_says_what_to_do(api: Bench) -> None:
    latest = (await KIND.find_version(api.client, {**AGENT, "version_id": "latest"})).version
    with pytest.raises(Rejected, match=r"HTTP 400: .*; it has no checks in production: set them up in Bland, or decl"):
        await KIND.start(api.client, {**AGENT, "env": "production", "version_id": latest})


async def test_another_refused_start_says_nothing_of_checks(api: Bench) -> None:
    with pytest.raises(Rejected) as caught:
        await KIND.start(api.client, {**AGENT, "version_id": "no-version"})
    assert "checks" not in str(caught.value)
