"""What a stack goes back to: the config `tornado:rollback`, and the versions that have passed in the stack. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.content import Digests, is_digest, is_incomparable, is_same, short
from tornado_resource.bland.responses import parse_time
from tornado_resource.core.canonical import text_or_none, whole_or_none
from tornado_resource.core.text import clean
from tornado_resource.core.urns import name_of
from tornado_resource.runs.kinds import kind_of
from tornado_resource.stacks.fields import MAX_REASON_CHARACTERS
from tornado_resource.stacks.recorded_verdicts import carried_results
from tornado_resource.stacks.renames import Followed, release_of
from tornado_resource.versions.drift import edit_since_pass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tornado_resource.declarations.releases import Release
    from tornado_resource.runs.model import RunVerdict
    from tornado_resource.stacks.recorded import Recorded

_REQUIRED: Final = {"version", "session_id", "instead_of", "reason"}
_VERSIONS: Final = {"version", "instead_of_version"}
_UNPROVED: Final = (
    "the content that passed on version {version} is unknown, so nothing shows that it is what it holds now"
)
Version = int | str
"""The number of a pathway's version, or the id of an agent's."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """An entry of `tornado:rollback`: the version that a session or agent goes back to, and why.

    *session_id*: the run that passed on *version*, with *content*, at *passed_at*. *instead_of*: the run that the stack
    had recorded, and *instead_of_version* the version that it was for. Once the stack has another run, or in its place
    the pass of another version, the rollback has ended. *at*: when it was declared.
    """

    version: Version
    session_id: str
    instead_of: str
    reason: str
    content: str | None = None
    passed_at: str | None = None
    instead_of_version: Version | None = None
    at: str | None = None

    @classmethod
    def of(cls, value: Any) -> Rollback | None:
        """Parse an entry of the config, or of an output; None if it is none. Pulumi gives numbers as floats."""
        names = {field.name for field in fields(cls)}
        if not isinstance(value, Mapping) or not names.issuperset(value):
            return None
        entries = {key: entry for key, entry in value.items() if entry is not None}
        parsed: dict[str, Any] = {
            key: _version(entries[key]) if key in _VERSIONS else _word(entries[key]) for key in entries
        }
        return cls(**parsed) if parsed.keys() >= _REQUIRED and None not in parsed.values() else None

    def as_output(self) -> dict[str, Any]:
        """Return the entry as it is declared and recorded: plain JSON, without what is unknown."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        """Return what it does, for messages."""
        content = f" ({short(self.content)})" if is_digest(self.content) else ""
        passed = f", which passed at {clean(self.passed_at, 40)}" if self.passed_at else ""
        return f"rolled back to version {clean(str(self.version))}{content}{passed}: {clean(self.reason)}"


def as_output(rollbacks: Mapping[str, Rollback]) -> dict[str, Any]:
    """Return the stack output `rollbacks`: by the names of sessions and agents, what the stack has gone back to."""
    return {name: rollback.as_output() for name, rollback in rollbacks.items()}


def recorded_rollbacks(state: Recorded) -> dict[str, Rollback]:
    """Return what a stack has gone back to, by its releases: the rollback that each of them has published last."""
    rollbacks: dict[str, Rollback] = {}
    for release in state.releases.values():
        recorded = release.outputs.get("rollback")
        values = dict(recorded) if isinstance(recorded, Mapping) else {}
        name, rollback = values.pop("name", None), Rollback.of(values)
        if isinstance(name, str) and rollback is not None:
            rollbacks[clean(name)] = rollback
    return rollbacks


def _word(value: Any) -> str | None:
    is_word = isinstance(value, str) and value.isprintable() and 0 < len(value) <= MAX_REASON_CHARACTERS
    return value if is_word else None


def _version(value: Any) -> Version | None:
    if isinstance(value, str):
        return _word(value)
    number = whole_or_none(value)
    return number if number is not None and number > 0 else None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a version cannot be gone back to: in two or three words, and in a sentence."""

    short: str
    text: str


@dataclass(frozen=True, slots=True)
class Pass:
    """A version on which a run of the stack has passed. *is_released*: whether the stack has published it then.

    *content*: the digest that it had, or the id of an agent's version. *semver*: that of an agent's version, if known.
    *doubt*: why it is not what passed any more, or may not be; None if it is, as far as that is known.
    """

    version: Version
    content: str | None
    session_id: str
    passed_at: str | None
    is_released: bool = False
    semver: str | None = None
    doubt: Doubt | None = None

    @property
    def key(self) -> tuple[Version, str | None]:
        """What was tested: an edited version is another one."""
        return self.version, self.content

    @property
    def time(self) -> datetime:
        """When it passed; the beginning of time if that is unknown."""
        return parse_time(self.passed_at) or datetime.min.replace(tzinfo=UTC)

    def compared_with(self, number: int, now: Digests | None) -> Pass:
        """Return it with how its version of a pathway, which holds *now*, is not what passed. None: it is not shown."""
        if self.content is None:
            unproved = Doubt("of unknown content", _UNPROVED.format(version=number))
            return replace(self, doubt=unproved if now is not None else None)
        text = edit_since_pass(number, self.content, self.passed_at, now)
        possibly = "may have been edited since" if is_incomparable(now, Digests.of(self.content)) else "edited since"
        words = possibly if now is not None else "cannot be read any more"
        return replace(self, doubt=Doubt(words, text) if text is not None else None)

    def joined(self, other: Pass) -> Pass:
        """Return it with what another record of the same version says."""
        return replace(
            self,
            session_id=self.session_id or other.session_id,
            passed_at=self.passed_at or other.passed_at,
            is_released=self.is_released or other.is_released,
            semver=self.semver or other.semver,
        )


