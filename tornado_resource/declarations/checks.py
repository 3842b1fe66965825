"""Check configs: their rules, the same for a program, the provider and a file; and those that a file declares. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, get_args

from tornado_resource.bland.listing import Owner
from tornado_resource.bland.responses import SEGMENT, SEGMENT_EXPECTED, folded
from tornado_resource.core.canonical import whole_or_none
from tornado_resource.core.text import clean, did_you_mean
from tornado_resource.declarations.judges import Judges, target_problem
from tornado_resource.declarations.merging import Fault, settings_of
from tornado_resource.declarations.model import ChecksDeclaration, Publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tornado_resource.declarations.document import Document, KeyPath
    from tornado_resource.declarations.model import Declaration, JudgeDeclaration, ScenarioDeclaration
    from tornado_resource.declarations.scenarios import Scenarios

    Place = Callable[[tuple[str, ...]], KeyPath]

MAX_TEST_CASES: Final = 5
MAX_SIMULATIONS: Final = 50
"""The API's page *Set Checks*. An organization may have a lower limit, which the API reports."""
DEFAULT_SIMULATIONS: Final = 5
MAX_NAME_CHARACTERS: Final = 200
MAX_QUOTED_CHARACTERS: Final = 60
JUDGE_KEYS: Final = ("id", "name", "version", "required", "target_level_keys")
VACUOUS: Final = (
    "no judge is required, so Bland would pass every run, whatever its judges find; "
    "let one be required, or declare vacuous: allow"
)
MISSING_CHECKS: Final[Mapping[str, str]] = {
    "scenario_ids": "`scenario_ids` is missing, expected 1 to 5 test cases of the agent, here or in `scenarios`",
    "judges": "`judges` is missing, expected the keys of the judges that score the conversations",
}
_AN_ID: Final = f"an id ({SEGMENT_EXPECTED})"
_A_NAME: Final = f"text of 1 to {MAX_NAME_CHARACTERS} characters"


