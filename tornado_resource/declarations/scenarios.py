"""From the scenarios of a checked document and their prompt files to those that one environment runs."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.listing import Owner
from tornado_resource.bland.scenario_content import SCENARIO_FIELDS
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.text import clean, cut
from tornado_resource.declarations.characters import TextFault, decode_text
from tornado_resource.declarations.merging import Fault, merge, names, own_entries, settings_of
from tornado_resource.declarations.model import SILENT_REPLAY, ScenarioDeclaration, is_silent_replay
from tornado_resource.declarations.reader import FILE_KINDS, is_in_project

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tornado_resource.declarations.document import Document, KeyPath
    from tornado_resource.declarations.model import ChecksDeclaration, Declaration, Environment

MAX_PROMPT_BYTES: Final = 64 * 1024


class UnusablePrompt(Exception):
    """A prompt file cannot be used; the text says why."""


def read_prompt(document: Document, path: str) -> str:
    """Return the text of a prompt file, read as the declarations are: a file of the project that is not hidden there.

    Args:
        document: the declarations.
        path: that of the prompt file, relative to the folder of the declarations file.

    Raises:
        UnusablePrompt: it cannot be read, is not such a file, or has no text.

    """
    try:
        text = decode_text(_content(document, path))
    except OSError as error:
        message = f"the file cannot be read: {(error.strerror or 'unknown error').lower()}"
        raise UnusablePrompt(message) from None
    except TextFault as fault:
        message = f"line {fault.line}, column {fault.column} of the file: {fault}"
        raise UnusablePrompt(message) from None
    if not text.strip():
        message = "the file is empty, expected the text of a prompt"
        raise UnusablePrompt(message)
    return text


def _content(document: Document, path: str) -> bytes:
    if document.prompts is None:
        return _read(str(Path(document.file).parent / path), document.file)
    if path not in document.prompts:
        message = f"there is no such file in the repository beside {clean(document.file)}"
        raise UnusablePrompt(message)
    return _bounded(document.prompts[path])


def _bounded(content: bytes) -> bytes:
    if len(content) > MAX_PROMPT_BYTES:
        message = "the file is larger than 64 KiB"
        raise UnusablePrompt(message)
    return content


def _read(file: str, declarations: str) -> bytes:
    # Opening a pipe must not wait for its other end.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", closefd=True) as opened:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            message = f"found {FILE_KINDS.get(stat.S_IFMT(status.st_mode), 'no file')}, expected a text file"
            raise UnusablePrompt(message)
        if not is_in_project(file, status, declarations):
            message = "found a file outside of the project or hidden in it, expected one of the project"
            raise UnusablePrompt(message)
        return _bounded(opened.read(MAX_PROMPT_BYTES + 1))


MAX_SCENARIO_NAME: Final = 200
"""The longest name that the schema allows."""
MAX_SESSION_SCENARIOS: Final = 50
"""How many scenarios a session may name (API page *Start Tornado Session*)."""
SCENARIO_OPTIONS: Final = ("on_conflict", "on_destroy")
"""The keys of a scenario that are fields of a declaration as they are."""
TESTER_PROMPT: Final = "tester_persona_prompt"
SCENARIO_TYPE: Final = "scenario_type"
_NOBODY: Final = Owner.pathway("")


@dataclass
class Scenarios:
    """The scenarios of one environment, by key, and what is wrong with those that sessions and checks name.

    Args:
        document: the checked file.
        environment: the environment's name.

    """

    document: Document
    environment: str | None
    faults: list[Fault] = field(default_factory=list)
    _values: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _declared: dict[str, ScenarioDeclaration] = field(default_factory=dict)

    def __post_init__(self) -> None:
        base = self.document.data.get("scenarios") or {}
        own = own_entries(self.document, self.environment, "scenarios")
        layers = [part.get("defaults") or {} for part in (self.document.data, self._settings)]
        options = merge(merge({}, layers[0]), layers[1]).get("scenario_options") or {}
        for key in names(self.document, self.environment, "scenarios"):
            self._values[key] = merge(merge(options, base.get(key) or {}), own.get(key) or {})

    def of_session(self, place: KeyPath, session: str, values: Mapping[str, Any]) -> tuple[ScenarioDeclaration, ...]:
        """Return the scenarios that a session names, on its pathway.

        Args:
            place: the path of the list of names, for positions.
            session: the session's name.
            values: its merged values.

        """
        keys, path = values["scenarios"], ("sessions", session, "scenarios")
        scenarios = self.named(keys, Owner.pathway(values["pathway_id"]), place, path)
        total = len(keys) + len(values.get("scenario_ids") or ())
        if total > MAX_SESSION_SCENARIOS:
            text = (
                f"{total} scenarios (`scenarios` and `scenario_ids` together); the maximum is {MAX_SESSION_SCENARIOS}"
            )
            self.faults.append(Fault(place, path, text))
        return scenarios

    def named(
        self, keys: Sequence[str], owner: Owner, place: KeyPath, path: KeyPath
    ) -> tuple[ScenarioDeclaration, ...]:
        """Return the scenarios with *keys*, as those of a pathway or an agent.

        Args:
            keys: their keys in the file.
            owner: what they belong to.
            place: the path of the list of keys, for positions.
            path: the same path as messages show it.

        """
        faults = {index: text for index, key in enumerate(keys) if (text := self._fault(key)) is not None}
        self.faults += [Fault((*place, index), (*path, index), text) for index, text in faults.items()]
        return tuple(replace(self._declare(key), owner=owner) for index, key in enumerate(keys) if index not in faults)

    def spare(self, values: Mapping[str, Any]) -> Iterator[ScenarioDeclaration]:
        """Yield the scenarios of a session or agent that does not run, as far as it could test them."""
        owner = Owner.of(values)
        for key in values.get("checks", values).get("scenarios", ()):
            if owner is not None and self._fault(key) is None:
                yield replace(self._declare(key), owner=owner)

    def check_names(self, declarations: Iterable[Declaration]) -> None:
        """Add a problem for each scenario whose name another one of the same pathway or agent has."""
        keys: dict[tuple[Owner, str], str] = {}
        for scenario in (tested for declaration in declarations for tested in declaration.tested_scenarios):
            first = keys.setdefault((scenario.owner, scenario.name), scenario.key)
            if first != scenario.key:
                quoting = self.document.quoting
                owner = replace(scenario.owner, owner_id=quoting.name(scenario.owner.owner_id))
                text = (
                    f"duplicate name {quoting.text(scenario.name)} {owner.place}, where scenario {quoting.name(first)} "
                    f"has it; names are unique {owner.scope}"
                )
                place = self._place(scenario.key, ("name",))
                self.faults.append(Fault(place, ("scenarios", scenario.key, "name"), text))

    @property
    def _settings(self) -> Mapping[str, Any]:
        return settings_of(self.document, self.environment)

    def _fault(self, key: str) -> str | None:
        """Return why a run of this environment cannot test a scenario, or None."""
        is_known = key in self._values
        if is_known and self._values[key].get("enabled") is not False:
            return None
        name = self.document.quoting.name(key)
        where = f"environment {self.document.quoting.name(self.environment or '')}"
        if not is_known:
            return f"{where} has no scenario '{name}'; remove the name there, or declare the scenario"
        return f"scenario '{name}' is disabled (enabled: false), so it would not run; remove the name, or enable it"

    def _declare(self, key: str) -> ScenarioDeclaration:
        if key not in self._declared:
            self._declared[key] = self._declaration(key, self._values[key])
        return self._declared[key]

    def _declaration(self, key: str, values: Mapping[str, Any]) -> ScenarioDeclaration:
        manager = self._settings.get("promotes_from")
        manage = values.get("manage", manager is None)
        if is_silent_replay(values):
            path = ("scenarios", key, SCENARIO_TYPE)
            self.faults.append(Fault(self._place(key, (SCENARIO_TYPE,)), path, SILENT_REPLAY))
        fields = {name: whole_without_nulls(values[name]) for name in SCENARIO_FIELDS if name in values}
        return ScenarioDeclaration(
            key=key,
            owner=_NOBODY,
            fields={"name": key, **fields, **self._prompt(key, values.get(TESTER_PROMPT))},
            position=self.document.position(self._place(key, ()), of_key=True),
            manage=manage,
            managed_by=manager if not manage else None,
            **{option: values[option] for option in SCENARIO_OPTIONS if option in values},
        )

    def _prompt(self, key: str, prompt: Any) -> dict[str, str]:
        if not isinstance(prompt, dict):
            return {}
        try:
            return {TESTER_PROMPT: read_prompt(self.document, prompt["file"])}
        except UnusablePrompt as error:
            place = self._place(key, (TESTER_PROMPT, "file"))
            self.faults.append(Fault(place, ("scenarios", key, TESTER_PROMPT, "file"), str(error)))
            return {}

    def _place(self, key: str, keys: KeyPath) -> KeyPath:
        """Return where a scenario gets a value from: the environment if it has one, else the base."""
        own: KeyPath = ("environments", self.environment or "", "scenarios", key, *keys)
        base: KeyPath = ("scenarios", key, *keys)
        return own if self.document.has(own) and (keys or not self.document.has(base)) else base


def with_own_scenarios(environment: Environment, stack: str | None) -> Environment:
    """Return an environment with the scenarios of its sessions under names of its stack, deleted with the stack.

    Checks of agents exist once for each agent and env, so they, their scenarios and their judges are only compared.

    Args:
        environment: a resolved environment that has `scenarios: own`.
        stack: the stack's name; None if it is not known.

    """
    own = partial(_own, f" ({stack or 'STACK'})")
    return replace(
        environment,
        declarations=tuple(
            replace(declaration, scenarios=tuple(map(own, declaration.scenarios)), checks=_compared(declaration.checks))
            for declaration in environment.declarations
        ),
        spare_scenarios=tuple(
            own(scenario) if scenario.owner.field == "pathway_id" else replace(scenario, manage=False)
            for scenario in environment.spare_scenarios
        ),
    )


def _own(suffix: str, declared: ScenarioDeclaration) -> ScenarioDeclaration:
    fields = {**declared.fields, "name": f"{cut(declared.name, MAX_SCENARIO_NAME - len(suffix))}{suffix}"}
    return replace(declared, fields=fields, manage=True, managed_by=None, on_destroy="delete")


def _compared(checks: ChecksDeclaration | None) -> ChecksDeclaration | None:
    if checks is None:
        return None
    return replace(
        checks,
        manage=False,
        scenarios=tuple(replace(scenario, manage=False) for scenario in checks.scenarios),
        definitions=tuple(replace(judge, manage=False) if judge is not None else None for judge in checks.definitions),
    )
