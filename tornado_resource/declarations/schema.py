"""The JSON Schema of `sessions.yaml`, and how a document violates it.

jsonschema-rs validates. One call of its `iter_errors` finds all errors before it returns the first, and copies the
invalid value into each: 3,000 invalid names would copy 3,000 sessions 3,000 times. So a document is validated in parts,
from the outside in, and only what is invalid is looked into.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import folded
from tornado_resource.declarations.explanations import SCENARIO_IDS, Violation, explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema_rs import Draft202012Validator, ValidationError

    from tornado_resource.core.positions import Problem
    from tornado_resource.declarations.document import Document, KeyPath

SCHEMA: Final = Path(__file__).parents[1] / "schemas/sessions.schema.json"
FILE: Final = ""
"""The definition of the file as a whole; all others are named in the schema's `$defs`."""
_PARTS: Final = (
    "name",
    "environmentName",
    "defaults",
    "session",
    "agent",
    "scenario",
    "judge",
    "environment",
    "trigger",
)
"""The definitions of the parts that are validated one by one."""


@dataclass(frozen=True, slots=True)
class _Part:
    path: KeyPath
    definition: str
    value: Any
    is_name: bool = False


def schema_text() -> str:
    """Return the JSON Schema of the declarations file, as it is published."""
    return SCHEMA.read_text(encoding="utf-8")


def schema_line() -> str:
    """Return the first line of a declarations file, by which editors find the schema."""
    return f"# yaml-language-server: $schema={_schema()['$id']}"


def schema_problems(document: Document) -> Iterator[Problem]:
    """Yield what violates the schema."""
    for violation in (*violations(document.data), *case_duplicates(document.data)):
        yield from explain(document, violation)


def case_duplicates(data: Any, path: KeyPath = ()) -> Iterator[Violation]:
    """Yield the lists of scenario ids in which two differ only in case: the API may write ids in either.

    A JSON Schema cannot say so. *data* is a whole file, a session or an agent; *path* is its path.
    """
    for key, value in data.items() if isinstance(data, dict) else ():
        if key == SCENARIO_IDS and isinstance(value, list):
            ids = {text for text in value if isinstance(text, str)}
            if len(ids) == len(value) > len(set(map(folded, ids))):
                yield Violation((*path, key), value, "uniqueItems", {})
        elif key != "scenarios":
            yield from case_duplicates(value, (*path, key))


@cache
def known_keys() -> frozenset[str]:
    """Return all keys that the schema names."""
    parts = [_schema(), *_schema()["$defs"].values()]
    definitions = _schema()["$defs"]
    inner = [
        definitions["session"]["properties"]["gate"],
        definitions["session"]["properties"]["gate"]["properties"]["confirm"],
        definitions["agent"]["properties"]["gate"],
        definitions["scenario"]["properties"]["tester_persona_prompt"],
        definitions["assertion"]["properties"]["config"],
    ]
    return frozenset(key for part in [*parts, *inner] for key in part.get("properties", ()))


def is_valid(data: Any, definition: str = FILE) -> bool:
    """Return whether *data* is valid: as a file, or by one of the schema's `$defs`."""
    return _validator(definition).is_valid(data)


def violations(data: Any, definition: str = FILE) -> Iterator[Violation]:
    """Yield what violates the schema in *data*, one part after the other; nothing if *data* is valid.

    *data* is a whole file, or what one of the schema's `$defs` describes.
    """
    if not is_valid(data, definition):
        yield from _violations(_Part((), definition, data, is_name=definition.lower().endswith("name")))


def _violations(part: _Part) -> Iterator[Violation]:
    """Yield what violates the schema in an invalid part."""
    for error in _validator(part.definition, is_shallow=True).iter_errors(part.value):
        yield _violation(part, error)
    for inner in _invalid_parts(part):
        yield from _violations(inner)


def _invalid_parts(part: _Part) -> Iterator[_Part]:
    """Yield the invalid parts directly inside *part*: its defaults, and the entries of its open mappings."""
    properties = _definition(part.definition).get("properties", {})
    for key, value in part.value.items() if isinstance(part.value, dict) else ():
        schema = properties.get(key, {})
        definition, entry = _referenced(schema), _referenced(schema.get("additionalProperties"))
        if definition in _PARTS and not is_valid(value, definition):
            yield _Part((*part.path, key), definition, value)
        if entry in _PARTS and isinstance(value, dict):
            yield from _invalid_entries((*part.path, key), value, entry, _referenced(schema.get("propertyNames")))


def _invalid_entries(path: KeyPath, mapping: Mapping[str, Any], entry: str, name: str) -> Iterator[_Part]:
    # Bound once: this loop may run for 100,000 valid entries.
    is_valid_name = _validator(name).is_valid if name else lambda _name: True
    is_valid_entry = _validator(entry).is_valid
    for key, value in mapping.items():
        if not is_valid_name(key):
            yield _Part((*path, key), name, key, is_name=True)
        if not is_valid_entry(value):
            yield _Part((*path, key), entry, value)


def _referenced(schema: Any) -> str:
    reference = schema.get("$ref", "") if isinstance(schema, dict) else ""
    return str(reference).removeprefix("#/$defs/")


def _violation(part: _Part, error: ValidationError) -> Violation:
    from jsonschema_rs import ValidationErrorKind

    value = part.value
    for key in error.instance_path:
        value = value[key]
    schema: Any = _definition(part.definition)
    for key in error.schema_path[:-1]:
        schema = schema[key]
    keys: tuple[str, ...] = ()
    if isinstance(error.kind, ValidationErrorKind.AdditionalProperties):
        keys = tuple(error.kind.unexpected)
    elif isinstance(error.kind, ValidationErrorKind.Required):
        keys = (error.kind.property,)
    return Violation((*part.path, *error.instance_path), value, error.kind.name, schema, keys, is_name=part.is_name)


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text())
    return schema


def _definition(definition: str) -> dict[str, Any]:
    """Return the schema of a definition, in which its references can be followed."""
    schema = _schema()
    return {**schema["$defs"][definition], "$defs": schema["$defs"]} if definition else schema


@cache
def _validator(definition: str, *, is_shallow: bool = False) -> Draft202012Validator:
    """Return the validator of a definition. A shallow one accepts whatever is a part of its own."""
    import jsonschema_rs

    schema = _definition(definition)
    # Defaults have no parts inside, and refer to the keys of a session and of a scenario.
    accepted: dict[str, Any] = dict.fromkeys(_PARTS, True) if is_shallow and definition != "defaults" else {}
    return jsonschema_rs.Draft202012Validator({**schema, "$defs": {**schema["$defs"], **accepted}})
