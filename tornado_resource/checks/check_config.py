"""Check configs as resources have them, how two of them differ, and what the user can do then. Pure.

The order of test cases and of judges says nothing, and ids differ in upper and lower case only by their spelling.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import folded, is_other
from tornado_resource.core.canonical import digest
from tornado_resource.core.text import clean
from tornado_resource.errors import TornadoError
from tornado_resource.runs.declared_checks import checks_of, config_digest, levels_of
from tornado_resource.runs.model import HIDDEN
from tornado_resource.stacks.managers import manager_advice

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from tornado_resource.bland.check_runs import Checks, ConfiguredJudge
    from tornado_resource.declarations.model import ChecksDeclaration, JudgeDeclaration

CHECK_CONFIG_FIELDS: Final = ("scenario_ids", "judges", "simulations_count")
"""What a resource declares of a config; a declared one is enabled."""
NOTHING: Final = "nothing"
MAX_SHOWN_CHARACTERS: Final = 80


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between a config that was *found* and the *declared* one, in words. *field*: one of the config."""

    field: str
    place: str
    found: str
    declared: str

    def text(self, secrets: Container[str] = ()) -> str:
        """Return it for people, without the values of fields that are secret."""
        if self.field in secrets:
            return f"{self.field}: found and declared are {HIDDEN}"
        return f"{self.place}: found {self.found}, declared {self.declared}"


def outputs_of(declared: Checks, stored: Checks) -> dict[str, Any]:
    """Return what a resource records of a config that the API shows; what it does not show is as declared.

    It has the declared order and spelling where nothing differs, so that the state only changes with the config.
    """
    declared_judges = {folded(judge.judge_id): judge for judge in declared.judges}
    judges = [_judge_of(judge, declared_judges.get(folded(judge.judge_id))) for judge in stored.judges]
    scenario_ids, count = list(stored.scenario_ids), stored.simulations_count
    changed = fields_of(differences(declared, stored))
    if "scenario_ids" not in changed:
        scenario_ids = list(declared.scenario_ids)
    if "judges" not in changed:
        judges.sort(key=lambda entry: list(declared_judges).index(folded(entry["id"])))
    return {
        "scenario_ids": scenario_ids,
        "judges": judges,
        "simulations_count": count if count is not None else declared.simulations_count,
        "enabled": stored.is_enabled is not False,
    }


