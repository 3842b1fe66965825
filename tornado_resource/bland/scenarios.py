"""The requests of the API's page *Scenarios*.

Those for one scenario, and `list_scenarios`, send one request; retries are the caller's choice. The others complete a
list that is not whole (`bland.listing`), and take what repeats their requests.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.listing import (
    MAX_OWNER_SCENARIOS,
    SCENARIOS_LIMIT,
    Listing,
    is_foreign,
    joined,
    parse_scenario,
    parse_scenarios,
)
from tornado_resource.bland.responses import flag, is_other, reported_error, segment, shows_more, unusable
from tornado_resource.bland.retrying import retried
from tornado_resource.core.text import clean
from tornado_resource.errors import NotFound, OutcomeUnknown, ReportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.listing import Owner, Scenario
    from tornado_resource.bland.retrying import Retry


SCENARIOS_PATH: Final = "/v1/agent-testing/scenarios"
CATEGORIES: Final = (
    "CUSTOM",
    "VOICEMAIL",
    "VOICEMAIL_SCREENER",
    "ANGRY_CALLER",
    "BELLIGERENT_CALLER",
    "CONFUSED_CALLER",
    "CALL_SCREENER",
    "HAPPY_PATH",
    "EDGE_CASE",
)
"""All that the API's page *Scenarios* lists."""


async def list_scenarios(
    client: Client, owner: Owner, *, enabled: bool | None = None, category: str | None = None
) -> Listing:
    """Send one request for the scenarios of a pathway or an agent. Those of another one do not count.

    Args:
        client: sends the request.
        owner: the pathway or agent.
        enabled: only enabled or only disabled ones; None for both.
        category: only those of a category; None for all.

    """
    label = f"scenarios of {owner}"
    query: dict[str, str] = {owner.field: owner.owner_id}
    if enabled is not None:
        query["enabled"] = str(enabled).lower()
    if category is not None:
        query["category"] = category
    content = await client.exchange(label, "GET", SCENARIOS_PATH, query=query)
    scenarios = parse_scenarios(content)
    if scenarios is None:
        expected = f"a list of at most {MAX_OWNER_SCENARIOS:,}, each with an id"
        raise unusable(label, content, f"the response has no scenarios (expected {expected})")
    client.recognize()
    return Listing.of(scenarios, owner, has_more=shows_more(content, len(scenarios)))


async def complete(
    client: Client, owner: Owner, listing: Listing, *, enabled: bool | None = None, retry: Retry = retried
) -> Listing:
    """Return a listing that is as complete as the API allows; a whole one as it is.

    Args:
        client: sends the requests.
        owner: the pathway or agent.
        listing: what is known.
        enabled: whether only enabled, or only disabled, ones are of interest; None for both.
        retry: repeats a request through transient failures.

    Raises:
        ApiError: a request failed.

    """
    if listing.is_whole:
        return listing
    if enabled is not None:
        return await _list_by_category(client, owner, enabled, retry)
    return joined(listing, [await _list_by_category(client, owner, state, retry) for state in (True, False)])


async def list_named(client: Client, owner: Owner, names: Iterable[str], retry: Retry = retried) -> Listing:
    """Return a listing that has the scenarios with *names*; of one that it lacks, only a whole one says anything.

    Raises:
        ApiError: a request failed.

    """
    listing: Listing = await retry(lambda: list_scenarios(client, owner))
    if all(listing.named(name) is not None for name in names):
        return listing
    return await complete(client, owner, listing, retry=retry)


async def with_ids(
    client: Client, owner: Owner, listing: Listing, ids: Iterable[str], retry: Retry = retried
) -> Listing:
    """Return a listing that has every scenario of *ids* that exists. What it lacks of these certainly does not exist.

    It spells them as *ids* does. Those that a list which is not whole leaves out are read one by one.

    Raises:
        ApiError: a request failed, or the API shows no scenario by its id.

    """
    wanted = tuple(dict.fromkeys(ids))
    listing = listing.spelled_as(wanted)
    unlisted = [] if listing.is_whole else [scenario_id for scenario_id in wanted if listing.get(scenario_id) is None]
    read = await asyncio.gather(*(_read(client, scenario_id, retry) for scenario_id in unlisted))
    if unlisted and not any(read):
        await _require_reads(client, owner, listing, retry)
    others = tuple(scenario for scenario in read if scenario is not None and not is_foreign(scenario, owner))
    return Listing((*listing.scenarios, *others), listing.is_whole)


