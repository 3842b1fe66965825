"""What an environment publishes once every gate has passed, and what it can never publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.bland.content import LIVE
from tornado_resource.declarations.model import LATEST, declared_version, is_version_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tornado_resource.declarations.model import Declaration, Publish, Section

Versions = dict[str, int | str | None]
"""By run, the pathway version, or the id of the agent's version, that its verdict is for; None or no entry if that is
unknown."""
UNGATED_PUBLISH: Final = "`publish` needs a gate, and this has `gate: none`; declare a gate, or remove `publish`"
VERSIONLESS_PUBLISH: Final = "`publish` needs a version, but none is known; declare version_number"
LIVE_PUBLISH: Final = (
    "`publish` needs a version, and `version_number: 0` names the live pathway; declare `version_number: latest`, or "
    "the number of a version"
)
LIVE_PROMOTION: Final = (
    "found 0, which names the live pathway, and what passes on that cannot be promoted; expected `latest`, or the "
    "number of a version"
)
PASSED_ON_LIVE: Final = (
    "passed on version 0, which names the live pathway; declare `version_number: latest`, or the number of a version"
)
LIVE_RELEASE: Final = "found 0, which names the live pathway; expected the number of a version that has passed"
UNKNOWN_VERSION: Final = (
    "passed, but the version to publish is unknown: no version_number is declared, or the session was repaired without "
    "a forked version, or it was adopted; declare version_number"
)
UNKNOWN_AGENT_VERSION: Final = "passed, but the API does not show which version of the agent it checked"
PATCHED: Final = (
    "the last iteration did not run every scenario, so no version is known to pass all of them; run it again (a "
    "trigger, `rerun: always`), or let such a pass count: gate: {full_run: any}"
)


@dataclass(frozen=True, slots=True)
class Release:
    """One version of one pathway or agent for one Bland environment.

    *name* is that of the first of its *runs*. *subject_id* is the pathway's or the agent's id. *version* is the number
    of the pathway's version, or the id of the agent's; None if it is not known yet.
    """

    name: str
    section: Section
    subject_id: str
    environment: Publish
    version: int | str | None
    runs: tuple[str, ...]


def releases(declarations: Sequence[Declaration], versions: Mapping[str, int | str | None]) -> list[Release]:
    """Return one release for each pathway or agent and Bland environment, however many runs publish it."""
    groups: dict[tuple[Section, str, Publish], list[str]] = {}
    for declaration in declarations:
        if declaration.publish is not None:
            groups.setdefault((declaration.section, declaration.subject_id, declaration.publish), []).append(
                declaration.name
            )
    return [
        Release(names[0], *target, _common(versions.get(name) for name in names), tuple(names))
        for target, names in groups.items()
    ]


def _common(versions: Iterable[int | str | None]) -> int | str | None:
    """Return the version that all have, or None."""
    distinct = set(versions)
    return distinct.pop() if len(distinct) == 1 else None


def certain_versions(declarations: Sequence[Declaration]) -> Versions:
    """Return the versions that are certain before anything has run.

    A gate that refuses repairs lets no other version of a pathway pass, and a check run changes nothing.
    """
    certain: Versions = {}
    for declaration in declarations:
        request = declaration.request
        refuses_repairs = declaration.gate is not None and declaration.gate.repaired == "refuse"
        if declaration.section == "agents" and is_version_id(request["version_id"]):
            certain[declaration.name] = request["version_id"]
        elif declaration.section == "sessions" and refuses_repairs and request.get("version_number") != LATEST:
            certain[declaration.name] = declared_version(request)
    return certain


def obstacles(declarations: Sequence[Declaration], carried: Collection[str] = ()) -> dict[str, str]:
    """Return, by session, why it can never be published, as far as that is known before anything has run.

    *carried* names the sessions that may get their version from another environment.
    """
    certain = certain_versions(declarations)
    problems = {}
    for declaration in declarations:
        if declaration.publish is None:
            continue
        if declaration.gate is None:
            problems[declaration.name] = UNGATED_PUBLISH
        elif declaration.name not in carried and declaration.name in certain and certain[declaration.name] is None:
            problems[declaration.name] = VERSIONLESS_PUBLISH
    return problems | _disagreements(declarations, certain) | _live_ones(declarations)


def _live_ones(declarations: Sequence[Declaration]) -> dict[str, str]:
    """Return a message for each session that would publish what is live by a number that names no version."""
    return {
        declaration.name: LIVE_PUBLISH
        for declaration in declarations
        if declaration.publish is not None and declared_version(declaration.request) == LIVE
    }


def faults(
    declarations: Sequence[Declaration], versions: Mapping[str, int | str | None], patched: Collection[str] = ()
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
        declaration.name: UNKNOWN_VERSION if declaration.section == "sessions" else UNKNOWN_AGENT_VERSION
        for declaration in declarations
        if declaration.publish is not None and versions.get(declaration.name) is None
    }
    return unknown | _disagreements(declarations, versions) | incomplete


def _disagreements(declarations: Sequence[Declaration], versions: Mapping[str, int | str | None]) -> dict[str, str]:
    """Return a message for each run whose version differs from the first one's of the same pathway or agent.

    Of an agent for both environments together: a promotion moves staging too.
    """
    firsts: dict[tuple[Section, str, str], str] = {}
    problems = {}
    for declaration in declarations:
        name, version = declaration.name, versions.get(declaration.name)
        if declaration.publish is None or version is None:
            continue
        environment = declaration.publish if declaration.section == "sessions" else ""
        first = firsts.setdefault((declaration.section, declaration.subject_id, environment), name)
        if version != versions[first]:
            is_session = declaration.section == "sessions"
            subject, field = ("a pathway", "version_number") if is_session else ("an agent", "version")
            problems[name] = (
                f"version {version} differs from version {versions[first]} of {first}: "
                f"only one version of {subject} can be published; declare the same {field} in both"
            )
    return problems
