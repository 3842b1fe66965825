"""What the stack's own state knows of its scenarios. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.positions import Position
from tornado_resource.core.urns import name_of, type_of
from tornado_resource.declarations.model import ScenarioDeclaration
from tornado_resource.scenarios.definition import declared_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCENARIO_TYPE: Final = "pulumi-python:dynamic/bland:TornadoScenario"


@dataclass(frozen=True, slots=True)
class StoredScenario:
    """A scenario in the state. *resource* is the name of its resource; the rest is as its outputs have it."""

    resource: str
    scenario_id: str
    pathway_id: str
    fields: Mapping[str, Any]
    manage: bool
    drift: bool
    declared_at: str | None = None

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
            self.resource.partition("@")[0], self.pathway_id, self.fields, Position.parse(self.declared_at)
        )


def recorded_scenarios(resources: Mapping[str, Any]) -> tuple[StoredScenario, ...]:
    """Return the scenarios of a state; what is damaged is left out.

    Args:
        resources: by URN, the type and the outputs of each resource, as the engine's
            `pulumi:pulumi:readStackResourceOutputs` returns them.

    """
    found = (
        stored_scenario(name_of(urn), entry.get("outputs") or {})
        for urn, entry in resources.items()
        if type_of(urn) == SCENARIO_TYPE
    )
    return tuple(each for each in found if each is not None)


def stored_scenario(resource: str, outputs: Mapping[str, Any]) -> StoredScenario | None:
    """Return a scenario by the outputs of its resource; None if they are damaged."""
    known = whole_without_nulls(dict(outputs))
    scenario_id, pathway_id, fields = (known.get(key) for key in ("scenario_id", "pathway_id", "fields"))
    if not isinstance(scenario_id, str) or not isinstance(pathway_id, str) or not isinstance(fields, dict):
        return None
    declared_at = known.get("declared_at")
    return StoredScenario(
        resource,
        scenario_id,
        pathway_id,
        fields,
        manage=known.get("manage", True) is True,
        drift=bool(known.get("drift")),
        declared_at=declared_at if isinstance(declared_at, str) else None,
    )


def run_by(request: Mapping[str, Any], stored: Iterable[StoredScenario]) -> dict[str, ScenarioDeclaration]:
    """Return the recorded scenarios that a session runs, by id."""
    ids = set(request.get("scenario_ids") or ())
    return {each.scenario_id: each.declaration for each in stored if each.scenario_id in ids}


def resource_name(declared: ScenarioDeclaration) -> str:
    """Return the name of the resource of a declared scenario: it exists once for each pathway."""
    return f"{declared.key}@{declared.pathway_id}"


def matching(declared: ScenarioDeclaration, stored: Iterable[StoredScenario]) -> StoredScenario | None:
    """Return the recorded scenario of a declared one: that of its resource, else that of its name on its pathway.

    So a scenario whose key is renamed stays the same one.
    """
    candidates = [each for each in stored if each.pathway_id == declared.pathway_id]
    by_resource = (each for each in candidates if each.resource == resource_name(declared))
    by_name = (each for each in candidates if each.name == declared.name)
    return next(by_resource, None) or next(by_name, None)
