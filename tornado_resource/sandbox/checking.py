"""Whether a value is what a schema of the description says. Only the keywords that the description uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def fault(schema: Json, value: Any, name: str = "the body") -> str | None:
    """Return what is wrong with a value, or None.

    Args:
        schema: an object, list, text, number or choice as `operations` describes it.
        value: the JSON value.
        name: what messages call the value.

    """
    if "anyOf" in schema:
        found = [fault(each, value, name) for each in schema["anyOf"]]
        return None if None in found else found[0]
    if "enum" in schema:
        # A number or boolean is no choice: all of them are texts.
        choices = schema["enum"]
        return None if isinstance(value, str) and value in choices else f"{name} must be one of {', '.join(choices)}"
    kind = schema.get("type")
    if kind is not None and not _is_of(kind, value):
        return f"{name} must be of type {kind}"
    return _inner_fault(schema, value, name)


def _inner_fault(schema: Json, value: Any, name: str) -> str | None:
    if isinstance(value, dict):
        return _fault_of_object(schema, value)
    if isinstance(value, list):
        return _fault_of_list(schema, value, name)
    return _fault_of_scalar(schema, value, name)


def _is_of(kind: str, value: Any) -> bool:
    # bool is a kind of int in Python, not in JSON.
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _fault_of_object(schema: Json, value: Json) -> str | None:
    members = schema.get("properties", {})
    missing = next((key for key in schema.get("required", ()) if key not in value), None)
    if missing is not None:
        return f"{missing} is required"
    unknown = next((key for key in value if key not in members), None)
    if unknown is not None and schema.get("additionalProperties") is False:
        return f"Unknown field {unknown}"
    return _first(fault(members[key], value[key], key) for key in members.keys() & value.keys())


def _fault_of_list(schema: Json, value: list[Any], name: str) -> str | None:
    if len(value) > schema.get("maxItems", len(value)) or len(value) < schema.get("minItems", 0):
        return f"{name} has {len(value)} entries"
    return _first(fault(schema.get("items", {}), each, f"an entry of {name}") for each in value)


def _first(faults: Iterable[str | None]) -> str | None:
    return next((each for each in faults if each is not None), None)


def _fault_of_scalar(schema: Json, value: Any, name: str) -> str | None:
    if isinstance(value, str):
        return f"{name} must not be empty" if len(value) < schema.get("minLength", 0) else None
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"{name} must be from {schema.get('minimum', '…')} to {schema.get('maximum', '…')}"
    return None
