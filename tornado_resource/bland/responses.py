"""The API's answers as typed values.

Fields are read by the names of the API's pages; unknown fields are left alone, and a number or id that is missing or of
another type becomes None rather than a guess.
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

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Started:
    """The answer of *Start Tornado Session*; *session_id* and *created_at* byte for byte."""

    session_id: str
    created_at: str | None
    status: str
    max_iterations: int | None
    timeout_ms: int | None

    @classmethod
    def of(cls, answer: Json) -> Started | None:
        """Read an answer: None when it names no session."""
        session_id = _session_id(answer)
        if session_id is None:
            return None
        return cls(
            session_id=session_id,
            created_at=_text(answer.get("created_at")),
            status=_text(answer.get("status")) or RUNNING,
            max_iterations=_whole(answer.get("max_iterations")),
            timeout_ms=_whole(answer.get("timeout_ms")),
        )


@dataclass(frozen=True, slots=True)
class Active:
    """The answer of *Get Active Tornado Session*; *asked_at* is the API's own time then (Date header), if it told."""

    session_id: str
    created_at: str | None
    status: str
    persona_id: str | None
    max_iterations: int | None
    total_scenarios: int | None
    asked_at: datetime | None

    @classmethod
    def of(cls, answer: Json, asked_at: datetime | None) -> Active | None:
        """Read an answer: None when it names no session."""
        session_id = _session_id(answer)
        if session_id is None:
            return None
        return cls(
            session_id=session_id,
            created_at=_text(answer.get("created_at")),
            status=_text(answer.get("status")) or RUNNING,
            persona_id=_text(answer.get("persona_id")),
            max_iterations=_whole(answer.get("max_iterations")),
            total_scenarios=_whole(answer.get("total_scenarios")),
            asked_at=asked_at,
        )


@dataclass(frozen=True, slots=True)
class Fix:
    """One fix of an iteration's plan."""

    target_node: str | None
    description: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Iteration:
    """One round of a session: what passed, what failed, what was then fixed."""

    number: int | None
    started_at: str | None
    completed_at: str | None
    passed_ids: tuple[str, ...]
    failed_ids: tuple[str, ...]
    fixes: tuple[Fix, ...]

    @classmethod
    def of(cls, answer: Json) -> Iteration:
        """Read one entry of `iterations`."""
        return cls(
            number=_whole(answer.get("iteration")),
            started_at=_text(answer.get("started_at")),
            completed_at=_text(answer.get("completed_at")),
            passed_ids=_ids(answer.get("passed_ids")),
            failed_ids=_ids(answer.get("failed_ids")),
            fixes=_fixes(answer.get("fix_plan")),
        )


@dataclass(frozen=True, slots=True)
class Status:
    """The answer of *Get Tornado Status*."""

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
    """Whether the API names a forked version at all, be it one that cannot be read."""

    @classmethod
    def of(cls, answer: Json) -> Status | None:
        """Read an answer: None when it has no status."""
        status = _text(answer.get("status"))
        if not status:
            return None
        iterations = answer.get("iterations")
        return cls(
            status=status,
            current_iteration=_whole(answer.get("current_iteration")),
            max_iterations=_whole(answer.get("max_iterations")),
            total_scenarios=_whole(answer.get("total_scenarios")),
            passed_scenarios=_whole(answer.get("passed_scenarios")),
            failed_scenarios=_whole(answer.get("failed_scenarios")),
            unfixable_ids=_ids(answer.get("unfixable_ids")),
            iterations=tuple(
                Iteration.of(entry)
                for entry in (iterations if isinstance(iterations, list) else [])
                if isinstance(entry, dict)
            ),
            elapsed_ms=_whole(answer.get("elapsed_ms")),
            timeout_ms=_whole(answer.get("timeout_ms")),
            forked_version=_whole(answer.get("forked_version")),
            has_forked=answer.get("forked_version") is not None,
        )

    @property
    def is_running(self) -> bool:
        """Whether the session goes on."""
        return self.status == RUNNING

    @property
    def is_final(self) -> bool:
        """Whether the session has ended for certain."""
        return self.status in FINAL


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario of a pathway."""

    scenario_id: str
    name: str | None
    is_required_for_promotion: bool


def scenarios_of(answer: Json) -> tuple[Scenario, ...] | None:
    """Read the answer of *scenarios*: None when it has no such list, or an entry of it cannot be read."""
    listed = answer.get("scenarios")
    if not isinstance(listed, list):
        return None
    scenarios = [_scenario(entry) for entry in listed]
    return tuple(scenario for scenario in scenarios if scenario is not None) if all(scenarios) else None


def parse_time(text: str | None) -> datetime | None:
    """Read the API's ISO 8601 times; one without an offset is UTC. None when *text* is no time."""
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
    """Read a fix plan; what is there and cannot be read counts as a fix of which nothing is known."""
    fixes = fix_plan.get("fixes") if isinstance(fix_plan, dict) else fix_plan
    entries = fixes if isinstance(fixes, list) else [fixes] if fixes else []
    return tuple(_fix(entry if isinstance(entry, dict) else {}) for entry in entries)


def _fix(entry: Json) -> Fix:
    return Fix(_text(entry.get("target_node")), _text(entry.get("description")), _text(entry.get("type")))


def _session_id(answer: Json) -> str | None:
    session_id = answer.get("session_id")
    is_sound = isinstance(session_id, str) and session_id and replace_surrogates(session_id) == session_id
    return session_id if is_sound else None


def _text(value: Any) -> str | None:
    return replace_surrogates(value) if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    """Read a whole number that Pulumi, which has floats only, can carry without a loss."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MAX_WHOLE:
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else None


def _ids(value: Any) -> tuple[str, ...]:
    return (
        tuple(replace_surrogates(entry) for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()
    )
