"""Whether the sessions of an environment may run on the versions that passed in another stack. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.content import LIVE
from tornado_resource.bland.responses import parse_time
from tornado_resource.core.canonical import natural_or_none, text_or_none, texts, whole_without_nulls
from tornado_resource.core.clock import format_duration, parse_duration
from tornado_resource.core.text import clean, id_list
from tornado_resource.declarations.model import LATEST, PINNED, SUBJECTS, Gate, declared_version, is_version_id
from tornado_resource.declarations.quarantine import parsed
from tornado_resource.declarations.releases import PASSED_ON_LIVE, PATCHED
from tornado_resource.runs.confirmation import agrees as is_confirmed
from tornado_resource.runs.confirmation import parse_confirmation
from tornado_resource.runs.kinds import kind_of
from tornado_resource.stacks.recorded_promotion import PromotedSession, Promotion
from tornado_resource.stacks.recorded_verdicts import passed_elsewhere, recorded_confirm
from tornado_resource.stacks.rollback import Rollback
from tornado_resource.versions.drift import edit_since_pass, unread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from tornado_resource.bland.content import Digests
    from tornado_resource.declarations.model import Declaration, Environment
    from tornado_resource.declarations.quarantine import Quarantine
    from tornado_resource.runs.kinds import Kind
    from tornado_resource.runs.model import RunVerdict

PASS_CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far in the future a pass may be by this machine's clock: the API's clock is another one."""


@dataclass(frozen=True, slots=True)
class SourceStack:
    """Another stack: its full name, and its outputs `environment`, `sessions`, `agents` and so on, unchecked."""

    stack: str
    environment: Any = None
    sessions: Any = None
    verdicts: Any = None
    agents: Any = None
    rollbacks: Any = None


@dataclass(frozen=True, slots=True)
class VersionNow:
    """The content of a version as it is now, None if the API does not show it, or why it is unknown."""

    digests: Digests | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Promoted:
    """An environment on the versions that passed: what `check_promotion` returns. *source* is the other stack."""

    declared: Environment
    source: str
    override: str | None
    checks: tuple[_Check, ...]

    @property
    def environment(self) -> Environment:
        """The environment with the versions that passed in its requests."""
        return replace(self.declared, declarations=tuple(check.on_version() for check in self.checks))

    @property
    def record(self) -> Promotion:
        """What is taken over, for outputs and reports."""
        return Promotion(self.source, self.override, {check.name: check.recorded() for check in self.checks})

    @property
    def problems(self) -> dict[str, str]:
        """By session, why it cannot be promoted; empty under an override."""
        return {check.name: "; ".join(check.problems) for check in self.checks if check.problems}

    @property
    def awaiting_version(self) -> frozenset[str]:
        """The sessions with problems that can still get a version from a later pass."""
        return frozenset(check.name for check in self.checks if check.is_awaiting_version)

    @property
    def summaries(self) -> dict[str, str]:
        """A line for each session, for the preview."""
        return {check.name: _summary(check) for check in self.checks}

    @property
    def unpinned(self) -> tuple[str, ...]:
        """The sessions whose pass names a version without its content."""
        return tuple(check.name for check in self.checks if check.is_unpinned)

    @property
    def pinned(self) -> dict[str, tuple[str, int]]:
        """By session, the pathway and the version whose content must still be the one that passed.

        The version of an agent has an id that says what it holds, so there is nothing to compare.
        """
        return {
            check.name: (check.declaration.pathway_id, check.version)
            for check in self.checks
            if isinstance(check.version, int) and check.content is not None and not check.problems
        }

    @property
    def carried(self) -> dict[str, RunVerdict]:
        """By name, the passes there that count here (`retest: false`)."""
        return {check.name: check.carried for check in self.checks if check.carried is not None}

    def compared_with(self, versions: Mapping[str, VersionNow]) -> Promoted:
        """Return it with what the versions that passed, by session, hold now. One that was not read is not compared."""
        compared = (
            check.compared_with(versions[check.name]).waived_by(self.override) if check.name in versions else check
            for check in self.checks
        )
        return replace(self, checks=tuple(compared))


def check_promotion(
    environment: Environment, source: SourceStack, now: datetime, override: str | None = None
) -> Promoted:
    """Check every session of *environment* against the source stack, and take over the versions that passed.

    Whether these still are what passed is left to `Promoted.compared_with`: they must be read for that.

    Args:
        environment: what is declared; it has `promotes_from`.
        source: what the other stack has recorded.
        now: the time, for `max_age`.
        override: the reason in `tornado:promoteWithout`. With it, problems are recorded as waived instead of reported,
            and a declared version takes precedence over the source stack's.

    """
    checks = (
        _check(environment, source, declaration, now).waived_by(override) for declaration in environment.declarations
    )
    return Promoted(environment, source.stack, override, tuple(checks))


