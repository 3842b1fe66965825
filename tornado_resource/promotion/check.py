"""Whether the sessions of an environment may run on the versions that passed in another stack. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import parse_time
from tornado_resource.core.durations import format_duration, parse_duration
from tornado_resource.core.text import clean
from tornado_resource.promotion.record import PromotedSession, Promotion, text_or_none, version_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tornado_resource.declarations.model import Declaration, Environment

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far in the future a pass may be by this machine's clock: the API's clock is another one."""
UNKNOWN_VERSION: Final = "no version_number is declared there, or repairs or adoption made the version unknown"


@dataclass(frozen=True, slots=True)
class SourceStack:
    """Another stack: its full name, and its outputs `environment`, `sessions` and `verdicts`, unchecked."""

    stack: str
    environment: Any = None
    sessions: Any = None
    verdicts: Any = None


@dataclass(frozen=True, slots=True)
class Promoted:
    """An environment on the versions that passed.

    *environment* has them as `version_number`. *record* is for outputs and reports. *problems* has, by session, why it
    cannot be promoted; it is empty under an override. *awaiting_version* are the sessions with problems that can still
    get a version from a later pass. *summaries* has a line for each session, for the preview.
    """

    environment: Environment
    record: Promotion
    problems: Mapping[str, str]
    awaiting_version: frozenset[str]
    summaries: Mapping[str, str]


def check_promotion(
    environment: Environment, source: SourceStack, now: datetime, override: str | None = None
) -> Promoted:
    """Check every session of *environment* against the source stack, and take over the versions that passed.

    Args:
        environment: what is declared; it has `promotes_from`.
        source: what the other stack has recorded.
        now: the time, for `max_age`.
        override: the reason in `tornado:promoteWithout`. With it, problems are recorded as waived instead of reported,
            and a declared version takes precedence over the source stack's.

    """
    is_overridden = override is not None
    results = [_check(environment, source, each, now, waive=is_overridden) for each in environment.declarations]
    return Promoted(
        environment=replace(environment, declarations=tuple(result.on_version() for result in results)),
        record=Promotion(source.stack, override, {result.name: result.recorded() for result in results}),
        problems={result.name: "; ".join(result.problems) for result in results if result.problems},
        awaiting_version=frozenset(result.name for result in results if result.is_awaiting_version),
        summaries={result.name: _summary(result) for result in results},
    )


@dataclass(frozen=True, slots=True)
class _SourceSession:
    """One session's outputs in the source stack; a part is None if it is missing or of another type."""

    outcome: str | None
    reason: str
    session_id: str | None
    """The session of the verdict."""
    current_id: str | None
    """The session that the stack records now."""
    version: int | None
    finished_at: str | None
    is_other_pathway: bool
    """Whether it is known to run on another pathway there."""

    @classmethod
    def of(cls, source: SourceStack, declaration: Declaration) -> _SourceSession:
        verdict = _entry(source.verdicts, declaration.name)
        session = _entry(source.sessions, declaration.name)
        return cls(
            outcome=text_or_none(verdict.get("outcome")),
            reason=text_or_none(verdict.get("reason")) or "no reason is recorded",
            session_id=text_or_none(verdict.get("session_id")) or None,
            current_id=text_or_none(session.get("session_id")) or None,
            version=version_or_none(verdict.get("version")),
            finished_at=text_or_none(verdict.get("finished_at")),
            is_other_pathway=bool(session) and session.get("pathway_id") != declaration.pathway_id,
        )


