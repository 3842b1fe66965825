"""The scenario file: for each pathway its scenarios, and how many or which of them fail in each iteration."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import jsonschema_rs
import yaml

DEFAULT_FILE: Final = Path(__file__).parent / "default.yaml"
ANY_PATHWAY: Final = "*"
_MILLISECONDS: Final = {"type": "integer", "minimum": 0}
_SCENARIO: Final = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": ["string", "integer"]},
        "name": {"type": "string"},
        "required": {"type": "boolean"},
    },
}
_PATHWAY: Final = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "properties": {
        "scenarios": {"type": "array", "items": _SCENARIO},
        "failing": {
            "type": "array",
            "items": {"type": ["integer", "array"], "minimum": 0, "items": {"type": ["string", "integer"]}},
        },
        "iteration_ms": _MILLISECONDS,
        "ends_as": {"type": ["string", "null"]},
        "forked_version": {"type": ["integer", "null"]},
        "publish_delay_ms": {"anyOf": [_MILLISECONDS, {"const": "never"}]},
        "answer": {"type": "object"},
        "retests": {"enum": ["all", "failed"]},
        "versions": {"enum": ["shown", "missing", "forbidden"]},
        "scenario_lists": {"enum": ["scenarios", "data", "bare"]},
        "scenario_texts": {"enum": ["kept", "stripped", "lowered"]},
    },
}
_SCHEMA: Final = {
    "type": "object",
    "required": ["pathways"],
    "properties": {"pathways": {"type": "object", "additionalProperties": _PATHWAY}},
}


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
    answer: dict[str, Any] = field(default_factory=dict)
    """Fields that override those of the status response of an ended session: for contradictory responses."""


def read_scripts(path: Path = DEFAULT_FILE) -> dict[str, Script]:
    """Return the scripts of a scenario file by pathway id; `*` is for every other pathway.

    Raises:
        ValueError: the file cannot be read, or is invalid; the text lists all problems.

    """
    try:
        # As JSON, whose keys are strings.
        content = json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))
    except (OSError, UnicodeDecodeError) as error:
        cause = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror or error).lower()
        message = f"{path}: {cause}; name a scenario file that can be read"
        raise ValueError(message) from None
    except yaml.YAMLError as error:
        message = f"{path}: not valid YAML: {' '.join(str(error).split())}"
        raise ValueError(message) from None
    problems = [
        f"{path}: {'.'.join(map(str, error.instance_path)) or 'the file'}: {error.message}"
        for error in jsonschema_rs.validator_for(_SCHEMA).iter_errors(content)
    ]
    if problems:
        raise ValueError("\n".join(problems))
    return {pathway_id: _script(pathway_id, values or {}) for pathway_id, values in content["pathways"].items()}


def _script(pathway_id: str, values: dict[str, Any]) -> Script:
    delay = values.get("publish_delay_ms", 0)
    failing = [entry if isinstance(entry, int) else tuple(map(str, entry)) for entry in values.get("failing", [])]
    return Script(
        scenarios=tuple(
            Scenario(str(entry["id"]), str(entry.get("name", entry["id"])), entry.get("required", False))
            for entry in values.get("scenarios", [])
        ),
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
        answer=values.get("answer", {}),
    )
