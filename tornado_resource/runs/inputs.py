"""The inputs of a run's resource: which of them start another run when they change. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tornado_resource.bland.scenario_content import scenario_digest
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.declarations.model import DEFAULT_RERUN, Gate
from tornado_resource.runs.kinds import kind_of
from tornado_resource.versions.definitions import runs_together

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tornado_resource.declarations.model import Declaration, ScenarioDeclaration

T = TypeVar("T")
TRIGGERING: Final = ("triggers", "definitions", "checks")
"""A change of one of these, or of a field of the request, is a new run. `definitions`: the digest of its scenarios;
`checks`: that of the declared check config."""
UPDATING: Final = ("gate", "quarantine", "rerun", "on_conflict", "on_destroy")
"""A change of one of these is recorded in place. It starts nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """The changed properties that replace the session, and those that are updated in place."""

    replaces: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()


def replacing(kind: str) -> tuple[str, ...]:
    """Return the inputs of a kind of run whose change is a new run."""
    return (*kind_of(kind).fields, *TRIGGERING)


def declared_inputs(kind: str, props: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that are compared, without those that only identify the resource, such as `name`."""
    return {key: props[key] for key in (*replacing(kind), *UPDATING) if props.get(key) is not None}


def run_arguments(declaration: Declaration, triggers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a run's resource that its declaration describes, without default values.

    Args:
        declaration: the session or agent.
        triggers: those of the config, which are added to its own.

    """
    kept, all_triggers = declaration.kept_triggers, {**declaration.triggers, **triggers}
    return {
        **declaration.request,
        "gate": gate_input(replace(declaration.gate, quarantine=()) if declaration.gate is not None else None),
        "quarantine": [*declaration.quarantine] or None,
        "on_conflict": _unless_default(declaration.on_conflict, "fail"),
        "on_destroy": _unless_default(declaration.on_destroy, "cancel"),
        "rerun": _unless_default(declaration.rerun, DEFAULT_RERUN),
        "triggers": (all_triggers if kept is None else {**kept}) or None,
    }


def expected_inputs(
    declaration: Declaration,
    triggers: Mapping[str, Any],
    scenario_ids: Sequence[str],
    checks: str | None,
    digests: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the inputs of a run that are compared, before anything is declared.

    Args:
        declaration: the session or agent.
        triggers: those of the config.
        scenario_ids: the ids of its declared scenarios, in their order.
        checks: the digest of its declared checks.
        digests: those of its scenarios by their keys, if they are known.

    """
    arguments = run_arguments(declaration, triggers)
    if declaration.scenarios:
        arguments["scenario_ids"] = [*declaration.request.get("scenario_ids", ()), *scenario_ids]
        ids = dict(zip((scenario.key for scenario in declaration.scenarios), scenario_ids, strict=True))
        arguments["quarantine"] = by_ids(arguments["quarantine"], ids)
    if declaration.tested_scenarios:
        known_digests = digests if digests is not None else digests_of(declaration.tested_scenarios)
        arguments["definitions"] = runs_together(
            known_digests[scenario.key] for scenario in declaration.tested_scenarios
        )
    return declared_inputs(declaration.kind, {**arguments, "checks": checks})


def digests_of(scenarios: Iterable[ScenarioDeclaration]) -> dict[str, str]:
    """Return what decides about the runs of scenarios, by their keys: a definition is the same for each owner."""
    return {
        key: scenario_digest(fields)
        for key, fields in {scenario.key: scenario.fields for scenario in scenarios}.items()
    }


def by_ids(quarantine: Any, ids: Mapping[str, Any]) -> Any:
    """Return the quarantine of a session with the ids of the scenarios that it has by their keys."""
    if not isinstance(quarantine, list | tuple):
        return quarantine
    return [_by_id(entry, ids) for entry in quarantine]


def _by_id(entry: Any, ids: Mapping[str, Any]) -> Any:
    key = entry.get("scenario") if isinstance(entry, Mapping) else None
    return {**entry, "scenario": ids[key]} if isinstance(key, str) and key in ids else entry


def gate_input(gate: Gate | None) -> dict[str, Any] | str | None:
    """Return a gate as an input, without default values: every byte of an input is stored in the state."""
    if gate is None:
        return "none"
    changed = {key: value for key, value in asdict(gate).items() if value != getattr(Gate(), key)}
    return changed or None


def _unless_default(value: T, default: T) -> T | None:
    return None if value == default else value


def compare(kind: str, recorded: Mapping[str, Any], declared: Mapping[str, Any]) -> Change:
    """Return the difference between the recorded declaration of a run and the current one."""
    return Change(
        tuple(key for key in replacing(kind) if _differ(recorded.get(key), declared.get(key))),
        tuple(key for key in UPDATING if _differ(recorded.get(key), declared.get(key))),
    )


def deciding(kind: str, inputs: Mapping[str, Any], without: Collection[str]) -> str:
    """Return the inputs whose change is a new run as one text, the same for those that `compare` calls equal."""
    return _canonical({key: inputs.get(key) for key in replacing(kind) if key not in without})


def _differ(old: Any, new: Any) -> bool:
    return old is not new and _canonical(old) != _canonical(new)


def _canonical(value: Any) -> str:
    """Return JSON text in which 5 and 5.0 are equal (Pulumi turns numbers into floats), but 1 and true are not.

    Anything that is not JSON is a value that a preview does not know yet. It differs from every recorded value.
    """
    return json.dumps(whole_without_nulls(value), sort_keys=True, default=lambda unknown: f"<{type(unknown).__name__}>")
