"""Names in a declarations file that refer to other parts of it, and the pathway or agent that every run needs.

The checks run on files that violate the schema too, so that all problems are reported at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tornado_resource.declarations.merging import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tornado_resource.core.positions import Problem
    from tornado_resource.declarations.document import Document, KeyPath
    from tornado_resource.declarations.model import Section

MAX_SESSIONS: Final = 2_000
"""How many sessions and agents a file may have, those that only an environment has included."""
MAX_RESOLVED: Final = 30_000
"""How many sessions and agents all environments together may have: each is resolved for each environment."""
MAX_CIRCLE: Final = 20
"""How many environments of a circle a message names."""
NEEDED: Final[Mapping[Section, str]] = {"sessions": "pathway_id", "agents": "agent_id"}
"""What every run needs."""
MISSING_SUBJECTS: Final[Mapping[Section, str]] = {
    "sessions": "`pathway_id` is missing{where}, expected the id of the pathway to test",
    "agents": "`agent_id` is missing{where}, expected the id of the agent to check",
}
_EXPECTED: Final[Mapping[Section, str]] = {
    "sessions": "expected a session of this file, or a new session with a pathway_id",
    "agents": "expected an agent of this file, or a new agent with an agent_id",
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
    yield from _unknown_scenarios(document)
    yield from _unused_scenarios(document)
    yield from _unknown_judges(document)
    yield from _unknown_tags(document)
    yield from _unused_judges(document)
    yield from _missing_pathways(document)
    yield from _missing_agents(document)


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
    parts = [mapping(document.data), *all_settings(document).values()]
    return any(section == "agents" for part in parts for section, _ in _runs(part))


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
            unknown = [name for name in own if name not in declared and NEEDED[section] not in mapping(own[name])]
            yield from (_unknown_run(document, environment, section, name) for name in unknown)


def _unknown_run(document: Document, environment: str, section: Section, name: str) -> Problem:
    quoting, declared = document.quoting, mapping(mapping(document.data).get(section))
    unknown = f"unknown {section.removesuffix('s')} '{quoting.name(name)}'"
    text = f"{unknown}, {_EXPECTED[section]}{quoting.hint(name, declared)}"
    return document.problem(("environments", environment, section, name), text, of_key=True)


def _names_of_both(document: Document) -> Iterator[Problem]:
    """Yield a problem for each agent that has the name of a session: outputs and reports have each name once."""
    parts: list[tuple[KeyPath, Mapping[str, Any]]] = [((), mapping(document.data))]
    parts += [(("environments", name), settings) for name, settings in all_settings(document).items()]
    sessions = {name for _, part in parts for name in mapping(part.get("sessions"))}
    for above, part in parts:
        for name in mapping(part.get("agents")):
            if name in sessions:
                text = "duplicate name: a session of this file has it too; rename one"
                yield document.problem((*above, "agents", name), text, of_key=True)


def _unknown_scenarios(document: Document) -> Iterator[Problem]:
    """Yield a problem for each scenario that a run names and that no environment of the run has."""
    data = mapping(document.data)
    base = mapping(data.get("scenarios"))
    of_environments = {name: mapping(settings.get("scenarios")) for name, settings in all_settings(document).items()}
    everywhere = base.keys() | {key for own in of_environments.values() for key in own}
    for path, key in _named_scenarios(document):
        own = of_environments.get(str(path[1]), {}) if path[0] == "environments" else dict.fromkeys(everywhere)
        if key not in base and key not in own:
            yield _unknown_scenario(document, path, key, everywhere)


def _unknown_scenario(document: Document, path: KeyPath, key: str, keys: Collection[str]) -> Problem:
    expected = "expected a key of `scenarios` (an id of the API belongs in scenario_ids)"
    hint = document.quoting.hint(key, keys)
    return document.problem(path, f"unknown scenario '{document.quoting.name(key)}', {expected}{hint}")


def _unused_scenarios(document: Document) -> Iterator[Problem]:
    """Yield a problem for each scenario that no run names: it would be created nowhere."""
    data = mapping(document.data)
    named = {key for _, key in _named_scenarios(document)}
    places: list[tuple[KeyPath, Any]] = [(("scenarios",), data.get("scenarios"))]
    places += [
        (("environments", name, "scenarios"), settings.get("scenarios"))
        for name, settings in all_settings(document).items()
    ]
    for path, scenarios in places:
        for key, values in mapping(scenarios).items():
            if key not in named and values is not None:
                yield _unused_scenario(document, (*path, key), named)


def _unused_scenario(document: Document, path: KeyPath, named: Collection[str]) -> Problem:
    text = "unused scenario: no session or checks list it; add it to `scenarios` of one"
    return document.problem(path, text + document.quoting.hint(str(path[-1]), named), of_key=True)


def _named_scenarios(document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Yield the path and the key of each scenario that a session, the defaults of sessions, or checks name."""
    checks = (((*path, "checks"), mapping(agent).get("checks")) for path, agent in _agent_parts(document))
    for path, part in (*_session_parts(document), *checks):
        named = mapping(part).get("scenarios")
        keys = enumerate(named if isinstance(named, list) else ())
        yield from (((*path, "scenarios", index), key) for index, key in keys if isinstance(key, str))


