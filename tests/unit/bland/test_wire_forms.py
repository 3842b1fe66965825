"""Each endpoint in each form in which the API, its pages and its command line have shown it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.api import client_of, json_response
from tests.support.orders import RESET, order, run
from tests.support.raw_server import Fault, RawServer, instead, json_bytes
from tests.support.sandbox_api import SessionApi
from tornado_resource.bland.listing import Owner
from tornado_resource.bland.scenarios import list_scenarios
from tornado_resource.bland.sessions import SESSION_ID_KEYS, read_active, read_status, start_session
from tornado_resource.errors import OutcomeUnknown
from tornado_resource.runs.adopt import adopt
from tornado_resource.runs.cancel import cancel_if_running
from tornado_resource.runs.order import Run
from tornado_resource.runs.start import start

FORMS = [(key, is_wrapped) for key in SESSION_ID_KEYS for is_wrapped in (False, True)]
SCENARIOS = [{"id": "sc-1", "name": "Refunds"}, {"id": "sc-2"}]
LISTS = {
    "scenarios": {"scenarios": SCENARIOS},
    "data": {"data": SCENARIOS},
    "data without errors": {"data": SCENARIOS, "errors": None},
    "bare": SCENARIOS,
    "scenarios in data": {"data": {"scenarios": SCENARIOS}, "errors": None},
}


def api_in(form: tuple[str, bool]) -> SessionApi:
    key, is_wrapped = form
    return SessionApi(id_key=key, is_wrapped=is_wrapped)


@pytest.mark.parametrize("form", FORMS, ids=str)
async def test_start_reads_the_session_in_every_form(form: tuple[str, bool]) -> None:
    session = await run(api_in(form))
    assert (session.run_id, session.created_at) == ("s-1", "2026-04-14T10:00:00.000Z")
    assert (session.status, session.shown["max_iterations"], session.shown["timeout_ms"]) == ("RUNNING", 5, 900000)


@pytest.mark.parametrize("form", FORMS, ids=str)
async def test_active_recognises_our_session_in_every_form(form: tuple[str, bool]) -> None:
    api = api_in(form)
    api.faults = [(RESET, True)]
    session = await run(api)
    assert (session.run_id, session.adopted, api.effective_starts) == ("s-1", False, 1)


@pytest.mark.parametrize("form", FORMS, ids=str)
async def test_adoption_reads_status_and_active_in_every_form(form: tuple[str, bool]) -> None:
    api = api_in(form)
    api.add(max_iterations=5)
    async with api.client() as client:
        session = await adopt(client, order(), "s-1")
    assert (session.run_id, session.created_at, session.adopted) == ("s-1", "2026-04-14T10:00:00.000Z", True)
    assert api.effective_starts == 0


@pytest.mark.parametrize("form", FORMS, ids=str)
async def test_cancel_settles_in_every_form(form: tuple[str, bool]) -> None:
    api = api_in(form)
    api.add()
    async with api.client() as client:
        await cancel_if_running(client, Run("s-1", {"pathway_id": "pw-1"}), api.time.clock())
    assert api.sessions[0].status == "CANCELLED"


@pytest.mark.parametrize("form", FORMS, ids=str)
async def test_no_active_session_is_known_in_every_form(form: tuple[str, bool]) -> None:
    key, is_wrapped = form
    none = {"data": {key: None}, "errors": None} if is_wrapped else {key: None}
    assert await read_active(client_of(lambda _: json_response(none)), "pw-1") is None


@pytest.mark.parametrize("form", LISTS)
async def test_scenarios_are_read_in_every_form(form: str) -> None:
    listing = await list_scenarios(client_of(lambda _: json_response(LISTS[form])), Owner.pathway("pw-1"), enabled=True)
    assert [(scenario.scenario_id, scenario.name) for scenario in listing.scenarios] == [
        ("sc-1", "Refunds"),
        ("sc-2", None),
    ]


@pytest.mark.parametrize(
    "content",
    [
        {"data": [], "errors": [{"error": "E1"}]},
        {"scenarios": [], "error": "no"},
        {"data": {"hello": 1}},
        {"data": None},
        None,
        "x",
    ],
    ids=json.dumps,
)
async def test_an_error_with_a_list_is_no_list_of_scenarios(content: Any) -> None:
    with pytest.raises(OutcomeUnknown, match=r"the response has no scenarios|the API reported an error: (E1|no)$"):
        await list_scenarios(
            client_of(lambda _: httpx.Response(200, text=json.dumps(content))), Owner.pathway("pw-1"), enabled=True
        )


@pytest.mark.parametrize(
    ("content", "session_id"),
    [
        ({"session_id": "s-1", "tornado_id": "t-1", "id": "i-1"}, "s-1"),
        ({"tornado_id": "t-1", "id": "i-1"}, "t-1"),
        ({"session_id": None, "id": "i-1"}, "i-1"),
        ({"session_id": 7, "id": "i-1"}, None),
        ({"session_id": "", "tornado_id": "t-1"}, None),
        ({"data": {"id": None}}, None),
    ],
    ids=json.dumps,
)
async def test_the_first_id_counts_and_a_wrong_one_is_not_replaced(content: Any, session_id: str | None) -> None:
    client = client_of(lambda _: json_response(content))
    if session_id is None:
        with pytest.raises(OutcomeUnknown, match="no session_id"):
            await start_session(client, {"pathway_id": "pw-1"})
    else:
        assert (await start_session(client, {"pathway_id": "pw-1"})).session_id == session_id


@pytest.mark.parametrize("key", SESSION_ID_KEYS)
async def test_a_start_over_real_sockets_takes_any_id(key: str) -> None:
    response = Fault(key, instead(json_bytes({"data": {key: "s-9", "status": "RUNNING"}, "errors": None})))
    async with RawServer(on="/start", faults=[response]) as server, server.client() as client:
        session = await start(client, order(), server.api.intents, server.api.time.clock())
    assert session.run_id == "s-9"
    assert server.hits == 1


async def test_a_status_in_a_wrapper_without_an_id_is_read() -> None:
    response = httpx.Response(200, json={"data": {"status": "STUCK"}, "errors": None, "status": "success"})
    assert (await read_status(client_of(lambda _: response), "s-1")).status == "STUCK"
