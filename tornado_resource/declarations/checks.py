"""The rules of an agent's check config: the same for a program, for the provider, and for a file. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.agents import PRODUCTION, STAGING
from tornado_resource.bland.responses import SEGMENT, SEGMENT_EXPECTED, folded
from tornado_resource.core.canonical import whole_or_none
from tornado_resource.core.text import clean, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MAX_SCENARIOS: Final = 5
MAX_SIMULATIONS: Final = 50
"""The API's page *Set Checks*. An organization may have a lower limit, which the API reports."""
DEFAULT_SIMULATIONS: Final = 5
MAX_NAME_CHARACTERS: Final = 200
MAX_SHOWN: Final = 60
JUDGE_KEYS: Final = ("id", "name", "version", "required", "target_level_keys")
VACUOUS: Final = (
    "no judge is required, so every run would pass, whatever its judges find; "
    "let one be required, or declare vacuous: allow"
)
_AN_ID: Final = f"an id ({SEGMENT_EXPECTED})"
_A_NAME: Final = f"text of 1 to {MAX_NAME_CHARACTERS} characters"


def checks_problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is invalid in a check config, by key.

    Args:
        values: the config's values that are known. None means omitted.

    """
    given = {key: value for key, value in values.items() if value is not None}
    found = {key: list(rule(given[key])) for key, rule in _RULES.items() if key in given}
    if found.get("judges") == [] and given.get("vacuous") != "allow":
        found["judges"] = _vacuous(given["judges"])
    return {key: "; ".join(texts) for key, texts in found.items() if texts}


def _vacuous(judges: Sequence[Mapping[str, Any]]) -> list[str]:
    return [] if any(each.get("required") is not False for each in judges) else [VACUOUS]


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
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_SCENARIOS:
        yield _unexpected(value, f"a list of 1 to {MAX_SCENARIOS} scenario ids")
        return
    for each in value:
        yield from _identifier(each)
    yield from _twice("scenario", [folded(each) for each in value if isinstance(each, str)])


def _judges(value: Any) -> Iterator[str]:
    if not isinstance(value, list | tuple) or not value:
        yield _unexpected(value, "a list of at least one judge")
        return
    for number, judge in enumerate(value):
        yield from (f"[{number}]{text}" for text in _judge(judge))
    judges = [each for each in value if isinstance(each, Mapping)]
    yield from _twice("judge", list(map(folded, _texts(judges, "id"))))
    yield from _twice("judge", _texts([each for each in judges if each.get("id") is None], "name"))


def _texts(judges: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return [each[key] for each in judges if isinstance(each.get(key), str)]


def _judge(value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f": {_unexpected(value, 'a mapping such as {name: Polite}')}"
        return
    if value.get("id") is None and value.get("name") is None:
        yield ": a judge needs its `id`, or its `name` if no other judge has it"
    for key, entry in value.items():
        if key not in JUDGE_KEYS:
            yield f".{clean(str(key), MAX_SHOWN)}: unknown key{did_you_mean(str(key), JUDGE_KEYS)}"
        elif entry is not None:
            yield from (f".{key}: {text}" for text in _JUDGE_RULES[key](entry))


def _levels(value: Any) -> Iterator[str]:
    if not isinstance(value, list | tuple) or not value:
        yield _unexpected(value, "a list of at least one level; leave the key out for a judge without levels")
        return
    for each in value:
        yield from _text(each)
    yield from _twice("level", [each for each in value if isinstance(each, str)])


def _text(value: Any) -> Iterator[str]:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_NAME_CHARACTERS or value != value.strip():
        yield _unexpected(value, _A_NAME)


def _twice(noun: str, values: list[str]) -> Iterator[str]:
    for each in dict.fromkeys(value for value in values if values.count(value) > 1):
        yield f"the {noun} {_shown(each)} is there twice; remove one"


def _unexpected(value: Any, expected: str) -> str:
    return f"found {_shown(value)}, expected {expected}"


def _shown(value: Any) -> str:
    return clean(json.dumps(value, ensure_ascii=False, default=str), MAX_SHOWN)


_RULES: Final[Mapping[str, Callable[[Any], Iterator[str]]]] = {
    "agent_id": _identifier,
    "env": partial(_choice, choices=(STAGING, PRODUCTION)),
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
