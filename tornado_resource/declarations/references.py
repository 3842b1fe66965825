"""Names in a declarations file that refer to other parts of it, and the pathway or agent that every run needs.

The checks run on files that violate the schema too, so that all problems are reported at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from tornado_resource.declarations.merging import SECTIONS
from tornado_resource.declarations.model import SUBJECT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tornado_resource.core.positions import Problem
    from tornado_resource.declarations.document import Document, KeyPath
    from tornado_resource.declarations.model import Section

MAX_SESSIONS: Final = 2_000
"""How many sessions and agents a file may have, those that only an environment has included."""
MAX_RESOLVED: Final = 30_000
"""How many sessions and agents all environments together may have: each is resolved for each environment."""
MAX_CIRCLE: Final = 20
"""How many environments of a circle a message names."""
MISSING_SUBJECTS: Final[Mapping[Section, str]] = {
    "sessions": "`pathway_id` is missing{where}, expected the id of the pathway to test",
    "agents": "`agent_id` is missing{where}, expected the id of the agent to check",
}
_Referenced = Literal["scenarios", "judges"]
"""The sections whose entries runs refer to."""
_EXPECTED: Final[Mapping[Section | _Referenced, str]] = {
    "sessions": "expected a session of this file, or a new session with a pathway_id",
    "agents": "expected an agent of this file, or a new agent with an agent_id",
    "scenarios": "expected a key of `scenarios` (an id of the API belongs in scenario_ids)",
    "judges": "expected a key of `judges`",
}
_UNUSED: Final[Mapping[_Referenced, str]] = {
    "scenarios": "no session or checks list it; add it to `scenarios` of one",
    "judges": "no checks name it; add it to `judges` of the checks of an agent",
}
LONE_MAX_AGE: Final = (
    "`max_age` needs `promotes_from`: it limits the age of a promoted pass; add promotes_from, or remove it"
)


def reference_problems(document: Document) -> Iterator[Problem]:
    """Yield a problem for each unknown, useless or duplicate name, each useless `max_age`, each run without a place."""
    yield from _too_many_sessions(document)
    yield from _unknown_sources(document)
    yield from _useless_max_ages(document)
    yield from _unknown_runs(document)
    yield from _names_of_both(document)
    yield from _unknown_references(document, "scenarios")
    yield from _unused(document, "scenarios")
    yield from _unknown_references(document, "judges")
    yield from _unknown_tags(document)
    yield from _unused(document, "judges")
    yield from _without_subject(document, "sessions")
    yield from _without_subject(document, "agents")


def unknown_environment(document: Document, name: str, listed: Mapping[str, Any]) -> str:
    """Return the message for an environment that the file does not list."""
    quoting = document.quoting
    if not listed:
        message = f"unknown environment '{quoting.name(name)}', this file has no environments"
        return f"{message}; add `environments`, or remove --environment (or config tornado:environment)"
    expected = f"expected one of {quoting.names([*listed])}"
    return f"unknown environment '{quoting.name(name)}', {expected}{quoting.hint(name, listed)}"


def _too_many_sessions(document: Document) -> Iterator[Problem]:
    environments, base = all_settings(document), _runs(mapping(document.data))
    own = [_runs(settings) for settings in environments.values()]
    declared, noun = len(set(base).union(*own)), "sessions and agents" if _has_agents(document) else "sessions"
    if declared > MAX_SESSIONS:
        text = f"{declared:,} {noun}, expected at most {MAX_SESSIONS:,}; split the declarations into several projects"
        yield document.problem(("sessions" if base and base[0][0] == "sessions" else "agents",), text, of_key=True)
    resolved = sum(len(base) + len(runs) for runs in own)
    if resolved > MAX_RESOLVED:
        text = (
            f"{resolved:,} {noun} in {len(environments):,} environments, expected at most {MAX_RESOLVED:,}; "
            f"split the declarations into several projects"
        )
        yield document.problem(("environments",), text, of_key=True)


def _runs(part: Mapping[str, Any]) -> list[tuple[Section, str]]:
    return [(section, name) for section in SECTIONS for name in mapping(part.get(section))]


def _has_agents(document: Document) -> bool:
    return any(mapping(part.get("agents")) for _, part in _layers(document))


def _unknown_sources(document: Document) -> Iterator[Problem]:
    environments = all_settings(document)
    sources = {name: settings.get("promotes_from") for name, settings in environments.items()}
    # A stack's full name has slashes: only Pulumi knows whether it exists.
    stacks = {name: source for name, source in sources.items() if isinstance(source, str) and "/" not in source}
    circular = _circular(stacks)
    for name, source in stacks.items():
        path: KeyPath = ("environments", name, "promotes_from")
        if source == name:
            yield document.problem(path, "an environment cannot promote from itself")
        elif source not in environments:
            yield document.problem(path, unknown_environment(document, source, all_settings(document)))
        elif name in circular:
            yield _circle(document, path, stacks)


def _circle(document: Document, path: KeyPath, sources: Mapping[str, str]) -> Problem:
    names = [str(path[1])]
    while len(names) <= MAX_CIRCLE and (len(names) == 1 or names[-1] != names[0]):
        names.append(sources[names[-1]])
    more = "" if names[-1] == names[0] else " ← …"
    return document.problem(path, f"circular promotion: {' ← '.join(map(document.quoting.name, names))}{more}")


def _circular(sources: Mapping[str, str]) -> set[str]:
    """Return the environments that promote from themselves through others."""
    circular: set[str] = set()
    visits: dict[str, str] = {}
    for start in sources:
        followed = []
        name = start
        while name in sources and name not in visits:
            visits[name] = start
            followed.append(name)
            name = sources[name]
        if visits.get(name) == start:
            circular.update(followed[followed.index(name) :])
    return circular


def _useless_max_ages(document: Document) -> Iterator[Problem]:
    for environment, values in all_settings(document).items():
        if values.get("max_age") is not None and values.get("promotes_from") is None:
            yield document.problem(("environments", environment, "max_age"), LONE_MAX_AGE, of_key=True)


def _unknown_runs(document: Document) -> Iterator[Problem]:
    """Yield a problem for each run of an environment that is neither in the base nor has a place of its own."""
    for environment, settings in all_settings(document).items():
        for section in SECTIONS:
            own, declared = mapping(settings.get(section)), mapping(mapping(document.data).get(section))
            needed = SUBJECT_FIELDS[section]
            unknown = [name for name in own if name not in declared and needed not in mapping(own[name])]
            yield from (_unknown_run(document, environment, section, name) for name in unknown)


def _unknown_run(document: Document, environment: str, section: Section, name: str) -> Problem:
    quoting, declared = document.quoting, mapping(mapping(document.data).get(section))
    unknown = f"unknown {section.removesuffix('s')} '{quoting.name(name)}'"
    text = f"{unknown}, {_EXPECTED[section]}{quoting.hint(name, declared)}"
    return document.problem(("environments", environment, section, name), text, of_key=True)


def _names_of_both(document: Document) -> Iterator[Problem]:
    """Yield a problem for each agent that has the name of a session: outputs and reports have each name once."""
    sessions = {path[-1] for path, _ in _entries(document, "sessions")}
    for path, _ in _entries(document, "agents"):
        if path[-1] in sessions:
            text = "duplicate name: a session of this file has it too; rename one"
            yield document.problem(path, text, of_key=True)


def _unknown_references(document: Document, section: _Referenced) -> Iterator[Problem]:
    """Yield a problem for each scenario or judge that is named and that no environment of the run has."""
    keys = {above: mapping(part.get(section)).keys() for above, part in _layers(document)}
    everywhere = {key for own in keys.values() for key in own}
    for path, key in _references(document, section):
        available = (keys[()], keys[path[:2]]) if path[0] == "environments" else (everywhere,)
        if not any(key in names for names in available):
            unknown = f"unknown {section.removesuffix('s')} '{document.quoting.name(key)}'"
            text = f"{unknown}, {_EXPECTED[section]}{document.quoting.hint(key, everywhere)}"
            yield document.problem(path, text)


def _unused(document: Document, section: _Referenced) -> Iterator[Problem]:
    """Yield a problem for each scenario, or judge as code, that no run names: it would be created nowhere."""
    named = {key for _, key in _references(document, section)}
    for path, values in _entries(document, section):
        is_created = "prompt" in mapping(values) if section == "judges" else values is not None
        if is_created and path[-1] not in named:
            hint = document.quoting.hint(str(path[-1]), named)
            yield document.problem(path, f"unused {section.removesuffix('s')}: {_UNUSED[section]}{hint}", of_key=True)


def _references(document: Document, section: _Referenced) -> Iterator[tuple[KeyPath, str]]:
    """Yield the path and the name of each scenario or judge that is named."""
    return _named_scenarios(document) if section == "scenarios" else _named_judges(document)


def _named_scenarios(document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Yield the path and the key of each scenario that a session, the defaults of sessions, or checks name."""
    checks = (((*path, "checks"), mapping(agent).get("checks")) for path, agent in _entries(document, "agents"))
    for path, part in (*_session_parts(document), *checks):
        named = mapping(part).get("scenarios")
        keys = enumerate(named if isinstance(named, list) else ())
        yield from (((*path, "scenarios", index), key) for index, key in keys if isinstance(key, str))


