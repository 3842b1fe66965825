"""Judges as code: the rules that the schema cannot have, and the definitions that one environment has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import folded
from tornado_resource.core.canonical import whole_without_nulls
from tornado_resource.core.text import clean, did_you_mean
from tornado_resource.declarations.merging import Fault, merge, names, settings_of
from tornado_resource.declarations.model import JUDGE_FIELDS, JudgeDeclaration, higher
from tornado_resource.declarations.scenarios import UnusablePrompt, read_prompt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tornado_resource.core.positions import Position
    from tornado_resource.declarations.document import Document, KeyPath
    from tornado_resource.declarations.model import Declaration

MAX_PROMPT_CHARACTERS: Final = 8_000
"""The API's page *Update Eval Agent Version*."""
JUDGE_PROMPT: Final = "prompt"
OF_OTHERS: Final = ("id", "version")
"""The keys of a judge that exists, which one as code does not have."""
OF_CODE: Final = (
    "system_prompt",
    "modality",
    "levels",
    "target_level_keys",
    "weight",
    "judge_config",
    "on_conflict",
    "on_destroy",
    "manage",
)
"""The keys that only a judge as code has, beside its prompt."""
AMBIGUOUS: Final = (
    "found a key that is the {} of judge {}, expected one that names only this judge, since gates and quarantines "
    "name judges by key, name or id; rename the key"
)


