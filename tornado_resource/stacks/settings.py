"""Pulumi config under `tornado:`, parsed and checked as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, get_args

from tornado_resource.bland.content import IGNORED_PATH, MAX_IGNORED, TOO_WIDE
from tornado_resource.core.clock import parse_duration
from tornado_resource.core.text import clean, did_you_mean
from tornado_resource.declarations.model import Budget, OnConflict, Rerun
from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks.fields import MAX_REASON_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tornado_resource.stacks.rollback import Rollback

PREFIX: Final = "tornado:"
BLAND_PREFIX: Final = "bland:"
BLAND_KEYS: Final = {"apikey": "apiKey", "baseurl": "baseUrl"}
ON_CONFLICT: Final = get_args(OnConflict)
RERUN_VALUES: Final = get_args(Rerun)
MIN_POLL_SECONDS: Final = 0.1
STACK_NAME: Final = r"[A-Za-z0-9._-]{1,100}(/[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100})?"


@dataclass(frozen=True, slots=True)
class Settings:
    """The config of one run. *poll_seconds* is the longest pause between two status requests of a session."""

    declarations: str = "sessions.yaml"
    environment: str | None = None
    triggers: Mapping[str, Any] = field(default_factory=dict)
    adopt: Mapping[str, str] = field(default_factory=dict)
    poll_seconds: float = 15.0
    is_waiting: bool = True
    reports: str | None = None
    baseline: str | None = None
    shows_changes: bool = False
    shows_transcripts: bool = True
    ignored_content: tuple[str, ...] = ()
    promote_without: str | None = None
    on_conflict: OnConflict | Mapping[str, OnConflict] | None = None
    rerun: Rerun | None = None
    rollbacks: Mapping[str, Rollback] = field(default_factory=dict)
    budget: Budget | None = None

    def on_conflict_of(self, session: str) -> OnConflict | None:
        """Return what `tornado:onConflict` says for a session; None leaves it to the declaration."""
        return self.on_conflict.get(session) if isinstance(self.on_conflict, Mapping) else self.on_conflict


@dataclass(frozen=True, slots=True)
class _Key:
    """One config key: the field of `Settings` that it sets, its parser, and the values that it takes, in words.

    The parser raises ValueError for an invalid value; None leaves the default. *command* sets the key, where it is not
    obvious how. *declared* is the key of a session that takes the same values: an invalid one gets the same sentence.
    """

    setting: str
    parse: Callable[[str], Any]
    expected: str
    choices: tuple[str, ...] = ()
    command: str = ""
    declared: str = ""


def read_settings(config: Mapping[str, str], stack: str | None = None) -> Settings:
    """Parse the `tornado:` values of a stack's whole config; objects are JSON text, as Pulumi gives them.

    Args:
        config: the values by key.
        stack: the stack's name, for the commands in messages.

    Raises:
        ConfigurationError: a key is unknown or a value is invalid; the text lists all of them.

    """
    texts = {key.removeprefix(PREFIX): text for key, text in config.items() if key.startswith(PREFIX)}
    settings: dict[str, Any] = {}
    problems = [*_misspelled(config)]
    for name, text in texts.items():
        key = KEYS.get(name)
        if key is None:
            problems.append(_unknown(name))
            continue
        try:
            value = key.parse(text)
        except (ValueError, RecursionError):
            problems += _invalid(name, key, text, stack)
            continue
        if key.declared and _sentences(key.declared, text):
            # Each session gets it, and would be blamed for it at its own place.
            problems += _invalid(name, key, text, stack)
        elif value is not None:
            settings[key.setting] = value
    if problems:
        raise ConfigurationError("\n".join(problems))
    return Settings(**settings)


def _misspelled(config: Mapping[str, str]) -> Iterator[str]:
    """Yield a problem for each other spelling of a key of `bland:`; what else is there may be another program's."""
    for key in config:
        name = key.removeprefix(BLAND_PREFIX)
        meant = BLAND_KEYS.get(name.lower().replace("_", "").replace("-", ""), name)
        if name not in {key, meant}:
            yield f"unknown config {clean(key, 80)}; did you mean `{BLAND_PREFIX}{meant}`?"


def _unknown(name: str) -> str:
    hint = did_you_mean(name, KEYS, PREFIX)
    return f"unknown config {PREFIX}{clean(name, 80)}, expected one of {', '.join(KEYS)}{hint}"


def _invalid(name: str, key: _Key, text: str, stack: str | None) -> Iterator[str]:
    of_stack = f" --stack {stack}" if stack else ""
    command = f": {key.command}{of_stack}" if key.command else ""
    sentences = _sentences(key.declared, text) if key.declared else {}
    for path, sentence in sentences.items():
        yield f"config {PREFIX}{name}{clean(path, 80)}: {clean(sentence, 500)}{command}"
    if not sentences:
        hint = did_you_mean(text, key.choices)
        yield f"config {PREFIX}{name} is {clean(text, 80)!r}, expected {key.expected}{command}{hint}"


def _sentences(declared: str, text: str) -> dict[str, str]:
    """Return the sentences that `sessions.yaml` has for a value, by the path of the value below the config key."""
    from tornado_resource.declarations.values import session_problems

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    is_by_session = isinstance(value, dict) and declared == "on_conflict"
    values = {f".{session}": entry for session, entry in value.items()} if is_by_session else {"": value}
    sentences = {path: session_problems(None, {declared: entry}).get(declared) for path, entry in values.items()}
    return {path: sentence for path, sentence in sentences.items() if sentence is not None}