@dataclass(frozen=True, slots=True)
class _SourceRun:
    """One run's outputs in the source stack; a part is None if it is missing or of another type."""

    outcome: str | None
    reason: str
    run_id: str | None
    """The run of the verdict."""
    current_id: str | None
    """The run that the stack records now."""
    version: int | str | None
    """The number of the pathway's version, or the id of the agent's."""
    semver: str | None
    content: str | None
    full_run: bool | None
    finished_at: str | None
    is_elsewhere: bool
    """Whether it is known to run on another pathway or agent there."""
    env: str | None = None
    """Whose checks a check run used."""
    quarantined: tuple[Quarantine, ...] = ()
    """What failed there, or in a simulation that confirms the pass, and decided nothing."""

    @classmethod
    def of(cls, source: SourceStack, declaration: Declaration) -> _SourceRun:
        verdict, kind = _entry(source.verdicts, declaration.name), kind_of(declaration.kind)
        is_agent = declaration.section == "agents"
        run = _entry(source.agents if is_agent else source.sessions, declaration.name)
        version_id = text_or_none(verdict.get("version_id"))
        return cls(
            outcome=text_or_none(verdict.get("outcome")),
            reason=text_or_none(verdict.get("reason")) or "no reason is recorded",
            run_id=text_or_none(verdict.get("session_id")) or None,
            current_id=text_or_none(run.get(kind.id_output)) or None,
            version=version_id if is_agent else natural_or_none(verdict.get("version")),
            semver=text_or_none(verdict.get("semver")),
            content=text_or_none(verdict.get("content")),
            full_run=full_run if isinstance(full_run := verdict.get("full_run"), bool) else None,
            finished_at=text_or_none(verdict.get("finished_at")),
            is_elsewhere=bool(run) and run.get(kind.place_outputs[0]) != declaration.subject_id,
            env=text_or_none(run.get("env")),
            quarantined=_quarantined(verdict),
        )


@dataclass(frozen=True, slots=True)
class _Check:
    """The result for one run."""

    declaration: Declaration
    source: _SourceRun
    problems: tuple[str, ...]
    now: Digests | None = None
    waived: tuple[str, ...] = ()
    carried: RunVerdict | None = None
    """The pass there, if it counts here."""

    @property
    def name(self) -> str:
        return self.declaration.name

    @property
    def version(self) -> int | str | None:
        """The version to test: the declared one, else the one that passed, if it is of this pathway or agent."""
        declared = _declared(self.declaration)
        if declared is not None and not self.is_same_semver:
            return declared
        return None if self.source.is_elsewhere else self.source.version

    @property
    def is_same_semver(self) -> bool:
        """Whether the version of the agent that passed there is declared here by its published number."""
        semver = self.source.semver
        return semver is not None and self.declaration.request.get("version_id") == semver

    @property
    def semver(self) -> str | None:
        """The published number of the agent's version to test, if it is known."""
        version = self.version
        if not isinstance(version, str):
            return None
        if version == self.source.version:
            return self.source.semver
        return None if is_version_id(version) else version

    @property
    def content(self) -> str | None:
        """What passed there on the version to test, by its digest; None if it is unknown, or a problem was waived."""
        is_carried = self.version is not None and self.version == self.source.version and not self.waived
        return self.source.content if is_carried and not self.source.is_elsewhere else None

    @property
    def is_unpinned(self) -> bool:
        is_carried = self.version is not None and not self.source.is_elsewhere
        return is_carried and self.source.content is None and not self.problems and not self.waived

    def waived_by(self, override: str | None) -> _Check:
        if override is None or not self.declaration.retest:  # no reason stands for a test
            return self
        return replace(self, problems=(), waived=(*self.waived, *self.problems))

    def compared_with(self, version: VersionNow) -> _Check:
        problems = (*self.problems, *_content_problems(self.source, version))
        return replace(self, problems=problems, now=version.digests)

    def on_version(self) -> Declaration:
        if self.version is None:
            return self.declaration
        field = kind_of(self.declaration.kind).version_field
        return replace(self.declaration, request={**self.declaration.request, field: self.version})

    @property
    def tested_request(self) -> dict[str, Any]:
        """The request, with the keys of declared scenarios in the place of ids: nothing here has created them."""
        request = dict(self.on_version().request)
        if "scenario_ids" in request:
            request["scenario_ids"] = [
                *request["scenario_ids"],
                *(scenario.key for scenario in self.declaration.scenarios),
            ]
        return request

    @property
    def is_awaiting_version(self) -> bool:
        return bool(self.problems) and not self.source.is_elsewhere

    def recorded(self) -> PromotedSession:
        source, version = self.source, self.version
        return PromotedSession(
            session_id=source.run_id,
            version=version if isinstance(version, int) else None,
            finished_at=source.finished_at,
            waived=self.waived,
            content=self.content,
            now=self.now if self.content is not None else None,
            quarantined=tuple(clean(entry.part) for entry in source.quarantined),
            version_id=version if isinstance(version, str) and is_version_id(version) else None,
            semver=self.semver,
        )


