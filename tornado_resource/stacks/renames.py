"""Runs, and their releases, that go on under another name: recognised, so that they stay, and followed back. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.text import clean
from tornado_resource.core.urns import AGENT_RELEASE_TYPE, RELEASE_TYPE, name_of, type_of
from tornado_resource.runs.inputs import deciding
from tornado_resource.runs.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tornado_resource.declarations.releases import Release
    from tornado_resource.stacks.recorded import Recorded, RecordedRun, Resource

NOT_DECIDING: Final = frozenset({"triggers"})
"""The inputs in which a renamed run may differ: it is replaced then, in its place."""


@dataclass(frozen=True, slots=True)
class NamedRun:
    """A run as it is declared, or as it was: its name, its kind, and its inputs.

    *is_promoted*: whether its version is the one that is promoted, which changes without its declaration.
    """

    name: str
    kind: str
    inputs: Mapping[str, Any]
    is_promoted: bool = False

    @property
    def has_version(self) -> bool:
        """Whether it is declared for one version. A `latest` and what is promoted are any version."""
        kind = kind_of(self.kind)
        return not self.is_promoted and kind.is_resolved(self.inputs.get(kind.version_field))

    def deciding(self, *, with_version: bool) -> tuple[str, bool, str]:
        """Return what two runs have in common that are the same one under two names."""
        without = NOT_DECIDING if with_version else {*NOT_DECIDING, kind_of(self.kind).version_field}
        return self.kind, with_version, deciding(self.kind, self.inputs, without)


@dataclass(frozen=True, slots=True)
class Renames:
    """What has been renamed, by the new name; and new names that stand for one of several old ones, or the reverse."""

    known: Mapping[str, RecordedRun] = field(default_factory=dict)
    unclear: Mapping[str, Sequence[RecordedRun]] = field(default_factory=dict)


def former_names(gone: Sequence[NamedRun], new: Sequence[NamedRun]) -> dict[str, list[str]]:
    """Return, by the name of each new run, the names that it may have had. A name that two may have had is unclear.

    Args:
        gone: the runs that are not declared any more.
        new: those that are declared now only.

    """
    names: dict[tuple[str, bool, str], list[str]] = {}
    for removed in gone:
        for with_version in (True, False):
            names.setdefault(removed.deciding(with_version=with_version), []).append(removed.name)
    return {run.name: names.get(run.deciding(with_version=run.has_version), []) for run in new}


def find_renames(gone: Sequence[RecordedRun], new: Sequence[NamedRun]) -> Renames:
    """Return which new runs are recorded ones that are not declared any more.

    Args:
        gone: the recorded runs that are not declared any more.
        new: the declared runs that are not recorded.

    """
    by_urn = {run.resource.urn: run for run in sorted(gone, key=lambda run: run.resource.urn)}
    former = former_names([NamedRun(urn, run.kind, run.declared) for urn, run in by_urn.items()], new)
    certain = certain_names(former)
    renamed: dict[str, RecordedRun] = {}
    unclear: dict[str, Sequence[RecordedRun]] = {}
    for name, urns in former.items():
        runs = [by_urn[urn] for urn in urns]
        if name in certain:
            renamed[name] = runs[0]
        elif runs:
            first = len(unclear) % len(runs)  # so that each message names another one
            unclear[name] = [*runs[first:], *runs[:first]]
    return Renames(renamed, unclear)


def certain_names(former: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return, by the new names, the old ones of `former_names` that are certain: each stands for the other alone."""
    claims = Counter(name for names in former.values() for name in names)
    return {new: names[0] for new, names in former.items() if len(names) == 1 and claims[names[0]] == 1}


