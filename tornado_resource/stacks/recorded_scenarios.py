"""The scenarios that a state has, and what has become of them by what the API shows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado_resource.bland.listing import Owner
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import ScenarioDeclaration
from tornado_resource.versions.definitions import changed_fields, declared_changes, unstored_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tornado_resource.bland.listing import Listing


@dataclass(frozen=True, slots=True)
class StoredScenario:
    """A scenario in the state. *resource* is the name of its resource; the rest is as its outputs have it."""

    resource: str
    scenario_id: str
    owner: Owner
    fields: Mapping[str, Any]
    manage: bool
    drift: bool
    declared_at: str | None = None
    filled: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        """The scenario's name at the API."""
        return str(self.fields.get("name"))

    def is_current(self, declared: ScenarioDeclaration) -> bool:
        """Return whether the scenario is as declared, so that an update leaves it alone."""
        is_same = not declared_changes(self.fields, declared.fields)
        return is_same and not self.drift and self.manage == declared.manage

    @property
    def declaration(self) -> ScenarioDeclaration:
        """The scenario as it was declared."""
        return ScenarioDeclaration(
            self.resource.partition("@")[0], self.owner, self.fields, Position.parse(self.declared_at)
        )


def stored_scenario(resource: str, outputs: Mapping[str, Any]) -> StoredScenario | None:
    """Return a scenario by the outputs of its resource; None if they are damaged."""
    values = whole_without_nulls(dict(outputs))
    scenario_id, owner, fields = values.get("scenario_id"), Owner.of(values), values.get("fields")
    if not isinstance(scenario_id, str) or owner is None:
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("name"), str):
        return None
    declared_at = values.get("declared_at")
    return StoredScenario(
        resource,
        scenario_id,
        owner,
        fields,
        manage=values.get("manage", True) is True,
        drift=bool(values.get("drift")),
        declared_at=declared_at if isinstance(declared_at, str) else None,
        filled=filled if isinstance(filled := values.get("filled"), dict) else None,
    )


def resource_name(declared: ScenarioDeclaration) -> str:
    """Return the name of the resource of a declared scenario: it exists once for each owner."""
    return f"{declared.key}@{declared.owner.owner_id}"


class StoredScenarios:
    """Recorded scenarios, found by what is declared."""

    def __init__(self, stored: Iterable[StoredScenario]) -> None:
        self._by_resource: dict[tuple[Owner, str], StoredScenario] = {}
        self._by_name: dict[tuple[Owner, str], StoredScenario] = {}
        for scenario in stored:
            self._by_resource.setdefault((scenario.owner, scenario.resource), scenario)
            self._by_name.setdefault((scenario.owner, scenario.name), scenario)

    def matching(self, declared: ScenarioDeclaration) -> StoredScenario | None:
        """Return the recorded scenario of a declared one: that of its resource, else that of its name and owner.

        So a scenario whose key is renamed stays the same one.
        """
        scenario = self._by_resource.get((declared.owner, resource_name(declared)))
        return scenario or self._by_name.get((declared.owner, declared.name))


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
    scenario = listing.get(stored.scenario_id)
    if scenario is None:
        return ScenarioChange(is_gone=True)
    changed = changed_fields(stored.fields, scenario.entry, stored.filled)
    unstored = unstored_fields(changed, scenario.entry, stored.filled)
    edited = tuple(name for name in changed if name not in unstored)
    return ScenarioChange(edited, unstored=unstored) if changed else None
