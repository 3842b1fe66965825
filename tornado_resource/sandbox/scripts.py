"""The scenario file: for each pathway its scenarios, and how many or which of them fail in each iteration."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import yaml

DEFAULT_FILE: Final = Path(__file__).parent / "default.yaml"
ANY_PATHWAY: Final = "*"
_CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    "retests": ("all", "failed"),
    "versions": ("shown", "missing", "forbidden"),
    "scenario_lists": ("scenarios", "data", "bare"),
}
_KEYS: Final = frozenset(
    {"scenarios", "failing", "iteration_ms", "ends_as", "forked_version", "publish_delay_ms", "answer", *_CHOICES}
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario of a pathway, as the endpoint *scenarios* lists it."""

    id: str
    name: str
    is_required_for_promotion: bool


@dataclass(frozen=True, slots=True)
class Script:
    """How a session on a pathway goes. *iteration_ms* is in session (scaled) time.

    *failing* has an entry per iteration: which scenarios fail, by id or name, or how many of them. The last entry ends
    the session; *ends_as* overrides the final status that follows from it. *retests*: whether an iteration runs all
    scenarios again, or only those that failed in the one before. *versions*: whether the API shows what versions hold,
    or has no such endpoint (404), or forbids it (403). *scenario_lists*: where a list of scenarios is in its response.
    *publish_delay_ms*: when a published version is live; None for never.
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
    publish_delay_ms: int | None = 0
    answer: dict[str, Any] = field(default_factory=dict)
    """Fields that override those of the status response of an ended session: for contradictory responses."""


def read_scripts(path: Path = DEFAULT_FILE) -> dict[str, Script]:
    """Return the scripts of a scenario file by pathway id; `*` is for every other pathway.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is invalid; the text says how.

    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    pathways = content.get("pathways") if isinstance(content, dict) else None
    if not isinstance(pathways, dict):
        message = f"{path}: expected a mapping with `pathways`"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for every invalid file
    return {str(pathway_id): _script(path, str(pathway_id), values or {}) for pathway_id, values in pathways.items()}


def _script(path: Path, pathway_id: str, values: dict[str, Any]) -> Script:
    if unknown := sorted(values.keys() - _KEYS):
        message = f"{path}: pathways.{pathway_id}: unknown key {unknown[0]}, expected {', '.join(sorted(_KEYS))}"
        raise ValueError(message)
    chosen = {key: values.get(key, choices[0]) for key, choices in _CHOICES.items()}
    for key, value in chosen.items():
        if value not in _CHOICES[key]:
            message = f"{path}: pathways.{pathway_id}.{key}: found {value!r}, expected {', '.join(_CHOICES[key])}"
            raise ValueError(message)
    delay = values.get("publish_delay_ms", 0)
    scenarios = tuple(
        Scenario(str(entry["id"]), str(entry.get("name", entry["id"])), bool(entry.get("required", False)))
        for entry in values.get("scenarios", [])
    )
    failing = tuple(entry if isinstance(entry, int) else tuple(map(str, entry)) for entry in values.get("failing", [0]))
    return Script(
        scenarios=scenarios,
        failing=failing or (0,),
        iteration_ms=int(values.get("iteration_ms", 60_000)),
        ends_as=values.get("ends_as"),
        forked_version=values.get("forked_version"),
        is_open=pathway_id == ANY_PATHWAY,
        retests=chosen["retests"],
        versions=chosen["versions"],
        scenario_lists=chosen["scenario_lists"],
        publish_delay_ms=None if delay == "never" else int(delay),
        answer=dict(values.get("answer", {})),
    )
