"""What has become of the scenarios that a state has, by what the API shows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tornado_resource.versions.scenarios import changed_fields, unstored_fields

if TYPE_CHECKING:
    from tornado_resource.bland.listing import Listing
    from tornado_resource.stacks.recorded import StoredScenario


@dataclass(frozen=True, slots=True)
class ScenarioChange:
    """What somebody else has done to a recorded scenario: edited *fields* (`enabled` if disabled), or deleted it.

    *unstored*: the fields that the API itself has stored otherwise than declared.
    """

    fields: tuple[str, ...] = ()
    is_gone: bool = False
    unstored: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it for people."""
        edited = f"{', '.join(self.fields)} {'was' if len(self.fields) == 1 else 'were'} changed in Bland"
        stored = f"{', '.join(self.unstored)} {'is' if len(self.unstored) == 1 else 'are'} not stored as declared"
        kinds = {"was deleted in Bland": self.is_gone, edited: self.fields, stored: self.unstored}
        return ", and ".join(text for text, is_so in kinds.items() if is_so)


def change_of(stored: StoredScenario, listing: Listing) -> ScenarioChange | None:
    """Return what has become of a scenario since the state has it; None if nothing has.

    Args:
        stored: the scenario as the state has it.
        listing: has the scenario, if it exists.

    """
    shown = listing.get(stored.scenario_id)
    if shown is None:
        return ScenarioChange(is_gone=True)
    changed = changed_fields(stored.fields, shown.entry, stored.filled)
    unstored = unstored_fields(changed, shown.entry, stored.filled)
    edited = tuple(name for name in changed if name not in unstored)
    return ScenarioChange(edited, unstored=unstored) if changed else None
