"""The rules of `sessions.yaml` for a session whose values come from a program instead of a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.clock import today
from tornado_resource.declarations.document import Document, Quoting
from tornado_resource.declarations.explanations import explain
from tornado_resource.declarations.model import (
    SILENT_REPLAY,
    Confirm,
    Gate,
    is_silent_replay,
    unreachable_confirm,
    unreachable_gate,
)
from tornado_resource.declarations.quarantine import UNGATED_QUARANTINE, faults
from tornado_resource.declarations.schema import case_duplicates, violations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tornado_resource.declarations.document import Marks
    from tornado_resource.declarations.model import Section

_DIGESTS: Final = frozenset({"definitions", "checks"})
"""What a resource has instead of these parts of the file: a digest."""
_OWNERS: Final[Mapping[str, str]] = {"pathway_id": "session", "agent_id": "agent"}
"""What a scenario may belong to, and what of the file has the rules of such an id."""
ONE_OWNER: Final = "expected one of `pathway_id` and `agent_id`: a scenario belongs to a pathway or to an agent"
HALF_CHARACTER: Final = "found half of a character (a lone surrogate), expected Unicode text"


@dataclass(slots=True)
class _Line:
    """A mark: the line that a value is written on, from its first column."""

    line: int
    column: int = 0
    index: int = 0


def session_problems(name: str | None, values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is invalid in one session, by key: the sentence that `sessions.yaml` would get.

    Args:
        name: the session's name; None if it is not to be checked.
        values: the session's keys. None means omitted, as in the file.

    Returns:
        By top-level key (`name` for the name), every problem; the path comes first if it is inside the key.

    """
    session = {key: value for key, value in values.items() if key not in _DIGESTS}
    problems = _problems({"session": session, "name": name})
    if not problems.get("gate"):
        problems["gate"] = [*_gate_problems(values)]
    problems.setdefault("quarantine", []).extend(_quarantine_problems(values, problems))
    return {key: "; ".join(texts) for key, texts in problems.items() if texts}


