"""Pulumi config under `tornado:`, checked as a whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.durations import parse_duration
from tornado_resource.core.text import clean, did_you_mean
from tornado_resource.declarations.model import ON_CONFLICT
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MIN_POLL_SECONDS: Final = 0.1
MAX_REASON_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True)
class Settings:
    """What config says of this run; *poll_seconds* is the longest pause between two status calls of a session."""

    declarations: str = "sessions.yaml"
    environment: str | None = None
    triggers: Mapping[str, Any] = field(default_factory=dict)
    adopt: Mapping[str, str] = field(default_factory=dict)
    poll_seconds: float = 15.0
    is_waiting: bool = True
    reports: str | None = None
    promote_without: str | None = None


PREFIX: Final = "tornado:"
KEYS: Final = (
    "declarations",
    "environment",
    "triggers",
    "onConflict",
    "adopt",
    "pollInterval",
    "promoteWithout",
    "wait",
    "reports",
)


def read_settings(config: Mapping[str, str]) -> Settings:
    """Read the `tornado:` values of a stack's whole config; objects are JSON text, as Pulumi hands them over.

    Raises:
        ConfigurationError: anything is wrong; all of it at once.

    """
    config = {key.removeprefix(PREFIX): value for key, value in config.items() if key.startswith(PREFIX)}
    faults = list(_faults(config))
    if faults:
        raise ConfigurationError("\n".join(faults))
    default = Settings()
    return Settings(
        declarations=config.get("declarations") or default.declarations,
        environment=config.get("environment"),
        triggers=_mapping(config.get("triggers")) or {},
        adopt=_mapping(config.get("adopt")) or {},
        poll_seconds=_seconds(config.get("pollInterval")) or default.poll_seconds,
        is_waiting=(config.get("wait") or "true").lower() != "false",
        reports=config.get("reports") or None,
        promote_without=(config.get("promoteWithout") or "").strip() or None,
    )


def _faults(config: Mapping[str, str]) -> Iterator[str]:
    for key, value in config.items():
        if key not in KEYS:
            hint = did_you_mean(key, KEYS, PREFIX)
            yield f"unknown config {PREFIX}{clean(key, 80)}, expected one of {', '.join(KEYS)}{hint}"
            continue
        expected = _expected(key, value)
        if expected is not None:
            yield f"config tornado:{key} is {clean(value, 80)!r}, expected {expected}"


def _expected(key: str, value: str) -> str | None:
    """Say what *key* takes if *value* is not that."""
    match key:
        case "triggers" if not _is_mapping_of(value, (str, int, float, bool)):
            return "an object of strings, numbers and booleans: pulumi config set --path tornado:triggers.commit $SHA"
        case "adopt" if not _is_mapping_of(value, (str,)):
            return "an object of session ids: pulumi config set --path tornado:adopt.SESSION-NAME SESSION_ID"
        case "onConflict" if value not in ON_CONFLICT:
            return f"one of {', '.join(ON_CONFLICT)}{did_you_mean(value, ON_CONFLICT)}"
        case "pollInterval" if (_seconds(value) or 0) < MIN_POLL_SECONDS:
            return f"a duration such as 15s, of at least {MIN_POLL_SECONDS:g}s"
        case "promoteWithout" if len(value) > MAX_REASON_CHARACTERS:
            return f"a reason of at most {MAX_REASON_CHARACTERS} characters"
        case "wait" if value.lower() not in {"true", "false"}:
            return "true or false"
        case _:
            return None


def _mapping(text: str | None) -> dict[str, Any] | None:
    try:
        value = json.loads(text) if text else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _is_mapping_of(text: str, kinds: tuple[type, ...]) -> bool:
    mapping = _mapping(text)
    return mapping is not None and all(isinstance(value, kinds) for value in mapping.values())


def _seconds(text: str | None) -> float | None:
    duration = parse_duration(text or "")
    return duration.total_seconds() if duration is not None else None
