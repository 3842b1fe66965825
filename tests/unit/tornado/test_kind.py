"""What is read right after a start, and what a provider refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tornado_resource.errors import ConfigurationError, NotFound
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
        if "scenarios" in request.url.path:
            return json_response({"scenarios": [{"id": f"sc-{number}"} for number in range(self.listed)]})
        return json_response(VERSION)


@pytest.mark.parametrize(
    ("inputs", "listed", "asked", "known"),
    [
        ({"rerun": "on_failure"}, 1, [], set()),
        ({"rerun": "on_failure", "version_number": 3.0}, 1, ["3"], {"started_content"}),
        ({}, 1, ["0", "scenarios"], {"started_content", "started_scenarios"}),
        ({"version_number": 3.0}, 1, ["3", "scenarios"], {"started_content", "started_scenarios"}),
        ({"scenario_ids": ["sc-1"]}, 100, ["0", "scenarios"], {"started_content", "started_scenarios"}),
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


async def test_a_version_that_is_not_shown_is_not_recorded() -> None:
    async with client_of(lambda _request: json_response({"message": "no"}, 404)) as client:
        assert await KIND.basis(client, {"pathway_id": "pw-1"}) == {}


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
