"""What an environment's declarations will do: run order, promotion, publishing, and how long it can take."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.declarations.budget import cost_of
from tornado_resource.declarations.model import version_note
from tornado_resource.declarations.releases import Release, certain_versions, releases
from tornado_resource.declarations.resolver import carries, layers, without_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tornado_resource.core.positions import Position
    from tornado_resource.declarations.budget import Cost
    from tornado_resource.declarations.document import Document, KeyPath
    from tornado_resource.declarations.model import Declaration, Environment, ScenarioDeclaration, Section
    from tornado_resource.declarations.resolver import Carry


def predecessors(declarations: Sequence[Declaration]) -> dict[str, str]:
    """Return, by run, the one before it in its place: the API has one at a time there."""
    last: dict[tuple[str, ...], str] = {}
    before: dict[str, str] = {}
    for declaration in (run for run in declarations if run.retest):
        if declaration.place in last:
            before[declaration.name] = last[declaration.place]
        last[declaration.place] = declaration.name
    return before


def one_at_a_time(section: Section) -> str:
    """Return why a run waits for another one."""
    return (
        "one session at a time on a pathway" if section == "sessions" else "one check run at a time of an agent and env"
    )


MAX_PLAN_VALUES: Final = 20_000
"""How many values a plan has: a file of 1 MiB can declare a million, since sessions share their defaults.

The whole plan of such a file takes up to 9 seconds and 720 MiB.
"""
_OWN_VALUES: Final = 12
"""How many a session has without triggers and scenarios."""
_CHARACTERS: Final = 100
"""A text counts as one value for so many: without that, scenarios of long texts make a plan of 300 MB in 16 seconds."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One session or check run of a plan.

    *after* names the run in the same place whose end it waits for. *origins* has, by dotted key, the position of
    each declared value. *carries* is None if the environment has no `promotes_from`.
    """

    declaration: Declaration
    after: str | None
    origins: Mapping[str, Position]
    carries: Carry | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The runs of an environment in order, and what is published once all gates have passed.

    *more* has the runs beyond `MAX_PLAN_VALUES`. *cost*: what it costs at worst if everything starts, those included.
    *note*: that the API chooses the version of some sessions.
    """

    environment: Environment
    runs: tuple[Planned, ...]
    releases: tuple[Release, ...]
    cost: Cost
    more: tuple[Declaration, ...] = ()
    note: str | None = None

    @property
    def scenarios(self) -> tuple[ScenarioDeclaration, ...]:
        """The scenarios of the runs that are shown."""
        tested = (scenario for planned in self.runs for scenario in planned.declaration.tested_scenarios)
        return tuple(
            {(tested_scenario.key, tested_scenario.owner): tested_scenario for tested_scenario in tested}.values()
        )


def make_plan(document: Document, environment: Environment) -> Plan:
    """Return the plan of a resolved *environment* of *document*."""
    declarations = environment.declarations
    declarations_shown = _shown(declarations)
    before, carried = predecessors(declarations), carries(document, environment)
    runs = tuple(
        Planned(
            declaration=declaration,
            after=before.get(declaration.name),
            origins=_origins(document, environment.name, declaration),
            carries=carried.get(declaration.name),
        )
        for declaration in declarations_shown
    )
    published = releases(declarations, certain_versions(declarations))
    cost = cost_of(declarations, environment.budget)
    note = version_note(without_version(document, environment))
    more = tuple(declarations[len(declarations_shown) :])
    return Plan(environment, runs, tuple(published), cost, more, note)


def _shown(declarations: Sequence[Declaration]) -> Sequence[Declaration]:
    """Return the first declarations, as many as have `MAX_PLAN_VALUES` together; at least one."""
    left = MAX_PLAN_VALUES
    for number, declaration in enumerate(declarations):
        values = (
            len(declaration.triggers)
            + len(declaration.request.get("scenario_ids", ()))
            + len(declaration.tested_scenarios)
            + len(declaration.tags)
        )
        values += (
            len(declaration.checks.scenario_ids) + len(declaration.checks.judges)
            if declaration.checks is not None
            else 0
        )
        definitions = [dict(scenario.fields) for scenario in declaration.tested_scenarios]
        text = json.dumps([declaration.request, dict(declaration.triggers), definitions])
        left -= _OWN_VALUES + values + len(text) // _CHARACTERS
        if left < 0:
            return declarations[: max(number, 1)]
    return declarations


def _origins(document: Document, environment: str | None, declaration: Declaration) -> dict[str, Position]:
    """Return, by dotted key, where the layer that set the value has it."""
    paths: dict[str, Any] = {}
    for path, values in layers(document, environment, declaration.section, declaration.name):
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