def _text(text: str) -> str | None:
    if not text.isprintable():
        raise ValueError
    return text or None


def stack_name(text: str) -> str | None:
    """Return the name of another stack, as `promotes_from` takes it; None if *text* is empty.

    Raises:
        ValueError: it is none.

    """
    if text and not re.fullmatch(STACK_NAME, text):
        raise ValueError
    return text or None


def _scalars(text: str) -> dict[str, Any]:
    return _mapping_of(text, (str, int, float, bool))


def _session_ids(text: str) -> dict[str, Any]:
    return _mapping_of(text, (str,))


def _mapping_of(text: str, kinds: tuple[type, ...]) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict) or not all(isinstance(entry, kinds) for entry in value.values()):
        raise ValueError
    return value


def _on_conflict(text: str) -> str | dict[str, str]:
    """Parse one value for all sessions, or an object of values by session name."""
    value = _mapping_of(text, (str,)) if text.startswith("{") else text
    choices = value.values() if isinstance(value, dict) else [value]
    if not all(choice in ON_CONFLICT for choice in choices):
        raise ValueError
    return value


def _rerun(text: str) -> str:
    if text not in RERUN_VALUES:
        raise ValueError
    return text


def _poll_seconds(text: str) -> float:
    duration = parse_duration(text)
    if duration is None or duration.total_seconds() < MIN_POLL_SECONDS:
        raise ValueError
    return duration.total_seconds()


def _reason(text: str) -> str | None:
    if len(text) > MAX_REASON_CHARACTERS:
        raise ValueError
    return text.strip() or None


def _content_paths(text: str) -> tuple[str, ...]:
    paths = json.loads(text)
    if not isinstance(paths, list) or len(paths) > MAX_IGNORED:
        raise ValueError
    if not all(isinstance(path, str) and re.fullmatch(IGNORED_PATH, path) and path not in TOO_WIDE for path in paths):
        raise ValueError
    return tuple(sorted(set(paths)))


def _rollbacks(text: str) -> dict[str, Rollback]:
    from tornado_resource.stacks.rollback import Rollback

    value = json.loads(text)
    rollbacks = {name: Rollback.of(entry) for name, entry in value.items()} if isinstance(value, dict) else {"": None}
    valid = {name: rollback for name, rollback in rollbacks.items() if rollback is not None}
    if len(valid) < len(rollbacks):
        raise ValueError
    return valid


def _budget(text: str) -> Budget:
    value = json.loads(text)
    if not isinstance(value, dict) or not value or not value.keys() <= {"minutes", "runs"}:
        raise ValueError
    if not all(type(limit) is int and limit > 0 for limit in value.values()):
        raise ValueError
    return Budget(**value, places=dict.fromkeys(value, f"config {PREFIX}budget"))


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError
    return text.lower() == "true"


KEYS: Final[Mapping[str, _Key]] = {
    "declarations": _Key("declarations", _text, "a path"),
    "environment": _Key("environment", _text, "a name"),
    "triggers": _Key(
        "triggers",
        _scalars,
        "an object of strings, numbers and booleans",
        command="pulumi config set --path tornado:triggers.commit $SHA",
        declared="triggers",
    ),
    "onConflict": _Key(
        "on_conflict", _on_conflict, f"one of {', '.join(ON_CONFLICT)}", ON_CONFLICT, declared="on_conflict"
    ),
    "rerun": _Key("rerun", _rerun, f"one of {', '.join(RERUN_VALUES)}", RERUN_VALUES, declared="rerun"),
    "adopt": _Key(
        "adopt",
        _session_ids,
        "an object of session ids",
        command="pulumi config set --path tornado:adopt.SESSION-NAME SESSION_ID",
    ),
    "pollInterval": _Key("poll_seconds", _poll_seconds, f"a duration such as 15s, at least {MIN_POLL_SECONDS:g}s"),
    "promoteWithout": _Key("promote_without", _reason, f"a reason of at most {MAX_REASON_CHARACTERS} characters"),
    "rollback": _Key(
        "rollbacks",
        _rollbacks,
        "an object that has for each session or agent what `tornado-resource rollback` prints",
        command="tornado-resource rollback",
    ),
    "budget": _Key(
        "budget",
        _budget,
        "an object with whole numbers `minutes` and `runs`, or one of them, each at least 1",
        command="pulumi config set --path tornado:budget.runs 500",
    ),
    "wait": _Key("is_waiting", _boolean, "true or false"),
    "reports": _Key("reports", _text, "a folder"),
    "baseline": _Key("baseline", stack_name, "a stack of this project, or organization/project/stack"),
    "showChanges": _Key("shows_changes", _boolean, "true or false"),
    "transcripts": _Key("shows_transcripts", _boolean, "true or false"),
    "ignoreContent": _Key(
        "ignored_content",
        _content_paths,
        f"a list of at most {MAX_IGNORED} paths such as is_production or nodes.data.updated_at, "
        f"none of them {', '.join(sorted(TOO_WIDE))}",
        command="pulumi config set --path 'tornado:ignoreContent[0]' is_production",
    ),
}
