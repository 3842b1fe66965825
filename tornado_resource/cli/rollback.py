"""`tornado-resource rollback`: what a stack's releases can go back to, and the way there through Pulumi."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from tornado_resource.bland.content import is_digest, short
from tornado_resource.cli import options
from tornado_resource.cli.output import ExitCode, format_option
from tornado_resource.cli.stack import endpoint_of, stack_option
from tornado_resource.core.text import clean, clean_json, count, did_you_mean
from tornado_resource.core.urns import make_urn
from tornado_resource.declarations.releases import releases
from tornado_resource.declarations.resolver import load
from tornado_resource.errors import ConfigurationError, TornadoError
from tornado_resource.runs.kinds import kind_of
from tornado_resource.stacks.fields import MAX_REASON_CHARACTERS
from tornado_resource.stacks.history import MAX_UPDATES, read_history
from tornado_resource.stacks.pulumi_cli import pulumi_up, set_config
from tornado_resource.stacks.reader import Stack, read_stack, selected_stack
from tornado_resource.stacks.recorded import read_outputs
from tornado_resource.stacks.renames import release_of, release_type
from tornado_resource.stacks.rollback import Rollback, passes_of
from tornado_resource.stacks.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from tornado_resource.bland.client import Client
    from tornado_resource.bland.content import Digests
    from tornado_resource.declarations.model import Declaration
    from tornado_resource.declarations.releases import Release
    from tornado_resource.stacks.recorded import Recorded, RecordedRun
    from tornado_resource.stacks.rollback import Pass, Passes, Version

ROLLBACK_KEY: Final = "tornado:rollback"
NO_RUN: Final = ("", None)
PLACEHOLDER: Final = "REASON"
UNKNOWN_RUN: Final = "unknown"
"""In place of the run that passed, where a release has not recorded it."""
NOT_PUBLISHED: Final = (
    "the update stopped before it published the version; the config stays, so the next `pulumi up` publishes it"
)
NOTHING_LEFT: Final = (
    "no other version still holds what passed: save what to go back to as a new version, and let `pulumi up` test that"
)
UNREAD: Final = "not all versions could be read, so one that was edited since it passed may be refused later"
NO_HISTORY: Final = (
    "this backend shows no past states, so only the versions are known that the stack and its releases have recorded; "
    "passes that were never published are not among them"
)


@dataclass(frozen=True, slots=True)
class _Way:
    """What one session or agent can go back to. *wanted*: the version that it is asked for, None for the last good one.

    *run_id* and *run_version*: the run that its stack has, and the version that this is for.
    """

    declaration: Declaration
    release: Release
    passes: Passes
    run_id: str
    run_version: Version | None
    wanted: str | None

    @property
    def name(self) -> str:
        return self.declaration.name

    @property
    def chosen(self) -> Pass | None:
        return self.passes.find(self.wanted) if self.wanted is not None else self.passes.last_good

    def entry(self, reason: str) -> Rollback | None:
        """Return what is to be declared; None if it would be refused, or if there is nothing to go back to."""
        chosen = self.chosen
        if chosen is None or chosen.doubt is not None or not self.run_id:
            return None
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return Rollback(
            chosen.version,
            chosen.session_id or UNKNOWN_RUN,
            self.run_id,
            reason,
            content=chosen.content,
            passed_at=chosen.passed_at,
            instead_of_version=self.run_version,
            at=now,
        )

    def obstacle(self, stack: str) -> str:
        """Return why there is nothing to go back to."""
        chosen = self.chosen
        if chosen is not None:
            return chosen.doubt.text if chosen.doubt is not None else f"stack {stack} has no run of it"
        if self.wanted is not None:
            versions = ", ".join(clean(str(passed.version)) for passed in self.passes.others) or "none"
            return f"version {clean(self.wanted, 80)} is not known to have passed in stack {stack}; others: {versions}"
        if self.passes.live is None:
            return f"stack {stack} has published nothing for it"
        if self.passes.others and all(passed.doubt is not None for passed in self.passes.others):
            return NOTHING_LEFT
        return "no pass before that of the live version is known; name a version with --to"

    def compared(self, versions: VersionsNow) -> _Way:
        """Return it with what its versions hold now."""
        return replace(self, passes=self.passes.compared_with(versions.of(self.release.subject_id)))


@dataclass(frozen=True, slots=True)
class VersionsNow:
    """What versions of pathways hold now, by the id of the pathway and the number. *problems*: why one is not known."""

    digests: Mapping[tuple[str, int], Digests | None] = field(default_factory=dict)
    problems: Mapping[tuple[str, int], str] = field(default_factory=dict)

    def of(self, pathway_id: str) -> dict[int, Digests | None]:
        """Return what is known of the versions of a pathway, by number."""
        return {version: digests for (owner, version), digests in self.digests.items() if owner == pathway_id}


@click.command("rollback", cls=options.Command)
@stack_option
@click.option("--to", "version", metavar="VERSION", help="The version to go back to (default: the last good one).")
@click.option("--reason", metavar="TEXT", help="Why; it is recorded, and shown in reports.")
@click.option("--yes", "is_confirmed", is_flag=True, help="Declare it, and publish it with `pulumi up`.")
@format_option("text", "json")
@click.argument("chosen", metavar="[NAME]", required=False, shell_complete=options.runs)
def command(  # noqa: PLR0913 - one for each option
    name: str | None, version: str | None, reason: str | None, output: str, chosen: str | None, *, is_confirmed: bool
) -> ExitCode:
    """Show what a stack's releases can go back to, and go back to a version that has passed in this stack.

    NAME is a session or an agent that declares `publish`; without it, all of them. The last good version is the newest
    one that passed before the live version, of those that were published. Nothing is started: the version must still
    have the content that passed, so each is read once, and what was edited since is shown as such, and not advised.

    Without --yes, nothing changes, and what to declare is printed: a pipeline that runs `pulumi up` does the same with
    it. The rollback ends by itself once another version is declared, or the declaration changes otherwise.
    """
    if is_confirmed and not (reason or "").strip():
        message = "--yes needs --reason: it is recorded, and shown in reports"
        raise click.UsageError(message)
    if reason is not None and (len(reason) > MAX_REASON_CHARACTERS or not reason.isprintable()):
        message = f"--reason: expected at most {MAX_REASON_CHARACTERS} characters on one line"
        raise click.UsageError(message)
    stack = read_stack(name or selected_stack())
    states, gap = _states(stack)
    ways = _ways(stack, states, chosen, version)
    if is_confirmed:
        return _roll_back(stack, _the_one(ways), (reason or "").strip())
    _show(stack, ways, gap, reason, output)
    return ExitCode.PASSED


def _states(stack: Stack) -> tuple[list[Recorded], str | None]:
    """Return what the stack has recorded, the newest first, and what is not known of its past."""
    try:
        past = list(read_history(stack.name, stack.project, MAX_UPDATES))
    except ConfigurationError:
        return [stack.recorded], NO_HISTORY
    unread = sum(update is None for update in past)
    states = [stack.recorded, *(read_outputs(update.resources) for update in past if update is not None)]
    return states, f"{count(unread, 'past update')} could not be read" if unread else None


def _ways(stack: Stack, states: Sequence[Recorded], chosen: str | None, wanted: str | None) -> list[_Way]:
    path = stack.config.get("tornado:declarations") or options.DEFAULT_FILE
    own = stack.name.rpartition("/")[2]
    declarations = load(path, stack.config.get("tornado:environment"), stack=own).declarations
    by_name = {name: release for release in releases(declarations, {}) for name in release.runs}
    _refuse_unpublished(stack.name, chosen, by_name)
    return [
        _Way(
            declaration,
            by_name[declaration.name],
            passes_of(by_name[declaration.name], states),
            *_run_of(stack, declaration),
            wanted,
        )
        for declaration in declarations
        if declaration.name in (by_name if chosen is None else {chosen})
    ]


def _refuse_unpublished(stack: str, chosen: str | None, published: Collection[str]) -> None:
    if not published:
        message = f"stack {stack} publishes nothing: no session or agent of its environment declares `publish`"
        raise ConfigurationError(message)
    if chosen is not None and chosen not in published:
        hint = did_you_mean(chosen, published)
        message = f"stack {stack} publishes no session or agent {clean(chosen, 80)}{hint}"
        raise ConfigurationError(message)


def _run_of(stack: Stack, declaration: Declaration) -> tuple[str, Version | None]:
    """Return the run that a stack has of a declaration, or whose pass counts here, and the version that it is for."""
    kind, name = kind_of(declaration.kind), declaration.name
    if not declaration.retest:
        carried = next((result.verdict for result in stack.carried if result.gated.name == name), None)
        return (carried.session_id, kind.version_of(carried)) if carried is not None else NO_RUN
    run = next((run for run in stack.runs if (run.name, run.kind) == (name, kind.name)), None)
    return (run.run_id, _version_of(run)) if run is not None else NO_RUN


def _version_of(run: RecordedRun) -> Version | None:
    kind = kind_of(run.kind)
    version = kind.version_of(run.verdict) if run.verdict is not None else None
    return version if version is not None else run.request.get(kind.version_field)


def _the_one(ways: Sequence[_Way]) -> _Way:
    if len({way.release for way in ways}) > 1:
        message = f"--yes rolls back one session or agent: name one of {', '.join(way.name for way in ways)}"
        raise ConfigurationError(message)
    return ways[0]


def _roll_back(stack: Stack, declared: _Way, reason: str) -> ExitCode:
    versions = asyncio.run(_versions_now(stack, [declared]))
    way = declared.compared(versions)
    entry = way.entry(reason)
    why = _unread(way, entry, versions) if entry is not None else way.obstacle(stack.name)
    if entry is None or why is not None:
        message = f"{way.name}: nothing was changed: {why}"
        raise ConfigurationError(message)
    rollbacks = read_settings(stack.config, stack.name).rollbacks
    set_config(
        stack.name,
        ROLLBACK_KEY,
        {name: rollback.as_output() for name, rollback in {**rollbacks, way.name: entry}.items()},
    )
    click.echo(f"{way.name}: declared in the config of stack {stack.name} ({ROLLBACK_KEY}.{way.name}); commit it")
    code = pulumi_up(stack.name, "--target", _release_urn(stack, way.release))
    return _outcome(stack.name, way, entry, code)


def _release_urn(stack: Stack, release: Release) -> str:
    """Return the URN of a release: that of the state, or the one that a first release will have."""
    recorded = release_of(release, stack.recorded)
    new = make_urn(stack.name.rpartition("/")[2], stack.project, release_type(release), release.name)
    return recorded.urn if recorded is not None else new


async def _versions_now(stack: Stack, ways: Sequence[_Way]) -> VersionsNow:
    """Read each version of a pathway once that passes name."""
    from tornado_resource.bland.client import Client

    wanted = sorted({(way.release.subject_id, number) for way in ways for number in way.passes.numbers})
    if not wanted:
        return VersionsNow()
    ignored = read_settings(stack.config, stack.name).ignored_content
    try:
        async with Client(endpoint_of(stack), ignored=ignored) as client:
            read = await asyncio.gather(*(_version_now(client, *version) for version in wanted))
    except TornadoError as error:
        return VersionsNow(problems=dict.fromkeys(wanted, str(error)))
    pairs = list(zip(wanted, read, strict=True))
    return VersionsNow(
        {version: digests for version, digests in pairs if not isinstance(digests, str)},
        {version: problem for version, problem in pairs if isinstance(problem, str)},
    )


async def _version_now(client: Client, pathway_id: str, version: int) -> Digests | str | None:
    """Return what a version holds, None if the API does not show it; or why it could not be read."""
    from tornado_resource.versions.reading import read_digests

    try:
        return await read_digests(client, pathway_id, version)
    except TornadoError as error:
        return str(error)


def _unread(way: _Way, entry: Rollback, versions: VersionsNow) -> str | None:
    """Return why it is not known whether a version is what passed; None if it is, or if what passed is unknown."""
    from tornado_resource.versions.drift import unread

    if not isinstance(entry.version, int) or entry.content is None:
        return None  # the update decides
    problem = versions.problems.get((way.release.subject_id, entry.version))
    return f"{unread(entry.version)}: {problem}" if problem is not None else None


def _outcome(stack: str, way: _Way, entry: Rollback, code: int) -> ExitCode:
    """Say what the update has done, by the state: a gate that fails as before does not stop a rollback."""
    release = release_of(way.release, read_stack(stack).recorded)
    rollback = release.outputs.get("rollback") if release is not None else None
    is_done = isinstance(rollback, dict) and rollback.get("at") == entry.at
    problem = release.outputs.get("unproved") if release is not None and is_done else NOT_PUBLISHED
    if problem is not None:
        click.echo(f"{way.name}: not rolled back: {clean(str(problem), 1000)}", err=True)
        return ExitCode.FAILED
    click.echo(f"{way.name}: {entry}")
    if code != 0:
        click.echo("The update failed for another reason, which is above; the rollback is done.", err=True)
    return ExitCode.PASSED


def _show(stack: Stack, declared: Sequence[_Way], gap: str | None, reason: str | None, output: str) -> None:
    versions = asyncio.run(_versions_now(stack, declared))
    unread = next(iter(versions.problems.values()), None)
    ways = [way.compared(versions) for way in declared]
    entries = {way.name: way.entry(reason or PLACEHOLDER) for way in ways}
    if output == "json":
        content = {way.name: _as_json(way, entries[way.name]) for way in ways}
        document = {"stack": stack.name, "unknown": gap, "unread": unread, "releases": content}
        click.echo(clean_json(json.dumps(document, indent=2)))
        return
    for way in ways:
        click.echo("\n".join(_lines(stack.name, way, entries[way.name])))
    if unread is not None:
        click.echo(f"Note: {UNREAD}: {clean(unread, 1000)}")
    if gap is not None:
        click.echo(f"Note: {gap}.")


def _as_json(way: _Way, entry: Rollback | None) -> dict[str, Any]:
    live = way.passes.live
    return {
        "live": _pass_as_json(live) if live is not None else None,
        "passes": [_pass_as_json(passed) for passed in way.passes.others],
        "rollback": entry.as_output() if entry is not None else None,
    }


def _pass_as_json(version_passed: Pass) -> dict[str, Any]:
    doubt = version_passed.doubt
    return {**asdict(version_passed), "doubt": doubt.text if doubt is not None else None}


def _lines(stack: str, way: _Way, entry: Rollback | None) -> Iterator[str]:
    release = way.release
    subject = f"{kind_of(way.declaration.kind).place_noun} {clean(release.subject_id)}"
    yield f"{way.name} ({subject}, {release.environment}):"
    live = [(way.passes.live, "live now")] if way.passes.live is not None else []
    others = [(passed, "published" if passed.is_released else "passed") for passed in way.passes.others]
    yield from (f"  {word:<9}  {_shown(passed)}" for passed, word in (*live, *others))
    if entry is None:
        yield f"  {way.obstacle(stack)}"
        return
    version, file = clean(str(entry.version)), f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    yield f"To go back to version {version}, with nothing started:"
    yield f'  tornado-resource rollback {way.name} --stack {stack} --to {version} --reason "{PLACEHOLDER}" --yes'
    yield f"or commit this to {file}, and let a pipeline run `pulumi up --stack {stack}`:"
    yield "  config:"
    yield f"    {ROLLBACK_KEY}:"
    yield f"      {way.name}:"
    for key, value in entry.as_output().items():
        yield f"        {key}: {value if isinstance(value, int) else json.dumps(clean(value, MAX_REASON_CHARACTERS))}"


def _shown(version_passed: Pass) -> str:
    content = f"  {short(version_passed.content)}" if is_digest(version_passed.content) else ""
    semver = f" ({clean(version_passed.semver, 40)})" if version_passed.semver else ""
    passed = (
        f"passed at {clean(version_passed.passed_at, 40)}" if version_passed.passed_at else "when it passed is unknown"
    )
    run = f" ({clean(version_passed.session_id, 80)})" if version_passed.session_id else ""
    doubt = f", {version_passed.doubt.short}" if version_passed.doubt is not None else ""
    return f"version {clean(str(version_passed.version))}{semver}{content}  {passed}{run}{doubt}"