def _check(environment: Environment, source: SourceStack, declaration: Declaration, now: datetime) -> _Check:
    session = _SourceRun.of(source, declaration)
    problems = [*_environment_problems(environment, source)]
    problems += _rolled_back(declaration, source)
    problems += _no_pass(declaration, session) or _pass_problems(environment, declaration, session, now)
    if declaration.retest:
        return _Check(declaration, session, tuple(problems))
    check = _Check(declaration, session, tuple(problems))
    kind, recorded = kind_of(declaration.kind), _entry(source.verdicts, declaration.name)
    carried = passed_elsewhere(recorded, source.stack, check.on_version().request, kind)
    if carried is None and not problems:
        problems.append(
            "its verdict there is damaged, or of another version of tornado-resource, "
            "so it cannot count here (retest: false)"
        )
    problems += _weaker(check, carried, kind, now.date()) if carried is not None else ()
    return replace(check, problems=(*problems, *_elsewhere(check)), carried=carried)


def _weaker(check: _Check, carried: RunVerdict, kind: Kind, day: date) -> Iterator[str]:
    """Yield why a pass shows less than what is declared here. What was repaired there is no new repair here."""
    env = check.declaration.request.get("env")
    if check.source.env != env:
        yield f"it passed there with the checks of {clean(str(check.source.env), 40)}, not of {env} (retest: false)"
    # The quarantine over there goes on here, while it lasts.
    lasting = carried.gate.lasting(day).quarantine
    gate = replace(check.declaration.gate or Gate(), repaired="allow", quarantine=lasting)
    judged = replace(carried, gate=gate)
    if gate.confirm is not None and not is_confirmed(judged):
        yield "its pass there is not confirmed as the gate that is declared here requires (retest: false)"
    elif not kind.agrees(judged, check.tested_request):
        yield "its pass there does not meet the gate that is declared here (retest: false)"


def _elsewhere(check: _Check) -> Iterator[str]:
    if check.source.is_elsewhere:
        subject = SUBJECTS[check.declaration.section]
        yield f"it passed there on another {subject}, so its pass cannot count here (retest: false)"


def _environment_problems(environment: Environment, source: SourceStack) -> Iterator[str]:
    """Only for a stack named for its environment: one given by its full name may run any environment."""
    expected = environment.promotes_from or ""
    if "/" not in expected and source.environment is not None and source.environment != expected:
        yield f"the stack there runs environment {clean(str(source.environment), 100)}"


def _rolled_back(declaration: Declaration, source: SourceStack) -> Iterator[str]:
    rollback = Rollback.of(_entry(source.rollbacks, declaration.name))
    if rollback is not None:
        yield f"it is rolled back there to version {clean(str(rollback.version))}: {clean(rollback.reason)}"


def _no_pass(declaration: Declaration, session: _SourceRun) -> tuple[str, ...]:
    if session.outcome is None:
        noun = declaration.section.removesuffix("s")
        return (f"no verdict there: declare the {noun} there with a gate, and let `pulumi up` wait for it",)
    if session.outcome != "passed":
        return (f"its verdict there is {clean(session.outcome, 40)}: {clean(session.reason)}",)
    return ()


def _pass_problems(
    environment: Environment, declaration: Declaration, session: _SourceRun, now: datetime
) -> Iterator[str]:
    noun = kind_of(declaration.kind).noun
    if session.run_id is None or session.run_id != session.current_id:
        passed = f"{noun} {clean(session.run_id, 80)}" if session.run_id else f"an unknown {noun}"
        current = f"{noun} {clean(session.current_id, 80)}" if session.current_id else f"no {noun}"
        yield f"{passed} passed there, but the stack now records {current}"
    if environment.max_age is not None:
        yield from _age_problems(environment.max_age, session.finished_at, now)
    if session.full_run is False and (declaration.gate or Gate()).full_run == "required":
        yield f"it passed there, but {PATCHED}"
    yield from _ended_quarantine(session, now.date())
    if not session.is_elsewhere:
        yield from _version_problems(declaration, session)


