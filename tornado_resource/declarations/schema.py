"""The JSON Schema, and what its violations mean to a person.

jsonschema-rs decides, since it is a hundred times faster; jsonschema explains, and is imported only when something is
wrong. A property test holds the two to the same verdicts.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.durations import parse_duration
from tornado_resource.core.positions import Problem
from tornado_resource.core.text import clean, did_you_mean
from tornado_resource.declarations.document import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jsonschema.exceptions import ValidationError

    from tornado_resource.declarations.document import Document
    from tornado_resource.declarations.document import Path as Steps

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
_SHOWN = 60
MAX_PROBLEMS: Final = 1000
SCHEMA: Final = Path(__file__).parents[1] / "schemas/sessions.schema.json"


def schema_text() -> str:
    """The JSON Schema of the declarations file, as it is published."""
    return SCHEMA.read_text(encoding="utf-8")


@cache
def _decider(part: str = "") -> Callable[[Any], bool]:
    """Whether a value is valid: for the whole schema, or for one of its `$defs`."""
    import jsonschema_rs

    schema = json.loads(schema_text())
    chosen = {**schema["$defs"][part], "$defs": schema["$defs"]} if part else schema
    return jsonschema_rs.Draft202012Validator(chosen).is_valid


def schema_problems(document: Document) -> list[Problem]:
    """List everything in which *document* departs from the schema, in the file's order; at most the first 1,000."""
    if _decider()(document.data):
        return []
    found = sorted(islice(explain(document), MAX_PROBLEMS + 1))
    if len(found) > MAX_PROBLEMS:
        found[MAX_PROBLEMS:] = [Problem(found[-1].position, "", f"more than {MAX_PROBLEMS:,} problems; here it stops")]
    return found


def explain(document: Document) -> Iterator[Problem]:
    """Say for each violation what was found and what was expected."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    strict: Any = extend(Draft202012Validator, {"pattern": _check_pattern})  # type: ignore[no-untyped-call] # stubs
    validator = strict(json.loads(schema_text()))
    for error in validator.iter_errors(_without_valid_sessions(document.data)):
        if error.validator in {"minimum", "maximum"} and _is_fraction(error.instance, error.schema):
            continue  # its type is the problem, and is told
        for path, is_key, text in _explain_one(document, error):
            yield Problem(document.position(path, of_key=is_key), clean(dotted(path)), text)


def _without_valid_sessions(data: Any) -> Any:
    """Leave out what needs no explanation: jsonschema would spend seconds on ten thousand valid sessions."""
    sessions = data.get("sessions") if isinstance(data, dict) else None
    if not isinstance(sessions, dict):
        return data
    is_session, is_name = _decider("session"), _decider("name")
    suspects = {name: session for name, session in sessions.items() if not (is_session(session) and is_name(name))}
    return {**data, "sessions": suspects or sessions}


def _is_fraction(value: Any, schema: Any) -> bool:
    return isinstance(value, float) and not value.is_integer() and "number" not in schema["type"]


def _check_pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """Check `pattern` as ECMA 262 means it: Python's `$` would also match before a final line break."""
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, str) and re.search(pattern.replace("$", r"\Z"), instance) is None:
        yield ValidationError(pattern)


def _explain_one(document: Document, error: ValidationError) -> Iterator[tuple[Steps, bool, str]]:
    """Turn one violation into problems: path, whether the key rather than the value is meant, text."""
    path: Steps = tuple(error.absolute_path)
    value: Any = error.instance
    schema: Any = error.schema
    wanted: Any = error.validator_value
    if "propertyNames" in error.absolute_schema_path:
        yield (*path, value), True, f"found the name {_show(value)}, expected {schema['patternErrorMessage']}"
        return
    match error.validator:
        case "additionalProperties":
            known = list(schema["properties"])
            yield from (((*path, key), True, _unknown_key(key, known)) for key in value if key not in known)
        case "required":
            missing = [key for key in wanted if key not in value and f"'{key}'" in error.message]
            yield from ((path, True, f"`{key}` is missing, expected {_EXPECTED_KEYS[key]}") for key in missing)
        case "uniqueItems":
            repeated = (index for index, item in enumerate(value) if item in value[:index])
            yield from (((*path, i), False, f"{_show(value[i])} stands here twice; remove one") for i in repeated)
        case _:
            yield path, False, _explain_value(error, path, document)