class DeclaredDigests:
    """Returns the digests of configs as they are declared. Many of them may use the same judge, which is read once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[JudgeDeclaration, str]] = {}

    def __call__(self, declared: ChecksDeclaration, ids: Sequence[str]) -> str:
        """Return the digest of a config, with *ids* for its declared scenarios.

        The name of a judge stands for an id that only the API knows, and the definition of a judge as code for its
        version.
        """
        judges = [
            {**judge, "id": judge.get("id", judge.get("name")), **self._version(code)}
            for judge, code in zip(declared.judges, declared.definitions, strict=True)
        ]
        props = {"scenario_ids": [*declared.scenario_ids, *ids], "judges": judges}
        return config_digest(checks_of({**props, "simulations_count": declared.simulations_count}))

    def _version(self, code: JudgeDeclaration | None) -> dict[str, str]:
        if code is None:
            return {}
        if id(code) not in self._known:
            self._known[id(code)] = code, digest(code.fields)  # kept, so that no other one gets its id
        return {"version": self._known[id(code)][1]}


def differences(declared: Checks, stored: Checks) -> tuple[Difference, ...]:
    """Return how a config that was found differs from the declared one. What the API does not show is no difference."""
    rows: list[Difference] = []
    if {*map(folded, declared.scenario_ids)} != {*map(folded, stored.scenario_ids)}:
        actual, wanted = _ids(stored.scenario_ids), _ids(declared.scenario_ids)
        rows.append(Difference("scenario_ids", "scenario_ids", actual, wanted))
    rows += _judge_differences(declared.judges, stored.judges)
    rows += _row("simulations_count", "simulations_count", stored.simulations_count, declared.simulations_count)
    rows += _row("enabled", "enabled", stored.is_enabled, declared.is_enabled)
    return tuple(rows)


def fields_of(rows: Iterable[Difference]) -> list[str]:
    """Return the fields in which two configs differ, each once."""
    return list(dict.fromkeys(row.field for row in rows))


def _judge_differences(declared: Sequence[ConfiguredJudge], stored: Sequence[ConfiguredJudge]) -> Iterable[Difference]:
    wanted, actual = ({folded(judge.judge_id): judge for judge in judges} for judges in (declared, stored))
    for key in {**wanted, **actual}:
        have, want = actual.get(key), wanted.get(key)
        names = (judge.name for judge in (want, have) if judge is not None)
        place = f"judges.{clean(next(filter(None, names), key), MAX_SHOWN_CHARACTERS)}"
        if have is None or want is None:
            yield Difference("judges", place, _summary(have), _summary(want))
        else:
            yield from _changes_of_judge(place, have, want)


def _changes_of_judge(place: str, have: ConfiguredJudge, want: ConfiguredJudge) -> Iterable[Difference]:
    if have.version_id is not None and is_other(have.version_id, want.version_id or ""):
        yield from _row("judges", f"{place}.version", have.version_id, want.version_id)
    yield from _row("judges", f"{place}.required", have.is_required, want.is_required)
    if levels_of(have) != levels_of(want):
        actual, expected = (_value(levels_of(judge) or None) for judge in (have, want))
        yield Difference("judges", f"{place}.target_level_keys", actual, expected)


def _row(field: str, place: str, actual: Any, declared: Any) -> list[Difference]:
    if actual is None or actual == declared:
        return []
    return [Difference(field, place, _value(actual), _value(declared))]


def _summary(judge: ConfiguredJudge | None) -> str:
    if judge is None:
        return NOTHING
    return f"version {clean(judge.version_id or 'unknown')}{'' if judge.is_required else ', not required'}"


def _value(value: Any) -> str:
    return NOTHING if value is None else clean(json.dumps(value, ensure_ascii=False), MAX_SHOWN_CHARACTERS)


def _ids(ids: Sequence[str]) -> str:
    return ", ".join(clean(scenario_id, MAX_SHOWN_CHARACTERS) for scenario_id in sorted(ids)) or NOTHING


def _judge_of(stored: ConfiguredJudge, declared: ConfiguredJudge | None) -> dict[str, Any]:
    """Return a judge as a resource records it."""
    spelled = declared if declared is not None else stored
    recorded = {
        "id": spelled.judge_id,
        "version": stored.version_id if stored.version_id is not None else spelled.version_id,
        "required": stored.is_required if stored.is_required is not None else spelled.is_required,
        "target_level_keys": list(stored.target_level_keys) or None,
        "name": stored.name or spelled.name,
    }
    return {key: value for key, value in recorded.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ChecksOrder:
    """The checks of an agent's environment as they must be.

    *manage*: false if another stack manages them, and this one only compares. *managed_by*: its name, if that is
    declared. *secrets*: the names of the inputs that are secret: messages do not show them.
    """

    agent_id: str
    env: str
    checks: Checks
    on_conflict: str = "fail"
    manage: bool = True
    managed_by: str | None = None
    secrets: frozenset[str] = frozenset()

    @property
    def place(self) -> str:
        """Which checks these are, for messages."""
        agent = HIDDEN if "agent_id" in self.secrets else clean(self.agent_id)
        return f"the checks of agent {agent} in {clean(self.env)}"


class ChecksExist(TornadoError):
    """The environment has another check config, which this stack has not stored."""

    def __init__(self, order: ChecksOrder, existing: Checks) -> None:
        super().__init__(
            f"{order.place} exist already, and this stack has not stored them.{_lines(order, existing)}\n"
            "To take them over and replace them by the declared ones: on_conflict: adopt\n"
            "If another stack manages them, and this one only compares: manage: false"
        )


class ChecksHeld(TornadoError):
    """Another resource of this stack has the checks. *holder*: its name."""

    def __init__(self, order: ChecksOrder, holder: str) -> None:
        super().__init__(
            f"{order.place} are declared twice: resource {clean(holder)} has them. Remove one of the two resources"
        )


class ChecksMissing(TornadoError):
    """Another stack manages the checks, and there are none."""

    def __init__(self, order: ChecksOrder) -> None:
        super().__init__(f"{order.place} do not exist. {manager_advice(order.managed_by, 'them')}")


class ChecksDiffer(TornadoError):
    """Another stack manages the checks, and they differ from the declared ones."""

    def __init__(self, order: ChecksOrder, existing: Checks) -> None:
        super().__init__(
            f"{order.place} are not as declared.{_lines(order, existing)}\n{manager_advice(order.managed_by, 'them')}"
        )


class ChecksNotStored(TornadoError):
    """The API has not stored the checks as they are declared, so no run of them says what is declared."""

    def __init__(self, order: ChecksOrder, stored: Checks) -> None:
        super().__init__(
            f"{order.place} are not stored as declared, so no check run was started.{_lines(order, stored)}\n"
            "Declare what the API stores, or correct the value that it does not accept"
        )


def refusal(order: ChecksOrder, existing: Checks | None, *, is_new: bool) -> TornadoError | None:
    """Return why the checks that are there cannot be taken; None if they can be.

    Args:
        order: the checks as they must be.
        existing: the checks that are there; None if there are none.
        is_new: whether this stack has not stored them before.

    """
    is_same = existing is not None and not differences(order.checks, existing)
    if is_same:
        return None
    if not order.manage:
        return ChecksDiffer(order, existing) if existing is not None else ChecksMissing(order)
    if existing is None or not is_new or order.on_conflict == "adopt":
        return None
    return ChecksExist(order, existing)


def _lines(order: ChecksOrder, stored: Checks) -> str:
    rows = dict.fromkeys(difference.text(order.secrets) for difference in differences(order.checks, stored))
    return "".join([" They differ from the declaration:", *(f"\n  {row}" for row in rows)])