def checks_problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is invalid in a check config, by key.

    Args:
        values: the config's values that are known. None means omitted.

    """
    present = {key: value for key, value in values.items() if value is not None}
    problems = {key: list(rule(present[key])) for key, rule in _RULES.items() if key in present}
    if problems.get("judges") == [] and present.get("vacuous") != "allow":
        problems["judges"] = _vacuous(present["judges"])
    return {key: "; ".join(texts) for key, texts in problems.items() if texts}


def too_many(scenarios: int) -> str | None:
    """Return what is wrong with a number of test cases, of `scenarios` and `scenario_ids` together; None if nothing."""
    if scenarios <= MAX_TEST_CASES:
        return None
    return f"{scenarios} scenarios (`scenarios` and `scenario_ids` together); the maximum is {MAX_TEST_CASES}"


def _vacuous(judges: Sequence[Mapping[str, Any]]) -> list[str]:
    return [] if any(judge.get("required") is not False for judge in judges) else [VACUOUS]


def _choice(value: Any, *, choices: Sequence[str]) -> Iterator[str]:
    if value not in choices:
        yield _unexpected(value, " or ".join([", ".join(choices[:-1]), choices[-1]]))


def _identifier(value: Any) -> Iterator[str]:
    if not isinstance(value, str) or SEGMENT.fullmatch(value) is None:
        yield _unexpected(value, _AN_ID)


def _flag(value: Any) -> Iterator[str]:
    if not isinstance(value, bool):
        yield _unexpected(value, "true or false")


def _simulations(value: Any) -> Iterator[str]:
    if not 1 <= (whole_or_none(value) or 0) <= MAX_SIMULATIONS:
        yield _unexpected(value, f"a whole number from 1 to {MAX_SIMULATIONS}")


def _scenario_ids(value: Any) -> Iterator[str]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_TEST_CASES:
        yield _unexpected(value, f"a list of 1 to {MAX_TEST_CASES} scenario ids")
        return
    for scenario_id in value:
        yield from _identifier(scenario_id)
    yield from _twice("scenario", [folded(scenario_id) for scenario_id in value if isinstance(scenario_id, str)])


def _judges(value: Any) -> Iterator[str]:
    if not isinstance(value, list | tuple) or not value:
        yield _unexpected(value, "a list of at least one judge")
        return
    for number, judge in enumerate(value):
        yield from (f"[{number}]{text}" for text in _judge(judge))
    judges = [judge for judge in value if isinstance(judge, Mapping)]
    yield from _twice("judge", list(map(folded, _texts(judges, "id"))))
    yield from _twice("judge", _texts([judge for judge in judges if judge.get("id") is None], "name"))


def _texts(judges: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return [judge[key] for judge in judges if isinstance(judge.get(key), str)]


def _judge(value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f": {_unexpected(value, 'a mapping such as {name: Polite}')}"
        return
    if value.get("id") is None and value.get("name") is None:
        yield ": a judge needs its `id`, or its `name` if no other judge has it"
    for key, entry in value.items():
        if key not in JUDGE_KEYS:
            yield f".{clean(str(key), MAX_QUOTED_CHARACTERS)}: unknown key{did_you_mean(str(key), JUDGE_KEYS)}"
        elif entry is not None:
            yield from (f".{key}: {text}" for text in _JUDGE_RULES[key](entry))


def _levels(value: Any) -> Iterator[str]:
    if not isinstance(value, list | tuple) or not value:
        yield _unexpected(value, "a list of at least one level; leave the key out for a judge without levels")
        return
    for level in value:
        yield from _text(level)
    yield from _twice("level", [level for level in value if isinstance(level, str)])


def _text(value: Any) -> Iterator[str]:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_NAME_CHARACTERS or value != value.strip():
        yield _unexpected(value, _A_NAME)


def _twice(noun: str, values: list[str]) -> Iterator[str]:
    for name in (value for value, number in Counter(values).items() if number > 1):
        yield f"the {noun} {_shown(name)} is there twice; remove one"


def _unexpected(value: Any, expected: str) -> str:
    return f"found {_shown(value)}, expected {expected}"


def _shown(value: Any) -> str:
    return clean(json.dumps(value, ensure_ascii=False, default=str), MAX_QUOTED_CHARACTERS)


_RULES: Final[Mapping[str, Callable[[Any], Iterator[str]]]] = {
    "agent_id": _identifier,
    "env": partial(_choice, choices=get_args(Publish)),
    "scenario_ids": _scenario_ids,
    "judges": _judges,
    "simulations_count": _simulations,
    "vacuous": partial(_choice, choices=("refuse", "allow")),
    "on_conflict": partial(_choice, choices=("fail", "adopt")),
    "on_destroy": partial(_choice, choices=("leave", "delete")),
    "manage": _flag,
}
_JUDGE_RULES: Final[Mapping[str, Callable[[Any], Iterator[str]]]] = {
    "id": _identifier,
    "name": _text,
    "version": _identifier,
    "required": _flag,
    "target_level_keys": _levels,
}


CHECKS_OPTIONS: Final = ("vacuous", "on_conflict", "on_destroy")
"""The keys of checks that are fields of a declaration as they are."""
TWO_CONFIGS: Final = (
    "agent {} declares other checks of the same agent and env, which have one config: "
    "declare it once, or the same in both"
)


@dataclass
class Configs:
    """The check configs that the agents of one environment declare, and what is wrong with them.

    Args:
        document: the checked file.
        environment: the environment's name.
        scenarios: the scenarios of the environment.

    """

    document: Document
    environment: str | None
    scenarios: Scenarios
    faults: list[Fault] = field(default_factory=list)
    _declared: dict[tuple[str, ...], ChecksDeclaration] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._judges = Judges(self.document, self.environment)

    @property
    def all_faults(self) -> list[Fault]:
        """What is wrong, with the judges too: call it when all checks are known."""
        self._judges.check_names()
        return [*self.faults, *self._judges.faults]

    def add(self, declaration: Declaration, checks: Mapping[str, Any], place: Place) -> None:
        """Take note of the checks that an agent declares.

        Args:
            declaration: the agent.
            checks: its merged checks.
            place: returns where the agent gets a key of its checks from, for positions.

        """
        path: KeyPath = ("agents", declaration.name, "checks")
        judges = self._used(checks, place, path)
        scenarios = self._scenarios(declaration, checks, place)
        missing = [
            key for key in MISSING_CHECKS if key not in checks and not (key == "scenario_ids" and "scenarios" in checks)
        ]
        self.faults += [Fault(place(()), path, MISSING_CHECKS[key], of_key=True) for key in missing]
        if judges is None or missing:
            return
        values = {"simulations_count": DEFAULT_SIMULATIONS, **checks, "judges": judges}
        problems = checks_problems(values)
        self.faults += [Fault(place((key,)), (*path, key), text) for key, text in problems.items()]
        declared = replace(self._declared_as(declaration, values, checks["judges"], place), scenarios=scenarios)
        first = self._declared.setdefault(declaration.place, declared)
        if first != declared:
            name = self.document.quoting.name(first.name)
            self.faults.append(Fault(place(()), path, TWO_CONFIGS.format(name), of_key=True))

    def _scenarios(
        self, declaration: Declaration, checks: Mapping[str, Any], place: Place
    ) -> tuple[ScenarioDeclaration, ...]:
        """Return the declared test cases that checks name."""
        keys, path = checks.get("scenarios", ()), place(("scenarios",))
        listed_at: KeyPath = ("agents", declaration.name, "checks", "scenarios")
        text = too_many(len(keys) + len(checks.get("scenario_ids", ())))
        if keys and text is not None:
            self.faults.append(Fault(path, listed_at, text))
        return self.scenarios.named(keys, Owner.agent(declaration.agent_id), path, listed_at)

    def _declared_as(
        self, declaration: Declaration, values: Mapping[str, Any], used: Sequence[Any], place: Place
    ) -> ChecksDeclaration:
        manager = self._settings.get("promotes_from")
        manage = values.get("manage", manager is None)
        return ChecksDeclaration(
            name=declaration.name,
            agent_id=declaration.agent_id,
            env=str(declaration.request["env"]),
            scenario_ids=tuple(values.get("scenario_ids", ())),
            judges=tuple(values["judges"]),
            simulations_count=int(values["simulations_count"]),
            position=self.document.position(place(()), of_key=True),
            judge_positions=tuple(self._judges.position(key) for key, _ in map(_used, used)),
            definitions=tuple(self._judges.definition(key) for key, _ in map(_used, used)),
            manage=manage,
            managed_by=manager if not manage else None,
            **{key: values[key] for key in CHECKS_OPTIONS if key in values},
        )

    def of(self, declaration: Declaration) -> Declaration:
        """Return an agent with the checks of its agent and env, and a gate that names judges as runs do."""
        if declaration.section == "sessions":
            return declaration
        checks = self._declared.get(declaration.place) if declaration.retest else None
        return replace(self._judges.named_in(declaration), checks=checks)

    @property
    def _settings(self) -> Mapping[str, Any]:
        return settings_of(self.document, self.environment)

    def _used(self, checks: Mapping[str, Any], place: Place, checks_path: KeyPath) -> list[dict[str, Any]] | None:
        """Return the judges of checks, as `AgentChecks` takes them; None if the environment lacks one."""
        judges, path, is_whole = list[dict[str, Any]](), place(("judges",)), True
        for index, (key, options) in enumerate(map(_used, checks.get("judges", ()))):
            if key not in self._judges.values:
                text = self._unknown(key)
                self.faults.append(Fault((*path, index), (*checks_path, "judges", index), text))
                is_whole = False
                continue
            declared = self._judges.definition(key)
            if declared is None:
                values = self._judges.values[key]
                judges.append({**({} if "id" in values else {"name": key}), **_referred(values), **options})
                continue
            entry = _of_code(declared, options)
            problem = target_problem(_levels_of(declared), entry.get("target_level_keys"))
            if problem is not None and "target_level_keys" in options:
                at: KeyPath = (index, "target_level_keys")
                self.faults.append(Fault((*path, *at), (*checks_path, "judges", *at), problem))
            judges.append(entry)
        return judges if is_whole else None

    def _unknown(self, key: str) -> str:
        quoting = self.document.quoting
        where = f"environment {quoting.name(self.environment or '')}"
        return f"{where} has no judge '{quoting.name(key)}'; remove it from the checks there, or declare the judge"


def _referred(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what checks need of a judge that exists."""
    return {key: values[key] for key in JUDGE_KEYS if key in values}


def _of_code(declared: JudgeDeclaration, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a judge as code in checks: the levels that match are its own, unless the checks name others."""
    targets = declared.fields.get("target_level_keys")
    return {"name": declared.fields["name"], **({"target_level_keys": targets} if targets else {}), **options}


def _levels_of(declared: JudgeDeclaration) -> list[str]:
    return [level["level_key"] for level in declared.fields.get("levels") or ()]


def _used(judge: str | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the key of a judge that checks name, and what they say of it."""
    if isinstance(judge, str):
        return judge, {}
    return judge["judge"], {key: value for key, value in judge.items() if key != "judge" and value is not None}
