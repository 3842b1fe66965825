"""Declarations for scenarios that exist, as text of `sessions.yaml`. Pure.

What is written reads back as exactly what the API shows: strings are plain only where nothing else could be meant.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.scenario_content import CONTENT_DEFAULTS, SCENARIO_FIELDS, is_missing
from tornado_resource.core.canonical import canonical, whole_without_nulls
from tornado_resource.declarations.scenarios import MAX_SESSION_SCENARIOS
from tornado_resource.declarations.schema import schema_line
from tornado_resource.declarations.values import scenario_problems
from tornado_resource.declarations.writing import unused_key, yaml_text
from tornado_resource.versions.definitions import ASSERTION_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tornado_resource.bland.listing import Scenario

SESSION: Final = "imported"
"""The name of the session that is declared beside the scenarios; of more than one session, the beginning."""
# A key of a mapping that is longer than 1,024 characters, with its quotes, needs YAML's `? `.
_MAX_IMPLICIT: Final = 1024


def declarations(scenarios: Iterable[Scenario], pathway_id: str, latest_version: int | None) -> str:
    """Return a whole declarations file: the scenarios of a pathway, and a session that runs them.

    There are more sessions if there are more scenarios than a session can have.
    """
    definitions = definitions_of(scenarios)
    keys = list(definitions)
    lines = [schema_line(), "version: 1", *_scenario_lines(definitions), "sessions:"]
    for number, start in enumerate(range(0, len(keys) or 1, MAX_SESSION_SCENARIOS), 1):
        lines.append(f"  {SESSION if number == 1 else f'{SESSION}-{number}'}:")
        lines.extend(_session_lines(keys[start : start + MAX_SESSION_SCENARIOS], pathway_id, latest_version))
    return "\n".join(lines) + "\n"


def _session_lines(keys: list[str], pathway_id: str, latest_version: int | None) -> Iterator[str]:
    yield f"    pathway_id: {yaml_text(pathway_id)}"
    if keys:
        yield f"    scenarios: [{', '.join(keys)}]"
    number = f"  # {latest_version} now" if latest_version is not None else ""
    yield f"    version_number: latest{number}"
    yield "    gate: {passed: all}"


def scenarios_only(scenarios: Iterable[Scenario]) -> str:
    """Return the mapping `scenarios`, to be pasted into a declarations file."""
    return "\n".join([*_scenario_lines(definitions_of(scenarios)), ""])


def definitions_of(scenarios: Iterable[Scenario]) -> dict[str, dict[str, Any]]:
    """Return the definitions of scenarios by key: what differs from the API's defaults.

    A scenario whose name cannot be declared is left out: the name is how `pulumi up` finds it.
    """
    definitions: dict[str, dict[str, Any]] = {}
    for scenario in scenarios:
        if "name" in left_out(scenario):
            continue
        name = str(scenario.entry.get("name") or scenario.scenario_id)
        definitions[unused_key(name, definitions, "scenario")] = {**_fields(scenario.entry), "name": name}
    return definitions


class Definitions:
    """Definitions of the test cases of agents: equal ones have one key, whichever agent they are of."""

    def __init__(self) -> None:
        self._fields: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, str] = {}

    def key_of(self, scenario: Scenario) -> str | None:
        """Return the key of a test case that a declaration can be exactly as it is; None for any other."""
        definitions = definitions_of([scenario])
        if not definitions or left_out(scenario) or not scenario.is_enabled:
            return None
        [fields] = definitions.values()
        same = canonical(fields)
        if same not in self._keys:
            self._keys[same] = unused_key(str(fields["name"]), self._fields, "scenario")
            self._fields[self._keys[same]] = fields
        return self._keys[same]

    def text(self) -> str:
        """Return the mapping `scenarios`; nothing if there are none."""
        return "".join(f"{line}\n" for line in _scenario_lines(self._fields))


def left_out(scenario: Scenario) -> dict[str, str]:
    """Return the fields of a scenario that no declaration can have, and why."""
    values = {key: scenario.entry[key] for key in SCENARIO_FIELDS if not is_missing(scenario.entry.get(key))}
    return _undeclarable({**values, "assertions": _assertions(values.get("assertions"))})


def _undeclarable(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with values, and with what is left without those: a REPLAY needs its messages."""
    problems = scenario_problems(values)
    others = {key: value for key, value in values.items() if key not in problems}
    return {**problems, **scenario_problems({"input_messages": None, **others})}


def _fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    values = {key: whole_without_nulls(entry[key]) for key in SCENARIO_FIELDS if not is_missing(entry.get(key))}
    if "assertions" in values:
        values["assertions"] = _assertions(values["assertions"])
    fields_shown = {
        key: value
        for key, value in values.items()
        if key != "enabled" and not is_missing(value) and canonical(value) != canonical(CONTENT_DEFAULTS.get(key))
    }
    problems = _undeclarable(fields_shown)
    return {key: value for key, value in fields_shown.items() if key not in problems}


def _assertions(listed: Any) -> list[Any]:
    entries = enumerate(listed if isinstance(listed, list) else [])
    return [_assertion(index, assertion) for index, assertion in entries if isinstance(assertion, dict)]


def _assertion(index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is declared of an assertion: all but what is missing, or the API adds by itself."""
    assertion = {}
    for key in ASSERTION_FIELDS:
        value = whole_without_nulls(entry.get(key))
        usual = index if key == "order" else CONTENT_DEFAULTS.get(key)
        is_given = key == "config" or not is_missing(value)
        if is_given and canonical(value) != canonical(usual):
            assertion[key] = value
    return assertion


def _scenario_lines(definitions: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if definitions:
        yield "scenarios:"
    for key, fields in definitions.items():
        yield f"  {key}:"
        for name in SCENARIO_FIELDS:
            if name in fields:
                yield from (f"    {line}" if line else "" for line in field_lines(name, fields[name]))
        yield "    on_conflict: adopt"


def field_lines(name: str, value: Any) -> Iterator[str]:
    """Yield the lines of a key and its value, which reads back as it is."""
    if isinstance(value, str) and _is_block(value):
        yield f"{name}: |{'' if value.endswith(chr(10)) else '-'}"
        yield from (f"  {line}" if line else "" for line in value.removesuffix("\n").split("\n"))
    elif isinstance(value, list) and value:
        yield f"{name}:"
        yield from (f"  - {_flow(entry)}" for entry in value)
    else:
        yield f"{name}: {_flow(value)}"


def _is_block(text: str) -> bool:
    """Return whether a block scalar (`|`) can hold a text as it is."""
    lines = text.removesuffix("\n").split("\n")
    is_plain = all(line.isprintable() for line in lines) and lines[0][:1] not in {"", " "} and lines[-1] != ""
    return len(lines) > 1 and is_plain


def _flow(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, str):
        return yaml_text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow_key(key)}: {_flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value)


def _flow_key(key: str) -> str:
    text = yaml_text(key)
    return text if len(text) <= _MAX_IMPLICIT else f"? {text} "