@dataclass(frozen=True, slots=True)
class Passes:
    """What a release can go back to: *others*, the newest pass first. *live* is what the stack has published now."""

    live: Pass | None = None
    others: tuple[Pass, ...] = ()

    @property
    def last_good(self) -> Pass | None:
        """The newest pass before that of the live version, of those that were published if there are any.

        It is none that is in doubt.
        """
        since = self.live.time if self.live is not None else None
        earlier = [
            passed
            for passed in self.others
            if since is not None and parse_time(passed.passed_at) and passed.time < since and passed.doubt is None
        ]
        return next((passed for passed in earlier if passed.is_released), next(iter(earlier), None))

    def find(self, version: str) -> Pass | None:
        """Return the newest pass of a version, by its number, id or semver; of one that was edited, what it holds now.

        If that has not passed, it is the newest pass, with its doubt.
        """
        passes = [passed for passed in self.others if version in (str(passed.version), passed.semver)]
        return next((passed for passed in passes if passed.doubt is None), next(iter(passes), None))

    @property
    def numbers(self) -> frozenset[int]:
        """The numbers of the versions of a pathway that can be gone back to, if they are what passed."""
        return frozenset(passed.version for passed in self.others if isinstance(passed.version, int))

    def compared_with(self, now: Mapping[int, Digests | None]) -> Passes:
        """Return them with the doubts about each version.

        Args:
            now: by number, what was read of the versions. One that was not read holds what passed on it last.

        """
        passes = [passed for passed in (self.live, *self.others) if passed is not None and passed.content is not None]
        recorded: dict[Version, Digests | None] = {}
        for passed in sorted(passes, key=lambda passed: passed.time, reverse=True):
            recorded.setdefault(passed.version, Digests.of(passed.content))
        return replace(self, others=tuple(_compared(passed, now, recorded) for passed in self.others))


def _compared(passed: Pass, now: Mapping[int, Digests | None], recorded: Mapping[Version, Digests | None]) -> Pass:
    number = passed.version
    if not isinstance(number, int):
        return passed  # the version of an agent never changes
    if number in now:
        return passed.compared_with(number, now[number])
    newest = recorded.get(number)
    is_edited = is_same(newest, Digests.of(passed.content)) is False
    return passed.compared_with(number, newest) if is_edited else passed


def passes_of(release: Release, states: Iterable[Recorded]) -> Passes:
    """Return the versions that have passed for a release, as far as states of the stack know.

    Args:
        release: says which runs, and of which pathway or agent.
        states: what the stack has recorded, the newest first.

    """
    live: Pass | None = None
    passes: dict[tuple[Version, str | None], Pass] = {}
    followed = Followed()
    for index, state in enumerate(states):
        published = release_of(release, state)
        released = list(_released(published.outputs)) if published is not None else []
        live = next(iter(released), None) if index == 0 else live
        for passed in (*_passed(release, state, followed), *released):
            passes[passed.key] = passes[passed.key].joined(passed) if passed.key in passes else passed
    live = passes.pop(live.key) if live is not None else None
    return Passes(live, tuple(sorted(passes.values(), key=lambda passed: passed.time, reverse=True)))


def _released(outputs: Mapping[str, Any]) -> Iterator[Pass]:
    """Yield what a release has published, by its outputs, the newest first."""
    previous = outputs.get("previous")
    for outputs_then in (outputs, *(previous if isinstance(previous, list) else ())):
        values = outputs_then if isinstance(outputs_then, Mapping) else {}
        version = _version(values.get("version", values.get("version_id")))
        runs = values.get("sessions") or values.get("runs")
        run_id = text_or_none(runs[0]) if isinstance(runs, list) and runs else None
        if version is not None:
            content = version if isinstance(version, str) else text_or_none(values.get("content"))
            times = text_or_none(values.get("passed_at")), text_or_none(values.get("semver"))
            yield Pass(version, content, run_id or "", times[0], is_released=True, semver=times[1])


def _passed(release: Release, state: Recorded, followed: Followed) -> Iterator[Pass]:
    """Yield the passes of a release's runs, by a state of the stack, those of another stack that count here too."""
    for name, request, verdict, content in _judged(state, followed):
        kind = kind_of(verdict.kind)
        is_place = name in release.runs and request.get(kind.place_outputs[0]) == release.subject_id
        version = _version(kind.version_of(verdict)) if is_place and _is_pass(verdict) else None
        if version is not None:
            yield Pass(version, content, verdict.session_id, verdict.finished_at, semver=verdict.semver)


def _judged(state: Recorded, followed: Followed) -> Iterator[tuple[str, Mapping[str, Any], RunVerdict, str | None]]:
    """Yield each run with a verdict: its name now, what it was started with, its verdict, and what was tested."""
    for run in state.runs.values():
        name = name_of(followed.urn(run.resource.urn, run.run_id))
        if run.verdict is not None:
            yield name, run.declared, run.verdict, run.basis.content
    for result in carried_results(state.outputs):
        yield result.gated.name, result.gated.request, result.verdict, result.verdict.content


def _is_pass(verdict: RunVerdict) -> bool:
    """Return whether a verdict is a pass of a single version, as far as its gate requires that."""
    return verdict.outcome == "passed" and (verdict.full_run is not False or verdict.gate.full_run == "any")
