"""Whether the sessions of one environment may run on what another environment's stack has recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import parse_time
from tornado_resource.core.durations import format_duration, parse_duration
from tornado_resource.core.text import clean
from tornado_resource.promotion.record import Carried, Promotion, text_of, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tornado_resource.declarations.model import Declaration, Environment

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far in the future, by this machine's clock, a pass may lie: the API's clock is another one."""
UNNAMED: Final = "no version_number is declared there, or its repairs or its adoption leave the version unknown"


@dataclass(frozen=True, slots=True)
class SourceStack:
    """Another stack: its full name, and its outputs `environment`, `sessions` and `verdicts` as Pulumi gives them."""

    stack: str
    environment: Any = None
    sessions: Any = None
    verdicts: Any = None


@dataclass(frozen=True, slots=True)
class Promoted:
    """An environment on the versions that passed.

    *environment* has them as `version_number`; *record* is for the outputs and reports; *blocks* tells by session what
    speaks against it (empty where that was waived); *awaited* are the blocked sessions to which a pass may still bring
    a version; *notes* tell by session what is carried, in a sentence.
    """

    environment: Environment
    record: Promotion
    blocks: Mapping[str, str]
    awaited: frozenset[str]
    notes: Mapping[str, str]


def check_promotion(
    environment: Environment, source: SourceStack, now: datetime, without: str | None = None
) -> Promoted:
    """Check every session of *environment* against the other stack, and carry the versions that passed.

    Args:
        environment: what is declared; it has `promotes_from`.
        source: what the other stack has recorded.
        now: the time, for `max_age`.
        without: the reason for doing without passes (`tornado:promoteWithout`): then what blocks is waived, and put
            on record. A declared version comes before the other stack's then.

    """
    declarations, carried, blocks, awaited, notes = [], {}, {}, set(), {}
    for declaration in environment.declarations:
        found = _Found.of(source, declaration)
        against = tuple(_against(environment, source, declaration, found, now))
        if against and without is None:
            blocks[declaration.name] = "; ".join(against)
            if not found.is_other_pathway:
                awaited.add(declaration.name)
        version = _version(declaration, found)
        declarations.append(_with_version(declaration, version))
        waived = against if without is not None else ()
        carried[declaration.name] = Carried(found.session_id, version, found.finished_at, waived)
        notes[declaration.name] = _note(declaration, found, version, waived)
    record = Promotion(source.stack, without, carried)
    return Promoted(replace(environment, declarations=tuple(declarations)), record, blocks, frozenset(awaited), notes)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the other stack has recorded of one session, each part None where it is not there or of another type."""

    outcome: str | None
    reason: str
    session_id: str | None
    recorded_id: str | None
    version: int | None
    finished_at: str | None
    is_other_pathway: bool
    """Whether it is known to run on another pathway there."""

    @classmethod
    def of(cls, source: SourceStack, declaration: Declaration) -> _Found:
        verdict = _entry(source.verdicts, declaration.name)
        session = _entry(source.sessions, declaration.name)
        return cls(
            outcome=text_of(verdict.get("outcome")),
            reason=text_of(verdict.get("reason")) or "no reason is recorded",
            session_id=text_of(verdict.get("session_id")) or None,
            recorded_id=text_of(session.get("session_id")) or None,
            version=version_of(verdict.get("version")),
            finished_at=text_of(verdict.get("finished_at")),
            is_other_pathway=bool(session) and session.get("pathway_id") != declaration.pathway_id,
        )


def _against(
    environment: Environment, source: SourceStack, declaration: Declaration, found: _Found, now: datetime
) -> Iterator[str]:
    """Say everything that speaks against the promotion of one session."""
    expected = environment.promotes_from or ""
    if "/" not in expected and source.environment is not None and source.environment != expected:
        yield f"that stack runs environment {clean(str(source.environment), 100)}"
    if found.outcome is None:
        yield "it has no verdict there: it must be declared there with a gate, and awaited by `pulumi up`"
        return
    if found.outcome != "passed":
        yield f"its verdict there is {clean(found.outcome, 40)}: {clean(found.reason)}"
        return
    if found.session_id is None or found.session_id != found.recorded_id:
        theirs = f"session {clean(found.session_id, 80)}" if found.session_id else "no session"
        now_there = f"session {clean(found.recorded_id, 80)}" if found.recorded_id else "none"
        yield f"its pass there is of {theirs}, and the stack now records {now_there}"
    if environment.max_age is not None:
        yield from _too_old(environment.max_age, found.finished_at, now)
    if not found.is_other_pathway:
        yield from _other_version(declaration, found)


def _too_old(max_age: str, finished_at: str | None, now: datetime) -> Iterator[str]:
    finished = parse_time(finished_at)
    if finished is None:
        yield f"when it passed there is not known, and max_age is {max_age}"
        return
    age = now - finished
    if age < -CLOCK_TOLERANCE:
        yield f"it passed there at {clean(finished_at or '', 40)}, which is in the future by this machine's clock"
    elif age > (parse_duration(max_age) or timedelta()):
        ago = format_duration(age)
        yield f"it passed there {ago} ago, and max_age is {max_age}; run it again there (a trigger, `rerun: always`)"


def _other_version(declaration: Declaration, found: _Found) -> Iterator[str]:
    declared = declaration.request.get("version_number")
    if found.version is None:
        yield f"its pass there names no version: {UNNAMED}"
    elif declared is not None and declared != found.version:
        yield (
            f"version_number {declared} is declared, and version {found.version} passed there; "
            f"leave it out here, or test {declared} there"
        )


def _version(declaration: Declaration, found: _Found) -> int | None:
    declared = declaration.request.get("version_number")
    if declared is not None:
        return int(declared)
    return None if found.is_other_pathway else found.version


def _with_version(declaration: Declaration, version: int | None) -> Declaration:
    if version is None:
        return declaration
    return replace(declaration, request={**declaration.request, "version_number": version})


def _note(declaration: Declaration, found: _Found, version: int | None, waived: tuple[str, ...]) -> str:
    if waived:
        shown = f"version {version}" if version is not None else "no version"
        return f"{declaration.name}: {shown}, promoted without a pass: {'; '.join(waived)}"
    session = f"session {clean(found.session_id or '', 80)}"
    if found.is_other_pathway:
        carried = f"version {version} is declared" if version is not None else "no version is carried"
        return f"{declaration.name}: passed there ({session}) on another pathway, {carried}"
    return f"{declaration.name}: version {version}, passed there ({session})"


def _entry(output: Any, name: str) -> Mapping[str, Any]:
    entry = output.get(name) if isinstance(output, Mapping) else None
    return entry if isinstance(entry, Mapping) else {}
