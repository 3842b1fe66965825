"""Violations of the JSON Schema in words: what was found, what is expected, what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import folded
from tornado_resource.core.clock import parse_duration
from tornado_resource.core.text import cut, unusual_space
from tornado_resource.declarations.document import MAX_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tornado_resource.core.positions import Problem
    from tornado_resource.declarations.document import Document, KeyPath

MAX_NUMBER_CHARACTERS: Final = 500
"""How many characters of a line a number or boolean can fill (the reader refuses longer ones)."""
MIN_SECONDS: Final = 100
"""A timeout of fewer than this many is one in minutes."""
_TYPES: Final = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
_REQUIRED: Final = {
    "version": "`version: 1`",
    "file": "the path of a text file, such as {file: prompts/angry.md}",
    "type": "the type of the assertion, such as LLM_JUDGE",
    "config": "a mapping, such as {node_id: refund-done}",
    "judge": "a judge, such as {judge: polite}",
    "scenario": "a scenario of the session, such as {scenario: refund}",
    "reason": "why it does not decide, such as {reason: being fixed}",
    "until": "its last day, such as {until: 2026-12-31}",
}
FORMS: Final = {
    r"^[a-z][a-z0-9-]{0,62}$": "a lower-case letter, then up to 62 lower-case letters, digits and dashes",
    r"^[A-Za-z0-9._-]{1,100}$": "up to 100 letters, digits, dots, dashes and underscores",
    r"^[A-Za-z0-9._~:@-]{0,127}[A-Za-z0-9_~:@-]$": (
        "an id of up to 128 letters, digits and . _ ~ : @ -, not ending with a dot"
    ),
    r"^[A-Za-z0-9._-]{1,100}(/[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100})?$": (
        "an environment of this file, or a stack's full name such as acme/agents/staging"
    ),
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a day, such as 2026-12-31",
    r"^[1-9][0-9]{0,5}[smhd]$": "a whole number and s, m, h or d, such as 24h",
    r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$": (
        "1 to 200 characters on one line, with no blanks around them"
    ),
    r"^[^\x00-\x1f\x7f]+$": "a path of 1 to 1000 characters on one line",
    r"^latest$": "`latest`, or the number of a version",
    r"^(latest|pinned|(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}|(?!v?[0-9.]*$)[A-Za-z0-9._~:@-]{0,127}[A-Za-z0-9_~:@-])$": (
        "`latest`, `pinned`, a published version such as 1.4.0, or the id of a version"
    ),
    r"^(all|any|100%|[1-9][0-9]?%)$": "`all`, `any`, or a percentage such as 80%",
    r"^(100%|[1-9][0-9]?%)$": "a percentage such as 90%",
    r"^(all|100%|[1-9][0-9]?%)$": "`all`, a whole number, or a percentage such as 80%",
    r"^own$": "`own`, or a mapping of scenarios",
    r"^none$": "`none`, or a mapping such as {passed: all}",
    r"^(all|promotion|any|100%|[1-9][0-9]?%)$": (
        "`all`, `promotion`, `any`, a whole number, or a percentage such as 95%"
    ),
}
"""What the patterns of the schema mean. The schema itself has no keywords but those of the standard."""
SCENARIO_IDS: Final = "scenario_ids"
NO_LIMIT: Final = "found no limit, expected `minutes`, `runs` or both; to set none, remove the key"
_NOUNS: Final = {
    "scenario_ids": "scenario",
    "scenarios": "scenario",
    "judges": "judge",
    "target_level_keys": "level",
    "tags": "tag",
    "only": "tag",
}
"""What the entries of lists are."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation of the schema.

    *schema* is the part of the schema whose *keyword* the *value* at *path* violates. *keys* are the unknown or missing
    ones. With *is_name* the key at *path* is meant, and *value* is that key.
    """

    path: KeyPath
    value: Any
    keyword: str
    schema: Mapping[str, Any]
    keys: tuple[str, ...] = ()
    is_name: bool = False

    @property
    def limit(self) -> Any:
        """The value of the keyword."""
        return self.schema[self.keyword]


def explain(document: Document, violation: Violation) -> Iterator[Problem]:
    """Yield the problems that a violation stands for: one for each unknown key and each duplicate."""
    if violation.keyword == "additionalProperties":
        for key in violation.keys:
            yield _unknown_key(document, violation, key)
    elif violation.keyword == "uniqueItems":
        yield from _duplicates(document, violation)
    elif not _is_told_by_type(violation):
        yield _problem(document, violation)


def _problem(document: Document, violation: Violation) -> Problem:
    text = _EXPLANATIONS[violation.keyword](violation, document)
    return document.problem(
        violation.path, text, of_key=violation.is_name or violation.keyword in {"required", "anyOf"}
    )


def _is_told_by_type(violation: Violation) -> bool:
    """Whether the value is a fraction below a minimum of whole numbers: its type is reported, and that is enough."""
    value, is_bound = violation.value, violation.keyword in {"minimum", "exclusiveMinimum", "maximum"}
    is_fraction = isinstance(value, float) and not value.is_integer()
    return is_bound and is_fraction and "number" not in violation.schema["type"]


def _unknown_key(document: Document, violation: Violation, key: str) -> Problem:
    properties, space = list(violation.schema["properties"]), unusual_space(key)
    expected = f", expected one of {', '.join(properties)}"
    text = f"unknown key{document.quoting.hint(key, properties) or expected}"
    if space is not None:
        text = f"found {space} in a key, expected an ordinary space"
    return document.problem((*violation.path, key), text, of_key=True)


def _duplicates(document: Document, violation: Violation) -> Iterator[Problem]:
    fold = folded if violation.path[-1] == SCENARIO_IDS else str
    first: dict[str, int] = {}
    for index, item in enumerate(violation.value):
        # The type of any other item is reported.
        if isinstance(item, str) and first.setdefault(fold(item), index) != index:
            yield _duplicate(document, (*violation.path, index), item, first[fold(item)])


def _duplicate(document: Document, path: KeyPath, item: str, first: int) -> Problem:
    line = document.position((*path[:-1], first)).line
    where = f" (first at line {line})" if document.file else ""
    return document.problem(path, f"duplicate {_NOUNS[str(path[-2])]} {_show(item, document)}{where}; remove one")


def _explain_required(violation: Violation, _document: Document) -> str:
    [key] = violation.keys
    return f"`{key}` is missing, expected {_REQUIRED[key]}"


def _explain_type(violation: Violation, document: Document) -> str:
    value, schema = violation.value, violation.schema
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    expected = _either([_TYPES[type_name] for type_name in types if type_name != "null"])
    if {"integer", "string"} <= {*types}:
        expected = FORMS[schema["pattern"]]
    message = f"found {_show(value, document)}, expected {expected}"
    if "string" in types and isinstance(value, bool | int | float):
        return _explain_unquoted(violation, document, message)
    if "integer" in types and isinstance(value, str) and document.quoting.is_on:
        return message + _number_hint(violation)
    return message


def _explain_unquoted(violation: Violation, document: Document, message: str) -> str:
    """Say that a number or boolean must be quoted, or that it would be no valid string either."""
    written = _written(document, violation.path)
    if re.search(violation.schema.get("pattern", ""), written) is None:
        return _explain_pattern(violation, document)
    return f"{message}; quote it" + (f': "{cut(written, MAX_TEXT)}"' if document.quoting.is_on else "")


def _number_hint(violation: Violation) -> str:
    text, unit = violation.value, "minutes" if violation.path[-1:] == ("minutes",) else "milliseconds"
    duration = parse_duration(text)
    if duration is not None:
        return f"; write {-(-duration // timedelta(**{unit: 1}))} if {unit} are meant"
    bare = text.replace("_", "").strip()
    if bare.isascii() and bare.isdecimal():
        return f"; write {int(bare[:20])}" if "_" in text else "; remove the quotes"
    return ""


def _written(document: Document, path: KeyPath) -> str:
    """Return a plain scalar as the file has it: `1e3` is the number 1000.0, but a string if it is quoted."""
    position = document.position(path)
    start = position.column - 1
    rest = document.lines[position.line - 1][start : start + MAX_NUMBER_CHARACTERS]
    for end in (" #", ",", "]", "}"):
        rest = rest.partition(end)[0]
    return rest.strip()


def _explain_const(violation: Violation, document: Document) -> str:
    hint = "; remove the quotes" if violation.value == str(violation.limit) and document.quoting.is_on else ""
    return f"found {_show(violation.value, document)}, expected {violation.limit}{hint}"


def _explain_enum(violation: Violation, document: Document) -> str:
    value, choices = violation.value, [choice for choice in violation.limit if choice is not None]
    hint = document.quoting.hint(value, choices) if isinstance(value, str) else ""
    return f"found {_show(value, document)}, expected {_either(choices)}{hint}"


def _explain_pattern(violation: Violation, document: Document) -> str:
    subject = "the name " if violation.is_name else ""
    is_number = "integer" in violation.schema.get("type", ()) and document.quoting.is_on
    hint = _number_hint(violation) if is_number and isinstance(violation.value, str) else ""
    return f"found {subject}{_show(violation.value, document)}, expected {FORMS[violation.schema['pattern']]}{hint}"


def _explain_min_items(violation: Violation, _document: Document) -> str:
    if violation.path[-1] == "only":
        return "0 tags, expected at least 1; remove the key to run all sessions and agents"
    if violation.path[-1] == "quarantine":
        return "found an empty list, expected at least one entry; remove the key"
    # A list of checks has no default.
    hint = "" if "checks" in violation.path else "; remove the key to run all enabled ones"
    return f"0 {_NOUNS[str(violation.path[-1])]}s, the API takes at least {violation.limit}{hint}"


def _explain_max_items(violation: Violation, _document: Document) -> str:
    noun = _NOUNS.get(str(violation.path[-1]))
    what, who = (f"{noun}s", "the API takes") if noun is not None else ("entries", "expected")
    who = "expected" if noun == "tag" else who
    return f"{len(violation.value)} {what}, {who} at most {violation.limit}"


def _explain_minimum(violation: Violation, document: Document) -> str:
    message = f"found {_show(violation.value, document)}, expected at least {violation.limit}"
    is_meant = document.quoting.is_on and violation.path[-1:] == ("timeout_ms",)
    return message + _milliseconds_hint(violation.value) if is_meant else message


def _explain_exclusive_minimum(violation: Violation, document: Document) -> str:
    """Say what a whole number must be at least. For a fraction below that, an editor shows one message, its type."""
    return f"found {_show(violation.value, document)}, expected at least {violation.limit + 1}"


def _milliseconds_hint(value: float) -> str:
    if value <= 0:
        return " (milliseconds)"
    # Nobody means a session of less than 10 seconds: such a number is one of minutes or seconds.
    unit, factor = ("minutes", 60_000) if value < MIN_SECONDS else ("seconds", 1000)
    return f" (milliseconds); write {int(value * factor)} if {unit} are meant"


def _explain_maximum(violation: Violation, document: Document) -> str:
    return f"found {_show(violation.value, document)}, expected at most {violation.limit}"


def _explain_max_length(violation: Violation, _document: Document) -> str:
    return f"{len(violation.value):,} characters, expected at most {violation.limit:,}"


def _explain_min_properties(violation: Violation, _document: Document) -> str:
    if violation.path[-1:] == ("budget",):
        return NO_LIMIT
    return "found an empty mapping, expected at least one entry"


def _explain_max_properties(violation: Violation, _document: Document) -> str:
    return f"{len(violation.value):,} entries, expected at most {violation.limit:,}"


def _explain_placeholder(violation: Violation, _document: Document) -> str:
    what = "agent" if violation.path[-1] == "agent_id" else "pathway"
    return f"found the placeholder, expected the id of your {what}, which its URL in Bland's dashboard shows"


def _explain_any_of(_violation: Violation, _document: Document) -> str:
    return "`sessions` is missing, expected a mapping of session names to sessions (or `agents`, or both)"


_EXPLANATIONS: Final[dict[str, Callable[[Violation, Document], str]]] = {
    "required": _explain_required,
    "anyOf": _explain_any_of,
    "type": _explain_type,
    "const": _explain_const,
    "enum": _explain_enum,
    "pattern": _explain_pattern,
    "minItems": _explain_min_items,
    "maxItems": _explain_max_items,
    "minimum": _explain_minimum,
    "exclusiveMinimum": _explain_exclusive_minimum,
    "maximum": _explain_maximum,
    "maxLength": _explain_max_length,
    "minProperties": _explain_min_properties,
    "maxProperties": _explain_max_properties,
    "not": _explain_placeholder,
}
EXPLAINED: Final = frozenset({*_EXPLANATIONS, "additionalProperties", "uniqueItems", "propertyNames"})
"""The keywords that the schema may use (a test compares)."""


def _either(choices: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]]))


def _show(value: Any, document: Document) -> str:
    match value:
        case None:
            return "nothing"
        case str():
            return document.quoting.text(value)
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return _show_number(value) if document.quoting.is_on else "a number or boolean"


def _show_number(value: float) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    is_long = isinstance(value, int) and abs(value) >= 10**20
    return f"a number of {len(str(abs(value)))} digits" if is_long else f"the number {value}"
