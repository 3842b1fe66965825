"""What an update would start: declarations, compared with others as if a stack had those recorded. Pure.

It decides by the same rules as an update (`runs.inputs`). What only the API knows is not seen: what `latest` stands
for, what was edited there, and how the last runs ended.
"""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from tornado_resource.bland.scenario_content import scenario_digest
from tornado_resource.declarations.budget import Cost, cost_of
from tornado_resource.declarations.merging import settings_of
from tornado_resource.declarations.model import Environment, JudgeDeclaration, ScenarioDeclaration
from tornado_resource.declarations.resolver import carries, environment_names, resolve
from tornado_resource.errors import DeclarationError
from tornado_resource.runs.inputs import compare, digests_of, expected_inputs
from tornado_resource.runs.rerun import must_be_known
from tornado_resource.stacks.recorded_scenarios import StoredScenario, StoredScenarios, resource_name
from tornado_resource.stacks.renames import NamedRun, certain_names, former_names
from tornado_resource.versions.definitions import declared_changes
from tornado_resource.versions.difference import PartChange, part_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from dataclasses import Field

    from tornado_resource.declarations.document import Document
    from tornado_resource.declarations.model import ChecksDeclaration, Declaration
    from tornado_resource.runs.inputs import Change
    from tornado_resource.versions.difference import Kind

    DigestOfChecks = Callable[[ChecksDeclaration, Sequence[str]], str]

Effect = Literal["new", "again", "maybe", "promoted", "kept"]
"""`new`: it starts. `again`: it starts again. `maybe`: that depends on the last run, or on what passes in the
environment that it is promoted from. `promoted`: it starts nothing (`retest: false`). `kept`: it does not start."""
SHOWN_KEYS: Final = {"version_id": "version"}
"""What the file calls an input, where it is called otherwise."""
SCENARIOS: Final = ("scenario_ids", "definitions")
"""The inputs that come from scenarios."""
JUDGING: Final = {"gate", "rerun"}
NEW_GATE: Final = "its last run may not meet its gate now"
INVALID_BASE: Final = "the declarations there are invalid"
APART: Final = ("name", "request", "gate", "position", "scenarios", "section", "checks")
EMPTY_VALUES: Final[tuple[Any, ...]] = (None, (), [], {})
"""Default values that say nothing in a plan."""
SCENARIO_APART: Final = ("key", "owner", "fields", "position", "managed_by")
"""What is not shown of a declaration as it is."""


@dataclass(frozen=True, slots=True)
class ChangedRun:
    """A declared session or agent: whether an update would start it, and why.

    *updates*: the keys that change without a start. *former_name*: that of a run which is renamed.
    """

    declaration: Declaration
    how: Effect
    reasons: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    former_name: str | None = None

    @property
    def may_start(self) -> bool:
        """Whether it starts at worst."""
        return self.how in {"new", "again", "maybe"}


