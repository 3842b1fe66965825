"""Agents: their versions, what their environments pin, their deployments and check configs.

An agent is as the scenario file says when it is named for the first time; from then on, the store has it.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Final

from tornado_resource.sandbox.agent_scripts import (
    ANY_AGENT,
    BUMPS,
    DEFAULT_SIMULATIONS,
    ENVIRONMENTS,
    MAX_SCENARIOS,
    SEMVER,
)
from tornado_resource.sandbox.operations import Refusal
from tornado_resource.sandbox.playing import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado_resource.sandbox.agent_scripts import AgentScript
    from tornado_resource.sandbox.judges import Judges
    from tornado_resource.sandbox.operations import Json
    from tornado_resource.sandbox.scenarios import Scenarios
    from tornado_resource.sandbox.store import Source, Store

AGENTS_PATH: Final = "/v2/agents"
AGENT_PATH: Final = f"{AGENTS_PATH}/{{agent_id}}"
MAX_CHECKED_SIMULATIONS: Final = 10
"""The limit of an organization, unless the vendor raises it."""


class Agents:
    """The agents of the scenario file, and of every other id that is named if the file has `*`.

    Args:
        store: where they are kept.
        scripts: the agents of the scenario file.
        scenarios: the scenarios of all pathways and agents.
        judges: the judges of all check configs.
        source: the time and new ids.

    """

    def __init__(
        self,
        store: Store,
        scripts: Mapping[str, AgentScript],
        scenarios: Scenarios,
        judges: Judges,
        source: Source,
    ) -> None:
        self._store = store
        self._scripts = scripts
        self._scenarios = scenarios
        self._judges = judges
        self._now_ms = source.now_ms
        self._new_id = source.new_id

    def script(self, agent_id: str) -> AgentScript:
        """Return the script of an agent.

        Raises:
            Refusal: there is no such agent.

        """
        script = self._scripts.get(agent_id) or self._scripts.get(ANY_AGENT)
        if script is None:
            raise Refusal(404, f"Agent {agent_id} not found")
        return script

    def get(self, agent_id: str) -> Json:
        """Return an agent as it is stored: its fields, and `pins` by environment.

        Raises:
            Refusal: there is no such agent.

        """
        script = self.script(agent_id)
        return self._store.document("agent", agent_id) or self._make(agent_id, script)

    def all(self) -> list[Json]:
        """Return the agents of the scenario file, and those that were named."""
        for agent_id in self._scripts.keys() - {ANY_AGENT}:
            self.get(agent_id)
        return sorted(self._store.all_documents("agent"), key=lambda agent: str(agent["id"]))

    def versions(self, agent_id: str) -> list[Json]:
        """Return the versions of an agent, the newest first, with their snapshots."""
        self.get(agent_id)
        return self._store.documents("version", agent_id)[::-1]

    def version(self, agent_id: str, version_id: str) -> Json | None:
        """Return a version of an agent; None if it has none with this id."""
        return next((version for version in self.versions(agent_id) if version["id"] == version_id), None)

    def save(self, agent_id: str, name: str | None, snapshot: Json | None) -> Json:
        """Save a version, as the editor does; one without a name changes an autosave at the head in place.

        A version that a check run or a deployment names is never changed.
        """
        agent, now = self.get(agent_id), iso(self._now_ms())
        number = len(self._store.documents("version", agent_id)) + 1
        head = next(iter(self.versions(agent_id)), None)
        if head is not None and name is None and head["created_via"] == "autosave" and not self._is_used(head):
            changed = {"revision": head["revision"] + 1, "snapshot": snapshot or head["snapshot"], "created_at": now}
            saved = {**head, **changed}
        else:
            saved = self._version(agent_id, number, name, None) | {"created_at": now}
            saved |= {"created_via": "manual" if name else "autosave"} | ({"snapshot": snapshot} if snapshot else {})
        self._store.put("version", saved["id"], saved, agent_id)
        self._store.put("agent", agent_id, {**agent, "updated_at": now})
        return saved

    def environments(self, agent_id: str) -> list[Json]:
        """Return the three environments of an agent, with the versions that they pin."""
        pins = self.get(agent_id)["pins"]
        named = {version["id"]: version for version in self.versions(agent_id)}
        rows = []
        for env in ENVIRONMENTS:
            pinned = named.get(pins.get(env))
            current = {"name": pinned["name"], "semver": pinned["semver"]} if pinned is not None else None
            environment_id = _uuid(f"{agent_id}/{env}")
            rows.append(
                {
                    "id": environment_id,
                    "env_type": env,
                    "current_version_id": pins.get(env),
                    "current_version": current,
                }
            )
        return rows

    def pin(self, agent_id: str, version: Json, environments: tuple[str, ...], bump: str = "minor") -> Json:
        """Let environments pin a version, which has a semver from then on, and return it.

        A deployment is recorded for each.
        """
        agent, now = self.get(agent_id), iso(self._now_ms())
        if version["semver"] is None:
            version = {**version, "semver": _next_semver(self.versions(agent_id), bump)}
            self._store.put("version", version["id"], version, agent_id)
        for env in environments:
            deployment = {
                "id": self._new_id("deployment"),
                "env_type": env,
                "agent_version_id": version["id"],
                "deployed_at": now,
            }
            self._store.put("deployment", deployment["id"], deployment, agent_id)
        pins = agent["pins"] | dict.fromkeys(environments, version["id"])
        self._store.put("agent", agent_id, {**agent, "pins": pins, "updated_at": now})
        return version

    def deployments(self, agent_id: str, env: str) -> list[Json]:
        """Return what was deployed to an environment, the newest first."""
        self.get(agent_id)
        return [
            deployment
            for deployment in self._store.documents("deployment", agent_id)[::-1]
            if deployment["env_type"] == env
        ]

    def checks(self, agent_id: str, env: str) -> Json | None:
        """Return the check config of an environment; None if it has none."""
        self.get(agent_id)
        return self._store.document("checks", f"{agent_id}/{env}")

    def set_checks(self, agent_id: str, env: str, body: Json) -> Json:
        """Replace the check config of an environment.

        Raises:
            Refusal: it could not run.

        """
        earlier, now = self.checks(agent_id, env), iso(self._now_ms())
        scenario_ids = list(dict.fromkeys(body["scenario_ids"]))
        count = body.get("simulations_count", DEFAULT_SIMULATIONS)
        if len(scenario_ids) > MAX_SCENARIOS:
            raise Refusal(400, f"scenario_ids: at most {MAX_SCENARIOS}")
        if count > MAX_CHECKED_SIMULATIONS:
            raise Refusal(400, f"simulations_count: at most {MAX_CHECKED_SIMULATIONS} in this organization")
        config = {
            "id": earlier["id"] if earlier else self._new_id("checks"),
            "agent_id": agent_id,
            "env_type": env,
            "scenario_ids": scenario_ids,
            "evals": [{"required": True, **entry} for entry in body["evals"]],
            "enabled": body.get("enabled", True),
            "simulations_count": count,
            "created_at": earlier["created_at"] if earlier else now,
            "updated_at": now,
        }
        self.refuse_unrunnable(config)
        self._store.put("checks", f"{agent_id}/{env}", config)
        return config

    def delete_checks(self, agent_id: str, env: str) -> bool:
        """Delete the check config of an environment; return whether there was one."""
        self.get(agent_id)
        return self._store.remove("checks", f"{agent_id}/{env}")

    def variables(self, agent_id: str, env: str) -> list[Json]:
        """Return the variables of an environment, by their keys in order."""
        self.get(agent_id)
        stored = self._store.documents("variable", f"{agent_id}/{env}")
        return sorted(stored, key=lambda variable: str(variable["variable_key"]))

    def set_variable(self, agent_id: str, env: str, key: str, body: Json) -> Json:
        """Create or replace a variable of an environment."""
        self.get(agent_id)
        return self._store_variable(agent_id, env, key, body, iso(self._now_ms()))

    def scenario_names(self, config: Json) -> list[str]:
        """Return the names of the scenarios of a check config; of one that is deleted, its id."""
        names = self._scenarios.names(agent_id=config["agent_id"])
        return [names.get(scenario_id, scenario_id) for scenario_id in config["scenario_ids"]]

    def tested(self, config: Json) -> Json:
        """Return what a pass of a check config is a pass of: the config and its test cases, as they are now."""
        listed = {scenario["id"]: scenario for scenario in self._scenarios.listed(agent_id=config["agent_id"])}
        kept = {key: config[key] for key in ("scenario_ids", "evals", "simulations_count")}
        return {**kept, "scenarios": [listed.get(scenario_id) for scenario_id in config["scenario_ids"]]}

    def judge_names(self, config: Json) -> list[str]:
        """Return the names of the judges of a check config."""
        return [self._judges.get(entry["eval_agent_id"])["name"] for entry in config["evals"]]

    def refuse_unrunnable(self, config: Json) -> None:
        """Refuse a check config that cannot run.

        Raises:
            Refusal: it cannot.

        """
        names = self._scenarios.names(agent_id=config["agent_id"])
        if unknown := [scenario_id for scenario_id in config["scenario_ids"] if scenario_id not in names]:
            raise Refusal(400, f"Scenario {unknown[0]} is not one of this agent")
        judges = [entry["eval_agent_id"] for entry in config["evals"]]
        if len(judges) != len(set(judges)):
            raise Refusal(400, "evals: a judge is there twice")
        for configured in config["evals"]:
            self._judges.refuse_unusable(configured)

    def _is_used(self, version: Json) -> bool:
        agent_id = version["agent_id"]
        uses = [*self._store.documents("run", agent_id), *self._store.documents("deployment", agent_id)]
        return any(use["agent_version_id"] == version["id"] for use in uses)

    def _make(self, agent_id: str, script: AgentScript) -> Json:
        """Store an agent as the scenario file has it."""
        made = [
            self._version(agent_id, number, name, semver) for number, (name, semver) in enumerate(script.versions, 1)
        ]
        for version in made:
            self._store.put("version", version["id"], version, agent_id)
        by_semver = {version["semver"]: version["id"] for version in made}
        agent = {
            "id": agent_id,
            "org_id": "org-sandbox",
            "name": script.name,
            "created_by": None,
            "created_at": iso(0),
            "updated_at": iso(0),
            "source_pathway_id": script.source_pathway_id,
            "migrated_at": iso(0) if script.source_pathway_id else None,
            "pins": {env: by_semver[semver] for env, semver in script.pins.items()},
        }
        self._store.put("agent", agent_id, agent)
        for env, checks in script.checks.items():
            evals = [self._judges.entry(judge.judge_id, is_required=judge.is_required) for judge in checks.judges]
            config = {
                "id": _uuid(f"{agent_id}/{env}/checks"),
                "agent_id": agent_id,
                "env_type": env,
                "scenario_ids": [scenario.id for scenario in script.scenarios],
                "evals": evals,
                "enabled": checks.is_enabled,
                "simulations_count": checks.simulations_count,
                "created_at": iso(0),
                "updated_at": iso(0),
            }
            self._store.put("checks", f"{agent_id}/{env}", config)
        self._make_variables(agent_id, script)
        return agent

    def _make_variables(self, agent_id: str, script: AgentScript) -> None:
        for env, variables in script.variables.items():
            for key, value in variables.items():
                self._store_variable(agent_id, env, key, {"value": value}, iso(0))

    def _store_variable(self, agent_id: str, env: str, key: str, body: Json, now: str) -> Json:
        place = f"{agent_id}/{env}"
        earlier = self._store.document("variable", f"{place}/{key}") or {"created_at": now}
        variable = {
            "variable_key": key,
            "value": body["value"],
            "is_secret": body.get("is_secret", False),
            "created_at": earlier["created_at"],
            "updated_at": now,
        }
        self._store.put("variable", f"{place}/{key}", variable, place)
        return variable

    def _version(self, agent_id: str, number: int, name: str | None, semver: str | None) -> Json:
        prompt = f"You answer the phone of a shop (version {number})."
        return {
            "id": _uuid(f"{agent_id}/versions/{number}"),
            "agent_id": agent_id,
            "name": name,
            "created_via": "manual",
            "created_by": None,
            "created_at": iso(0),
            "semver": semver,
            "revision": 1,
            "snapshot": {
                "behavior": {"nodes": [{"id": "start", "type": "Default", "data": {"prompt": prompt}}], "edges": []},
                "settings": {"displayName": self.script(agent_id).name, "systemPrompt": "Be brief, and stay polite."},
                "contact": {"inboundNumbers": []},
            },
        }


def is_semver(text: str) -> bool:
    """Return whether *text* is a semver as the API wants it: `X.Y.Z`."""
    return re.fullmatch(SEMVER, text) is not None


def _next_semver(versions: list[Json], bump: str) -> str:
    numbers = [[int(part) for part in version["semver"].split(".")] for version in versions if version["semver"]]
    if not numbers:
        return "1.0.0"
    position = BUMPS.index(bump)
    newest = max(numbers)
    return ".".join(map(str, [*newest[:position], newest[position] + 1, 0, 0][:3]))


def _uuid(name: str) -> str:
    """Return an id that is the same in every sandbox."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))
