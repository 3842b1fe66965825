"""The API's responses as typed values.

Fields have the names of the API's pages. Unknown fields are ignored. A value that is missing or has the wrong type is
None, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tornado_resource.core.text import replace_surrogates

RUNNING: Final = "RUNNING"
COMPLETED: Final = frozenset({"COMPLETED_ALL_PASSED", "COMPLETED_PARTIAL"})
ABORTED: Final = frozenset({"TIMEOUT", "STUCK", "CANCELLED", "ERROR"})
FINAL: Final = COMPLETED | ABORTED
"""The final statuses (API page *Get Tornado Status*). A status in none of these sets is unknown."""

MAX_WHOLE: Final = 2**53
"""Pulumi carries numbers as 64-bit floats, which hold every whole number up to this one."""

SESSION_ID_KEYS: Final = ("session_id", "tornado_id", "id")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Started:
    """The response of *Start Tornado Session*. *session_id* and *created_at* are unchanged, byte for byte."""

    session_id: str
    created_at: str | None
    status: str
    max_iterations: int | None
    timeout_ms: int | None

    @classmethod
    def parse(cls, content: Json) -> Started | None:
        """Parse a response body; None if it has no session id."""
        session_id = parse_session_id(content)
        if session_id is None:
            return None
        return cls(
            session_id=session_id,
            created_at=_text(content.get("created_at")),
            status=_text(content.get("status")) or RUNNING,
            max_iterations=_whole(content.get("max_iterations")),
            timeout_ms=_whole(content.get("timeout_ms")),
        )


@dataclass(frozen=True, slots=True)
class Active:
    """The response of *Get Active Tornado Session*. *responded_at* is the API's time (Date header) if present."""

    session_id: str
    created_at: str | None
    status: str
    persona_id: str | None
    max_iterations: int | None
    total_scenarios: int | None
    responded_at: datetime | None

    @classmethod
    def parse(cls, content: Json, responded_at: datetime | None) -> Active | None:
        """Parse a response body; None if it has no session id."""
        session_id = parse_session_id(content)
        if session_id is None:
            return None
        return cls(
            session_id=session_id,
            created_at=_text(content.get("created_at")),
            status=_text(content.get("status")) or RUNNING,
            persona_id=_text(content.get("persona_id")),
            max_iterations=_whole(content.get("max_iterations")),
            total_scenarios=_whole(content.get("total_scenarios")),
            responded_at=responded_at,
        )


@dataclass(frozen=True, slots=True)
class Fix:
    """One fix of an iteration's fix plan."""

    target_node: str | None
    description: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Iteration:
    """One iteration of a session: the scenarios that passed and failed, and the fixes applied after it."""

    number: int | None
    started_at: str | None
    completed_at: str | None
    passed_ids: tuple[str, ...]
    failed_ids: tuple[str, ...]
    fixes: tuple[Fix, ...]

    @classmethod
    def parse(cls, content: Json) -> Iteration:
        """Parse one entry of `iterations`."""
        return cls(
            number=_whole(content.get("iteration")),
            started_at=_text(content.get("started_at")),
            completed_at=_text(content.get("completed_at")),
            passed_ids=_ids(content.get("passed_ids")),
            failed_ids=_ids(content.get("failed_ids")),
            fixes=_fixes(content.get("fix_plan")),
        )


