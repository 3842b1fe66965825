"""From a checked document to the declarations of one environment."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Literal

from tornado_resource.bland.content import LIVE
from tornado_resource.core.clock import today
from tornado_resource.core.positions import Problem
from tornado_resource.declarations.checks import Configs
from tornado_resource.declarations.document import Findings
from tornado_resource.declarations.explanations import NO_LIMIT
from tornado_resource.declarations.judges import Judges
from tornado_resource.declarations.merging import OWN, SECTIONS, Fault, environments_of, has, merge, names, settings_of
from tornado_resource.declarations.model import (
    SUBJECT_FIELDS,
    SUBJECTS,
    UNCONFIRMABLE,
    Budget,
    Declaration,
    Environment,
    Gate,
    check_run_request,
    declared_version,
    request_from,
    unreachable_confirm,
    unreachable_gate,
    version_note,
)
from tornado_resource.declarations.quarantine import UNGATED_QUARANTINE, faults, in_effect, notes
from tornado_resource.declarations.reader import parse, read
from tornado_resource.declarations.references import MISSING_SUBJECTS, reference_problems, unknown_environment
from tornado_resource.declarations.releases import LIVE_PROMOTION, obstacles
from tornado_resource.declarations.remainder import remainder
from tornado_resource.declarations.removals import empty_values, left_out
from tornado_resource.declarations.scenarios import Scenarios, with_own_scenarios
from tornado_resource.declarations.schema import is_valid, known_keys, schema_problems

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from tornado_resource.core.positions import Position
    from tornado_resource.declarations.document import Document, KeyPath
    from tornado_resource.declarations.merging import Layer
    from tornado_resource.declarations.model import Publish, ScenarioDeclaration, Section

Carry = Literal["version", "pass", "unknown", "never"]
"""What a run takes from the environment that it is promoted from.

`version`: the version that passed. `pass`: only the pass, since it runs on another pathway or agent there. `unknown`:
one of the two, but that environment is in another file. `never`: nothing, since it has no gate there.
"""

RUN_OPTIONS: Final = ("on_conflict", "on_destroy", "rerun", "triggers", "tags")
"""The keys of a session or agent that are fields of a declaration as they are, and all that agents take as defaults."""


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What an environment's runs have in common."""

    environment: str | None
    values: Mapping[str, Any]
    repaired: Literal["allow", "refuse"]
    publish: Publish | None
    retest: bool
    only: tuple[str, ...]

    @classmethod
    def of(cls, document: Document, environment: str | None) -> _Defaults:
        settings = settings_of(document, environment)
        return cls(
            environment,
            values=merge(merge({}, document.data.get("defaults") or {}), settings.get("defaults") or {}),
            # What is promoted must be what passed before, not a new repair.
            repaired="refuse" if settings.get("promotes_from") else "allow",
            publish=settings.get("publish"),
            retest=settings.get("retest") is not False,
            only=tuple(settings.get("only") or ()),
        )

    def of_section(self, section: Section) -> Mapping[str, Any]:
        """Return the default values of the runs of a section."""
        return self.values if section == "sessions" else _shared(self.values)

    def chooses(self, merged: _Merged) -> bool:
        """Return whether a session or agent of the environment runs there: it has one of the tags, if there are any."""
        return not self.only or not set(self.only).isdisjoint(merged.values.get("tags", ()))


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Keep the garbage collector from running: what is read has no cycles, and collecting takes a third longer."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()


@_without_collecting()
def load(path: str, environment: str | None = None, *, stack: str | None = None) -> Environment:
    """Return the declarations in a file for one environment.

    Args:
        path: the file.
        environment: the environment, which the file must list; None for the one of *stack*.
        stack: the stack's name. If the file has no environments, every stack gets its sessions. With `scenarios: own`,
            the names of scenarios end with it.

    Raises:
        ConfigurationError: the file cannot be opened.
        DeclarationError: the file is invalid; the error has all problems.

    Examples:
        ```python
        from tornado_resource import load

        for session in load("sessions.yaml", "staging").declarations:
            print(session.name, session.request, session.gate)
        ```

    """
    return resolve(check_document(path), environment, stack=stack)


@_without_collecting()
def check_document(path: str) -> Document:
    """Return the file at *path*, checked against the schema and for unknown names.

    Raises:
        ConfigurationError: the file cannot be opened.
        DeclarationError: the file is invalid; the error has all problems.

    """
    return _checked(read(path, known_keys()))