def definition_problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is invalid in a definition that the schema allows, by key. What is not known yet is left out."""
    keys = [level["level_key"] for level in values.get("levels") or ()]
    problems = {
        JUDGE_PROMPT: _prompt_problem(values.get(JUDGE_PROMPT)),
        "levels": _levels_problem(keys),
        "target_level_keys": target_problem(keys, values.get("target_level_keys")),
    }
    return {key: text for key, text in problems.items() if text is not None}


def _prompt_problem(prompt: Any) -> str | None:
    if not isinstance(prompt, str):
        return None
    if not prompt.strip():
        return "the prompt is empty, expected what the judge decides"
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        return f"found {len(prompt):,} characters, expected at most {MAX_PROMPT_CHARACTERS:,}"
    return None


def _levels_problem(keys: Sequence[str]) -> str | None:
    if len(keys) == 1:
        return "found 1 level, expected 2 to 5"
    twice = next((key for key, number in Counter(keys).items() if number > 1), None)
    return f"duplicate level_key '{clean(twice, 60)}'; rename one" if twice is not None else None


def target_problem(levels: Sequence[str], targets: Any) -> str | None:
    """Return what is wrong with the levels that match, of a judge with *levels*; None if nothing is."""
    if not levels:
        return "the judge has no levels; remove the key, or declare `levels`" if targets else None
    if not targets:
        return "`target_level_keys` is missing, expected the levels that match, such as [friendly]"
    unknown = next((target for target in targets if target not in levels), None)
    if unknown is None:
        return None
    listed = ", ".join(clean(level, 60) for level in levels)
    return f"unknown level '{clean(unknown, 60)}', expected one of {listed}{did_you_mean(unknown, levels)}"


@dataclass
class Judges:
    """The judges of one environment, by key, and what is wrong with those that are declared as code.

    Args:
        document: the checked file.
        environment: the environment's name.

    """

    document: Document
    environment: str | None
    faults: list[Fault] = field(default_factory=list)
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _by_id: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _declared: dict[str, JudgeDeclaration | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        base, own = self.document.data.get("judges") or {}, self._settings.get("judges") or {}
        for key in names(self.document, self.environment, "judges"):
            self.values[key] = merge(merge({}, base.get(key) or {}), own.get(key) or {})
        self._by_id = {values["id"]: values for values in self.values.values() if "id" in values}

    def definition(self, key: str) -> JudgeDeclaration | None:
        """Return a judge as code; None if the key is that of a judge that exists."""
        if key not in self._declared:
            self._declared[key] = self._definition(key, self.values[key])
        return self._declared[key]

    def named_in(self, agent: Declaration) -> Declaration:
        """Return an agent whose gate and quarantine name judges as check runs do, where they name keys of `judges`."""
        gate = agent.gate
        if gate is not None:
            bars: dict[str, list[str]] = {}
            for judge, bar in gate.judges.items():
                bars.setdefault(self.name(judge), []).append(bar)
            parts = tuple(replace(entry, part=self.name(entry.part)) for entry in gate.quarantine)
            gate = replace(
                gate, judges={name: higher(percentages) for name, percentages in bars.items()}, quarantine=parts
            )
        quarantine = [{**entry, "judge": self.name(entry["judge"])} for entry in agent.quarantine]
        return replace(agent, gate=gate, quarantine=quarantine)

    def name(self, judge: str) -> str:
        """Return the name of a judge by its key or id, or its id if no name is declared; any other word as it is."""
        values = self.values.get(judge) or self._by_id.get(judge, {})
        return str(values.get("name") or (values.get("id") if JUDGE_PROMPT not in values else None) or judge)

    def check_names(self) -> None:
        """Add a problem for each judge as code that has the name of another one, and for each key that is ambiguous."""
        self._check_keys()
        self._check_ids()
        keys: dict[str, str] = {}
        for key, declared in self._declared.items():
            first = keys.setdefault(declared.fields["name"], key) if declared is not None else key
            if declared is not None and first != key:
                quoting = self.document.quoting
                text = (
                    f"duplicate name {quoting.text(declared.fields['name'])}, which judge {quoting.name(first)} has; "
                    "a judge is found by its name: rename one"
                )
                self._add(key, "name", text)

    def _check_keys(self) -> None:
        """Add a problem for each key that is what Bland calls another judge."""
        called: dict[str, tuple[str, str]] = {}
        for key, values in self.values.items():
            called.update({values[field]: (field, key) for field in ("id", "name") if values.get(field, key) != key})
        for key in self.values:
            if key in called and self.name(key) != key:
                what, other = called[key]
                text = AMBIGUOUS.format(what, self.document.quoting.name(other))
                self.faults.append(Fault(self._place(key, ()), ("judges", key), text, of_key=True))

    def _check_ids(self) -> None:
        """Add a problem for each judge with the id of another one and another name: a run knows it by one of them."""
        first: dict[str, str] = {}
        ids = {key: values["id"] for key, values in self.values.items() if "id" in values}
        for key, judge_id in ids.items():
            other = first.setdefault(folded(judge_id), key)
            if self.name(other) != self.name(key):
                quoting = self.document.quoting
                text = f"duplicate id {quoting.text(judge_id)}, which judge {quoting.name(other)} has; remove one"
                self._add(key, "id", text)

    def position(self, key: str) -> Position:
        """Return where a judge is declared: in the environment, if it is there."""
        own: KeyPath = ("environments", self.environment or "", "judges", key)
        return self.document.position(own if self.document.has(own) else ("judges", key), of_key=True)

    def _definition(self, key: str, values: Mapping[str, Any]) -> JudgeDeclaration | None:
        if JUDGE_PROMPT not in values:
            self._refuse(key, values, OF_CODE, "is for a judge as code: add `prompt`, or remove it")
            return None
        self._refuse(key, values, OF_OTHERS, "is for a judge that exists: remove it, or `prompt`")
        manager = self._settings.get("promotes_from")
        manage = values.get("manage", manager is None)
        present = {name: whole_without_nulls(values[name]) for name in JUDGE_FIELDS if name in values}
        fields = {"name": key, **present, JUDGE_PROMPT: self._prompt(key, values[JUDGE_PROMPT])}
        for name, text in definition_problems(fields).items():
            self._add(key, name, text)
        return JudgeDeclaration(
            key=key,
            fields=fields,
            position=self.position(key),
            on_conflict=values.get("on_conflict", "fail"),
            on_destroy=values.get("on_destroy", "leave"),
            manage=manage,
            managed_by=manager if not manage else None,
        )

    def _refuse(self, key: str, values: Mapping[str, Any], refused: tuple[str, ...], text: str) -> None:
        for problem in refused:
            if problem in values:
                self._add(key, problem, f"`{problem}` {text}")

    def _prompt(self, key: str, prompt: Any) -> Any:
        if not isinstance(prompt, dict):
            return prompt
        try:
            return read_prompt(self.document, prompt["file"])
        except UnusablePrompt as error:
            path = (JUDGE_PROMPT, "file")
            self.faults.append(Fault(self._place(key, path), ("judges", key, *path), str(error)))
            return None

    def _add(self, key: str, name: str, text: str) -> None:
        self.faults.append(Fault(self._place(key, (name,)), ("judges", key, name), text))

    @property
    def _settings(self) -> Mapping[str, Any]:
        return settings_of(self.document, self.environment)

    def _place(self, key: str, keys: KeyPath) -> KeyPath:
        """Return where a judge gets a value from: the environment if it has one, else the base."""
        own: KeyPath = ("environments", self.environment or "", "judges", key, *keys)
        base: KeyPath = ("judges", key, *keys)
        return own if self.document.has(own) or not self.document.has(base[:2]) else base