def find_swaps(recorded: Mapping[str, NamedRun], declared: Sequence[NamedRun]) -> list[tuple[str, str]]:
    """Return the pairs of names of which each now stands for what the other one stood for.

    Args:
        recorded: the recorded runs by name.
        declared: the declared runs.

    """
    moved = [run for run in declared if run.name in recorded and not _is_same(run, recorded[run.name])]
    former = certain_names(former_names([recorded[run.name] for run in moved], moved))
    return [(new, old) for new, old in former.items() if former.get(old) == new and new < old]


def _is_same(new: NamedRun, old: NamedRun) -> bool:
    return new.deciding(with_version=new.has_version) == old.deciding(with_version=new.has_version)


def swapped_names(first: Resource, second: Resource, stack: str, minutes: str) -> str:
    """Return what it costs that two runs have swapped their names, and the commands that avoid it.

    Args:
        first: the resource of one.
        second: that of the other.
        stack: the stack's name.
        minutes: the worst case of both, in words.

    """
    names = [clean(name_of(run.urn)) for run in (first, second)]
    between = f"{names[0]}-swapped"
    passed_by = f"{first.urn.removesuffix(name_of(first.urn))}{between}"
    moves = (first.urn, between), (second.urn, names[0]), (passed_by, names[1])
    commands = [f"pulumi state rename '{clean(urn, 1000)}' {name} --stack {stack}" for urn, name in moves]
    title = (
        f"{' and '.join(names)} have swapped their names, and so both start again (at worst {minutes}). To keep both "
        "runs, with nothing started, rename them in the state first:"
    )
    return "\n  ".join([title, *commands])


def unclear_rename(name: str, candidates: Sequence[RecordedRun], stack: str, minutes: str) -> str:
    """Return what it costs that it is unclear which run was renamed, and the command that says which.

    Args:
        name: the new name.
        candidates: the recorded runs that it may be.
        stack: the stack's name.
        minutes: the worst case of the new run, in words.

    """
    noun, old = kind_of(candidates[0].kind).noun, candidates[0].resource
    others = " or ".join(clean(name_of(run.resource.urn)) for run in candidates)
    return (
        f"{name}: may be {others} renamed; since it is unclear, a new {noun} starts for it (at worst {minutes}), and "
        f"one that is no longer declared is cancelled if it runs. To keep one and its pass, say which: "
        f"pulumi state rename '{clean(old.urn, 1000)}' {name} --stack {stack}"
    )


def release_type(release: Release) -> str:
    """Return the type of a release's resource."""
    return AGENT_RELEASE_TYPE if release.section == "agents" else RELEASE_TYPE


def release_of(release: Release, state: Recorded) -> Resource | None:
    """Return the resource that a state has of a release, whatever its name is; None if nothing was published."""
    own = (resource for resource in state.releases.values() if type_of(resource.urn) == release_type(release))
    place = release.subject_id, release.environment
    return next(
        (resource for resource in own if (resource.subject_id, resource.outputs.get("environment")) == place), None
    )


def renamed_releases(declared: Iterable[Release], state: Recorded, names: Collection[str]) -> dict[str, str]:
    """Return the names that a state has of releases, by their new ones: a release has the name of its first run.

    Args:
        declared: the releases.
        state: what the stack has recorded.
        names: the names of all declared runs. A release whose name is one of them is another one, or the same.

    """
    resources = {release: release_of(release, state) for release in declared}
    old = {release: name_of(resource.urn) for release, resource in resources.items() if resource is not None}
    return {
        release.name: name
        for release, name in old.items()
        if name not in names and name in (state.outputs.get(release.section) or {})  # those of the program keep theirs
    }


class Followed:
    """The names that runs have now, whatever they were called in past states. Ask for the newest state first."""

    def __init__(self) -> None:
        self._by_run: dict[str, str] = {}
        self._by_urn: dict[str, str] = {}

    def urn(self, urn: str, run_id: str) -> str:
        """Return the newest URN of what a state has recorded a run under."""
        newest = self._by_urn.setdefault(urn, self._by_run.get(run_id, urn))
        self._by_run.setdefault(run_id, newest)
        return newest