@_without_collecting()
def check_content(content: bytes, file: str) -> Document:
    """Return the content of a file, checked as `check_document` does. Messages name it *file*.

    Raises:
        DeclarationError: it is invalid; the error has all problems.

    """
    return _checked(parse(content, file))


def _checked(document: Document) -> Document:
    document.findings.add_all(schema_problems(document))
    document.findings.add_all(reference_problems(document))
    document.findings.add_all(empty_values(document))
    if document.findings.shown:
        document.findings.add_all(_problems_of_others(document))
        raise document.findings.error()
    return document


def _problems_of_others(document: Document) -> Iterator[Problem]:
    """Yield what merging shows of the sessions and agents of an invalid file that have no other problems."""
    others = remainder(document)
    if others is not None and is_valid(others.data):
        names: list[str | None] = [*environment_names(others)]
        faults = (fault for name in names or [None] for fault in _resolve(others, name)[1])
        yield from [_problem(others, fault) for fault in _distinct(faults)]


def environment_names(document: Document) -> list[str]:
    """Return the environments that a checked document lists, in the file's order."""
    return list(environments_of(document))


def resolve(document: Document, environment: str | None, *, stack: str | None = None) -> Environment:
    """Return the declarations of one environment of a checked document (as `load`).

    Raises:
        DeclarationError: problems that only merging can show.

    """
    resolved, problems = _resolve(document, environment or stack, is_requested=bool(environment))
    _refuse(document, problems)
    is_own = settings_of(document, resolved.name).get("scenarios") == OWN
    return with_own_scenarios(resolved, stack) if is_own else resolved


def check_environments(document: Document, environments: Iterable[str | None]) -> Problem | None:
    """Resolve environments of a checked document, and return a note on those that leave the version to the API, if any.

    Raises:
        DeclarationError: problems that only merging can show; one that several environments have is there once.

    """
    unversioned: dict[str, None] = {}
    where: list[str] = []

    def faults() -> Iterator[Fault]:
        for name in environments:
            environment, faults_of_environment = _resolve(document, name)
            missing = without_version(document, environment)
            unversioned.update(dict.fromkeys(missing))
            where.extend([name] if missing and name is not None else [])
            yield from faults_of_environment

    _refuse(document, faults())
    quoted = [[document.quoting.name(listed) for listed in names] for names in (unversioned, where)]
    text = version_note(*quoted)
    return document.problem(("sessions",), text, of_key=True) if text is not None else None


def without_version(document: Document, environment: Environment) -> list[str]:
    """Return the sessions of an environment that get a `version_number` neither here nor from where it promotes."""
    carried = carries(document, environment)
    return [
        session.name
        for session in environment.sessions
        if "version_number" not in session.request and carried.get(session.name) not in {"version", "unknown"}
    ]


def _refuse(document: Document, faults: Iterable[Fault]) -> None:
    findings = Findings(document.findings.note)
    findings.add_all(_problem(document, fault) for fault in _distinct(faults))
    if findings.shown:
        raise findings.error()


def _distinct(faults: Iterable[Fault]) -> Iterator[Fault]:
    seen: set[Fault] = set()
    for fault in faults:
        if fault not in seen:
            seen.add(fault)
            yield fault


def _problem(document: Document, fault: Fault) -> Problem:
    position = document.position(fault.place, of_key=fault.of_key)
    return Problem(position, document.quoting.path(fault.shown), fault.text)


def _resolve(document: Document, name: str | None, *, is_requested: bool = True) -> tuple[Environment, Iterator[Fault]]:
    listed = environments_of(document)
    # A stack's name is no request for an environment: in a file without any, every stack gets the base sessions.
    is_unknown = name not in listed if listed and name else bool(name) and is_requested
    if is_unknown:
        text = unknown_environment(document, name or "", listed)
        path: KeyPath = ("environments",)
        return Environment(name, ()), iter([Fault(path, path, text, of_key=True)])
    settings, day = settings_of(document, name), today()
    environment, faults = _declared(document, name, day)
    for declaration in (declaration for declaration in environment.declarations if declaration.quarantine):
        _note_quarantine(document, name, declaration, day)
    environment = replace(
        environment,
        promotes_from=settings.get("promotes_from"),
        max_age=settings.get("max_age"),
        left_out=(*left_out(document, name), *environment.untagged),
        warnings=tuple(document.findings.warnings),
        budget=_budget(document, name),
    )
    return environment, chain(
        faults,
        _unreachable(document, environment),
        _unknown_bars(document, environment),
        _quarantined(document, environment, day),
        _unconfirmable(document, environment),
        _unlimited(document, environment.name),
        _unpublishable(document, environment),
        _unpromotable(document, environment),
        _untested(document, environment),
    )


