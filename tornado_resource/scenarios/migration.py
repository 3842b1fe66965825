"""From sessions of pathways to check runs of the agents that replace them, as additions to `sessions.yaml`. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.text import clean, id_list
from tornado_resource.declarations.checks import MAX_TEST_CASES
from tornado_resource.declarations.judges import MAX_PROMPT_CHARACTERS
from tornado_resource.declarations.writing import unused_key, with_entries, yaml_text
from tornado_resource.errors import ConfigurationError
from tornado_resource.scenarios.importing import field_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tornado_resource.declarations.document import Document

NOT_OF_AGENTS: Final = ("assertions", "start_node_id", "is_required_for_promotion")
"""The fields of a scenario that mean something on a pathway only: judges score an agent, and it has other nodes."""
MIGRATED_OPTIONS: Final = ("on_conflict", "on_destroy", "rerun", "publish", "tags")
"""What agents take from sessions as it is."""
_NODES: Final = "the nodes of the pathway are not those of the agent"
_SECTIONS: Final = ("scenarios", "judges", "agents")
REASONS: Final[Mapping[str, str]] = {
    "BLAND_TONE": "it has no prompt; write a judge that says which tone you expect",
    "NODE_REACHED": _NODES,
    "NODES_VISITED": _NODES,
    "TRAVERSAL_MATCH": _NODES,
    "VARIABLE_EXTRACTED": "a judge reads the conversation, not the variables",
    "WEBHOOK_TRIGGERED": "a judge reads the conversation, not the requests",
    "REGEX_MATCH": "a judge decides by a prompt, not by a pattern; write what the pattern stands for",
    "STRING_CHECK": "a judge decides by a prompt, not by a text; write what the text stands for",
}
"""Why an assertion cannot become a judge."""


@dataclass(frozen=True, slots=True)
class MovedAgent:
    """An agent, and the sessions of the pathway that it replaces.

    *sessions*: their names. *scenarios*: the definitions that they run, by key. *options*: what agents take from the
    first session. *overrides*: by environment, what it declares of that one; None if it leaves it out. *environments*:
    those that declare other ones of the sessions. *agents*: by pathway, the agent that replaces it.
    """

    agent_id: str
    sessions: Sequence[str]
    scenarios: Mapping[str, Mapping[str, Any]]
    options: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    environments: Sequence[str] = ()
    agents: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Migration:
    """What is added to a declarations file.

    Args:
        taken: the keys that the file has, by section.

    *notes*: what could not be taken over, or has to be looked at.
    """

    taken: Mapping[str, Sequence[str]]
    notes: list[str] = field(default_factory=list)
    _added: dict[str, dict[str, list[str]]] = field(default_factory=lambda: {name: {} for name in _SECTIONS})
    _judges: dict[str, str] = field(default_factory=dict)
    _overrides: dict[str, list[str]] = field(default_factory=dict)

    def add(self, agent: MovedAgent) -> None:
        """Add a check run of an agent, with its checks, test cases and judges."""
        name = self._unused("agents", f"{agent.sessions[0]}-agent", "agent")
        lines = [f"agent_id: {yaml_text(agent.agent_id)}", "env: staging", "version: latest"]
        chosen = dict(list(_required_first(agent.scenarios).items())[:MAX_TEST_CASES])
        left = [key for key in agent.scenarios if key not in chosen]
        if left:
            self.notes.append(f"{name}: checks hold {MAX_TEST_CASES} test cases; left out: {id_list(left)}")
        lines += self._checks(name, chosen)
        lines += [
            f"{key}: {_value(agent.options[key])}" for key in MIGRATED_OPTIONS if agent.options.get(key) is not None
        ]
        self._added["agents"][name] = [*lines, "gate: {passed: all}"]
        for environment, values in agent.overrides.items():
            self._override(name, environment, values, agent)
        if agent.environments:
            others = id_list(agent.sessions[1:])
            self.notes.append(
                f"{name}: {id_list(agent.environments)} declares {others}, too; the agent is there as "
                f"{agent.sessions[0]} is: if not, declare it"
            )

    def _override(self, name: str, environment: str, values: Mapping[str, Any] | None, agent: MovedAgent) -> None:
        """Add what an environment declares of an agent, as it does of the session."""
        place, entries = f"{name}: environment {clean(environment)}", self._overrides.setdefault(environment, [])
        if values is None:
            entries.append(f"{name}: null")
            return
        pathway_id = values.get("pathway_id")
        agent_id = agent.agent_id if pathway_id is None else agent.agents.get(pathway_id)
        if agent_id is None:
            self.notes.append(f"{place} runs another pathway, which no agent replaces; the agent is left out there")
            entries.append(f"{name}: null")
            return
        left = values.keys() - {*MIGRATED_OPTIONS, "pathway_id"}
        if left:
            self.notes.append(f"{place}: {id_list(sorted(left))} not taken over; declare what the agent needs there")
        own = {} if agent_id == agent.agent_id else {"agent_id": agent_id}
        kept = _entry({**own, **values}, ("agent_id", *MIGRATED_OPTIONS))
        entries += [f"{name}: {kept}"] if kept else []

    def _checks(self, name: str, scenarios: Mapping[str, Mapping[str, Any]]) -> list[str]:
        judges: dict[str, int] = {}
        for key, fields in scenarios.items():
            for judge in dict.fromkeys(self._judges_of(key, fields)):
                judges[judge] = judges.get(judge, 0) + 1
        if not judges:
            self.notes.append(f"{name}: no assertion can become a judge, so it declares no checks; write a judge first")
            return []
        keys = [self._test_case(key, fields) for key, fields in scenarios.items()]
        lines = ["checks:", f"  scenarios: [{', '.join(keys)}]", "  judges:"]
        for judge, number in judges.items():
            is_common = number == len(scenarios)
            lines.append(f"    - {judge}" if is_common else f"    - {{judge: {judge}, required: false}}")
            if not is_common:
                self.notes.append(
                    f"{name}: judge {judge} was an assertion of {number} of {len(scenarios)} scenarios, and scores all "
                    "test cases now; let its prompt say what to do with the others, then require it"
                )
        if len(scenarios) not in judges.values():
            lines.append("  vacuous: allow  # require a judge, then remove this: until then, no run can pass the gate")
        return lines

    def _test_case(self, key: str, fields: Mapping[str, Any]) -> str:
        """Return the key of a scenario without what means something on a pathway only."""
        kept = {name: value for name, value in fields.items() if name not in NOT_OF_AGENTS}
        if "start_node_id" in fields:
            self.notes.append(f"scenario {clean(key)}: start_node_id is left out: {_NODES}")
        if kept.keys() == fields.keys() and key in self.taken.get("scenarios", ()):
            return key
        own = self._unused("scenarios", f"{key}-agent", "scenario")
        self._added["scenarios"][own] = [line for name, value in kept.items() for line in field_lines(name, value)]
        return own

    def _judges_of(self, key: str, fields: Mapping[str, Any]) -> Iterator[str]:
        for number, assertion in enumerate(fields.get("assertions") or (), 1):
            prompt, reason = _prompt_of(assertion)
            if prompt is None:
                what = f"assertion {number} ({clean(str(assertion.get('type')), 60)})"
                self.notes.append(f"scenario {clean(key)}: {what} cannot become a judge: {reason}")
                continue
            if prompt not in self._judges:
                name = assertion.get("name") or f"{fields.get('name', key)} {number}"
                self._judges[prompt] = self._judge(str(name), prompt)
            yield self._judges[prompt]

    def _judge(self, name: str, prompt: str) -> str:
        key = self._unused("judges", name, "judge")
        judge_name = " ".join(name.split())[:200].strip()
        self._added["judges"][key] = [*field_lines("name", judge_name), *field_lines("prompt", prompt)]
        return key

    def _unused(self, section: str, name: str, noun: str) -> str:
        sections = ("agents", "sessions") if section == "agents" else (section,)
        taken = {key for part in sections for key in self.taken.get(part, ())}
        return unused_key(name, taken | self._added[section].keys(), noun)

    def applied(self, document: Document) -> str:
        """Return the text of a file with the additions: at the end of a section that it has, else at its own end.

        Raises:
            ConfigurationError: a section is written on one line, so nothing can be added to it.

        """
        lines, appended = list(document.lines), list[str]()
        places = {name: _end_of(document, name) for name in _SECTIONS if self._added[name]}
        for name, place in sorted(places.items(), key=lambda place_of_name: -place_of_name[1].line):
            lines[place.line : place.line] = [*self._entries(name, place.indent)] if place.is_there else []
        for name in (absent for absent, place in places.items() if not place.is_there):
            appended += [f"{name}:", *self._entries(name, "  ")]
        text = "\n".join([*"\n".join(lines).rstrip("\n").split("\n"), *appended, ""])
        return self._in_environments(text)

    def _in_environments(self, text: str) -> str:
        text, left = with_entries(text, "agents", {key: added for key, added in self._overrides.items() if added})
        for name in left:
            entries = "; ".join(self._overrides[name])
            self.notes.append(f"environment {clean(name)} shares its settings by an alias; declare there: {entries}")
        return text

    def _entries(self, section: str, indent: str) -> Iterator[str]:
        for key, inner in self._added[section].items():
            yield f"{indent}{key}:"
            yield from (f"{indent}  {line}" if line else "" for line in inner)


@dataclass(frozen=True, slots=True)
class _End:
    """Before which line entries are added to a section, and their indentation. *is_there*: whether the file has it."""

    line: int
    indent: str
    is_there: bool = True


def difference(before: str, after: str, name: str) -> str:
    """Return a unified diff of a file."""
    rows = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="")
    return "".join(f"{row}\n" for row in rows)


def _required_first(scenarios: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return scenarios with those first that a promotion requires."""
    return dict(
        sorted(scenarios.items(), key=lambda scenario: scenario[1].get("is_required_for_promotion") is not True)
    )


