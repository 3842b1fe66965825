"""The content of a scenario: what decides how it is run and judged, and its digest. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.canonical import canonical, digest, trimmed

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENT_FIELDS: Final = (
    "tester_persona_prompt",
    "tester_persona_name",
    "advanced_instructions",
    "category",
    "scenario_type",
    "input_messages",
    "max_turns",
    "request_data",
    "metadata",
    "start_node_id",
    "bland_tone_enabled",
    "is_required_for_promotion",
)
"""The fields of the API's page *Scenarios* that decide about a run: all but names, ids, times and results."""
SCENARIO_FIELDS: Final = ("name", "tags", "description", *CONTENT_FIELDS, "enabled", "assertions")
"""What the definition of a scenario may say, in the order of the API's page *Scenarios*. Ids, times and results are not
in it."""
CONTENT_ASSERTION_FIELDS: Final = ("type", "config", "is_required", "weight")
CONTENT_DEFAULTS: Final[Mapping[str, Any]] = {
    "category": "CUSTOM",
    "scenario_type": "AGENT",
    "max_turns": 20,
    "bland_tone_enabled": False,
    "is_required_for_promotion": False,
    "is_required": True,
    "weight": 1,
}
"""What the API adds where a field is missing: an API that shows its defaults shows the same scenario."""


def scenario_digest(entry: Mapping[str, Any], *, is_exact: bool = True) -> str:
    """Return the digest of a scenario. Empty values count as missing ones.

    One that is nested too deeply is `unreadable`. If not *is_exact*, white space at the ends of lines and of texts does
    not count.
    """
    try:
        return "sha256:" + digest(_content(entry if is_exact else trimmed(entry)))
    except RecursionError:
        return "unreadable"


def _content(entry: Mapping[str, Any]) -> dict[str, Any]:
    listed = entry.get("assertions")
    assertions = [
        assertion for assertion in (listed if isinstance(listed, list) else []) if isinstance(assertion, dict)
    ]
    ordered = sorted((_picked(assertion, CONTENT_ASSERTION_FIELDS) for assertion in assertions), key=canonical)
    return {**_picked(entry, CONTENT_FIELDS), "assertions": ordered}


def _picked(entry: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    values = {key: entry.get(key) for key in keys}
    filled = {key: CONTENT_DEFAULTS.get(key) if is_missing(value) else value for key, value in values.items()}
    return {key: value for key, value in filled.items() if value is not None}


def is_missing(value: Any) -> bool:
    """Return whether a value says nothing: null, or an empty text, object or list."""
    return value is None or value in ("", [], {})
