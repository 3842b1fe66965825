"""What the API's responses about simulation sets and their runs say, whatever form they have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.agents import answering
from tests.support.simulations import set_body
from tornado_resource.bland.simulation_sets import list_sets, read_set, start_set
from tornado_resource.errors import ForeignResponse, OutcomeUnknown, ReportedError

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
    def run(set_id: Any, created_at: str, **more: Any) -> dict[str, Any]:
        return {"simulation_set_id": set_id, "created_at": created_at, "trigger_source": "simulation", **more}

    runs = [
        run("set-2", "2026-04-14T11:00:01Z"),
        run("set-2", "2026-04-14T11:00:00Z"),
        run(None, "2026-04-14T10:30:00Z", trigger_source="tornado"),
        run("set-9", "2026-04-14T10:20:00Z", trigger_source="manual"),
        run("set-1", "2026-04-14T10:00:00Z"),
        "damaged",
    ]
    found = await list_sets(answering({"data": {"runs": runs}}), "pw-1", "sc-1")
    assert [(each.set_id, each.created_at) for each in found] == [
        ("set-2", "2026-04-14T11:00:00Z"),
        ("set-1", "2026-04-14T10:00:00Z"),
    ]