def agent_problems(name: str | None, values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is invalid in one agent, by key: the sentence that `sessions.yaml` would get.

    Args:
        name: the agent's name; None if it is not to be checked.
        values: the agent's keys. None means omitted, as in the file.

    """
    problems = _problems({"agent": {key: value for key, value in values.items() if key not in _DIGESTS}, "name": name})
    problems.setdefault("quarantine", []).extend(_quarantine_problems(values, problems))
    return {key: "; ".join(texts) for key, texts in problems.items() if texts}


def input_problems(needed: Iterable[str], inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with the inputs of a run that the file has elsewhere, or must have, by key.

    Args:
        needed: the inputs that say which place the run holds.
        inputs: the inputs. Those that are not known yet are no text.

    """
    sections: Mapping[str, Section] = {"pathway_id": "sessions", "agent_id": "agents"}
    problems = {key: _missing(sections[key]) for key in needed if key in sections and inputs.get(key) is None}
    adopt = inputs.get("adopt")
    if isinstance(adopt, str | int | float):
        texts = _problems({"session": {"persona_id": adopt}}).get("persona_id", ())
        problems |= {"adopt": "; ".join(texts)} if texts else {}
    return problems


def _missing(section: Section) -> str:
    from tornado_resource.declarations.references import MISSING_SUBJECTS

    return MISSING_SUBJECTS[section].format(where="")


def scenario_problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is invalid in one scenario, by key: the sentence that `sessions.yaml` would get.

    Args:
        values: the scenario's keys that are known. None means omitted, as in the file. A program names the owner too,
            in `pathway_id` or `agent_id`; of the two, the one that it does not use is None.

    """
    problems = _problems({"scenario": {key: value for key, value in values.items() if key not in _OWNERS}})
    problems.update(_owner_problems({key: values[key] for key in _OWNERS if key in values}))
    prompt = values.get("tester_persona_prompt")
    if isinstance(prompt, dict):  # a program reads its files itself
        problems.setdefault("tester_persona_prompt", []).append("found a mapping, expected a string")
    if "input_messages" in values and "input_messages" not in problems and is_silent_replay(values):
        problems["scenario_type"] = [SILENT_REPLAY]
    return {key: "; ".join(texts) for key, texts in problems.items()}


def _owner_problems(owners: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what is invalid in the owner of a scenario. One that is left out is not known yet."""
    named = {key: owner for key, owner in owners.items() if owner is not None}
    if owners.keys() == _OWNERS.keys() and len(named) != 1:
        return {"pathway_id": [ONE_OWNER]}
    return {key: texts for name in named for key, texts in _problems({_OWNERS[name]: {name: named[name]}}).items()}


def judge_problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is invalid in a judge as code, by key: the sentence that `sessions.yaml` would get.

    Args:
        values: the judge's keys that are known. None means omitted, as in the file.

    """
    from tornado_resource.declarations.judges import definition_problems  # it reads files, which a session has not

    problems = _problems({"judge": dict(values)})
    if isinstance(values.get("prompt"), dict):  # a program reads its files itself
        problems.setdefault("prompt", []).append("found a mapping, expected a string")
    for key, text in (definition_problems(values) if not problems else {}).items():
        problems[key] = [text]
    return {key: "; ".join(texts) for key, texts in problems.items()}


def _problems(parts: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the problems of values by top-level key. *parts* has them by their definition in the schema."""
    halves = _halves(parts)
    if halves:  # the schema's validator cannot read them
        return halves
    document = _document(next(iter(parts.values())))
    problems: dict[str, list[str]] = {}
    for definition, value in parts.items():
        duplicates = case_duplicates(value) if definition != "scenario" else ()
        for violation in (*violations(value, definition), *duplicates) if value is not None else ():
            for problem in explain(document, violation):
                key = problem.path.partition(".")[0].partition("[")[0] or "name"
                inside = f"{problem.path}: " if problem.path != key and problem.path else ""
                problems.setdefault(key, []).append(inside + problem.text)
    return problems


def _halves(parts: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the problem of each key that has half of a surrogate pair, which JSON can carry, but UTF-8 cannot."""
    values = {"name": parts.get("name"), **next(iter(parts.values()))}
    return {key: [HALF_CHARACTER] for key, value in values.items() if not _is_utf8([key, value])}


def _is_utf8(value: Any) -> bool:
    try:
        json.dumps(value, default=str, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _gate_problems(values: Mapping[str, Any]) -> Iterator[str]:
    gate = values.get("gate")
    if isinstance(gate, dict):
        text = unreachable_gate(gate.get("passed"), values.get("scenario_ids"))
        if text is not None:
            yield f"gate.passed: {text}"
        unreachable = unreachable_confirm(Gate(confirm=Confirm.of(gate.get("confirm"))))
        if unreachable is not None:
            yield f"gate.confirm.{unreachable[0]}: {unreachable[1]}"


def _quarantine_problems(values: Mapping[str, Any], problems: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield what is wrong with a quarantine that has the form of the schema."""
    quarantine = values.get("quarantine")
    if problems.get("quarantine") or not quarantine:
        return
    if values.get("gate") == "none":
        yield UNGATED_QUARANTINE
    quoting = Quoting()
    for path, text in faults(quarantine, values.get("scenario_ids"), today(), quoting):
        yield f"{quoting.path(('quarantine', *path))}: {text}" if path else text


def _document(values: dict[str, Any]) -> Document:
    """Return *values* as a document with one line for each value, which is all that explanations read of a file."""
    marks: Marks = {}
    lines: list[str] = []

    def write(node: Any) -> None:
        entries: Iterable[tuple[Any, Any]] = ()
        if isinstance(node, dict):
            entries = node.items()
        elif isinstance(node, list):
            entries = enumerate(node)
        for key, value in entries:
            marks.setdefault(id(node), {})[key] = (None, _Line(len(lines)))
            lines.append(json.dumps(value, default=str))
            write(value)

    write(values)
    return Document("", values, marks, lines)
