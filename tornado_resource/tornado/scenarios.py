"""Whether the declared scenarios of a session are at the API as they are declared. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.listing import LIST_LIMIT
from tornado_resource.core.text import clean, count
from tornado_resource.runs.model import NOT_AS_DECLARED
from tornado_resource.versions.scenarios import changed_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tornado_resource.bland.listing import Listing
    from tornado_resource.bland.responses import Scenario, Status
    from tornado_resource.declarations.model import ScenarioDeclaration
    from tornado_resource.runs.model import GatedRun, RunVerdict

MAX_EDITED_NAMED: Final = 5


def scenario_doubt(declared: Mapping[str, ScenarioDeclaration], listed: Iterable[Scenario]) -> str | None:
    """Return why a pass does not say that the declared scenarios passed; None if it does.

    Args:
        declared: the declared scenarios, by id.
        listed: the scenarios of the pathway as the API has them, disabled ones included.

    """
    shown = {each.scenario_id: each.entry for each in listed}
    found = [text for scenario_id, each in declared.items() if (text := _doubt(each, shown.get(scenario_id)))]
    if not found:
        return None
    more = f" and {count(len(found) - MAX_EDITED_NAMED, 'more scenario')}" if len(found) > MAX_EDITED_NAMED else ""
    return f"{NOT_AS_DECLARED}: {'; '.join(found[:MAX_EDITED_NAMED])}{more}"


def ran_all(gated: GatedRun, status: Status, listing: Listing) -> bool:
    """Return whether a session ran every enabled scenario of its pathway, although they cannot all be listed.

    One that names no scenarios does, as the API's page says. Then its results show all of them, those that are listed
    included.
    """
    results = status.last_results
    is_unlimited = gated.declared_scenarios is None and not gated.adopted
    return (
        is_unlimited
        and len(results) == status.total_scenarios
        and all(each.scenario_id in results for each in listing.enabled)
    )


def unlisted_doubt(verdict: RunVerdict, listing: Listing) -> str | None:
    """Return why a verdict of a promotion gate does not hold for scenarios that the API does not list; None if it does.

    A required scenario that did not pass is reason enough to fail.
    """
    if listing.is_whole or verdict.outcome == "incomplete":
        return None
    if verdict.outcome == "failed" and any(each.is_required_for_promotion for each in listing.scenarios):
        return None
    return (
        f"the API lists no more than {LIST_LIMIT} scenarios of the pathway, "
        "so it is unknown which others are required for promotion"
    )


def _doubt(declared: ScenarioDeclaration, shown: Mapping[str, Any] | None) -> str | None:
    name = f"scenario '{clean(declared.name, 60)}'"
    if shown is None:
        return f"{name} does not exist any more"
    if shown.get("enabled") is False:
        return f"{name} is disabled"
    changed = changed_fields(declared.fields, shown)
    return f"{name} was edited ({', '.join(changed)})" if changed else None