def _entry(values: Mapping[str, Any], keys: Sequence[str]) -> str:
    """Return those of *keys* that have a value as YAML on one line; an empty text if none has."""
    rows = [f"{key}: {_value(values[key])}" for key in keys if key in values]
    return f"{{{', '.join(rows)}}}" if rows else ""


def _value(value: Any) -> str:
    """Return an option as YAML on one line."""
    if value is None:
        return "null"
    return f"[{', '.join(map(yaml_text, value))}]" if isinstance(value, list) else yaml_text(str(value))


def _prompt_of(assertion: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return the prompt of a judge that stands for an assertion; or None, and why there is none."""
    reason = REASONS.get(str(assertion.get("type")))
    prompt = (assertion.get("config") or {}).get("prompt")
    if reason is not None:
        return None, reason
    if not isinstance(prompt, str) or not prompt.strip():
        return None, "its config has no prompt"
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        return None, f"its prompt has more than {MAX_PROMPT_CHARACTERS:,} characters"
    return prompt, ""


def _end_of(document: Document, section: str) -> _End:
    entries = document.marks.get(id(document.data.get(section)), {})
    if not entries:
        return _End(len(document.lines), "", is_there=False)
    first = document.position((section, next(iter(entries))), of_key=True)
    start = document.position((section,), of_key=True).line
    if first.line == start:
        message = (
            f"{clean(document.file)}:{start}: `{section}` is written on one line, so nothing can be added to it; "
            "put each entry on its own line, then rerun"
        )
        raise ConfigurationError(message)
    tops = (document.position((key,), of_key=True).line for key in document.data)
    end = min((line - 1 for line in tops if line > start), default=len(document.lines))
    while not document.lines[end - 1].strip() or document.lines[end - 1].startswith("#"):
        end -= 1
    return _End(end, " " * (first.column - 1))