@dataclass(frozen=True, slots=True)
class Status:
    """The response of *Get Tornado Status*."""

    status: str
    current_iteration: int | None = None
    max_iterations: int | None = None
    total_scenarios: int | None = None
    passed_scenarios: int | None = None
    failed_scenarios: int | None = None
    unfixable_ids: tuple[str, ...] = ()
    iterations: tuple[Iteration, ...] = ()
    elapsed_ms: int | None = None
    timeout_ms: int | None = None
    forked_version: int | None = None
    has_forked: bool = False
    """Whether the response names a forked version, even one that is not a number."""

    @classmethod
    def parse(cls, content: Json) -> Status | None:
        """Parse a response body; None if it has no status."""
        status = _text(content.get("status"))
        if not status:
            return None
        iterations = content.get("iterations")
        return cls(
            status=status,
            current_iteration=_whole(content.get("current_iteration")),
            max_iterations=_whole(content.get("max_iterations")),
            total_scenarios=_whole(content.get("total_scenarios")),
            passed_scenarios=_whole(content.get("passed_scenarios")),
            failed_scenarios=_whole(content.get("failed_scenarios")),
            unfixable_ids=_ids(content.get("unfixable_ids")),
            iterations=tuple(
                Iteration.parse(entry)
                for entry in (iterations if isinstance(iterations, list) else [])
                if isinstance(entry, dict)
            ),
            elapsed_ms=_whole(content.get("elapsed_ms")),
            timeout_ms=_whole(content.get("timeout_ms")),
            forked_version=_whole(content.get("forked_version")),
            has_forked=content.get("forked_version") is not None,
        )

    @property
    def is_running(self) -> bool:
        """Whether the session is running."""
        return self.status == RUNNING

    @property
    def is_final(self) -> bool:
        """Whether the session has ended. An unknown status is neither running nor final."""
        return self.status in FINAL


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario of a pathway."""

    scenario_id: str
    name: str | None
    is_required_for_promotion: bool


def parse_session_id(content: Json) -> str | None:
    """Return the session id of a response body; None if it has none.

    The API's page says `session_id`, the vendor's command line reads `tornado_id`, and other endpoints have `id`. The
    first that is not null counts: an id of the wrong type is not replaced by another field's value.
    """
    session_id = next((content[key] for key in SESSION_ID_KEYS if content.get(key) is not None), None)
    is_sound = isinstance(session_id, str) and session_id and replace_surrogates(session_id) == session_id
    return session_id if is_sound else None


def is_no_session(content: Json) -> bool:
    """Return whether a response body says that there is no session: it has an id, and the id is null."""
    given = [content[key] for key in SESSION_ID_KEYS if key in content]
    return bool(given) and all(value is None for value in given)


def parse_scenarios(content: Any) -> tuple[Scenario, ...] | None:
    """Parse the body of a *scenarios* response; None if it has no list of scenarios, or an entry is not one.

    The list is under `scenarios` (the API's page), under `data`, or the whole body.
    """
    listed = content
    while isinstance(listed, dict):
        if listed.get("errors") or listed.get("error"):
            return None
        listed = listed.get("scenarios", listed.get("data"))
    if not isinstance(listed, list):
        return None
    scenarios = [_scenario(entry) for entry in listed]
    return tuple(scenario for scenario in scenarios if scenario is not None) if all(scenarios) else None


def parse_time(text: str | None) -> datetime | None:
    """Parse an ISO 8601 time of the API (UTC if it has no offset); None if *text* is anything else."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _scenario(entry: Any) -> Scenario | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        return None
    mark = entry.get("is_required_for_promotion")
    return Scenario(replace_surrogates(entry["id"]), _text(entry.get("name")), mark is True or mark == "true")


def _fixes(fix_plan: Any) -> tuple[Fix, ...]:
    """Parse a fix plan. A value of another shape counts as one fix without details: a repair must not go unnoticed."""
    fixes = fix_plan.get("fixes") if isinstance(fix_plan, dict) else fix_plan
    entries = fixes if isinstance(fixes, list) else [fixes] if fixes else []
    return tuple(_fix(entry if isinstance(entry, dict) else {}) for entry in entries)


def _fix(entry: Json) -> Fix:
    return Fix(_text(entry.get("target_node")), _text(entry.get("description")), _text(entry.get("type")))


def _text(value: Any) -> str | None:
    return replace_surrogates(value) if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    """Return a whole number of at most MAX_WHOLE, given as a number or as digits; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MAX_WHOLE:
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else None


def _ids(value: Any) -> tuple[str, ...]:
    return (
        tuple(replace_surrogates(entry) for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()
    )
