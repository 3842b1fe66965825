"""Which scenarios a pathway has, from lists of at most 100."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tests.support.scenario_api import ScenarioApi
from tornado_resource.bland.listing import Listing, Owner, Scenario, is_foreign
from tornado_resource.bland.scenarios import CATEGORIES, complete, list_named, list_scenarios, update_scenario, with_ids
from tornado_resource.errors import ApiError, OutcomeUnknown
from tornado_resource.sandbox.described import CATEGORIES as DOCUMENTED

if TYPE_CHECKING:
    import httpx


def api_of(number: int, **fields: Any) -> ScenarioApi:
    """A pathway with *number* scenarios; a field that is a list gives each the next of its values."""
    api = ScenarioApi()
    for index in range(number):
        own = {key: value[index % len(value)] if isinstance(value, list) else value for key, value in fields.items()}
        api.add(name=f"Case {index + 1}", **own)
    return api


async def listed(api: ScenarioApi, *, enabled: bool | None = None) -> Listing:
    return await list_scenarios(api.client(), Owner.pathway("pw-1"), enabled=enabled)


async def completed(api: ScenarioApi, *, enabled: bool | None = None) -> Listing:
    return await complete(api.client(), Owner.pathway("pw-1"), await listed(api, enabled=enabled), enabled=enabled)


@pytest.mark.parametrize(("number", "is_whole"), [(0, True), (99, True), (100, False), (130, False)])
async def test_a_list_of_100_is_not_known_to_be_whole(number: int, is_whole: bool) -> None:  # noqa: FBT001
    found = await listed(api_of(number))
    assert (len(found.scenarios), found.is_whole) == (min(number, 100), is_whole)


@pytest.mark.parametrize("sign", [{"has_more": True}, {"total_count": 2}])
async def test_a_list_that_says_that_it_goes_on_is_not_whole(sign: dict[str, Any]) -> None:
    client = client_of(lambda _: json_response({"scenarios": [{"id": "sc-1"}], **sign}))
    assert not (await list_scenarios(client, Owner.pathway("pw-1"))).is_whole


async def test_scenarios_of_another_pathway_do_not_count() -> None:
    entries = [{"id": "sc-1", "pathway_id": "pw-2"}, {"id": "sc-2", "pathway_id": "PW-1"}, {"id": "sc-3"}]
    client = client_of(lambda _: json_response({"scenarios": entries}))
    found = await list_scenarios(client, Owner.pathway("pw-1"))
    assert [each.scenario_id for each in found.scenarios] == ["sc-2", "sc-3"]


@pytest.mark.parametrize("number", [1, 101])
async def test_scenarios_are_spelled_as_they_were_asked_for(number: int) -> None:
    """The oldest one is listed if it is the only one, else read by its id."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/scenarios"):
            return json_response({"scenarios": [{"id": f"sc-{each}"} for each in range(number, 0, -1)][:100]})
        return json_response({"id": request.url.path.rpartition("/")[2].lower()})

    client = client_of(handle)
    found = await with_ids(client, Owner.pathway("pw-1"), await list_scenarios(client, Owner.pathway("pw-1")), ["SC-1"])
    assert [each.scenario_id for each in found.scenarios if each.scenario_id.lower() == "sc-1"] == ["SC-1"]
    updated = await update_scenario(client, "SC-1", {})
    assert updated is not None
    assert updated.scenario_id == "SC-1"


async def test_a_whole_list_needs_no_other_request() -> None:
    api = api_of(99)
    client, first = api.client(), await listed(api)
    assert await complete(client, Owner.pathway("pw-1"), first) == first
    assert await with_ids(client, Owner.pathway("pw-1"), first, ["sc-1", "sc-500"]) == first
    assert len(await list_scenarios_named(api, "Case 5", "Nobody")) == 99
    assert len(api.calls) == 2


async def list_scenarios_named(api: ScenarioApi, *names: str) -> tuple[Any, ...]:
    return (await list_named(api.client(), Owner.pathway("pw-1"), names)).scenarios


def test_the_documented_categories_are_asked_for() -> None:
    assert CATEGORIES == DOCUMENTED


async def test_enabled_and_disabled_ones_are_asked_for_apart() -> None:
    api = api_of(130, enabled=[True, False])
    found = await completed(api)
    assert (len(found.scenarios), len(found.enabled), found.is_whole) == (130, 65, True)
    assert [each.get("enabled") for each in api.queries] == [None, "true", "false"]
    enabled = await complete(api.client(), Owner.pathway("pw-1"), await listed(api), enabled=True)
    assert (len(enabled.scenarios), enabled.is_whole) == (65, True)
    assert [each.get("enabled") for each in api.queries[3:]] == [None, "true"]


