"""How sessions go, by the scenario file: for each pathway its scenarios, and which of them fail in each iteration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

ANY_PATHWAY: Final = "*"
MILLISECONDS: Final = {"type": "integer", "minimum": 0}
SCENARIO_SCRIPT: Final = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": ["string", "integer"]},
        "name": {"type": "string"},
        "required": {"type": "boolean"},
    },
}
_NUMBERS: Final = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}
SIMULATION: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "rates": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}},
        "errors": _NUMBERS,
        "missing": _NUMBERS,
        "counts_errors": {"type": "boolean"},
        "run_ms": MILLISECONDS,
        "shown_after_ms": MILLISECONDS,
        "ends_as": {"enum": ["PASSED", "FAILED", "ERROR", "RUNNING"]},
    },
}
PATHWAY_SCRIPT: Final = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "properties": {
        "scenarios": {"type": "array", "items": SCENARIO_SCRIPT},
        "failing": {
            "type": "array",
            "items": {"type": ["integer", "array"], "minimum": 0, "items": {"type": ["string", "integer"]}},
        },
        "iteration_ms": MILLISECONDS,
        "ends_as": {"type": ["string", "null"]},
        "forked_version": {"type": ["integer", "null"]},
        "publish_delay_ms": {"anyOf": [MILLISECONDS, {"const": "never"}]},
        "answer": {"type": "object"},
        "retests": {"enum": ["all", "failed"]},
        "versions": {"enum": ["shown", "missing", "forbidden"]},
        "scenario_lists": {"enum": ["scenarios", "data", "bare"]},
        "scenario_texts": {"enum": ["kept", "stripped", "lowered"]},
        "simulations": {"type": "array", "minItems": 1, "items": SIMULATION},
    },
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario of a pathway, as the endpoint *scenarios* lists it."""

    id: str
    name: str
    is_required_for_promotion: bool


@dataclass(frozen=True, slots=True)
class SimulationScript:
    """How a simulation set goes. *run_ms* is in scaled time.

    *rates*: by scenario, by id or name, the share of its runs that pass (1.0). *errors* and *missing*: how many of its
    runs end with ERROR, or never appear. *counts_errors*: whether the statistics count an ERROR as failed. *ends_as*
    overrides the final status; RUNNING: it never ends. *shown_after_ms*: when its runs are listed, in real time.
    """

    rates: dict[str, float] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    counts_errors: bool = False
    run_ms: int = 60_000
    shown_after_ms: int = 0
    ends_as: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """How a session on a pathway goes. *iteration_ms* is in session (scaled) time.

    *failing* has an entry per iteration: which scenarios fail, by id or name, or how many of them. The last entry ends
    the session; *ends_as* overrides the final status that follows from it. *retests*: whether an iteration runs all
    scenarios again, or only those that failed in the one before. *versions*: whether the API shows what versions hold,
    or has no such endpoint (404), or forbids it (403). *scenario_lists*: where a list of scenarios is in its response.
    *scenario_texts*: whether the texts of a scenario are stored as they are sent, or without white space at their ends,
    or in lower case. *publish_delay_ms*: when a published version is live; None for never.
    """

    scenarios: tuple[Scenario, ...]
    failing: tuple[int | tuple[str, ...], ...]
    iteration_ms: int
    ends_as: str | None
    forked_version: int | None
    is_open: bool
    """Whether every scenario id is accepted, not only the listed ones."""
    retests: Literal["all", "failed"] = "all"
    versions: Literal["shown", "missing", "forbidden"] = "shown"
    scenario_lists: Literal["scenarios", "data", "bare"] = "scenarios"
    scenario_texts: Literal["kept", "stripped", "lowered"] = "kept"
    publish_delay_ms: int | None = 0
    simulations: tuple[SimulationScript, ...] = (SimulationScript(),)
    """How the simulation sets of the pathway go, one after the other; the last one stands for all further ones."""
    answer: dict[str, Any] = field(default_factory=dict)
    """Fields that override those of the status response of an ended session: for contradictory responses."""


def pathway_script(pathway_id: str, values: dict[str, Any]) -> Script:
    """Return the script of a pathway from its valid entry in the scenario file."""
    delay = values.get("publish_delay_ms", 0)
    failing = [entry if isinstance(entry, int) else tuple(map(str, entry)) for entry in values.get("failing", [])]
    return Script(
        scenarios=scenarios_of(values),
        failing=tuple(failing) or (0,),
        iteration_ms=values.get("iteration_ms", 60_000),
        ends_as=values.get("ends_as"),
        forked_version=values.get("forked_version"),
        is_open=pathway_id == ANY_PATHWAY,
        retests=values.get("retests", "all"),
        versions=values.get("versions", "shown"),
        scenario_lists=values.get("scenario_lists", "scenarios"),
        scenario_texts=values.get("scenario_texts", "kept"),
        publish_delay_ms=None if delay == "never" else delay,
        simulations=tuple(SimulationScript(**entry) for entry in values.get("simulations", [{}])),
        answer=values.get("answer", {}),
    )


def scenarios_of(values: dict[str, Any]) -> tuple[Scenario, ...]:
    """Return the scenarios that an entry of the scenario file lists."""
    return tuple(
        Scenario(str(entry["id"]), str(entry.get("name", entry["id"])), entry.get("required", False))
        for entry in values.get("scenarios", [])
    )
