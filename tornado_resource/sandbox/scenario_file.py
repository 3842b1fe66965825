"""The scenario file: how sessions on pathways and check runs of agents go."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs
import yaml

from tornado_resource.sandbox.agent_scripts import AGENT_SCRIPT, JUDGE_SCRIPT, AgentScript, JudgeScript
from tornado_resource.sandbox.scripts import PATHWAY_SCRIPT, Script, pathway_script

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_FILE: Final = Path(__file__).parent / "default.yaml"
_SCHEMA: Final = {
    "type": "object",
    "required": ["pathways"],
    "properties": {
        "pathways": {"type": "object", "additionalProperties": PATHWAY_SCRIPT},
        "agents": {"type": "object", "additionalProperties": AGENT_SCRIPT},
        "judges": {"type": "object", "additionalProperties": JUDGE_SCRIPT},
        "answers": {"enum": ["wrapped", "bare"]},
    },
}


@dataclass(frozen=True, slots=True)
class Scripts:
    """A scenario file: the scripts by id of the pathway or agent (`*` for every other one), and the judges by id.

    *is_wrapped*: whether responses about agents and judges are in the wrapper `{data, errors}`.
    """

    pathways: Mapping[str, Script]
    agents: Mapping[str, AgentScript] = field(default_factory=dict)
    judges: Mapping[str, JudgeScript] = field(default_factory=dict)
    is_wrapped: bool = True


def read_scripts(path: Path = DEFAULT_FILE) -> Scripts:
    """Return the scripts of a scenario file.

    Raises:
        ValueError: the file cannot be read, or is invalid; the text lists all problems.

    """
    content = _read(path)
    problems = [
        f"{path}: {'.'.join(map(str, error.instance_path)) or 'the file'}: {error.message}"
        for error in jsonschema_rs.validator_for(_SCHEMA).iter_errors(content)
    ]
    if problems:
        raise ValueError("\n".join(problems))
    scripts = _scripts(content)
    problems = [f"{path}: agents.{key}.{fault}" for key, agent in scripts.agents.items() for fault in agent.faults()]
    if problems:
        raise ValueError("\n".join(problems))
    return scripts


def _scripts(content: dict[str, Any]) -> Scripts:
    agents = {key: AgentScript.of(values or {}) for key, values in content.get("agents", {}).items()}
    named = sorted(judge_id for agent in agents.values() for judge_id in agent.judge_ids())
    judges = {key: JudgeScript.of(key, values or {}) for key, values in content.get("judges", {}).items()}
    return Scripts(
        pathways={key: pathway_script(key, values or {}) for key, values in content["pathways"].items()},
        agents=agents,
        judges={**{key: JudgeScript(key) for key in named}, **judges},
        is_wrapped=content.get("answers", "wrapped") == "wrapped",
    )


def _read(path: Path) -> Any:
    try:
        # As JSON, whose keys are strings.
        return json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))
    except (OSError, UnicodeDecodeError) as error:
        cause = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror or error).lower()
        message = f"{path}: {cause}; name a scenario file that can be read"
        raise ValueError(message) from None
    except yaml.YAMLError as error:
        message = f"{path}: not valid YAML: {' '.join(str(error).split())}"
        raise ValueError(message) from None
