"""From a simulation set to what it says of a pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.api import FakeTime, client_of, json_response
from tests.support.simulations import REQUEST, gated_set, set_body, set_status
from tornado_resource.bland.pathways import read_version
from tornado_resource.bland.retrying import retried
from tornado_resource.bland.sessions import Status
from tornado_resource.bland.simulation_sets import SimulationSet
from tornado_resource.confirmations.kind import KIND, SetStatus
from tornado_resource.runs.model import Ending, Known
from tornado_resource.runs.results import read_last_run, read_result, wait_for_result

if TYPE_CHECKING:
    from tornado_resource.bland.content import Digests

NODES = {"nodes": [{"id": "start", "data": {"prompt": "Hello"}}], "edges": [], "version_number": 5}
EDITED = {**NODES, "edges": [{"id": "e"}]}
PASSED = {"refund": (5, 0), "cancel": (4, 1)}


def client_with(version: Any = None, runs: Any = None, **body: Any) -> Any:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/runs"):
            return runs if isinstance(runs, httpx.Response) else json_response({"runs": runs or []})
        if "/version/" in request.url.path:
            return version if isinstance(version, httpx.Response) else json_response(version)
        return json_response(set_body(**body))

    return client_of(respond)


async def content_of(nodes: Any) -> Digests | None:
    async with client_with(nodes) as client:
        found = await read_version(client, "pw-1", 5)
    return found.digests if found is not None else None


@pytest.mark.parametrize(
    ("now", "status", "outcome", "reason", "cause"),
    [
        (NODES, "PASSED", "passed", "2 of 2 scenarios confirmed", None),
        (EDITED, "PASSED", "incomplete", "version 5 was edited since", "edited"),
        (
            json_response({"message": "gone"}, 404),
            "PASSED",
            "incomplete",
            "version 5 cannot be read any more",
            "edited",
        ),
        (json_response({}, 401), "PASSED", "incomplete", "could not read version 5", "content_unreadable"),
        (EDITED, "ERROR", "incomplete", "it stopped with an error", None),
    ],
    ids=["the same", "edited", "gone", "unreadable", "stopped"],
)
async def test_a_version_that_was_edited_is_not_confirmed(
    now: Any, status: str, outcome: str, reason: str, cause: Any
) -> None:
    gated = gated_set(known=Known(content=await content_of(NODES)))
    result = await read_result(client_with(now, status=status, rates=PASSED), gated)
    assert (result.verdict.outcome, result.cause) == (outcome, cause)
    assert reason in result.verdict.reason
    assert result.status == set_status(status, PASSED)


async def test_errors_that_cannot_be_read_are_not_taken_for_none() -> None:
    client = client_with(runs=json_response({"message": "no"}, 401), rates=PASSED)
    result = await read_result(client, gated_set())
    assert (result.verdict.outcome, result.cause, result.verdict.confirmation) == (
        "incomplete",
        "request_failed",
        {"set_id": "set-1", "runs": 5, "scenarios": {"refund": _rate(5), "cancel": _rate(4)}},
    )
    for ending, reason in (
        (Ending(set_status("NEW", PASSED)), "unknown status NEW"),
        (Ending(set_status(rates=PASSED), "cut"), "cut"),
    ):
        result = await KIND.result(client, gated_set(), ending, retried)
        assert result.verdict.reason == reason, "only the numbers of a set that has ended are looked at closer"


def _rate(passed: int) -> dict[str, int]:
    return {"passed": passed, "runs": 5}


async def test_runs_of_another_set_or_status_are_no_errors() -> None:
    runs = [
        {"scenario_id": "cancel", "simulation_set_id": "set-2", "status": "ERROR"},
        {"scenario_id": "cancel", "simulation_set_id": "set-1", "status": "FAILED"},
        {"scenario_id": None},
        "damaged",
    ]
    result = await read_result(client_with(runs=runs, rates=PASSED), gated_set())
    assert result.verdict.outcome == "passed"


async def test_every_page_of_errors_is_read() -> None:
    pages = [[{"scenario_id": "refund"}] * 100, [{"scenario_id": "CANCEL"}] * 5]
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/runs"):
            return json_response(set_body(rates={"refund": (5, 0), "cancel": (0, 5)}))
        asked.append(request.url.params.get("offset", "0"))
        return json_response({"runs": pages[len(asked) - 1]})

    result = await read_result(client_of(respond), gated_set())
    assert (asked, result.verdict.outcome) == (["0", "100"], "incomplete")


async def test_a_list_without_an_end_is_read_so_far() -> None:
    client = client_with(runs=[{"scenario_id": "cancel"}] * 100, rates=PASSED)
    assert (await read_result(client, gated_set())).verdict.outcome == "incomplete"


async def test_it_is_waited_for_with_its_progress() -> None:
    bodies = [
        set_body("PENDING", {}, statistics=None),
        set_body("RUNNING", {"refund": (2, 1), "cancel": (0, 0)}),
        set_body("RUNNING", {"refund": (2, 1)}, total_scenarios=None),
        set_body(),
    ]
    lines: list[str] = []
    client = client_of(lambda _: json_response(bodies.pop(0) if len(bodies) > 1 else bodies[0]))
    result = await wait_for_result(client, gated_set(), 10, lambda each: lines.append(each.line), FakeTime().clock())
    assert result.verdict.outcome == "passed"
    assert [line.partition(" · at")[0].partition(" · 5m")[0] for line in lines] == [
        "booking set-1 confirming · 0 of 10 simulations",
        "booking set-1 confirming · 3 of 10 simulations",
        "booking set-1 confirming",
        "booking set-1 PASSED confirming · 10 of 10 simulations",
    ]


async def test_a_last_run_is_what_its_numbers_say() -> None:
    last, _ = await read_last_run(client_with(rates=PASSED), gated_set())
    assert (last.state, last.outcome) == ("ended", "passed")


async def test_the_status_of_another_kind_says_nothing() -> None:
    gated, other = gated_set(), Status("PASSED")
    assert KIND.judge(gated, other, ()) == ("incomplete", "the API does not show its scenarios")
    assert KIND.judge(gated_set(None), set_status(), ())[0] == "incomplete"
    assert (KIND.facts(gated, other, "passed"), KIND.facts(gated, None, "passed")) == ({}, {})
    assert KIND.facts(gated, set_status("RUNNING"), "incomplete") == {}
    assert KIND.facts(gated, set_status(rates={"refund": (9, 0)}), "incomplete") == {}
    assert (KIND.progress(other), SetStatus("PASSED").is_running) == (" confirming", False)
    assert KIND.progress(set_status("RUNNING", simulations_per_scenario=None)) == " confirming"
    assert not KIND.agrees((await read_result(client_with(), gated)).verdict, REQUEST)
    assert (set_status().shown, KIND.outputs(REQUEST, None)) == ({}, {"pathway_id": "pw-1"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "elapsed_ms"),
    [({}, 300_000), ({"completed_at": None}, None), ({"completed_at": "2026-04-14T09:00:00Z"}, None)],
    ids=str,
)
def test_the_time_that_a_set_took(changed: dict[str, Any], elapsed_ms: int | None) -> None:
    assert set_status(**changed).elapsed_ms == elapsed_ms


def test_what_cannot_be_read_of_a_set_is_none() -> None:
    listed = {"refund": {"passed": "many", "failed": None}, "can\ncel": {}, "other": "text"}
    found = SimulationSet.parse(set_body(statistics={"per_scenario": listed}, created_at=None, error_message="down"))
    assert found is not None
    assert (found.created_at, found.error_message, found.has_unreadable) == (None, "down", True)
    assert {key: each.passed for key, each in found.scenarios.items()} == {"refund": None, "other": None}
    reason = "contradictory: a scenario without a readable id"
    gated = gated_set(request={**REQUEST, "scenario_ids": ["refund", "other"]})
    assert KIND.judge(gated, SetStatus.of(found), ()) == ("incomplete", reason)
    assert SimulationSet.parse(set_body(statistics={"per_scenario": []})) == replace(
        SimulationSet.parse(set_body()) or found, scenarios={}
    )
    assert [SimulationSet.parse(each) for each in (None, {}, {"id": "set-1"}, {"id": "", "status": "PASSED"})] == [
        None
    ] * 4
