"""What an environment publishes once every gate has passed, and what it can never publish. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tornado_resource.declarations.model import Declaration, Publish

Versions = dict[str, int | None]
"""By session, the pathway version that it speaks for, where one is known."""
UNGATED: Final = (
    "`publish` needs a verdict, and `gate: none` gives none: give it a gate, or publish other sessions only"
)
VERSIONLESS: Final = "`publish` needs a version, and none can be known: declare its version_number"

NAMELESS: Final = (
    "it passed, and no version is known to publish: its version_number is not declared, it was repaired and the API "
    "names no version that it forked, or it was adopted"
)


@dataclass(frozen=True, slots=True)
class Release:
    """One version of one pathway for one Bland environment.

    *name* is that of the first declared session that it speaks for; *version* is None where it is not known yet.
    """

    name: str
    pathway_id: str
    environment: Publish
    version: int | None
    sessions: tuple[str, ...]


def releases(declarations: Sequence[Declaration], versions: Mapping[str, int | None]) -> list[Release]:
    """One release for each pathway and Bland environment, however many sessions publish it."""
    found: dict[tuple[str, Publish], Release] = {}
    for declaration in declarations:
        if declaration.publish is None:
            continue
        key, version = (declaration.pathway_id, declaration.publish), versions.get(declaration.name)
        first = found.get(key)
        found[key] = Release(
            name=first.name if first else declaration.name,
            pathway_id=declaration.pathway_id,
            environment=declaration.publish,
            version=version if first is None or first.version == version else None,
            sessions=(*(first.sessions if first else ()), declaration.name),
        )
    return list(found.values())


def certain_versions(declarations: Sequence[Declaration]) -> Versions:
    """Tell which versions are certain before anything has run: a gate that refuses repairs passes no other one."""
    return {
        declaration.name: declaration.request.get("version_number")
        for declaration in declarations
        if declaration.gate is not None and declaration.gate.repaired == "refuse"
    }


def obstacles(declarations: Sequence[Declaration], carried: Collection[str] = ()) -> dict[str, str]:
    """By session, why it can never be published, where that is known before anything has run.

    *carried* names the sessions to which another environment may still give the version.
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


def faults(declarations: Sequence[Declaration], versions: Mapping[str, int | None]) -> dict[str, str]:
    """By session, why nothing can be published although all have passed, given the versions that they speak for."""
    unknown = {
        declaration.name: NAMELESS
        for declaration in declarations
        if declaration.publish is not None and versions.get(declaration.name) is None
    }
    return unknown | _disagreements(declarations, versions)


def _disagreements(declarations: Sequence[Declaration], versions: Mapping[str, int | None]) -> dict[str, str]:
    """By session, that it speaks for another version than the first one that publishes the same pathway."""
    firsts: dict[tuple[str, str], str] = {}
    found = {}
    for declaration in declarations:
        name, version = declaration.name, versions.get(declaration.name)
        if declaration.publish is None or version is None:
            continue
        first = firsts.setdefault((declaration.pathway_id, declaration.publish), name)
        if version != versions[first]:
            found[name] = (
                f"it speaks for version {version} of the pathway, and {first} for version {versions[first]}: "
                f"only one can be published"
            )
    return found
