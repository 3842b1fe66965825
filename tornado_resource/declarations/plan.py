"""What an environment's declarations will do: order, promotion, publishing, and how long it can take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado_resource.declarations.releases import Release, certain_versions, releases
from tornado_resource.declarations.resolver import carries, layers
from tornado_resource.declarations.run_order import predecessors, worst_case_minutes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tornado_resource.core.positions import Position
    from tornado_resource.declarations.document import Document, KeyPath
    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.declarations.resolver import Carry


@dataclass(frozen=True, slots=True)
class Planned:
    """One session of a plan.

    *after* names the session on the same pathway whose end it waits for. *origins* has, by dotted key, the position of
    each declared value. *carries* is None if the environment has no `promotes_from`.
    """

    declaration: Declaration
    after: str | None
    origins: Mapping[str, Position]
    carries: Carry | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All sessions of an environment in order, and what is published once all gates have passed.

    *minutes* is the longest that it can take until all sessions have ended.
    """

    environment: Environment
    sessions: tuple[Planned, ...]
    releases: tuple[Release, ...]
    minutes: int


def make_plan(document: Document, environment: Environment) -> Plan:
    """Return the plan of a resolved *environment* of *document*."""
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
    """Return, by dotted key, where the layer that set the value has it."""
    paths: dict[str, Any] = {}
    for path, values in layers(document, environment, name):
        paths = _merged(paths, values, path)
    for_all: KeyPath = ("environments", environment or "", "publish")
    if "publish" not in paths and document.has(for_all):
        paths["publish"] = for_all
    return {key: document.position(path) for key, path in _flat(paths)}


def _merged(target: Any, patch: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
    """Merge as the resolver merges, but the paths of the values: `gate: none` replaces `gate.passed`."""
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            inner = (*path, key)
            merged[key] = _merged(merged.get(key), value, inner) if isinstance(value, dict) else inner
    return merged


def _flat(paths: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, KeyPath]]:
    for key, path in paths.items():
        if isinstance(path, dict):
            yield from _flat(path, f"{above}{key}.")
        else:
            yield f"{above}{key}", path