@dataclass(frozen=True, slots=True)
class Changed:
    """What differs between two states of one environment.

    *removed*: the names of the runs that are not declared any more. *parts*: what has changed. *problem*: why
    there is nothing to compare with, so that everything counts as new.
    """

    environment: Environment
    runs: tuple[ChangedRun, ...]
    removed: tuple[str, ...] = ()
    parts: tuple[PartChange, ...] = field(default=(), repr=False)
    problem: str | None = None

    @property
    def due(self) -> list[Declaration]:
        """The runs that start at worst."""
        return [run.declaration for run in self.runs if run.may_start]

    @property
    def cost(self) -> Cost:
        """What these cost at worst."""
        return cost_of(self.due, self.environment.budget)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two states of a declarations file.

    Args:
        before: the declarations to compare with, checked; None if there are none.
        after: the declarations, checked.
        digest: returns what decides about declared checks, by the ids of their declared scenarios.
        problem: why there is nothing to compare with.

    """

    before: Document | None
    after: Document
    digest: DigestOfChecks
    problem: str | None = None

    def of(self, environment: str | None) -> Changed:
        """Return what an update of an environment would start that was last deployed as declared before.

        Raises:
            DeclarationError: problems of the declarations that only merging can show.

        """
        [changed] = self.of_all([environment])
        return changed

    def of_all(self, environments: Sequence[str | None]) -> list[Changed]:
        """Return what `of` does for each of several environments."""
        compared: dict[str | None, Changed] = {}
        listed = environment_names(self.after)
        for name in environments:
            left, above = [name], settings_of(self.after, name).get("promotes_from")
            while above in listed and above not in compared:
                left.append(above)
                above = settings_of(self.after, above).get("promotes_from")
            for left_name in reversed(left):
                compared[left_name] = (
                    compared[left_name] if left_name in compared else self._changed(left_name, compared)
                )
        return [compared[name] for name in environments]

    def _changed(self, environment: str | None, compared: Mapping[str | None, Changed]) -> Changed:
        after = resolve(self.after, environment)
        before, problem = self._base(environment)
        pair = _Pair.of(before, after, self.digest)
        return Changed(after, tuple(self._runs(pair, compared)), pair.removed, tuple(pair.parts()), problem)

    def _base(self, environment: str | None) -> tuple[Environment, str | None]:
        """Return the environment as it was, empty if it was not there, and why it cannot be compared."""
        nothing = Environment(environment, ())
        if self.before is None:
            return nothing, self.problem
        listed = environment_names(self.before)
        if listed and environment not in listed:
            return nothing, None
        try:
            return resolve(self.before, environment if listed else None), None
        except DeclarationError as error:
            return nothing, f"{INVALID_BASE}: {error.problems[0]}"

    def _runs(self, pair: _Pair, compared: Mapping[str | None, Changed]) -> list[ChangedRun]:
        source, runs = pair.after.promotes_from, [pair.run(declaration) for declaration in pair.after.declarations]
        if source not in compared:
            return runs
        starting = {declaration.name for declaration in compared[source].due}
        carried = carries(self.after, pair.after)
        may_follow = {name for name in starting if carried.get(name) == "version"}
        return [_following(run, source) if run.declaration.name in may_follow else run for run in runs]


def _following(run: ChangedRun, source: str | None) -> ChangedRun:
    return replace(run, how="maybe", reasons=(f"another version may pass in {source}",)) if run.how == "kept" else run


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two states of one environment.

    *old_scenarios* and *scenarios*: what the runs of each test. *recorded*: the runs of *before* by name. *matches*: by
    resource, the scenario of *before* that one of *after* is. *old_inputs* and *inputs*: those of the runs of each, by
    name. *former*: the old names of what is renamed.
    """

    before: Environment
    after: Environment
    old_scenarios: Sequence[ScenarioDeclaration]
    scenarios: Sequence[ScenarioDeclaration]
    recorded: Mapping[str, Declaration]
    matches: Mapping[str, StoredScenario]
    old_inputs: Mapping[str, NamedRun]
    inputs: Mapping[str, NamedRun]
    former: Mapping[str, str]
    edited: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, before: Environment, after: Environment, digest: DigestOfChecks) -> _Pair:
        old_scenarios, scenarios = before.scenarios, after.scenarios
        stored = StoredScenarios(map(_stored, old_scenarios))
        matches_or_none = {resource_name(scenario): stored.matching(scenario) for scenario in scenarios}
        matches = {name: match for name, match in matches_or_none.items() if match is not None}
        recorded = {run.name: run for run in before.declarations if run.retest}
        old = _inputs(before, digests_of(old_scenarios), matches, digest)
        new = _inputs(after, digests_of(scenarios), matches, digest)
        former = certain_names(former_names(_only_in(old, new), _only_in(new, old)))
        return cls(before, after, old_scenarios, scenarios, recorded, matches, old, new, former)

    @property
    def removed(self) -> tuple[str, ...]:
        """The names of the runs that are not declared any more."""
        kept = {*self.inputs, *self.former.values()}
        return tuple(name for name in self.recorded if name not in kept)

    def run(self, after: Declaration) -> ChangedRun:
        """Return what becomes of a run."""
        former = self.former.get(after.name)
        before = self.recorded.get(former or after.name)
        if not after.retest:
            return ChangedRun(after, "promoted")
        if before is None or before.kind != after.kind:
            return ChangedRun(after, "new")
        return replace(self._kept_or_again(before, after), former_name=former)

    def _kept_or_again(self, before: Declaration, after: Declaration) -> ChangedRun:
        change = compare(before.kind, self.old_inputs[before.name].inputs, self.inputs[after.name].inputs)
        reasons = [*self._reasons(before, after, change)]
        if reasons:
            return ChangedRun(after, "again", tuple(reasons), change.updates)
        if JUDGING & set(change.updates) and must_be_known(after.rerun, after.gate):
            return ChangedRun(after, "maybe", (NEW_GATE,), change.updates)
        return ChangedRun(after, "kept", updates=change.updates)

    def _reasons(self, before: Declaration, after: Declaration, change: Change) -> Iterator[str]:
        """Yield why a run starts again."""
        yield from (SHOWN_KEYS.get(key, key) for key in change.replaces if key not in SCENARIOS)
        if "checks" in change.replaces:
            yield from _judge_reasons(_judges(before.checks), _judges(after.checks))
        if set(change.replaces) & set(SCENARIOS):
            yield from [*self._scenario_reasons(before, after)] or ["order of the scenarios"]
        if after.rerun == "always":
            yield "rerun is `always`"

    def _scenario_reasons(self, before: Declaration, after: Declaration) -> Iterator[str]:
        """Yield what is different about the scenarios that two states of a session run."""
        former = {resource_name(scenario): scenario for scenario in before.tested_scenarios}
        for scenario in after.tested_scenarios:
            match = self.matches.get(resource_name(scenario))
            old = former.pop(match.resource, None) if match is not None else None
            names = ", ".join(self._edited(old, scenario)) if old is not None else ""
            if old is None or names:
                yield f"scenario {scenario.key} ({names})" if names else f"scenario {scenario.key} is new"
        yield from (f"scenario {scenario.key} is removed" for scenario in former.values())
        if before.request.get("scenario_ids") != after.request.get("scenario_ids"):
            yield "scenario_ids"

    def _edited(self, old: ScenarioDeclaration, new: ScenarioDeclaration) -> list[str]:
        """Return the fields of a scenario that run it again. Many sessions may have the same one."""
        pair = (old.key, new.key)
        if pair not in self.edited:
            self.edited[pair] = _deciding(old.fields, new.fields)
        return self.edited[pair]

    def parts(self) -> Iterator[PartChange]:
        """Yield what has changed: sessions and agents, then scenarios, each once."""
        new_names = {old: new for new, old in self.former.items()}
        old = {
            new_names.get(declaration.name, declaration.name): declaration for declaration in self.before.declarations
        }
        new = {declaration.name: declaration for declaration in self.after.declarations}
        for name in dict.fromkeys([*new, *old]):
            kind: Kind = "session" if (new.get(name) or old[name]).section == "sessions" else "agent"
            before, after = old.get(name), new.get(name)
            left = _values(before, after) if before is not None else None
            yield from _part(kind, name, left, _values(after, before) if after is not None else None)
        yield from self._scenario_parts()
        yield from _judge_parts(_all_judges(self.before), _all_judges(self.after))

    def _scenario_parts(self) -> Iterator[PartChange]:
        left = {resource_name(scenario): scenario for scenario in self.old_scenarios}
        keys = set[str]()
        for scenario in self.scenarios:
            match = self.matches.get(resource_name(scenario))
            former = left.pop(match.resource, None) if match is not None else None
            if scenario.key not in keys:
                yield from _part("scenario", scenario.key, _scenario_values(former), _scenario_values(scenario))
            keys.add(scenario.key)
        for key in dict.fromkeys(scenario.key for scenario in left.values() if scenario.key not in keys):
            yield PartChange("scenario", key, "removed", ())


