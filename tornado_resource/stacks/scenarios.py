"""What has become of the scenarios that a state has, by what the API shows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tornado_resource.versions.scenarios import changed_fields

if TYPE_CHECKING:
    from tornado_resource.bland.listing import Listing
    from tornado_resource.stacks.recorded import StoredScenario


@dataclass(frozen=True, slots=True)
class ScenarioChange:
    """What somebody else has done to a recorded scenario: edited *fields* (`enabled` if disabled), or deleted it."""

    fields: tuple[str, ...] = ()
    is_gone: bool = False

    def __str__(self) -> str:
        """Return it for people."""
        if self.is_gone:
            return "was deleted in Bland"
        return f"{', '.join(self.fields)} {'was' if len(self.fields) == 1 else 'were'} changed in Bland"


def change_of(stored: StoredScenario, listing: Listing) -> ScenarioChange | None:
    """Return what has become of a scenario since the state has it; None if nothing has.

    Args:
        stored: the scenario as the state has it.
        listing: has the scenario, if it exists.

    """
    shown = listing.get(stored.scenario_id)
    if shown is None:
        return ScenarioChange(is_gone=True)
    fields = changed_fields(stored.fields, shown.entry, stored.filled)
    return ScenarioChange(fields) if fields else None
