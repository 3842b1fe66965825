"""What lists of scenarios that are not whole say about a session. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado_resource.bland.listing import LIST_LIMIT

if TYPE_CHECKING:
    from tornado_resource.bland.listing import Listing
    from tornado_resource.bland.sessions import Status
    from tornado_resource.runs.model import GatedRun, RunVerdict


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