_EXPECTED_KEYS = {"version": "`version: 1`", "sessions": "a mapping of session names to sessions"}


def _explain_value(error: ValidationError, path: Steps, document: Document) -> str:
    value: Any = error.instance
    limit: Any = error.validator_value
    schema: Any = error.schema
    match error.validator:
        case "type":
            kinds = [limit] if isinstance(limit, str) else limit
            return _wrong_type(_raw(document, path), value, kinds, schema)
        case "const":
            hint = "; remove the quotes" if value == str(limit) else ""
            return f"found {_show(value)}, expected {limit}{hint}"
        case "enum":
            return _not_listed(value, [choice for choice in limit if choice is not None])
        case "pattern":
            return f"found {_show(value)}, expected {schema['patternErrorMessage']}"
        case "minItems" | "maxItems":
            bound = "at least" if error.validator == "minItems" else "at most"
            hint = "; leave the key out to run all enabled ones" if error.validator == "minItems" else ""
            return f"{len(value)} scenarios, the API takes {bound} {limit}{hint}"
        case "minimum" | "maximum":
            return f"found {_show(value)}, expected {'at least' if error.validator == 'minimum' else 'at most'} {limit}"
        case "minProperties":
            return "found nothing, expected at least one entry"
        case "minLength" | "maxLength":
            bound = "at least" if error.validator == "minLength" else "at most"
            return f"found {len(value)} characters, expected {bound} {limit}"
        case _:  # pragma: no cover - a keyword that the schema does not use (held by a test)
            return str(error.message)


def _wrong_type(raw: str, value: Any, kinds: Sequence[str], schema: Any) -> str:
    expected = _either([_KINDS[kind] for kind in kinds if kind != "null"])
    found = f"found {_show(value)}, expected {expected}"
    if "string" in kinds and isinstance(value, bool | int | float):
        if re.search(schema.get("pattern", ""), raw) is None:
            return f"found {_show(value)}, expected {schema['patternErrorMessage']}"
        return f'{found}; quote it: "{clean(raw, _SHOWN)}"'
    if isinstance(value, str) and "integer" in kinds:
        return found + _number_hint(value)
    if value is None:
        return f"found nothing, expected {expected}"
    return found


def _number_hint(text: str) -> str:
    duration = parse_duration(text)
    if duration is not None:
        return f"; write {duration // timedelta(milliseconds=1)} if milliseconds are meant"
    bare = text.replace("_", "").strip()
    if bare.isascii() and bare.isdecimal():
        return f"; write {int(bare[:20])}" if "_" in text else "; remove the quotes"
    return ""


def _raw(document: Document, path: Steps) -> str:
    """The value as it is written in the file."""
    position = document.position(path)
    if position.line > len(document.lines):
        return ""  # an empty file
    rest = document.lines[position.line - 1][position.column - 1 :]
    for end in (" #", ",", "]", "}"):
        rest = rest.partition(end)[0]
    return rest.strip()


def _not_listed(value: Any, choices: list[str]) -> str:
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    return f"found {_show(value)}, expected {_either(choices)}{hint}"


def _either(choices: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]]))


def _unknown_key(key: str, known: list[str]) -> str:
    expected = f", expected one of {', '.join(known)}"
    return f"unknown key{did_you_mean(key, known) or expected}"


def _show(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f"'{clean(value, _SHOWN)}'"
        case int():
            return f"the number {value}" if abs(value) < 10**20 else f"a number of {len(str(abs(value)))} digits"
        case float():
            return f"the number {value}"
        case dict():
            return "a mapping"
        case _:
            return "a list"
