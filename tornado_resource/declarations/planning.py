"""What an environment's declarations amount to: slots, and how long it can take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado_resource.declarations.publishing import Release, certain_versions, releases
from tornado_resource.declarations.resolving import carries, layers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.declarations.document import Document, Path, Place
    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.declarations.resolving import Carry

GRACE_MS = 60_000
"""How much longer than `timeout_ms` the gate waits (design: waiting ends at `timeout_ms` + 60 s)."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One session of a plan.

    *after* names the session whose end it waits for, on the same pathway. *carries* is None where the environment does
    not promote.
    """

    declaration: Declaration
    after: str | None
    origins: Mapping[str, Place]
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


def plan(document: Document, environment: Environment) -> Plan:
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
    return Plan(environment, sessions, tuple(published), worst_minutes(declarations))


def predecessors(declarations: Sequence[Declaration]) -> dict[str, str]:
    """By session, the one before it on its pathway: the API runs one at a time there."""
    last: dict[str, str] = {}
    found: dict[str, str] = {}
    for declaration in declarations:
        if declaration.pathway_id in last:
            found[declaration.name] = last[declaration.pathway_id]
        last[declaration.pathway_id] = declaration.name
    return found


def worst_minutes(declarations: Sequence[Declaration]) -> int:
    """The longest that all can take: pathways side by side, sessions on one pathway one after the other."""
    totals: dict[str, int] = {}
    for declaration in declarations:
        totals[declaration.pathway_id] = totals.get(declaration.pathway_id, 0) + declaration.timeout_ms + GRACE_MS
    return math.ceil(max(totals.values(), default=0) / 60_000)


def _origins(document: Document, environment: str | None, name: str) -> dict[str, Place]:
    """By dotted key, the place of the layer that had the last word."""
    origins: dict[str, Place] = {}
    for path, values in layers(document, environment, name):
        for steps, value in _leaves(values):
            key = ".".join(steps)
            for known in [known for known in origins if known == key or known.startswith(f"{key}.")]:
                del origins[known]
            if value is not None:
                origins[key] = document.place((*path, *steps))
    above: Path = ("environments", environment or "", "publish")
    if "publish" not in origins and document.has(above):
        origins["publish"] = document.place(above)
    return origins


def _leaves(values: Any, above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if not isinstance(values, dict):
        return [(above, values)]
    return [leaf for key, value in values.items() for leaf in _leaves(value, (*above, key))]
