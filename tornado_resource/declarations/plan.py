"""What an environment's declarations amount to: slots, and how long it can take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado_resource.declarations.releases import Release, certain_versions, releases
from tornado_resource.declarations.resolver import carries, layers
from tornado_resource.declarations.run_order import predecessors, worst_case_minutes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.core.positions import Position
    from tornado_resource.declarations.document import Document, Path
    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.declarations.resolver import Carry


@dataclass(frozen=True, slots=True)
class Planned:
    """One session of a plan.

    *after* names the session whose end it waits for, on the same pathway. *carries* is None where the environment does
    not promote.
    """

    declaration: Declaration
    after: str | None
    origins: Mapping[str, Position]
    carries: Carry | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All sessions of an environment in order, what is published once all gates have passed, and the worst case.

    *minutes* is the longest that it can take until all sessions have ended.
    """

    environment: Environment
    sessions: tuple[Planned, ...]
    releases: tuple[Release, ...]
    minutes: int


def make_plan(document: Document, environment: Environment) -> Plan:
    """Say what starts when, and where each declared value comes from."""
    declarations = environment.declarations
    before, carried = predecessors(declarations), carries(document, environment)
    sessions = tuple(
        Planned(
            declaration=each,
            after=before.get(each.name),
            origins=_origins(document, environment.name, each.name),
            carries=carried.get(each.name),
        )
        for each in declarations
    )
    published = releases(declarations, certain_versions(declarations))
    return Plan(environment, sessions, tuple(published), worst_case_minutes(declarations))


def _origins(document: Document, environment: str | None, name: str) -> dict[str, Position]:
    """By dotted key, the position of the layer that set the value."""
    origins: dict[str, Position] = {}
    for path, values in layers(document, environment, name):
        for steps, value in _leaves(values):
            key = ".".join(steps)
            for known in [known for known in origins if known == key or known.startswith(f"{key}.")]:
                del origins[known]
            if value is not None:
                origins[key] = document.position((*path, *steps))
    above: Path = ("environments", environment or "", "publish")
    if "publish" not in origins and document.has(above):
        origins["publish"] = document.position(above)
    return origins


def _leaves(values: Any, above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if not isinstance(values, dict):
        return [(above, values)]
    return [leaf for key, value in values.items() for leaf in _leaves(value, (*above, key))]