def _budget(document: Document, environment: str | None) -> Budget | None:
    """Return the budget of an environment: that of the file, with what differs in the environment."""
    own = settings_of(document, environment)
    differing = {"budget": own["budget"]} if "budget" in own else {}
    limits = merge({"budget": merge({}, document.data.get("budget"))}, differing).get("budget") or {}
    places = {}
    for key in limits:
        path: KeyPath = ("environments", environment or "", "budget", key)
        places[key] = document.position(path if document.has(path) else ("budget", key))
    return Budget(**{key: int(limit) for key, limit in limits.items()}, places=places) if limits else None


def _unlimited(document: Document, environment: str | None) -> Iterator[Fault]:
    """Yield the budgets that set no limit. In an environment, one that removes a limit of the file is meant."""
    base, own = document.data.get("budget"), settings_of(document, environment).get("budget")
    limits, path = merge({}, base or {}), ("environments", environment or "", "budget")
    if base is not None and not limits:
        yield Fault(("budget",), ("budget",), NO_LIMIT)
    if own is not None and not merge({}, own) and not own.keys() & limits.keys():
        yield Fault(path, path, NO_LIMIT)


def carries(document: Document, environment: Environment) -> dict[str, Carry]:
    """Return, by session, what it takes from the environment that *environment* promotes from; empty if it does not."""
    source = environment.promotes_from
    if source is None:
        return {}
    if source not in environments_of(document):
        return dict.fromkeys((declaration.name for declaration in environment.declarations), "unknown")
    there = _gated(document, source)
    return {
        declaration.name: _carry(declaration, there.get(declaration.name)) for declaration in environment.declarations
    }


def _gated(document: Document, environment: str) -> dict[str, Mapping[str, Any]]:
    """Return, by name, the values of the runs of an environment that have a gate."""
    defaults = _Defaults.of(document, environment)
    merged = _merged(document, defaults)
    return {run.name: run.values for run in merged if run.is_gated and defaults.chooses(run)}


def _carry(here: Declaration, there: Mapping[str, Any] | None) -> Carry:
    if there is None:
        return "never"
    return "version" if here.subject_id == there.get(SUBJECT_FIELDS[here.section]) else "pass"


def layers(document: Document, environment: str | None, section: Section, name: str) -> list[Layer]:
    """Return the layers that a session or agent is merged from, in order of increasing precedence.

    Base defaults, the environment's defaults, the base entry, the environment's entry.
    """
    data, own = document.data, settings_of(document, environment)
    above: KeyPath = ("environments", environment or "")
    defaults: list[tuple[KeyPath, Any]] = [
        (("defaults",), data.get("defaults")),
        ((*above, "defaults"), own.get("defaults")),
    ]
    if section == "agents":
        defaults = [(path, _shared(values or {})) for path, values in defaults]
    candidates: list[tuple[KeyPath, Any]] = [
        *defaults,
        ((section, name), (data.get(section) or {}).get(name)),
        ((*above, section, name), (own.get(section) or {}).get(name)),
    ]
    return [(path, values) for path, values in candidates if values]