def _only_in(these: Mapping[str, NamedRun], those: Mapping[str, NamedRun]) -> list[NamedRun]:
    """Return the runs of which the others have none of the same name and kind."""
    others = {(part.name, part.kind) for part in those.values()}
    return [part for part in these.values() if (part.name, part.kind) not in others]


def _inputs(
    environment: Environment,
    digests: Mapping[str, str],
    matches: Mapping[str, StoredScenario],
    digest: DigestOfChecks,
) -> dict[str, NamedRun]:
    """Return what would be compared of each run. The names of resources stand for the ids of scenarios."""
    inputs_by_name = dict[str, NamedRun]()
    for declaration in environment.declarations:
        if declaration.retest:
            names = [resource_name(scenario) for scenario in declaration.tested_scenarios]
            ids = [matches[name].resource if name in matches else name for name in names]
            checks = digest(declaration.checks, ids) if declaration.checks is not None else None
            inputs = expected_inputs(declaration, {}, ids, checks, digests)
            is_promoted = environment.promotes_from is not None
            run = NamedRun(declaration.name, declaration.kind, inputs, is_promoted=is_promoted)
            inputs_by_name[declaration.name] = run
    return inputs_by_name


def _judges(checks: ChecksDeclaration | None) -> dict[str, JudgeDeclaration]:
    """Return the judges as code of checks, by key."""
    return {judge.key: judge for judge in checks.definitions if judge is not None} if checks is not None else {}