def _ended_quarantine(session: _SourceRun, day: date) -> Iterator[str]:
    for entry in session.quarantined:
        if entry.days_left(day) < 0:
            ended = f"{clean(entry.part, 80)} failed there in quarantine, which ended on {entry.until}"
            yield f"{ended}; run `pulumi up` there to judge it again"


def _content_problems(session: _SourceRun, version: VersionNow) -> Iterator[str]:
    """Compare the version that passed there with what it is now."""
    if version.problem is not None:
        yield f"{unread(session.version if isinstance(session.version, int) else None)}: {version.problem}"
    elif isinstance(session.version, int) and session.content is not None:
        edit = edit_since_pass(session.version, session.content, session.finished_at, version.digests)
        yield from () if edit is None else (edit,)


def _age_problems(max_age: str, finished_at: str | None, now: datetime) -> Iterator[str]:
    finished = parse_time(finished_at)
    if finished is None:
        yield f"the time of its pass there is unknown, but max_age is {max_age}"
        return
    age = now - finished
    if age < -PASS_CLOCK_TOLERANCE:
        yield f"it passed there at {clean(finished_at or '', 40)}, which is in the future by this machine's clock"
    elif age > (parse_duration(max_age) or timedelta()):
        ago = format_duration(age)
        yield f"it passed there {ago} ago, but max_age is {max_age}; run it again there (a trigger, `rerun: always`)"


def _version_problems(declaration: Declaration, session: _SourceRun) -> Iterator[str]:
    declared, is_agent = _declared(declaration), declaration.section == "agents"
    if session.version is None:
        remedy = "run it again there" if is_agent else "declare `version_number` there"
        yield f"the pass there names no version; {remedy}"
    elif session.version == LIVE:
        yield f"it {PASSED_ON_LIVE} there"
    elif declared == LIVE:
        yield "version_number 0 is declared here, which names the live pathway; remove it here"
    elif declared is not None and declared not in {session.version, session.semver}:
        yield (
            f"{'version' if is_agent else 'version_number'} {declared} is declared here, "
            f"but version {session.semver or session.version} passed there; "
            f"remove it here, or test version {declared} there"
        )


def _declared(declaration: Declaration) -> int | str | None:
    """Return the version that is declared; None if none is, or `latest` or `pinned`."""
    if declaration.section == "sessions":
        return declared_version(declaration.request)
    version: str = declaration.request["version_id"]
    return None if version in {LATEST, PINNED} else version


def _summary(result: _Check) -> str:
    semver = result.source.semver if result.version == result.source.version else None
    version = f"version {semver or result.version}" if result.version is not None else "no version"
    if result.waived:
        return f"{result.name}: {version}, promoted without a pass: {'; '.join(result.waived)}"
    passed = f"{kind_of(result.declaration.kind).noun} {clean(result.source.run_id or '', 80)}"
    if result.source.quarantined:
        excused = id_list([f"{entry.part} until {entry.until}" for entry in result.source.quarantined])
        passed += f"; failed in quarantine: {excused}"
    if result.source.is_elsewhere:
        carried = "is declared" if result.version is not None else "is carried over"
        subject = SUBJECTS[result.declaration.section]
        return f"{result.name}: passed there ({passed}) on another {subject}, {version} {carried}"
    return f"{result.name}: {version}, passed there ({passed})"


def _quarantined(verdict: Mapping[str, Any]) -> tuple[Quarantine, ...]:
    gate, listed = verdict.get("gate"), verdict.get("quarantined")
    entries = parsed(gate.get("quarantine")) if isinstance(gate, Mapping) else ()
    confirmation = parse_confirmation(whole_without_nulls(verdict.get("confirmation")))
    rates = confirmation["scenarios"] if confirmation is not None else {}
    confirm = recorded_confirm(gate)
    # A simulation without a result meets no bar; one that cannot be read is met by no failure.
    bars = {key: confirm.needed if confirm is not None else rate["runs"] for key, rate in rates.items()}
    missed = {key for key, rate in rates.items() if rate["passed"] < bars[key]}
    return tuple(entry for entry in entries if entry.part in missed.union(texts(listed)))


def _entry(output: Any, name: str) -> Mapping[str, Any]:
    entry = output.get(name) if isinstance(output, Mapping) else None
    return entry if isinstance(entry, Mapping) else {}
