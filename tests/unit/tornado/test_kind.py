"""What is read right after a start, and what a provider refuses."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tests.support.orders import order
from tests.support.results import gated_run_of
from tornado_resource.bland.content import parse_content
from tornado_resource.bland.sessions import Iteration, Omitted, Status
from tornado_resource.errors import ConfigurationError, NotFound, Rejected
from tornado_resource.runs.model import Ending
from tornado_resource.runs.verdict import make_verdict
from tornado_resource.tornado.kind import KIND

if TYPE_CHECKING:
    import httpx

VERSION = {"nodes": [{"id": "a", "data": {"prompt": "hi"}}], "edges": []}


class Api:
    """Shows every version and *listed* scenarios; *asked* has what was requested."""

    def __init__(self, listed: int = 1) -> None:
        self.listed = listed
        self.asked: list[str] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path.rpartition("/")[2])
        if "versions" in self.asked[-1]:
            return json_response([{"version_number": 7}])
        if self.asked[-1] == "scenarios":
            return json_response({"scenarios": [{"id": f"sc-{number}"} for number in range(self.listed)]})
        if "scenarios" in request.url.path:
            return json_response({"id": self.asked[-1]})
        return json_response(VERSION)


@pytest.mark.parametrize(
    ("inputs", "listed", "asked", "known"),
    [
        ({"rerun": "on_failure"}, 1, ["0"], {"started_content"}),
        ({"rerun": "on_change"}, 1, ["0"], {"started_content"}),
        ({"rerun": "always"}, 1, ["0"], {"started_content"}),
        ({"rerun": "on_failure", "version_number": 3.0}, 1, ["3"], {"started_content"}),
        ({}, 1, ["0", "scenarios"], {"started_content", "started_scenarios"}),
        ({"version_number": 3.0}, 1, ["3", "scenarios"], {"started_content", "started_scenarios"}),
        ({"scenario_ids": ["sc-1"]}, 100, ["0", "scenarios"], {"started_content", "started_scenarios"}),
        ({"scenario_ids": ["far"]}, 100, ["0", "scenarios", "far"], {"started_content", "started_scenarios"}),
        ({}, 100, ["0", "scenarios"], {"started_content"}),
    ],
)
async def test_what_a_session_is_started_on_is_read_as_far_as_it_matters(
    inputs: dict[str, Any], listed: int, asked: list[str], known: set[str]
) -> None:
    api = Api(listed)
    async with client_of(api.handle) as client:
        basis = await KIND.basis(client, {"pathway_id": "pw-1", **inputs})
    assert (api.asked, {*basis}) == (asked, known)
    assert {*basis.get("started_scenarios", ())} == (
        {*inputs.get("scenario_ids", ["sc-0"])} if len(known) > 1 else set()
    )
    content = parse_content(json.dumps(VERSION).encode())
    assert content is not None
    assert basis.get("started_content", content.digest) == content.digest


@pytest.mark.parametrize("code", [401, 404])
async def test_a_version_that_is_not_shown_is_not_recorded(code: int) -> None:
    async with client_of(lambda _request: json_response({"message": "no"}, code)) as client:
        assert await KIND.basis(client, {"pathway_id": "pw-1"}) == {}


@pytest.mark.parametrize(("code", "is_raised"), [(404, False), (503, True)])
async def test_an_api_that_does_not_list_runs_of_scenarios_shows_no_traces(code: int, *, is_raised: bool) -> None:
    async with client_of(lambda _request: json_response({"message": "no"}, code)) as client:
        with pytest.raises(Rejected) if is_raised else nullcontext():
            assert [trace async for trace in KIND.traces(client, order())] == []


ROUNDS = (Iteration(1, None, None, ("a",), ("b", "c"), ()), Iteration(2, None, None, ("b",), ("c",), ()))
RATES = {"a": {"passed": 4, "runs": 5}, "b": {"passed": 5, "runs": 5}}


@pytest.mark.parametrize(
    ("status", "iterations", "total", "rates", "held"),
    [
        (Status("STUCK", iterations=ROUNDS), 2, 3, None, 3 + 2),
        (Status("STUCK", iterations=ROUNDS), 2, 3, RATES, 3 + 2 + 10),
        (Status("STUCK", iterations=ROUNDS, omitted=Omitted(iterations=1)), 3, 3, None, 9),
        (Status("STUCK"), 2, 3, RATES, 6 + 10),
        (None, 2, 3, None, 6),
        (None, None, 3, None, None),
        (None, 2, None, None, None),
    ],
)
def test_a_session_has_held_what_its_iterations_and_its_confirmation_ran(
    status: Status | None, iterations: int | None, total: int | None, rates: Any, held: int | None
) -> None:
    verdict = make_verdict(gated_run_of("a"), Ending(status))
    confirmation: Any = {"set_id": "set-1", "runs": 5, "scenarios": rates} if rates is not None else None
    verdict = replace(verdict, iterations=iterations, total_scenarios=total, confirmation=confirmation)
    assert KIND.held(verdict, status) == held


def test_a_provider_gets_numbers_only() -> None:
    problems = KIND.problems("support-line", {"pathway_id": "pw-1", "version_number": "latest"})
    assert problems == {"version_number": "found `latest`, expected the number of a version"}


async def test_the_latest_version_is_the_newest_one() -> None:
    async with client_of(Api().handle) as client:
        assert (await KIND.find_version(client, {"pathway_id": "pw-1"})).version == 7


@pytest.mark.parametrize(
    ("which", "label"), [("7", "version 7"), ("live", "live"), ("8", None), ("latest", None), ("-1", None)]
)
async def test_a_version_is_read_by_its_number_or_as_the_live_one(which: str, label: str | None) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        is_there = request.url.path.endswith(("/version/7", "/version/0"))
        return json_response({"nodes": []} if is_there else {"message": "no"}, 200 if is_there else 404)

    async with client_of(handle) as client:
        if label is not None:
            assert (await KIND.read_content(client, {"pathway_id": "pw-1"}, which))[0] == label
            return
        with pytest.raises(
            ConfigurationError, match=r"does not show version 8 of pathway pw-1|found `.*`, expected the"
        ):
            await KIND.read_content(client, {"pathway_id": "pw-1"}, which)


@pytest.mark.parametrize(
    ("agents", "named"),
    [
        ([{"id": "ag-1", "source_pathway_id": "PW-1"}], "; it was migrated to agent ag-1: `tornado-resource migrate`"),
        ([{"id": "ag-1", "source_pathway_id": "pw-2"}], ""),
        (None, ""),
    ],
    ids=["migrated", "another", "unreadable"],
)
async def test_an_unknown_pathway_names_the_agent_that_replaces_it(agents: Any, named: str) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v2/agents" and agents is not None:
            return json_response({"data": agents, "errors": None})
        return json_response({"message": "Pathway not found"}, 404)

    async with client_of(respond) as client:
        with pytest.raises(NotFound) as caught:
            await KIND.start(client, {"pathway_id": "pw-1"})
        with pytest.raises(NotFound) as latest:
            await KIND.find_version(client, {"pathway_id": "pw-1", "version_number": "latest"})
    assert str(caught.value).startswith("start on pathway pw-1: HTTP 404: Pathway not found" + named)
    assert (caught.value.status_code, named in str(caught.value)) == (404, True)
    assert str(latest.value).startswith("versions of pathway pw-1: HTTP 404: Pathway not found" + named)
