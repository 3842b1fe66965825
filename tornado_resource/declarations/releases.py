"""What an environment publishes once every gate has passed, and what it can never publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.declarations.model import LATEST, declared_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tornado_resource.declarations.model import Declaration, Publish

Versions = dict[str, int | None]
"""By session, the pathway version that its verdict is for; None or no entry if that is unknown."""
UNGATED: Final = "`publish` needs a gate; this session has `gate: none`; declare a gate, or remove `publish`"
VERSIONLESS: Final = "`publish` needs a version, but none is known; declare version_number"
UNKNOWN_VERSION: Final = (
    "passed, but the version to publish is unknown: no version_number is declared, or the session was repaired without "
    "a forked version, or it was adopted; declare version_number"
)
PATCHED: Final = (
    "the last iteration did not run every scenario, so no version is known to pass all of them; run it again (a "
    "trigger, `rerun: always`), or let such a pass count: gate: {full_run: any}"
)


@dataclass(frozen=True, slots=True)
class Release:
    """One version of one pathway for one Bland environment.

    *name* is that of the first of its *sessions*; *version* is None if it is not known yet.
    """

    name: str
    pathway_id: str
    environment: Publish
    version: int | None
    sessions: tuple[str, ...]


def releases(declarations: Sequence[Declaration], versions: Mapping[str, int | None]) -> list[Release]:
    """Return one release for each pathway and Bland environment, however many sessions publish it."""
    groups: dict[tuple[str, Publish], list[str]] = {}
    for declaration in declarations:
        if declaration.publish is not None:
            groups.setdefault((declaration.pathway_id, declaration.publish), []).append(declaration.name)
    return [
        Release(names[0], pathway_id, environment, _common(versions.get(name) for name in names), tuple(names))
        for (pathway_id, environment), names in groups.items()
    ]


def _common(versions: Iterable[int | None]) -> int | None:
    """Return the version that all have, or None."""
    distinct = set(versions)
    return distinct.pop() if len(distinct) == 1 else None


def certain_versions(declarations: Sequence[Declaration]) -> Versions:
    """Return the versions that are certain before anything has run: a gate that refuses repairs lets no other pass."""
    return {
        declaration.name: declared_version(declaration.request)
        for declaration in declarations
        if declaration.gate is not None and declaration.gate.repaired == "refuse"
        if declaration.request.get("version_number") != LATEST
    }


def obstacles(declarations: Sequence[Declaration], carried: Collection[str] = ()) -> dict[str, str]:
    """Return, by session, why it can never be published, as far as that is known before anything has run.

    *carried* names the sessions that may get their version from another environment.
    """
    certain = certain_versions(declarations)
    found = {}
    for declaration in declarations:
        if declaration.publish is None:
            continue
        if declaration.gate is None:
            found[declaration.name] = UNGATED
        elif declaration.name not in carried and declaration.name in certain and certain[declaration.name] is None:
            found[declaration.name] = VERSIONLESS
    return found | _disagreements(declarations, certain)


def faults(
    declarations: Sequence[Declaration], versions: Mapping[str, int | None], patched: Collection[str] = ()
) -> dict[str, str]:
    """Return, by session, why nothing can be published although all have passed with these *versions*.

    *patched* names the sessions whose last iteration did not run every scenario.
    """
    incomplete = {
        declaration.name: f"it passed, but {PATCHED}"
        for declaration in declarations
        if declaration.publish is not None
        and declaration.name in patched
        and (declaration.gate is None or declaration.gate.full_run == "required")
    }
    unknown = {
        declaration.name: UNKNOWN_VERSION
        for declaration in declarations
        if declaration.publish is not None and versions.get(declaration.name) is None
    }
    return unknown | _disagreements(declarations, versions) | incomplete


def _disagreements(declarations: Sequence[Declaration], versions: Mapping[str, int | None]) -> dict[str, str]:
    """Return a message for each session whose version differs from the first one's of the same pathway."""
    firsts: dict[tuple[str, str], str] = {}
    found = {}
    for declaration in declarations:
        name, version = declaration.name, versions.get(declaration.name)
        if declaration.publish is None or version is None:
            continue
        first = firsts.setdefault((declaration.pathway_id, declaration.publish), name)
        if version != versions[first]:
            found[name] = (
                f"version {version} differs from version {versions[first]} of {first}: "
                f"only one version of a pathway can be published"
            )
    return found
