"""Which scenarios a pathway or an agent has, as far as lists of the API show them. Pure.

The API lists at most 100, the newest first, and has no pages. So a list of 100 or more is not known to be whole, and a
scenario that it does not show may exist. Only this module decides whether a list is whole; `bland.scenarios` completes
it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, Self, get_args

from tornado_resource.bland.responses import (
    SEGMENT,
    UNREADABLE_ID,
    flag,
    free_text,
    id_or_unreadable,
    is_other,
    spelling,
    unreadable_flags,
)
from tornado_resource.bland.scenario_content import scenario_digest
from tornado_resource.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tornado_resource.bland.responses import Json


SCENARIOS_LIMIT: Final = 100
MAX_OWNER_SCENARIOS: Final = 10_000
"""How many scenarios a pathway or an agent may have. None may be left out: any could be required for promotion."""
OwnerField = Literal["pathway_id", "agent_id"]
OWNER_FIELDS: Final[tuple[OwnerField, ...]] = get_args(OwnerField)
"""The fields that say what a scenario belongs to: exactly one is required on creation (API page *Scenarios*)."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario of a pathway. *entry* is all that the response has of it."""

    scenario_id: str
    name: str | None
    is_required_for_promotion: bool
    entry: Json = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_enabled(self) -> bool:
        """Whether it is not disabled."""
        return flag(self.entry.get("enabled")) is not False

    @property
    def is_mark_unreadable(self) -> bool:
        """Whether it is unknown whether it must pass before a version goes live."""
        return bool(unreadable_flags(self.entry, "is_required_for_promotion"))

    @property
    def digest(self) -> str:
        """The digest of what decides how it is run and judged: without white space at the ends of lines and texts."""
        return scenario_digest(self.entry, is_exact=False)

    @property
    def exact_digest(self) -> str:
        """The digest as it was recorded before white space was no difference."""
        return scenario_digest(self.entry)


@dataclass(frozen=True, slots=True)
class Owner:
    """What a scenario belongs to: a pathway or an agent, by its id. Names of scenarios are unique for each of them."""

    field: OwnerField
    owner_id: str

    @classmethod
    def pathway(cls, pathway_id: str) -> Self:
        """Return a pathway."""
        return cls("pathway_id", pathway_id)

    @classmethod
    def agent(cls, agent_id: str) -> Self:
        """Return an agent."""
        return cls("agent_id", agent_id)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self | None:
        """Return the owner that a resource or a response names; None if it names none."""
        named = ((field, values.get(field)) for field in OWNER_FIELDS)
        return next((cls(field, owner_id) for field, owner_id in named if isinstance(owner_id, str)), None)

    def __str__(self) -> str:
        """Return `pathway pw-1` or `agent ag-1`, for messages."""
        return f"{self.field.removesuffix('_id')} {clean(self.owner_id)}"

    @property
    def place(self) -> str:
        """Return `on pathway pw-1` or `of agent ag-1`, for messages."""
        return f"{'on' if self.field == 'pathway_id' else 'of'} {self}"

    @property
    def scope(self) -> str:
        """Where names of scenarios are unique, for messages."""
        return "on a pathway" if self.field == "pathway_id" else "for an agent"


@dataclass(frozen=True, slots=True)
class Listing:
    """Scenarios of a pathway or an agent. *is_whole*: whether there certainly are no others."""

    scenarios: tuple[Scenario, ...]
    is_whole: bool = True

    @classmethod
    def of(cls, listed: Sequence[Scenario], owner: Owner, *, has_more: bool = False) -> Self:
        """Return what one response lists, which may say that it *has_more*. Scenarios of another owner do not count."""
        own = tuple(scenario for scenario in listed if not is_foreign(scenario, owner))
        return cls(own, is_whole=len(listed) < SCENARIOS_LIMIT and not has_more)

    def get(self, scenario_id: str) -> Scenario | None:
        """Return the scenario with this id; None if it is not in the listing."""
        return next((scenario for scenario in self.scenarios if scenario.scenario_id == scenario_id), None)

    def spelled_as(self, ids: Iterable[str]) -> Self:
        """Return the listing with each scenario id as it is spelled in *ids*, if it is one of them."""
        spell = spelling(ids)
        return replace(
            self,
            scenarios=tuple(replace(scenario, scenario_id=spell(scenario.scenario_id)) for scenario in self.scenarios),
        )

    def named(self, name: str) -> Scenario | None:
        """Return the scenario with this name; None if it is not in the listing."""
        return next((scenario for scenario in self.scenarios if scenario.entry.get("name") == name), None)

    @property
    def enabled(self) -> tuple[Scenario, ...]:
        """The scenarios that are not disabled."""
        return tuple(scenario for scenario in self.scenarios if scenario.is_enabled)


def joined(first: Listing, parts: Sequence[Listing]) -> Listing:
    """Return narrower lists as one. They are all there is only if *first*, which was not narrowed, shows no other."""
    narrowed = {scenario.scenario_id: scenario for part in parts for scenario in part.scenarios}
    is_whole = all(part.is_whole for part in parts) and all(
        scenario.scenario_id in narrowed for scenario in first.scenarios
    )
    return Listing(
        tuple({**{scenario.scenario_id: scenario for scenario in first.scenarios}, **narrowed}.values()), is_whole
    )


def is_foreign(scenario: Scenario, owner: Owner) -> bool:
    """Return whether a scenario says that it belongs to something else."""
    own = scenario.entry.get(owner.field)
    if isinstance(own, str):
        return is_other(own, owner.owner_id)
    return Owner.of(scenario.entry) is not None


def parse_scenarios(content: Any) -> tuple[Scenario, ...] | None:
    """Parse the body of a *scenarios* response.

    The list is under `scenarios` (the API's page), under `data`, or the whole body.

    Returns:
        None if there is no list of at most `MAX_OWNER_SCENARIOS`, or an entry is not a scenario with an id.

    """
    listed = content
    while isinstance(listed, dict):
        if listed.get("errors") or listed.get("error"):
            return None
        listed = listed.get("scenarios", listed.get("data"))
    if not isinstance(listed, list) or len(listed) > MAX_OWNER_SCENARIOS:
        return None
    scenarios = [_scenario(entry) for entry in listed]
    return tuple(scenario for scenario in scenarios if scenario is not None) if all(scenarios) else None


def parse_scenario(content: Any) -> Scenario | None:
    """Parse the body of a response about one scenario: it is under `scenario`, under `data`, or the whole body.

    Returns:
        None if there is no scenario with an id that a request can name.

    """
    entry = content
    while isinstance(entry, dict) and "id" not in entry:
        entry = entry.get("scenario", entry.get("data"))
    scenario = _scenario(entry)
    return scenario if scenario is not None and SEGMENT.fullmatch(scenario.scenario_id) else None


def _scenario(entry: Any) -> Scenario | None:
    scenario_id = id_or_unreadable(entry.get("id")) if isinstance(entry, dict) else None
    if scenario_id is None or scenario_id == UNREADABLE_ID:
        return None
    mark, name = flag(entry.get("is_required_for_promotion")), free_text(entry.get("name"))
    return Scenario(scenario_id, name and " ".join(name.split()), mark is True, entry)