def _named_judges(document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Yield the path and the key of each judge that the checks of an agent name."""
    for path, agent in _entries(document, "agents"):
        judges = mapping(mapping(agent).get("checks")).get("judges")
        for index, used in enumerate(judges if isinstance(judges, list) else ()):
            entry: KeyPath = (*path, "checks", "judges", index)
            place, key = ((*entry, "judge"), used.get("judge")) if isinstance(used, dict) else (entry, used)
            if isinstance(key, str):
                yield place, key


def _unknown_tags(document: Document) -> Iterator[Problem]:
    """Yield a problem for each tag of `only` that no session or agent has, in the base or in that environment."""
    if document.has_merge_key:  # its value was dropped: tags may have been in it
        return
    by_environment: dict[str | None, dict[str, None]] = {}
    for path, part in (*_session_parts(document), *_entries(document, "agents")):
        environment = str(path[1]) if path[0] == "environments" else None
        by_environment.setdefault(environment, {}).update(dict.fromkeys(_texts(mapping(part).get("tags"))))
    base, hint = by_environment.get(None, {}), document.quoting.hint
    for name, settings in all_settings(document).items():
        own = by_environment.get(name, {})
        for index, tag in enumerate(_texts(settings.get("only"))):
            if tag not in base and tag not in own:
                near = hint(tag, own) or hint(tag, base)
                text = f"unknown tag '{document.quoting.name(tag)}': no session or agent has it in `tags`{near}"
                yield document.problem(("environments", name, "only", index), text)


def _texts(value: Any) -> list[Any]:
    """Return the entries of a list of texts, or nothing. The schema reports a list with other entries."""
    return value if isinstance(value, list) and all(isinstance(text, str) for text in value) else []


def _session_parts(document: Document) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the path and the values of all sessions and defaults of sessions, those of the environments included."""
    for above, part in _layers(document):
        yield (*above, "defaults"), part.get("defaults")
        for name, session in mapping(part.get("sessions")).items():
            yield (*above, "sessions", name), session


def _entries(document: Document, section: Section | _Referenced) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the path and the values of all entries of a section, those of the environments included."""
    for above, part in _layers(document):
        for name, values in mapping(part.get(section)).items():
            yield (*above, section, name), values


def _without_subject(document: Document, section: Section) -> Iterator[Problem]:
    """Yield a problem for each session or agent that gets its pathway or id from no layer of any environment."""
    if document.has_merge_key:  # its value was dropped: what is missing may have been in it
        return
    needed = SUBJECT_FIELDS[section]
    if section == "sessions" and any(needed in mapping(part.get("defaults")) for _, part in _layers(document)):
        return
    named = {path[-1] for path, values in _entries(document, section) if needed in mapping(values)}
    for name, run in mapping(mapping(document.data).get(section)).items():
        if name not in named and _lacks(run, needed):
            yield document.problem((section, name), MISSING_SUBJECTS[section].format(where=""), of_key=True)


def _lacks(run: Any, key: str) -> bool:
    """Whether a session or agent has no value of its own for a key. One that is no mapping is reported as such."""
    return run is None or (isinstance(run, dict) and key not in run)


def _layers(document: Document) -> list[tuple[KeyPath, Mapping[str, Any]]]:
    """Return the path and the values of the file itself, and of each environment."""
    layers: list[tuple[KeyPath, Mapping[str, Any]]] = [((), mapping(document.data))]
    return layers + [(("environments", name), settings) for name, settings in all_settings(document).items()]


def all_settings(document: Document) -> dict[str, Mapping[str, Any]]:
    """Return what a document, checked or not, has for each environment."""
    environments = mapping(mapping(document.data).get("environments"))
    return {name: mapping(settings) for name, settings in environments.items()}


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}