def _shared(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults that agents have too."""
    return {key: defaults[key] for key in RUN_OPTIONS if key in defaults}


@dataclass(frozen=True, slots=True)
class _Merged:
    """A session or agent of an environment. *home* is the path of its declaration."""

    section: Section
    name: str
    values: Mapping[str, Any]
    home: KeyPath

    @property
    def has_place(self) -> bool:
        return SUBJECT_FIELDS[self.section] in self.values

    @property
    def is_gated(self) -> bool:
        return self.has_place and self.values.get("gate") != "none"


def _merged(document: Document, defaults: _Defaults) -> Iterator[_Merged]:
    """Yield the sessions of an environment, then its agents, each in the file's order; its own ones come last."""
    settings, above = settings_of(document, defaults.environment), ("environments", defaults.environment or "")
    for section in SECTIONS:
        base, own = document.data.get(section) or {}, settings.get(section) or {}
        for name in names(document, defaults.environment, section):
            values = defaults.of_section(section)
            for layer in (base.get(name), own.get(name)):
                values = merge(values, layer) if layer else values
            yield _Merged(section, name, values, (section, name) if name in base else (*above, section, name))


def _declared(document: Document, environment: str | None, day: date) -> tuple[Environment, list[Fault]]:
    """Return an environment with what runs there, and what does not since it has no tag of `only`."""
    parts = _Parts.of(document, environment, day)
    merged = [*_merged(document, parts.defaults)]
    untagged = [run for run in merged if not parts.defaults.chooses(run)]
    chosen = [run for run in merged if parts.defaults.chooses(run)]
    faults = [*parts.without_place(chosen)]
    declarations = [parts.declare(run) for run in chosen if run.has_place]
    parts.add_checks_of_others(untagged, {declaration.place for declaration in declarations})
    declarations = [*map(parts.configs.of, declarations)]
    parts.scenarios.check_names(declarations)
    declared = Environment(
        environment,
        tuple(declarations),
        only=parts.defaults.only,
        untagged=tuple(run.name for run in untagged),
    )
    declared = replace(declared, spare_scenarios=parts.spare_scenarios(untagged, declared.scenarios))
    return declared, [*faults, *parts.scenarios.faults, *parts.configs.all_faults]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the runs of one environment are declared from."""

    document: Document
    defaults: _Defaults
    scenarios: Scenarios
    configs: Configs
    day: date

    @classmethod
    def of(cls, document: Document, environment: str | None, day: date) -> _Parts:
        defaults, scenarios = _Defaults.of(document, environment), Scenarios(document, environment)
        return cls(document, defaults, scenarios, Configs(document, environment, scenarios), day)

    def declare(self, merged: _Merged) -> Declaration:
        declaration = self._bare(merged)
        if "scenarios" in merged.values:
            place = _place(self.document, self.defaults.environment, declaration, ("scenarios",))
            scenarios = self.scenarios.of_session(place, merged.name, merged.values)
            declaration = replace(declaration, scenarios=scenarios)
        self._add_checks(merged, declaration)
        return declaration

    def without_place(self, merged: Iterable[_Merged]) -> Iterator[Fault]:
        """Yield a fault for each run that gets no pathway or agent."""
        name = self.defaults.environment
        where = f" in environment {self.document.quoting.name(name)}" if name is not None else ""
        for run in merged:
            if not run.has_place:
                yield Fault(run.home, run.home, MISSING_SUBJECTS[run.section].format(where=where), of_key=True)

    def add_checks_of_others(self, merged: Iterable[_Merged], places: Collection[tuple[str, ...]]) -> None:
        """Add the checks of agents that do not run, if others run in their place and so have them, too."""
        for run in merged:
            if run.section == "agents" and run.has_place:
                declaration = self._bare(run)
                if declaration.place in places:
                    self._add_checks(run, declaration)

    def spare_scenarios(
        self, merged: Iterable[_Merged], used: Iterable[ScenarioDeclaration]
    ) -> tuple[ScenarioDeclaration, ...]:
        """Return the scenarios of runs that are left out, each once for each owner, without those that are used."""
        used_places = {(scenario.key, scenario.owner) for scenario in used}
        spares = {
            (scenario.key, scenario.owner): scenario
            for left in merged
            for scenario in self.scenarios.spare(left.values)
        }
        return tuple(scenario for place, scenario in spares.items() if place not in used_places)

    def _bare(self, merged: _Merged) -> Declaration:
        return _declare(merged, self.defaults, self.document.position(merged.home, of_key=True), self.day)

    def _add_checks(self, merged: _Merged, declaration: Declaration) -> None:
        if "checks" in merged.values and declaration.retest:
            place_of = partial(_checks_place, self.document, self.defaults.environment, declaration)
            self.configs.add(declaration, merged.values["checks"], place_of)


def _declare(merged: _Merged, defaults: _Defaults, position: Position, day: date) -> Declaration:
    values, is_session = merged.values, merged.section == "sessions"
    gate = Gate.of(values.get("gate"), repaired=defaults.repaired if is_session else "allow")
    if gate is not None:
        gate = replace(gate, quarantine=in_effect(values.get("quarantine"), day))
    return Declaration(
        name=merged.name,
        request=request_from(values) if is_session else check_run_request(values),
        gate=gate,
        position=position,
        section=merged.section,
        publish=values.get("publish", defaults.publish if gate is not None else None),
        retest=values.get("retest", defaults.retest),
        quarantine=values.get("quarantine") or (),
        **{key: values[key] for key in RUN_OPTIONS if key in values},
    )


def _unreachable(document: Document, environment: Environment) -> Iterator[Fault]:
    """Yield a problem for each gate that requires more scenarios than the session declares."""
    for declaration in environment.sessions:
        passed = declaration.gate.passed if declaration.gate is not None else None
        text = unreachable_gate(passed, _scenarios(declaration))
        if text is not None:
            path = ("sessions", declaration.name, "gate", "passed")
            yield Fault(_place(document, environment.name, declaration, ("gate", "passed")), path, text)


def _quarantined(document: Document, environment: Environment, day: date) -> Iterator[Fault]:
    """Yield what is wrong with the quarantine of each session and agent."""
    for declaration in (run for run in environment.declarations if run.quarantine):
        place = _place(document, environment.name, declaration, ("quarantine",))
        entries_path: KeyPath = (declaration.section, declaration.name, "quarantine")
        if declaration.gate is None:
            yield Fault(place, entries_path, UNGATED_QUARANTINE, of_key=True)
        for path, text in faults(declaration.quarantine, _decisive(declaration), day, document.quoting):
            yield Fault((*place, *path), (*entries_path, *path), text)


def _unknown_bars(document: Document, environment: Environment) -> Iterator[Fault]:
    """Yield a problem for each judge of a gate that the declared checks do not have: no run could meet the gate."""
    for declaration in environment.agents:
        gate, checks = declaration.gate, declaration.checks
        if gate is None or checks is None or not all("name" in judge for judge in checks.judges):
            continue  # what the API calls a judge that is declared by its id alone is not known
        names = [str(judge["name"]) for judge in checks.judges]
        written = _written_judges(document, environment.name, declaration)
        for name in (bar for bar in gate.judges if bar not in names):
            quoted = document.quoting.text
            text = f"no judge of the checks has this name, expected one of {', '.join(map(quoted, names))}"
            path = ("gate", "judges", written[name])
            place = _place(document, environment.name, declaration, path)
            yield Fault(place, (declaration.section, declaration.name, *path), text, of_key=True)


def _written_judges(document: Document, environment: str | None, declaration: Declaration) -> dict[str, str]:
    """Return how the file writes the judges of a gate, by their names."""
    judges = Judges(document, environment)
    gates = [values.get("gate") for _, values in layers(document, environment, declaration.section, declaration.name)]
    named = [gate["judges"] for gate in gates if isinstance(gate, dict) and gate.get("judges")]
    return {judges.name(key): key for judge_keys in named for key in judge_keys}


def _note_quarantine(document: Document, environment: str | None, declaration: Declaration, day: date) -> None:
    """Warn of the quarantine that ends soon, or has ended."""
    place = _place(document, environment, declaration, ("quarantine",))
    for index, text in notes(declaration.quarantine, day, document.quoting):
        document.findings.warn(document.problem((*place, index), text))


def _decisive(declaration: Declaration) -> Collection[str] | None:
    """Return the scenarios or judges that decide about a run; None if they are not known."""
    if declaration.section == "sessions":
        return [
            *declaration.request.get("scenario_ids", ()),
            *(scenario.key for scenario in declaration.scenarios),
        ] or None
    return _decisive_judges(declaration.checks.judges, declaration.gate) if declaration.checks is not None else None


def _decisive_judges(judges: Sequence[Mapping[str, Any]], gate: Gate | None) -> Collection[str] | None:
    if not all("name" in judge for judge in judges):
        return None  # what the API calls a judge that is declared by its id alone
    barred = gate.judges if gate is not None else {}
    return [str(judge["name"]) for judge in judges if judge.get("required") is not False or judge["name"] in barred]


def _unconfirmable(document: Document, environment: Environment) -> Iterator[Fault]:
    """Yield a problem for each `confirm` that requires more than its runs, or that has no version to simulate."""
    confirmed = [
        session for session in environment.sessions if session.gate is not None and session.gate.confirm is not None
    ]
    carried = carries(document, environment) if confirmed else {}
    for declaration in confirmed:
        keys: tuple[str, ...] = ("gate", "confirm")
        unreachable = unreachable_confirm(declaration.gate)
        is_carried = carried.get(declaration.name) in {"version", "unknown"}
        if unreachable is not None:
            path = ("sessions", declaration.name, *keys, unreachable[0])
            keys = keys if unreachable[0] == "runs" else (*keys, unreachable[0])
            yield Fault(_place(document, environment.name, declaration, keys), path, unreachable[1])
        elif not is_carried and "version_number" not in declaration.request:
            place = _place(document, environment.name, declaration, keys)
            yield Fault(place, ("sessions", declaration.name, *keys), UNCONFIRMABLE)


def _scenarios(declaration: Declaration) -> list[Any] | None:
    """Return an entry for each scenario that a session declares; None if it runs all enabled ones."""
    declared = [*declaration.request.get("scenario_ids", ()), *declaration.scenarios]
    return declared or None


def _unpublishable(document: Document, environment: Environment) -> Iterator[Fault]:
    if all(declaration.publish is None for declaration in environment.declarations):
        return
    carried = {name for name, carry in carries(document, environment).items() if carry != "pass"}
    texts = obstacles(environment.declarations, carried)
    for declaration in environment.declarations:
        if declaration.name in texts:
            place = _place(document, environment.name, declaration, ("publish",))
            yield Fault(place, (declaration.section, declaration.name, "publish"), texts[declaration.name])


def _unpromotable(document: Document, environment: Environment) -> Iterator[Fault]:
    """Yield a problem for each session that is promoted from the live pathway, or to it: 0 is no version."""
    source = environment.promotes_from
    if source is None or source not in environments_of(document):
        return
    there = _gated(document, source)
    for declaration in environment.sessions:
        if _carry(declaration, there.get(declaration.name)) != "version":
            continue
        declared = ((environment.name, declaration.request), (source, request_from(there[declaration.name])))
        where = next((name for name, request in declared if declared_version(request) == LIVE), None)
        if where is not None:
            place = _place(document, where, declaration, ("version_number",))
            yield Fault(place, ("sessions", declaration.name, "version_number"), LIVE_PROMOTION)


def _untested(document: Document, environment: Environment) -> Iterator[Fault]:
    """Yield a problem for each `retest: false` that no pass of another environment can stand for."""
    untested = [untested_run for untested_run in environment.declarations if not untested_run.retest]
    carried = carries(document, environment) if untested else {}
    there = _gated(document, environment.promotes_from or "") if "version" in carried.values() else {}
    for declaration in untested:
        name = declaration.name
        text = _no_pass(environment, declaration, carried.get(name)) or _other_checks(declaration, there.get(name))
        if text is not None:
            place = _place(document, environment.name, declaration, ("retest",))
            yield Fault(place, (declaration.section, declaration.name, "retest"), f"`retest: false` {text}")


def _no_pass(environment: Environment, declaration: Declaration, carry: Carry | None) -> str | None:
    if environment.promotes_from is None:
        return "needs `promotes_from`, whose pass it takes; add that, or remove it"
    if declaration.gate is None:
        return "needs a gate, and this has `gate: none`; declare a gate, or remove it"
    if carry == "pass":
        subject = SUBJECTS[declaration.section]
        return f"needs the same {subject} in {environment.promotes_from}, since its pass is for that one; remove it"
    return None


def _other_checks(declaration: Declaration, there: Mapping[str, Any] | None) -> str | None:
    if declaration.section == "sessions" or there is None:
        return None
    env, own = check_run_request(there)["env"], declaration.request["env"]
    return f"needs the same `env`: its pass is for the checks of {env}, not of {own}; remove it" if env != own else None


def _place(document: Document, environment: str | None, declaration: Declaration, keys: tuple[str, ...]) -> KeyPath:
    """Return where a run gets a value from: the last layer that has it, or the environment itself."""
    for path, values in reversed(layers(document, environment, declaration.section, declaration.name)):
        if has(values, keys):
            return (*path, *keys)
    return ("environments", environment or "", *keys)


def _checks_place(
    document: Document, environment: str | None, declaration: Declaration, keys: tuple[str, ...]
) -> KeyPath:
    return _place(document, environment, declaration, ("checks", *keys))
