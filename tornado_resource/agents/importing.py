"""Declarations for agents that exist, as text of `sessions.yaml`. Pure.

What is written reads back as exactly what the API shows, so that the next update changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.responses import folded, is_other
from tornado_resource.core.text import clean
from tornado_resource.declarations.checks import DEFAULT_SIMULATIONS, checks_problems
from tornado_resource.declarations.schema import schema_line
from tornado_resource.declarations.writing import unused_key, yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tornado_resource.bland.check_runs import Checks, ConfiguredJudge
    from tornado_resource.bland.judges import Judges

ENVS: Final = ("staging", "production")
"""The environments of an agent that can have checks. A run uses the first one, if nothing is declared."""


@dataclass(frozen=True, slots=True)
class FoundAgent:
    """An agent that exists, and its checks by environment. *name*: None if the API does not show it.

    *keys*: by id, the keys of its test cases that are declared as `scenarios` of the same file.
    """

    agent_id: str
    name: str | None
    checks: Mapping[str, Checks | None]
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def _runnable(self) -> dict[str, Checks]:
        configs = {env: self.checks.get(env) for env in ENVS}
        return {env: checks for env, checks in configs.items() if checks is not None and checks.is_enabled is not False}

    @property
    def envs(self) -> list[str]:
        """The environments whose checks can run."""
        return list(self._runnable)

    @property
    def declared(self) -> dict[str, Checks]:
        """The checks that can run and are declared, by environment."""
        return {env: checks for env, checks in self._runnable.items() if not _problem(checks)}

    @property
    def undeclared(self) -> dict[str, str]:
        """By environment, why its checks cannot be declared as they are."""
        problems = {env: _problem(checks) for env, checks in self._runnable.items()}
        return {env: problem for env, problem in problems.items() if problem}


def declarations(agents: Iterable[FoundAgent], judges: Judges, scenarios: str = "") -> str:
    """Return a whole declarations file: a check run for each environment of an agent that has checks, and the checks.

    An agent without any has one in staging: it can start once there are checks.

    Args:
        agents: the agents.
        judges: the judges of the organization.
        scenarios: the text of the mapping `scenarios`, which has the keys of the test cases.

    """
    lines, keys = list[str](), set[str]()
    used = _UsedJudges(judges)
    for agent in agents:
        for number, env in enumerate(agent.envs or ENVS[:1]):
            name = agent.name or "agent"
            key = unused_key(f"{name} {env}" if number else name, keys, "agent")
            keys.add(key)
            lines += [f"  {key}:", *_agent_lines(agent, env, used)]
    above = [schema_line(), "version: 1", *scenarios.splitlines(), *used.lines()]
    return "\n".join([*above, "agents:", *lines]) + "\n"


class _UsedJudges:
    """The judges that checks name, by key: one that two configs pin to two versions has two keys."""

    def __init__(self, judges: Judges) -> None:
        self._judges = judges
        self._keys: dict[tuple[str, str | None], str] = {}
        self._used: dict[str, tuple[ConfiguredJudge, str | None]] = {}

    def key_of(self, judge: ConfiguredJudge) -> str:
        """Return the key of a judge. The version is not declared if it is the active one, which is the default."""
        version_id = judge.version_id if not self._is_active(judge) else None
        place = (folded(judge.judge_id), version_id)
        if place not in self._keys:
            key = unused_key(judge.name or "judge", self._used, "judge")
            self._keys[place], self._used[key] = key, (judge, version_id)
        return self._keys[place]

    def _is_active(self, judge: ConfiguredJudge) -> bool:
        judge_now = self._judges.get(judge.judge_id)
        active = judge_now.active_version_id if judge_now is not None else None
        return judge.version_id is not None and active is not None and not is_other(active, judge.version_id)

    def lines(self) -> Iterator[str]:
        if self._used:
            yield "judges:"
        for key, (judge, version_id) in self._used.items():
            version = f", version: {yaml_text(version_id)}" if version_id is not None else ""
            name = clean(judge.name or "without a name", 60)
            yield f"  {key}: {{id: {yaml_text(judge.judge_id)}{version}}}  # {name}"


def _agent_lines(agent: FoundAgent, env: str, used: _UsedJudges) -> Iterator[str]:
    yield f"    agent_id: {yaml_text(agent.agent_id)}"
    yield f"    env: {env}"
    yield "    version: latest"
    if env in agent.declared:
        yield "    checks:"
        yield from _checks_lines(agent, agent.declared[env], used)
    yield "    gate: {passed: all}"


def _checks_lines(agent: FoundAgent, checks: Checks, used: _UsedJudges) -> Iterator[str]:
    keys = [agent.keys[scenario_id] for scenario_id in checks.scenario_ids if scenario_id in agent.keys]
    yield from _list_line("scenarios", keys)
    yield from _list_line(
        "scenario_ids", [yaml_text(scenario_id) for scenario_id in checks.scenario_ids if scenario_id not in agent.keys]
    )
    yield "      judges:"
    yield from (f"        - {_judge(judge, used.key_of(judge))}" for judge in checks.judges)
    if checks.simulations_count not in {None, DEFAULT_SIMULATIONS}:
        yield f"      simulations_count: {checks.simulations_count}"
    if all(judge.is_required is False for judge in checks.judges):
        yield "      vacuous: allow  # no judge is required, so Bland passes every run"


def _list_line(key: str, entries: list[str]) -> list[str]:
    return [f"      {key}: [{', '.join(entries)}]"] if entries else []


def _judge(judge: ConfiguredJudge, key: str) -> str:
    required = ", required: false" if judge.is_required is False else ""
    levels = ", ".join(map(yaml_text, judge.target_level_keys))
    targets = f", target_level_keys: [{levels}]" if levels else ""
    return f"{{judge: {key}{required}{targets}}}" if required or targets else key


def _problem(checks: Checks) -> str:
    """Return why checks cannot be declared as they are; nothing if they can."""
    judges = [_values(judge) for judge in checks.judges]
    values = {"scenario_ids": checks.scenario_ids, "judges": judges, "simulations_count": checks.simulations_count}
    problems = checks_problems({**values, "vacuous": "allow"})
    return "; ".join(f"{key}: {text}" for key, text in problems.items())


def _values(judge: ConfiguredJudge) -> dict[str, Any]:
    levels = judge.target_level_keys or None
    return {"id": judge.judge_id, "version": judge.version_id, "target_level_keys": levels}
