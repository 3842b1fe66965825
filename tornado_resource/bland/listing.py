"""Which scenarios a pathway has, as far as lists of the API show them. Pure.

The API lists at most 100, the newest first, and has no pages. So a list of 100 or more is not known to be whole, and a
scenario that it does not show may exist. Only this module decides whether a list is whole; `bland.scenarios` completes
it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

from tornado_resource.bland.responses import is_other, spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tornado_resource.bland.responses import Scenario

LIST_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """Scenarios of a pathway. *is_whole*: whether there certainly are no others."""

    scenarios: tuple[Scenario, ...]
    is_whole: bool = True

    @classmethod
    def of(cls, listed: Sequence[Scenario], pathway_id: str) -> Self:
        """Return what one response lists. Scenarios of another pathway do not count."""
        own = tuple(each for each in listed if not is_foreign(each, pathway_id))
        return cls(own, is_whole=len(listed) < LIST_LIMIT)

    def get(self, scenario_id: str) -> Scenario | None:
        """Return the scenario with this id; None if it is not in the listing."""
        return next((each for each in self.scenarios if each.scenario_id == scenario_id), None)

    def spelled_as(self, ids: Iterable[str]) -> Self:
        """Return the listing with each scenario id as it is spelled in *ids*, if it is one of them."""
        spell = spelling(ids)
        return replace(
            self, scenarios=tuple(replace(each, scenario_id=spell(each.scenario_id)) for each in self.scenarios)
        )

    def named(self, name: str) -> Scenario | None:
        """Return the scenario with this name; None if it is not in the listing."""
        return next((each for each in self.scenarios if each.entry.get("name") == name), None)

    @property
    def enabled(self) -> tuple[Scenario, ...]:
        """The scenarios that are not disabled."""
        return tuple(each for each in self.scenarios if each.entry.get("enabled") is not False)


def joined(first: Listing, parts: Sequence[Listing]) -> Listing:
    """Return narrower lists as one. They are all there is only if *first*, which was not narrowed, shows no other."""
    found = {each.scenario_id: each for part in parts for each in part.scenarios}
    is_whole = all(part.is_whole for part in parts) and all(each.scenario_id in found for each in first.scenarios)
    return Listing(tuple({**{each.scenario_id: each for each in first.scenarios}, **found}.values()), is_whole)


def is_foreign(scenario: Scenario, pathway_id: str) -> bool:
    """Return whether a scenario says that it is on another pathway."""
    owner = scenario.entry.get("pathway_id")
    return isinstance(owner, str) and is_other(owner, pathway_id)