async def get_scenario(client: Client, scenario_id: str) -> Scenario:
    """Return one scenario, with its id as it is spelled here."""
    label = f"scenario {clean(scenario_id)}"
    content = await client.exchange(label, "GET", f"{SCENARIOS_PATH}/{segment(label, scenario_id)}")
    scenario = parse_scenario(content)
    if scenario is None or is_other(scenario.scenario_id, scenario_id):
        raise unusable(label, content, "the response does not show the scenario")
    return replace(scenario, scenario_id=scenario_id)


async def create_scenario(client: Client, owner: Owner, fields: Mapping[str, Any]) -> Scenario:
    """Create a scenario of a pathway or an agent.

    Raises:
        OutcomeUnknown: among others, a 2xx response without an id that can be recorded.

    """
    label = f"create scenario {clean(str(fields['name']), 80)} {owner.place}"
    content = await client.exchange(label, "POST", SCENARIOS_PATH, body={owner.field: owner.owner_id, **fields})
    created = parse_scenario(content)
    if created is None:
        raise unusable(label, content, "the response has no id")
    return created


async def update_scenario(client: Client, scenario_id: str, body: Mapping[str, Any]) -> Scenario | None:
    """Change the fields in *body*; `assertions` replace all. It is safe to repeat.

    Returns:
        The scenario, if the response shows it.

    """
    label = f"update scenario {clean(scenario_id)}"
    content = await client.exchange(label, "PUT", f"{SCENARIOS_PATH}/{segment(label, scenario_id)}", body=body)
    updated = parse_scenario(content)
    if updated is None and (error := reported_error(content)):
        raise ReportedError(label, error)
    if updated is None or is_other(updated.scenario_id, scenario_id):
        return None
    return replace(updated, scenario_id=scenario_id)


async def delete_scenario(client: Client, scenario_id: str) -> bool:
    """Delete a scenario and its past runs, and return whether the response says so. It is safe to repeat."""
    label = f"delete scenario {clean(scenario_id)}"
    content = await client.exchange(label, "DELETE", f"{SCENARIOS_PATH}/{segment(label, scenario_id)}")
    while isinstance(content, dict) and "deleted" not in content:
        content = content.get("data")
    return isinstance(content, dict) and flag(content["deleted"]) is True


async def _list_by_category(client: Client, owner: Owner, state: bool, retry: Retry) -> Listing:  # noqa: FBT001
    first: Listing = await retry(lambda: list_scenarios(client, owner, enabled=state))
    if first.is_whole:
        return first

    async def of(category: str) -> Listing:
        listing: Listing = await retry(lambda: list_scenarios(client, owner, enabled=state, category=category))
        return listing

    return joined(first, await asyncio.gather(*map(of, CATEGORIES)))


async def _read(client: Client, scenario_id: str, retry: Retry) -> Scenario | None:
    try:
        scenario: Scenario = await retry(lambda: get_scenario(client, scenario_id))
    except NotFound:
        return None
    return scenario


async def _require_reads(client: Client, owner: Owner, listing: Listing, retry: Retry) -> None:
    """Return if a 404 for a scenario says that there is none: the API shows one that it lists.

    Raises:
        ApiError: it does not.

    """
    listed = await asyncio.gather(*(_read(client, scenario.scenario_id, retry) for scenario in listing.scenarios[:1]))
    if not any(listed):
        label = f"scenarios of {owner}"
        raise OutcomeUnknown(
            label, f"the API lists no more than {SCENARIOS_LIMIT}, and does not show the others by their ids"
        )
