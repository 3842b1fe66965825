"""The JSON Schema of `sessions.yaml`, and how a document violates it.

jsonschema-rs validates. One call of its `iter_errors` finds all errors before it returns the first, and copies the
invalid value into each: 3,000 invalid names would copy 3,000 sessions 3,000 times. So a document is validated in parts,
from the outside in, and only what is invalid is looked into.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.positions import Problem
from tornado_resource.declarations.explanations import Violation, explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema_rs import Draft202012Validator, ValidationError

    from tornado_resource.declarations.document import Document, KeyPath

MAX_PROBLEMS: Final = 1000
SCHEMA: Final = Path(__file__).parents[1] / "schemas/sessions.schema.json"
FILE: Final = ""
"""The definition of the file as a whole; all others are named in the schema's `$defs`."""
_PARTS: Final = ("name", "environmentName", "session", "environment", "trigger")
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


def schema_problems(document: Document) -> list[Problem]:
    """Return what violates the schema, in the file's order.

    After 1,000 problems, one more says that the rest is not shown.
    """
    all_problems = (problem for violation in violations(document.data) for problem in explain(document, violation))
    found = sorted(islice(all_problems, MAX_PROBLEMS + 1))
    if len(found) > MAX_PROBLEMS:
        last = found[-1].position
        found[MAX_PROBLEMS:] = [Problem(last, "", f"more than {MAX_PROBLEMS:,} problems; the rest is not shown")]
    return found


def is_valid(data: Any, definition: str = FILE) -> bool:
    """Return whether *data* is valid: as a file, or by one of the schema's `$defs`."""
    return _validator(definition).is_valid(data)


def violations(data: Any, definition: str = FILE) -> Iterator[Violation]:
    """Yield what violates the schema in *data*, one part after the other; nothing if *data* is valid.

    *data* is a whole file, or what one of the schema's `$defs` describes.
    """
    yield from _violations(_Part((), definition, data, is_name=definition.lower().endswith("name")))


def _violations(part: _Part) -> Iterator[Violation]:
    if is_valid(part.value, part.definition):
        return
    for error in _validator(part.definition, is_shallow=True).iter_errors(_shortened(part.value)):
        yield _violation(part, error)
    for inner in _inner_parts(part):
        yield from _violations(inner)


def _inner_parts(part: _Part) -> Iterator[_Part]:
    """Yield the parts directly inside *part*: its defaults, and the names and values of its open mappings."""
    properties = _definition(part.definition).get("properties", {})
    for key, value in part.value.items() if isinstance(part.value, dict) else ():
        schema = properties.get(key, {})
        definition, entry = _referenced(schema), _referenced(schema.get("additionalProperties"))
        if definition in _PARTS:
            yield _Part((*part.path, key), definition, value)
        if entry in _PARTS and isinstance(value, dict):
            yield from _entries((*part.path, key), value, entry, _referenced(schema.get("propertyNames")))


def _entries(path: KeyPath, mapping: Mapping[str, Any], entry: str, name: str) -> Iterator[_Part]:
    for key, value in mapping.items():
        if name:
            yield _Part((*path, key), name, key, is_name=True)
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


def _shortened(value: Any) -> Any:
    """Cut long lists: each item may be an error. One of over 1,000 items is too long anyway, wherever it is."""
    if not isinstance(value, dict):
        return value
    return {key: inner[:MAX_PROBLEMS] if isinstance(inner, list) else inner for key, inner in value.items()}


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
    accepted: dict[str, Any] = dict.fromkeys(_PARTS, True) if is_shallow else {}
    return jsonschema_rs.Draft202012Validator({**schema, "$defs": {**schema["$defs"], **accepted}})
