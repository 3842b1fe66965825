"""Names in a declarations file that refer to other parts of it, and the pathway that every session needs.

The checks run on files that violate the schema too, so that all problems are reported at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.positions import Problem
from tornado_resource.core.text import did_you_mean
from tornado_resource.declarations.document import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tornado_resource.declarations.document import Document, KeyPath

MISSING_PATHWAY: Final = "`pathway_id` is missing{where}, expected the id of the pathway to test"


def reference_problems(document: Document) -> Iterator[Problem]:
    """Yield a problem for each unknown name, each `max_age` without effect, and each session without a pathway."""
    yield from _unknown_sources(document)
    yield from _useless_max_ages(document)
    yield from _unknown_sessions(document)
    yield from _missing_pathways(document)


def unknown_environment(name: str, listed: list[str]) -> str:
    """Return the message for an environment that the file does not list."""
    if not listed:
        found = f"unknown environment '{name}', this file has no environments"
        return f"{found}; add `environments`, or remove --environment (or config tornado:environment)"
    return f"unknown environment '{name}', expected one of {', '.join(listed)}{did_you_mean(name, listed)}"


def _unknown_sources(document: Document) -> Iterator[Problem]:
    data = _mapping(document.data)
    environments = list(_mapping(data.get("environments")))
    for environment in environments:
        source = _mapping(data["environments"][environment]).get("promotes_from")
        if not isinstance(source, str) or "/" in source:
            continue  # a stack's full name: only Pulumi knows whether it exists
        text = _source_problem(data, environment, source, environments)
        if text is not None:
            path: KeyPath = ("environments", environment, "promotes_from")
            yield Problem(document.position(path), dotted(path), text)


def _useless_max_ages(document: Document) -> Iterator[Problem]:
    for environment, settings in _mapping(_mapping(document.data).get("environments")).items():
        values = _mapping(settings)
        if values.get("max_age") is not None and values.get("promotes_from") is None:
            path: KeyPath = ("environments", environment, "max_age")
            text = (
                "`max_age` needs `promotes_from`: it limits the age of a promoted pass; add promotes_from, or remove it"
            )
            yield Problem(document.position(path, of_key=True), dotted(path), text)


def _source_problem(data: Mapping[str, Any], environment: str, source: str, environments: list[str]) -> str | None:
    if source == environment:
        return "an environment cannot promote from itself"
    if source not in environments:
        return unknown_environment(source, environments)
    chain = _sources(data, source)
    if environment not in chain:
        return None
    circle = " ← ".join([environment, source, *chain[: chain.index(environment) + 1]])
    return f"circular promotion: {circle}"


def _sources(data: Mapping[str, Any], environment: str) -> list[str]:
    """Follow `promotes_from` from one environment to the next until it ends or repeats."""
    found: list[str] = []
    while True:
        source = _mapping(_mapping(data["environments"]).get(environment)).get("promotes_from")
        if not isinstance(source, str) or source in found:
            return found
        found.append(source)
        environment = source


def _unknown_sessions(document: Document) -> Iterator[Problem]:
    """Yield a problem for each session of an environment that is neither in the base nor has a pathway of its own."""
    data = _mapping(document.data)
    sessions = list(_mapping(data.get("sessions")))
    for environment, settings in _mapping(data.get("environments")).items():
        for name, own in _mapping(_mapping(settings).get("sessions")).items():
            if name not in sessions and "pathway_id" not in _mapping(own):
                path: KeyPath = ("environments", environment, "sessions", name)
                yield Problem(document.position(path, of_key=True), dotted(path), _unknown_session(name, sessions))


def _unknown_session(name: str, sessions: list[str]) -> str:
    expected = "expected a session of this file, or a new session with a pathway_id"
    return f"unknown session '{name}', {expected}{did_you_mean(name, sessions)}"


def _missing_pathways(document: Document) -> Iterator[Problem]:
    """Yield a problem for each session that gets no pathway from any layer of any environment."""
    data = _mapping(document.data)
    environments = [_mapping(settings) for settings in _mapping(data.get("environments")).values()]
    has_default = any("pathway_id" in _mapping(settings.get("defaults")) for settings in [data, *environments])
    # A merge key was reported and its value dropped: a pathway may have been in it.
    sessions = {} if has_default or _has_merge_key(document) else _mapping(data.get("sessions"))
    for name, session in sessions.items():
        overrides = [_mapping(_mapping(settings.get("sessions")).get(name)) for settings in environments]
        if _needs_pathway(session) and not any("pathway_id" in override for override in overrides):
            path: KeyPath = ("sessions", name)
            yield Problem(document.position(path, of_key=True), dotted(path), MISSING_PATHWAY.format(where=""))


def _has_merge_key(document: Document) -> bool:
    return any(problem.path.endswith("<<") for problem in document.problems)


def _needs_pathway(session: Any) -> bool:
    """Whether a session has no pathway of its own. One that is no mapping is reported for that alone."""
    return session is None or (isinstance(session, dict) and "pathway_id" not in session)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
