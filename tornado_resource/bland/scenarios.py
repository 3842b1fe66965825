"""The requests of the API's page *Scenarios*. A function sends one request; retries are the caller's choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.client import segment, unusable
from tornado_resource.bland.responses import MAX_SCENARIOS, parse_scenario, parse_scenarios, reported_error
from tornado_resource.core.text import clean
from tornado_resource.errors import ReportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.responses import Scenario

PATH: Final = "/v1/agent-testing/scenarios"


async def list_scenarios(client: Client, pathway_id: str) -> tuple[Scenario, ...]:
    """Return all scenarios of a pathway, disabled ones included."""
    label = f"scenarios of pathway {clean(pathway_id)}"
    content = await client.exchange(label, "GET", PATH, query={"pathway_id": pathway_id})
    scenarios = parse_scenarios(content)
    if scenarios is None:
        expected = f"a list of at most {MAX_SCENARIOS:,}, each with an id"
        raise unusable(label, content, f"the response has no scenarios (expected {expected})")
    return scenarios


async def get_scenario(client: Client, scenario_id: str) -> Scenario:
    """Return one scenario."""
    label = f"scenario {clean(scenario_id)}"
    content = await client.exchange(label, "GET", f"{PATH}/{segment(label, scenario_id)}")
    found = parse_scenario(content)
    if found is None or found.scenario_id != scenario_id:
        raise unusable(label, content, "the response does not show the scenario")
    return found


async def create_scenario(client: Client, body: Mapping[str, Any]) -> Scenario:
    """Create a scenario.

    Raises:
        OutcomeUnknown: among others, a 2xx response without an id that can be recorded.

    """
    label = f"create scenario {clean(str(body['name']), 80)} on pathway {clean(str(body['pathway_id']))}"
    content = await client.exchange(label, "POST", PATH, body=body)
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
    content = await client.exchange(label, "PUT", f"{PATH}/{segment(label, scenario_id)}", body=body)
    updated = parse_scenario(content)
    if updated is None and (error := reported_error(content)):
        raise ReportedError(label, error)
    return updated if updated is not None and updated.scenario_id == scenario_id else None


async def delete_scenario(client: Client, scenario_id: str) -> bool:
    """Delete a scenario and its past runs, and return whether the response says so. It is safe to repeat."""
    label = f"delete scenario {clean(scenario_id)}"
    content = await client.exchange(label, "DELETE", f"{PATH}/{segment(label, scenario_id)}")
    while isinstance(content, dict) and "deleted" not in content:
        content = content.get("data")
    return isinstance(content, dict) and content["deleted"] is True