def _unknown_judges(document: Document) -> Iterator[Problem]:
    """Yield a problem for each judge that the checks of an agent name and that no environment of the agent has."""
    base = mapping(mapping(document.data).get("judges"))
    of_environments = {name: mapping(settings.get("judges")) for name, settings in all_settings(document).items()}
    everywhere = base.keys() | {key for own in of_environments.values() for key in own}
    for path, key in _named_judges(document):
        own = of_environments.get(str(path[1]), {}) if path[0] == "environments" else dict.fromkeys(everywhere)
        if key not in base and key not in own:
            hint = document.quoting.hint(key, everywhere)
            text = f"unknown judge '{document.quoting.name(key)}', expected a key of `judges`{hint}"
            yield document.problem(path, text)


def _unused_judges(document: Document) -> Iterator[Problem]:
    """Yield a problem for each judge as code that no checks name: it would be created nowhere."""
    named = {key for _, key in _named_judges(document)}
    places: list[tuple[KeyPath, Any]] = [(("judges",), mapping(document.data).get("judges"))]
    places += [
        (("environments", name, "judges"), settings.get("judges")) for name, settings in all_settings(document).items()
    ]
    for path, judges in places:
        for key, values in mapping(judges).items():
            if key not in named and "prompt" in mapping(values):
                text = "unused judge: no checks name it; add it to `judges` of the checks of an agent"
                hint = document.quoting.hint(key, named)
                yield document.problem((*path, key), text + hint, of_key=True)


def _named_judges(document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Yield the path and the key of each judge that the checks of an agent name."""
    for path, agent in _agent_parts(document):
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
    for path, part in (*_session_parts(document), *_agent_parts(document)):
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


def _agent_parts(document: Document) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the path and the values of all agents, those of the environments included."""
    parts: list[tuple[KeyPath, Mapping[str, Any]]] = [((), mapping(document.data))]
    parts += [(("environments", name), settings) for name, settings in all_settings(document).items()]
    for above, part in parts:
        for name, agent in mapping(part.get("agents")).items():
            yield (*above, "agents", name), agent


def _session_parts(document: Document) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the path and the values of all sessions and defaults of sessions, those of the environments included."""
    parts: list[tuple[KeyPath, Mapping[str, Any]]] = [((), mapping(document.data))]
    parts += [(("environments", name), settings) for name, settings in all_settings(document).items()]
    for above, part in parts:
        yield (*above, "defaults"), part.get("defaults")
        for name, session in mapping(part.get("sessions")).items():
            yield (*above, "sessions", name), session


def _missing_pathways(document: Document) -> Iterator[Problem]:
    """Yield a problem for each session that gets no pathway from any layer of any environment."""
    data, environments = mapping(document.data), all_settings(document).values()
    has_default = any(_has_pathway(settings.get("defaults")) for settings in [data, *environments])
    if has_default or document.has_merge_key:  # a merge key's value was dropped: a pathway may have been in it
        return
    named = _names_with_pathway(environments)
    for name, session in mapping(data.get("sessions")).items():
        if _lacks(session, "pathway_id") and name not in named:
            yield document.problem(("sessions", name), MISSING_SUBJECTS["sessions"].format(where=""), of_key=True)


def _missing_agents(document: Document) -> Iterator[Problem]:
    """Yield a problem for each agent that gets no id, in the base or in an environment."""
    if document.has_merge_key:  # its value was dropped: an id may have been in it
        return
    overrides = [mapping(settings.get("agents")) for settings in all_settings(document).values()]
    named = {name for agents in overrides for name, own in agents.items() if "agent_id" in mapping(own)}
    for name, agent in mapping(mapping(document.data).get("agents")).items():
        if _lacks(agent, "agent_id") and name not in named:
            yield document.problem(("agents", name), MISSING_SUBJECTS["agents"].format(where=""), of_key=True)


def _names_with_pathway(environments: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the sessions that get a pathway in an environment."""
    overrides = (mapping(settings.get("sessions")) for settings in environments)
    return {name for sessions in overrides for name, own in sessions.items() if _has_pathway(own)}


def _has_pathway(session: Any) -> bool:
    return "pathway_id" in mapping(session)


def _lacks(run: Any, key: str) -> bool:
    """Whether a session or agent has no value of its own for a key. One that is no mapping is reported as such."""
    return run is None or (isinstance(run, dict) and key not in run)


def all_settings(document: Document) -> dict[str, Mapping[str, Any]]:
    """Return what a document, checked or not, has for each environment."""
    environments = mapping(mapping(document.data).get("environments"))
    return {name: mapping(settings) for name, settings in environments.items()}


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}