async def test_each_category_is_asked_for() -> None:
    api = api_of(130, category=["CUSTOM", "EDGE_CASE"])
    found = await completed(api, enabled=True)
    assert (len({each.scenario_id for each in found.scenarios}), found.is_whole) == (130, True)
    assert {each["category"] for each in api.queries if "category" in each} == set(CATEGORIES)


async def test_a_full_category_leaves_the_listing_incomplete() -> None:
    found = await completed(api_of(130))
    assert (len(found.scenarios), found.is_whole) == (100, False)


@pytest.mark.parametrize("ignored", ["category", "enabled"])
async def test_a_filter_that_the_api_ignores_completes_nothing(ignored: str) -> None:
    api = api_of(130, category=["CUSTOM", "EDGE_CASE"])
    api.ignored = frozenset({ignored, "category"})
    assert not (await completed(api)).is_whole


async def test_a_category_that_is_not_documented_completes_nothing() -> None:
    api = api_of(130, category=["CUSTOM", "EDGE_CASE", "NEW"])
    found = await completed(api)
    assert not found.is_whole
    assert {each.entry["category"] for each in found.scenarios} == {"CUSTOM", "EDGE_CASE", "NEW"}


async def test_a_name_is_looked_for_until_it_is_found() -> None:
    api = api_of(130, category=["CUSTOM", "EDGE_CASE"])
    assert len(await list_scenarios_named(api, "Case 130", "Case 31")) == 100
    assert len(api.calls) == 1
    assert len(await list_scenarios_named(api, "Case 130", "Case 1")) == 130


async def test_ids_that_are_not_listed_are_read() -> None:
    api = api_of(130)
    first = await listed(api)
    api.calls.clear()
    found = await with_ids(api.client(), Owner.pathway("pw-1"), first, ["sc-130", "sc-1", "sc-2", "sc-1"])
    assert api.calls == ["GET sc-1", "GET sc-2"]
    assert [each.scenario_id for each in found.scenarios[100:]] == ["sc-1", "sc-2"]
    assert not found.is_whole


async def test_an_id_that_is_not_shown_does_not_exist() -> None:
    api = api_of(130)
    first = await listed(api)
    api.edit("sc-2", pathway_id="pw-2")
    for ids, calls in [(["sc-500"], 2), (["sc-500", "sc-1"], 2), (["sc-2"], 1)]:
        api.calls.clear()
        found = await with_ids(api.client(), Owner.pathway("pw-1"), first, ids)
        assert [found.get(each) is not None for each in ids] == [each == "sc-1" for each in ids]
        assert len(api.calls) == calls


@pytest.mark.parametrize("response", [json_response({"error": "no such route"}, 404), json_response({}, 403)])
async def test_an_api_that_shows_no_scenario_by_id_settles_nothing(response: httpx.Response) -> None:
    first = await listed(api_of(130))
    with pytest.raises(ApiError) as caught:
        await with_ids(client_of(lambda _: response), Owner.pathway("pw-1"), first, ["sc-1"])
    is_unknown = isinstance(caught.value, OutcomeUnknown)
    assert is_unknown is (response.status_code == 404)
    assert not is_unknown or str(caught.value) == (
        "scenarios of pathway pw-1: the API lists no more than 100, and does not show the others by their ids"
    )


@pytest.mark.parametrize(
    ("entry", "is_other"),
    [
        ({"agent_id": "AG-1"}, False),
        ({"agent_id": "ag-1", "pathway_id": "twin"}, False),
        ({"agent_id": None}, False),
        ({}, False),
        ({"agent_id": "ag-2"}, True),
        ({"agent_id": None, "pathway_id": "ag-1"}, True),
    ],
)
def test_only_the_scenarios_of_the_owner_count(entry: dict[str, Any], is_other: bool) -> None:  # noqa: FBT001
    scenario = Scenario("sc-1", "A", is_required_for_promotion=False, entry=entry)
    assert is_foreign(scenario, Owner.agent("ag-1")) is is_other
    assert len(Listing.of([scenario], Owner.agent("ag-1")).scenarios) == (not is_other)


async def test_the_scenarios_of_an_agent_are_listed_by_its_id() -> None:
    api = ScenarioApi()
    api.add(agent_id="ag-1", name="Refund")
    api.add(name="Refund")
    [found] = (await list_named(api.client(), Owner.agent("ag-1"), ["Refund"])).scenarios
    assert (found.scenario_id, api.queries) == ("sc-1", [{"agent_id": "ag-1"}])


def test_an_owner_says_where_it_is() -> None:
    pathway, agent = Owner.pathway("pw-1"), Owner.agent("ag-1")
    assert (str(pathway), pathway.place, pathway.scope) == ("pathway pw-1", "on pathway pw-1", "on a pathway")
    assert (str(agent), agent.place, agent.scope) == ("agent ag-1", "of agent ag-1", "for an agent")
    assert Owner.of({"pathway_id": None, "agent_id": "ag-1"}) == agent
    assert Owner.of({"pathway_id": 7}) is None