def _all_judges(environment: Environment) -> dict[str, JudgeDeclaration]:
    return {key: judge for checks in environment.checks for key, judge in _judges(checks).items()}


def _judge_parts(before: Mapping[str, JudgeDeclaration], after: Mapping[str, JudgeDeclaration]) -> Iterator[PartChange]:
    for key in dict.fromkeys([*after, *before]):
        yield from _part("judge", key, *(_judge_values(judges.get(key)) for judges in (before, after)))


def _judge_reasons(before: Mapping[str, JudgeDeclaration], after: Mapping[str, JudgeDeclaration]) -> Iterator[str]:
    """Yield which judges that both states have are defined otherwise."""
    for key, judge in after.items():
        old = before[key].fields if key in before else judge.fields
        names = [name for name in {**old, **judge.fields} if old.get(name) != judge.fields.get(name)]
        if names:
            yield f"judge {key} ({', '.join(names)})"


def _stored(declared: ScenarioDeclaration) -> StoredScenario:
    """Return a scenario as a stack has it; the name of its resource stands for its id."""
    name = resource_name(declared)
    return StoredScenario(name, name, declared.owner, declared.fields, declared.manage, drift=False)


def _deciding(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the fields of a scenario that differ and decide about its runs."""
    return [name for name in declared_changes(old, new) if _digest(name, old) != _digest(name, new)]


def _digest(name: str, values: Mapping[str, Any]) -> str:
    """Return what one field of a scenario adds to what decides about its runs."""
    return scenario_digest({name: values.get(name)})


def _part(kind: Kind, name: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> Iterator[PartChange]:
    change = part_change(kind, name, old, new)
    if change is not None:
        # What is not declared any more is no news line by line.
        yield replace(change, fields=(), omitted=0) if new is None else change


def _values(declaration: Declaration, other: Declaration | None) -> dict[str, Any]:
    """Return what is declared of a run, by the keys of the file, without the default values that *other* has too."""
    request = {SHOWN_KEYS.get(key, key): value for key, value in declaration.request.items()}
    checks = {"checks": _plain(declaration.checks)} if declaration.checks is not None else {}
    keys = {"scenarios": [scenario.key for scenario in declaration.scenarios]} if declaration.scenarios else {}
    values = {**request, **keys, **checks, "gate": _gate_values(declaration, other), **_own_values(declaration, other)}
    return {key: value for key, value in values.items() if value is not None}


def _gate_values(declaration: Declaration, other: Declaration | None) -> dict[str, Any] | str | None:
    if declaration.gate is None:
        return "none"
    beside = declaration.gate if other is None else other.gate
    names = {*_shown_in(declaration.gate, beside), *(["passed"] if beside is None else [])}
    names.discard("quarantine")  # a key of its own
    values = asdict(declaration.gate).items()
    return {name: value for name, value in values if name in names and value not in EMPTY_VALUES} or None


def _own_values(declaration: Declaration, other: Declaration | None) -> dict[str, Any]:
    values = {name: _plain(getattr(declaration, name)) for name in _shown_in(declaration, other) if name not in APART}
    return {name: value for name, value in values.items() if value not in EMPTY_VALUES}


def _judge_values(declared: JudgeDeclaration | None) -> dict[str, Any] | None:
    return {"key": declared.key, **declared.fields} if declared is not None else None


def _scenario_values(declared: ScenarioDeclaration | None) -> dict[str, Any] | None:
    if declared is None:
        return None
    own = {field.name: getattr(declared, field.name) for field in _shown(declared) if field.name not in SCENARIO_APART}
    return {"key": declared.key, **declared.fields, **own}


def _plain(value: Any) -> Any:
    """Return a value of a declaration as the file has it."""
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, ScenarioDeclaration | JudgeDeclaration):
        return value.key
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in _shown(value)}
    return value


def _shown_in(*values: Any) -> list[str]:
    """Return the names of the fields that `_shown` yields of one of these, each once; None has none."""
    return list(dict.fromkeys(field.name for value in values if value is not None for field in _shown(value)))


def _shown(value: Any) -> Iterator[Field[Any]]:
    """Yield the fields of a declaration that do not have their default values, without those that say where it is."""
    for own_field in fields(value):
        default = own_field.default if own_field.default_factory is MISSING else own_field.default_factory()
        if own_field.compare and getattr(value, own_field.name) != default:
            yield own_field
