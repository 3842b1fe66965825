"""What the API's responses about simulation sets and their runs say, whatever form they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.agents import answering
from tests.support.api import client_of, json_response
from tests.support.simulations import set_body
from tornado_resource.bland.simulation_sets import SimulationSet, list_errors, list_sets, read_set, start_set
from tornado_resource.errors import ForeignResponse, OutcomeUnknown, ReportedError

if TYPE_CHECKING:
    import httpx

REQUEST = {"pathway_id": "pw-1"}


async def test_a_response_about_another_set_is_none() -> None:
    with pytest.raises(ForeignResponse, match="the response is about simulation set set-1"):
        await read_set(answering(set_body()), "set-2")


async def test_a_set_is_known_by_either_name_of_its_id() -> None:
    started = await start_set(answering({"simulation_set_id": "set-7"}, 202), REQUEST)
    assert (started.set_id, started.status, started.is_running, started.is_final) == ("set-7", "PENDING", True, False)


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        ([], OutcomeUnknown, "the response shows no simulation set"),
        ({"id": "set-1"}, OutcomeUnknown, "the response has no status"),
        ({"simulation_set_id": 7}, OutcomeUnknown, "the response has no id"),
        ({"id": "../x", "status": "PENDING"}, OutcomeUnknown, "the id of the response is"),
        ({"status": "error", "message": "no money"}, ReportedError, "no money"),
    ],
    ids=str,
)
async def test_a_start_without_a_set_that_can_be_recorded_is_unknown(body: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        await start_set(answering(body, 202), REQUEST)


async def test_sets_are_listed_by_their_runs() -> None:
    def run(set_id: Any, created_at: Any, **more: Any) -> dict[str, Any]:
        return {"simulation_set_id": set_id, "created_at": created_at, "trigger_source": "simulation", **more}

    runs = [
        run("set-2", "2026-04-14T11:00:01Z"),
        run("set-2", "2026-04-14T11:00:00Z"),
        run(None, "2026-04-14T10:30:00Z", trigger_source="tornado"),
        run("set-9", "2026-04-14T10:20:00Z", trigger_source="manual"),
        run("set-8", "2026-04-14T10:10:00Z", trigger_source=None),
        run("set-7", 1_776_161_400_000, trigger_source="SIMULATION"),
        run("set-1", "2026-04-14T10:00:00Z"),
        "damaged",
    ]
    found = await list_sets(answering({"data": {"runs": runs}}), "pw-1", "sc-1")
    assert [(each.set_id, each.created_at) for each in found] == [
        ("set-2", "2026-04-14T11:00:00Z"),
        ("set-9", "2026-04-14T10:20:00Z"),
        ("set-8", "2026-04-14T10:10:00Z"),
        ("set-7", "2026-04-14T10:10:00.000Z"),
        ("set-1", "2026-04-14T10:00:00Z"),
    ]


async def test_a_set_behind_newer_ones_is_listed() -> None:
    """Else one whose start was lost would be started twice."""
    runs = [{"simulation_set_id": f"set-{number // 50}", "trigger_source": "simulation"} for number in range(600)]

    def respond(request: httpx.Request) -> httpx.Response:
        begin = int(request.url.params.get("offset", 0))
        return json_response({"runs": runs[begin : begin + 100]})

    found = await list_sets(client_of(respond), "pw-1", "sc-1")
    assert [each.set_id for each in found] == [f"set-{number}" for number in range(10)]


SILENT: list[dict[str, Any]] = [
    {"id": "r-4", "batch_id": "b-2", "created_at": "2026-04-14T10:00:01Z"},
    {"id": "r-3", "batch_id": "b-2", "created_at": "2026-04-14T10:00:00Z"},
    {"id": "r-2", "batch_id": None, "created_at": "2026-04-14T09:30:00Z"},
    {"id": "r-1", "batch_id": "b-1", "created_at": "2026-04-14T09:00:00Z", "trigger_source": "tornado"},
]
"""Runs as the API's page *List Test Runs* shows them: without their sets."""


def listing(runs: list[Any], details: dict[str, Any], asked: list[str]) -> Any:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/runs"):
            return json_response({"runs": runs})
        asked.append(request.url.path.rpartition("/")[2])
        return json_response(details[asked[-1]])

    return client_of(respond)


@pytest.mark.parametrize("shown", [{}, {"simulation_set_id": None}, {"simulation_set_id": 7}], ids=str)
@pytest.mark.parametrize("source", [{}, {"trigger_source": None}, {"trigger_source": "SIMULATION"}], ids=str)
async def test_runs_that_are_listed_without_their_sets_are_read(shown: Any, source: Any) -> None:
    """Else a set whose start was lost would be started twice. One run of each batch will do."""
    asked: list[str] = []
    listed = [{**shown, **source, **run} for run in SILENT]
    of_set: Any = {"simulation_set_id": "set-1", "created_at": "x"}
    other = {"run": {"trigger_source": "manual"}}
    found = await list_sets(listing(listed, {"r-3": of_set, "r-2": other}, asked), "pw-1", "sc-1")
    assert sorted(asked) == ["r-2", "r-3"]
    assert [(each.set_id, each.created_at) for each in found] == [("set-1", "2026-04-14T10:00:00Z")]


async def test_a_run_without_a_time_in_the_list_has_that_with_which_it_is_read() -> None:
    run = {**SILENT[2], "created_at": None}
    of_set = {"simulation_set_id": "set-1", "created_at": "2026-04-14T09:30:00Z"}
    found = await list_sets(listing([run], {"r-2": of_set}, []), "pw-1", "sc-1")
    assert [(each.set_id, each.created_at) for each in found] == [("set-1", "2026-04-14T09:30:00Z")]


@pytest.mark.parametrize("source", [{}, {"trigger_source": None}, {"trigger_source": "api"}], ids=str)
async def test_a_run_that_shows_null_where_it_is_read_is_of_no_set(source: Any) -> None:
    """As those of a session do. Else no set could be looked for beside them."""
    detail = {"simulation_set_id": None, **source}
    assert await list_sets(listing(SILENT[2:], {"r-2": detail}, []), "pw-1", "sc-1") == []


@pytest.mark.parametrize(
    "detail",
    [
        {},
        [],
        {"trigger_source": "simulation"},
        {"trigger_source": None},
        {"trigger_source": "Simulation", "simulation_set_id": None},
        {"simulation_set_id": 7},
    ],
    ids=str,
)
async def test_a_run_that_names_no_set_anywhere_leaves_it_unknown(detail: Any) -> None:
    with pytest.raises(OutcomeUnknown, match=r"run r-2: .*does not say which simulation set it is of"):
        await list_sets(listing(SILENT[2:], {"r-2": detail}, []), "pw-1", "sc-1")
    with pytest.raises(OutcomeUnknown, match="does not say which simulation set it is of"):
        await list_sets(listing([{"created_at": "x"}], {}, []), "pw-1", "sc-1")


async def test_errors_of_other_sets_are_none_of_ours() -> None:
    """Where the list neither names the sets nor knows the filter."""
    asked: list[str] = []
    runs = [{**run, "scenario_id": "refund"} for run in SILENT]
    details = {"r-4": {"simulation_set_id": "set-2"}, "r-3": {"simulation_set_id": "set-1"}}
    ours = SimulationSet("set-1", "FAILED", created_at="2026-04-14T09:59:59Z")
    assert await list_errors(listing(runs, details, asked), ours) == ["refund"]
    assert asked == ["r-4", "r-3"], "what is older than the set is not read"