@dataclass(frozen=True, slots=True)
class _Check:
    """The result for one session."""

    declaration: Declaration
    source: _SourceSession
    problems: tuple[str, ...]
    waived: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.declaration.name

    @property
    def version(self) -> int | None:
        """The version to test: the declared one, else the one that passed, if it is of this pathway."""
        declared = self.declaration.request.get("version_number")
        if declared is not None:
            return int(declared)
        return None if self.source.is_other_pathway else self.source.version

    def on_version(self) -> Declaration:
        if self.version is None:
            return self.declaration
        return replace(self.declaration, request={**self.declaration.request, "version_number": self.version})

    @property
    def is_awaiting_version(self) -> bool:
        return bool(self.problems) and not self.source.is_other_pathway

    def recorded(self) -> PromotedSession:
        return PromotedSession(self.source.session_id, self.version, self.source.finished_at, self.waived)


def _check(
    environment: Environment, source: SourceStack, declaration: Declaration, now: datetime, *, waive: bool
) -> _Check:
    session = _SourceSession.of(source, declaration)
    problems = (
        *_environment_problems(environment, source),
        *(_no_pass(session) or _pass_problems(environment, declaration, session, now)),
    )
    return _Check(declaration, session, (), problems) if waive else _Check(declaration, session, problems, ())


def _environment_problems(environment: Environment, source: SourceStack) -> Iterator[str]:
    """Only for a stack named for its environment: one given by its full name may run any environment."""
    expected = environment.promotes_from or ""
    if "/" not in expected and source.environment is not None and source.environment != expected:
        yield f"the stack there runs environment {clean(str(source.environment), 100)}"


def _no_pass(session: _SourceSession) -> tuple[str, ...]:
    if session.outcome is None:
        return ("no verdict there: declare the session there with a gate, and let `pulumi up` wait for it",)
    if session.outcome != "passed":
        return (f"its verdict there is {clean(session.outcome, 40)}: {clean(session.reason)}",)
    return ()


def _pass_problems(
    environment: Environment, declaration: Declaration, session: _SourceSession, now: datetime
) -> Iterator[str]:
    if session.session_id is None or session.session_id != session.current_id:
        passed = f"session {clean(session.session_id, 80)}" if session.session_id else "an unknown session"
        current = f"session {clean(session.current_id, 80)}" if session.current_id else "no session"
        yield f"{passed} passed there, but the stack now records {current}"
    if environment.max_age is not None:
        yield from _age_problems(environment.max_age, session.finished_at, now)
    if not session.is_other_pathway:
        yield from _version_problems(declaration, session)


def _age_problems(max_age: str, finished_at: str | None, now: datetime) -> Iterator[str]:
    finished = parse_time(finished_at)
    if finished is None:
        yield f"the time of its pass there is unknown, but max_age is {max_age}"
        return
    age = now - finished
    if age < -CLOCK_TOLERANCE:
        yield f"it passed there at {clean(finished_at or '', 40)}, which is in the future by this machine's clock"
    elif age > (parse_duration(max_age) or timedelta()):
        ago = format_duration(age)
        yield f"it passed there {ago} ago, but max_age is {max_age}; run it again there (a trigger, `rerun: always`)"


def _version_problems(declaration: Declaration, session: _SourceSession) -> Iterator[str]:
    declared = declaration.request.get("version_number")
    if session.version is None:
        yield f"its pass there has no version: {UNKNOWN_VERSION}"
    elif declared is not None and declared != session.version:
        yield (
            f"version_number {declared} is declared here, but version {session.version} passed there; "
            f"remove it here, or test version {declared} there"
        )


def _summary(result: _Check) -> str:
    version = f"version {result.version}" if result.version is not None else "no version"
    if result.waived:
        return f"{result.name}: {version}, promoted without a pass: {'; '.join(result.waived)}"
    passed = f"session {clean(result.source.session_id or '', 80)}"
    if result.source.is_other_pathway:
        carried = "is declared" if result.version is not None else "is carried over"
        return f"{result.name}: passed there ({passed}) on another pathway, {version} {carried}"
    return f"{result.name}: {version}, passed there ({passed})"


def _entry(output: Any, name: str) -> Mapping[str, Any]:
    entry = output.get(name) if isinstance(output, Mapping) else None
    return entry if isinstance(entry, Mapping) else {}
