"""Declarations for agents that exist, as text of `sessions.yaml`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tornado_resource.core.text import clean
from tornado_resource.declarations.schema import schema_line
from tornado_resource.declarations.writing import unused_key, yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tornado_resource.bland.check_runs import Checks, ConfiguredJudge

ENVS: Final = ("staging", "production")
"""The environments of an agent that can have checks. A run uses the first one, if nothing is declared."""


@dataclass(frozen=True, slots=True)
class FoundAgent:
    """An agent that exists, and its checks by environment. *name*: None if the API does not show it."""

    agent_id: str
    name: str | None
    checks: Mapping[str, Checks | None]

    @property
    def envs(self) -> list[str]:
        """The environments whose checks can run."""
        found = {env: self.checks.get(env) for env in ENVS}
        return [env for env, checks in found.items() if checks is not None and checks.is_enabled is not False]


def declarations(agents: Iterable[FoundAgent]) -> str:
    """Return a whole declarations file: a check run for each environment of an agent that has checks.

    An agent without any has one in staging: it can start once there are checks.
    """
    lines = [schema_line(), "version: 1", "agents:"]
    keys: set[str] = set()
    for agent in agents:
        for number, env in enumerate(agent.envs or ENVS[:1]):
            name = agent.name or "agent"
            key = unused_key(f"{name} {env}" if number else name, keys, "agent")
            keys.add(key)
            lines += [f"  {key}:", *_agent_lines(agent, env)]
    return "\n".join(lines) + "\n"


def _agent_lines(agent: FoundAgent, env: str) -> Iterator[str]:
    yield f"    agent_id: {yaml_text(agent.agent_id)}"
    yield f"    env: {env}"
    yield "    version: latest"
    checks = agent.checks.get(env)
    judges = f"  # {', '.join(map(_judge, checks.judges))}" if checks is not None and checks.judges else ""
    yield f"    gate: {{passed: all}}{judges}"


def _judge(judge: ConfiguredJudge) -> str:
    name = clean(judge.name or judge.judge_id, 60)
    return f"{name} (required)" if judge.is_required else name
