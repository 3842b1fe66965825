"""Declarations as plain values."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from tornado_resource.core.canonical import whole
from tornado_resource.core.text import count, id_list
from tornado_resource.declarations.quarantine import Quarantine, in_effect, parsed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from tornado_resource.bland.listing import Owner
    from tornado_resource.core.positions import Position, Problem

OnConflict = Literal["fail", "adopt", "wait", "supersede"]
OnDestroy = Literal["cancel", "leave"]
Rerun = Literal["on_drift", "on_failure", "on_change", "always"]
Publish = Literal["staging", "production"]
Section = Literal["sessions", "agents"]
"""A part of the file whose entries are runs."""
SUBJECTS: Final[Mapping[Section, str]] = {"sessions": "pathway", "agents": "agent"}
"""What the runs of a section test."""
SUBJECT_FIELDS: Final[Mapping[Section, str]] = {"sessions": "pathway_id", "agents": "agent_id"}
"""The key that says which one. Every run needs it."""

DEFAULT_RERUN: Final = "on_drift"
LATEST: Final = "latest"
"""The `version_number` that stands for the newest version of the pathway; the `version` for that of the agent."""
PINNED: Final = "pinned"
"""The `version` of an agent that stands for the one that its `env` pins."""
LIVE_VERSION: Final = "live"
"""What `diff` calls the version that callers get."""
REQUEST_FIELDS: Final = (
    "pathway_id",
    "persona_id",
    "scenario_ids",
    "version_number",
    "max_iterations",
    "timeout_ms",
)
"""The fields of the start call, in the order of the API's page *Start Tornado Session*."""
CHECK_RUN_FIELDS: Final = ("agent_id", "env", "version_id")
"""What a check run is started with. Until it is resolved, `version_id` is what the file declares as `version`."""
DEFAULT_ENV: Final = "staging"
SEMVER: Final = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}")
"""A published version of an agent."""
JUDGE_FIELDS: Final = (
    "name",
    "prompt",
    "system_prompt",
    "modality",
    "levels",
    "target_level_keys",
    "weight",
    "judge_config",
)
"""What the definition of a judge may say: the API's names (page *Update Eval Agent Version*) without `_md`."""
DEFAULT_TIMEOUT_MS: Final = 900_000
"""The API's default, which applies if `timeout_ms` is not sent."""
PASSING_PERCENT: Final = 50
"""The API's own bar of a judge, which cannot be set: this share of the conclusive conversations must match (API page
*Get Check Run*)."""
GRACE_MS: Final = 60_000
"""How much longer than `timeout_ms` the gate waits for a session to report its end."""
CHECK_RUN_MS: Final = 45 * 60_000
"""After this time, the API ends a check run with `ERROR` (API page *Trigger Check Run*)."""
CONFIRMATION_MS: Final = 60 * 60_000
"""How long the gate waits for the confirmation of a pass. The API's pages give no limit."""
CHECK_RUN_GRACE_MS: Final = 5 * 60_000
"""How much longer than that the gate waits."""
DEFAULT_ITERATIONS: Final = 5
"""The API's default, which applies if `max_iterations` is not sent."""
ALL_SCENARIOS: Final = 50
"""How many scenarios count for a session that runs all enabled ones: as many as one can name (API page *Start Tornado
Session*)."""
MAX_CONVERSATIONS: Final = 5 * 50
"""The most conversations that a check run holds: its scenarios times its simulations (API page *Checks*)."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """How often each scenario of a session that met its gate is simulated again, and how often it must pass.

    *passed* is `all`, a number of the *runs*, or a percentage of them such as `80%`.
    """

    runs: int
    passed: str | int = "all"

    @classmethod
    def of(cls, value: Mapping[str, Any] | None) -> Confirm | None:
        """Return what a resolved `confirm` key says; None without one. Without `runs`, they are 0."""
        if value is None:
            return None
        passed = "all" if value.get("passed") is None else value["passed"]
        return cls(int(value.get("runs") or 0), passed if isinstance(passed, str) else int(passed))

    @property
    def needed(self) -> int:
        """How many of the runs of a scenario must pass."""
        if isinstance(self.passed, int):
            return self.passed
        share = 100 if self.passed == "all" else int(self.passed.removesuffix("%"))
        return -(-self.runs * share // 100)  # rounded up in integers: exact for any number


def higher(bars: Iterable[str]) -> str:
    """Return the highest one of percentages such as `90%`."""
    return max(bars, key=lambda bar: int(bar.removesuffix("%")))


@dataclass(frozen=True, slots=True)
class Gate:
    """What must be true for a session's verdict to be `passed`.

    *passed* is `all`, `promotion`, `any`, a number of scenarios, or a percentage such as `95%`. *full_run*: whether
    a pass counts for `publish` and `promotes_from` only if the last iteration ran every scenario. *judges*: by name
    or id, the percentage that a judge of a check run must reach, whatever *passed* says. *quarantine*: what does
    not decide on the day of the verdict; it is declared by the key of that name of a session or agent, and not in a
    gate. *confirm*: how the pass of a session is confirmed; None if it is not.
    """

    passed: str | int = "all"
    repaired: Literal["allow", "refuse"] = "allow"
    full_run: Literal["required", "any"] = "required"
    judges: dict[str, str] = field(default_factory=dict, hash=False)
    quarantine: tuple[Quarantine, ...] = ()
    confirm: Confirm | None = None

    @classmethod
    def of(
        cls, value: Mapping[str, Any] | str | None, *, repaired: Literal["allow", "refuse"] = "allow"
    ) -> Gate | None:
        """Return the gate of a resolved `gate` key, or None for `gate: none`. *repaired* is the default of that key."""
        if value == "none":
            return None
        mapping = value if value is not None and not isinstance(value, str) else {}
        passed = mapping.get("passed", "all")
        return cls(
            passed if isinstance(passed, str) else int(passed),
            mapping.get("repaired", repaired),
            mapping.get("full_run", "required"),
            dict(mapping.get("judges") or {}),
            parsed(mapping.get("quarantine")),
            Confirm.of(mapping.get("confirm")),
        )

    @classmethod
    def of_inputs(cls, declared: Mapping[str, Any], today: date) -> Gate | None:
        """Return the gate of a run's inputs on a day: with the quarantine that has not ended."""
        gate = cls.of(declared.get("gate"))
        return replace(gate, quarantine=in_effect(declared.get("quarantine"), today)) if gate is not None else None

    def lasting(self, today: date) -> Gate:
        """Return the gate with what is still in quarantine on a day."""
        return replace(self, quarantine=tuple(entry for entry in self.quarantine if entry.days_left(today) >= 0))

    def quarantine_of(self, *part: str) -> Quarantine | None:
        """Return the quarantine of a scenario, or of a judge by its name and id; None if it decides."""
        return next((entry for entry in self.quarantine if entry.part in part), None)

    @property
    def recorded(self) -> dict[str, Any]:
        """The gate as a verdict records it: without judges, quarantine and `confirm` where there are none."""
        judges = {"judges": dict(self.judges)} if self.judges else {}
        quarantine = {"quarantine": [asdict(entry) for entry in self.quarantine]} if self.quarantine else {}
        confirm = {"confirm": asdict(self.confirm)} if self.confirm is not None else {}
        always = {"passed": self.passed, "repaired": self.repaired, "full_run": self.full_run}
        return {**always, **judges, **quarantine, **confirm}

    def bar(self, *judge: str, is_required: bool | None) -> int | None:
        """Return the share of the conclusive conversations, in percent, that must match for a judge of a check run.

        *judge* is its name and its id: a gate may name it by either one, and of both the higher bar holds.

        None if any share will do. The bar of `all` is the API's own: that the judge has passed.
        """
        named = [self.judges[spelling] for spelling in judge if spelling in self.judges]
        rule = self.passed if is_required else "any"
        if named:
            rule = higher(named)
        if rule == "all":
            return PASSING_PERCENT
        return int(rule.removesuffix("%")) if isinstance(rule, str) and rule.endswith("%") else None


@dataclass(frozen=True, slots=True)
class ScenarioDeclaration:
    """One scenario of one pathway or agent, as it must be in one environment.

    *fields* are those of the API's page *Scenarios*, by its names and without the owner: `name` is there, and the text
    of prompt files is read.
    """

    key: str
    owner: Owner
    fields: Mapping[str, Any]
    position: Position | None = None
    on_conflict: Literal["fail", "adopt"] = "fail"
    on_destroy: Literal["disable", "leave", "delete"] = "disable"
    manage: bool = True
    """False: another stack manages the scenario; this one reads it by its name and compares."""
    managed_by: str | None = None
    """The environment or stack that manages the scenario if this one does not, as far as that is declared."""

    secrets: frozenset[str] = frozenset()
    """The names of the fields that are secret."""

    @property
    def name(self) -> str:
        """The scenario's name at the API, unique for its owner."""
        return str(self.fields["name"])


@dataclass(frozen=True, slots=True)
class JudgeDeclaration:
    """One judge as code, as it must be in one environment. *fields*: its definition, `name` included."""

    key: str
    fields: Mapping[str, Any]
    position: Position | None = field(default=None, compare=False)
    on_conflict: Literal["fail", "adopt"] = "fail"
    on_destroy: Literal["leave", "delete"] = "leave"
    manage: bool = True
    """False: another stack manages the judge; this one reads it by its name and compares."""
    managed_by: str | None = None
    """The environment or stack that manages the judge if this one does not, as far as that is declared."""


@dataclass(frozen=True, slots=True)
class ChecksDeclaration:
    """The check config of one agent and env, as it must be in one environment.

    *scenarios*: the declared test cases, beside *scenario_ids*. *judges*: as `AgentChecks` takes them; one that is
    declared as code has no id, and its declaration is in *definitions*, which has None for the others.
    *judge_positions*: where each of them is declared. *name*: that of the first agent of the file which declares it.
    """

    name: str = field(compare=False)
    agent_id: str
    env: str
    scenario_ids: tuple[str, ...]
    judges: tuple[Mapping[str, Any], ...]
    simulations_count: int
    position: Position = field(compare=False)
    judge_positions: tuple[Position, ...] = field(compare=False)
    scenarios: tuple[ScenarioDeclaration, ...] = ()
    vacuous: Literal["refuse", "allow"] = "refuse"
    on_conflict: Literal["fail", "adopt"] = "fail"
    on_destroy: Literal["leave", "delete"] = "leave"
    manage: bool = True
    """False: another stack manages the config; this one reads it and compares."""
    managed_by: str | None = None
    """The environment or stack that manages the config if this one does not, as far as that is declared."""
    definitions: tuple[JudgeDeclaration | None, ...] = ()

    @property
    def place(self) -> tuple[str, ...]:
        """There is one config for each agent and env."""
        return (self.agent_id, self.env)

    @property
    def conversations(self) -> int:
        """How many conversations a run of it holds."""
        return (len(self.scenario_ids) + len(self.scenarios)) * self.simulations_count


@dataclass(frozen=True, slots=True)
class Declaration:
    """One session or check run as it runs in one environment.

    *request* has the declared fields of the start request, by the API's names (`REQUEST_FIELDS`, `CHECK_RUN_FIELDS`).
    """

    name: str
    request: Mapping[str, Any]
    gate: Gate | None
    position: Position
    on_conflict: OnConflict = "fail"
    on_destroy: OnDestroy = "cancel"
    rerun: Rerun = DEFAULT_RERUN
    triggers: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    publish: Publish | None = None
    scenarios: tuple[ScenarioDeclaration, ...] = ()
    """The declared scenarios that it runs beside the `scenario_ids` of the request."""
    section: Section = "sessions"
    retest: bool = True
    """False: the pass in the environment promoted from counts here, and nothing is started."""
    checks: ChecksDeclaration | None = None
    """The declared checks of its agent and env, if it is started."""
    tags: Sequence[str] = ()
    quarantine: Sequence[Mapping[str, str]] = ()
    """As declared; the gate has what is in effect."""
    kept_triggers: Mapping[str, Any] | None = None
    """All its triggers, those of the config included, while it is rolled back: a new commit is no new run then."""

    @property
    def tested_scenarios(self) -> tuple[ScenarioDeclaration, ...]:
        """The declared scenarios that it tests: its own, or those of its checks."""
        return self.checks.scenarios if self.checks is not None else self.scenarios

    @property
    def kind(self) -> str:
        """The name of the kind of run."""
        return "tornado" if self.section == "sessions" else "check_run"

    @property
    def pathway_id(self) -> str:
        """The pathway that the session runs on."""
        return str(self.request["pathway_id"])

    @property
    def agent_id(self) -> str:
        """The agent that the check run is of."""
        return str(self.request["agent_id"])

    @property
    def subject_id(self) -> str:
        """The pathway or the agent."""
        return str(self.request[SUBJECT_FIELDS[self.section]])

    @property
    def place(self) -> tuple[str, ...]:
        """Where it runs: the API has one run at a time there."""
        if self.section == "sessions":
            return (self.pathway_id,)
        return (self.agent_id, str(self.request["env"]))

    @property
    def conversations(self) -> int:
        """How many conversations it holds at worst; 0 if nothing is started for it.

        A session holds one for each scenario in each iteration, and those of its confirmation; a check run those of its
        checks.
        """
        if not self.retest:
            return 0
        if self.section == "agents":
            return self.checks.conversations if self.checks is not None else MAX_CONVERSATIONS
        return self._scenarios * int(self.request.get("max_iterations", DEFAULT_ITERATIONS)) + self.repeats

    @property
    def repeats(self) -> int:
        """How many conversations the confirmation of its pass holds at worst; 0 if there is none."""
        confirm = self.gate.confirm if self.gate is not None and self.retest else None
        return self._scenarios * confirm.runs if confirm is not None else 0

    @property
    def _scenarios(self) -> int:
        """How many scenarios a session runs at worst."""
        return len(self.request.get("scenario_ids", ())) + len(self.scenarios) or ALL_SCENARIOS

    @property
    def limit_ms(self) -> int:
        """The longest that the gate waits for it, in milliseconds."""
        if self.section == "agents":
            return CHECK_RUN_MS + CHECK_RUN_GRACE_MS
        confirmation = CONFIRMATION_MS if self.gate is not None and self.gate.confirm is not None else 0
        return int(self.request.get("timeout_ms", DEFAULT_TIMEOUT_MS)) + GRACE_MS + confirmation


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one update may start at worst, in *minutes* and in conversations (*runs*); None: no limit.

    *places*: where each limit is declared, or the key of the config that sets it.
    """

    minutes: int | None = None
    runs: int | None = None
    places: Mapping[str, Position | str] = field(default_factory=dict, compare=False)

    def within(self, other: Budget | None) -> Budget:
        """Return the lower one of each limit of two budgets."""
        if other is None:
            return self
        kept = {key: self if _limit(self, key) <= _limit(other, key) else other for key in ("minutes", "runs")}
        places = {key: budget.places[key] for key, budget in kept.items() if key in budget.places}
        return Budget(kept["minutes"].minutes, kept["runs"].runs, places)

    def __str__(self) -> str:
        """Return `60 minutes, 500 conversations`."""
        limits = {"minute": self.minutes, "conversation": self.runs}
        return ", ".join(count(limit, noun) for noun, limit in limits.items() if limit is not None)


def _limit(budget: Budget, key: str) -> float:
    limit = getattr(budget, key)
    return float("inf") if limit is None else float(limit)


@dataclass(frozen=True, slots=True)
class Environment:
    """The declarations of one environment (None: the file has no environments), in the file's order.

    *left_out* has the sessions and agents of the file that do not run here: the environment removes them with `null`,
    or they have no tag of *only* (*untagged*). *warnings* are about the file.
    """

    name: str | None
    declarations: tuple[Declaration, ...]
    promotes_from: str | None = None
    max_age: str | None = None
    left_out: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    only: tuple[str, ...] = ()
    untagged: tuple[str, ...] = ()
    spare_scenarios: tuple[ScenarioDeclaration, ...] = ()
    """The scenarios that only untagged sessions run: they stay as declared in a stack that has them."""
    budget: Budget | None = None

    @property
    def sessions(self) -> tuple[Declaration, ...]:
        """The sessions among the declarations."""
        return tuple(declaration for declaration in self.declarations if declaration.section == "sessions")

    @property
    def agents(self) -> tuple[Declaration, ...]:
        """The check runs among the declarations."""
        return tuple(declaration for declaration in self.declarations if declaration.section == "agents")

    @property
    def omission(self) -> str | None:
        """Which sessions and agents the environment leaves out, as a sentence; None if it leaves out none."""
        removed = [name for name in self.left_out if name not in self.untagged]
        parts = [id_list(removed)] if removed else []
        if self.untagged:
            parts.append(f"{id_list(self.untagged)} (only: {', '.join(self.only)})")
        return f"environment {self.name} leaves out {'; '.join(parts)}" if parts else None

    @property
    def version_note(self) -> str | None:
        """That the API chooses the version of some sessions, as a sentence; None if it chooses none."""
        return version_note([session.name for session in self.sessions if "version_number" not in session.request])

    @property
    def scenarios(self) -> tuple[ScenarioDeclaration, ...]:
        """The scenarios that the runs test, each once for each pathway and agent, in the order of the runs."""
        tested = (declaration for declaration in self.declarations if declaration.retest)
        scenarios = {(scenario.key, scenario.owner): scenario for run in tested for scenario in run.tested_scenarios}
        return tuple(scenarios.values())

    @property
    def all_scenarios(self) -> tuple[ScenarioDeclaration, ...]:
        """The scenarios that the runs test, and the spare ones."""
        return (*self.scenarios, *self.spare_scenarios)

    @property
    def checks(self) -> tuple[ChecksDeclaration, ...]:
        """The declared checks, each once for an agent and env, in the order of the agents."""
        declared = (agent.checks for agent in self.agents if agent.checks is not None)
        return tuple({checks.place: checks for checks in declared}.values())

    @property
    def judges(self) -> tuple[JudgeDeclaration, ...]:
        """The judges as code that the checks name, each once, in the order of the checks."""
        declared = (judge for checks in self.checks for judge in checks.definitions if judge is not None)
        return tuple({judge.key: judge for judge in declared}.values())


def declared_version(request: Mapping[str, Any]) -> int | None:
    """Return the number of the declared version; None if none is declared, or `latest`."""
    version = request.get("version_number")
    return int(version) if version is not None and version != LATEST else None


def version_note(names: Collection[str], environments: Collection[str] = ()) -> str | None:
    """Return the sentence on sessions without a `version_number`, in some of a file's environments; None for none.

    The API's page does not say which version it takes then.
    """
    if not names:
        return None
    where = f" ({'environment' if len(environments) == 1 else 'environments'} {id_list(environments)})"
    return (
        f"no version_number in {id_list(names)}{where if environments else ''}: the API chooses which version is "
        "tested; declare `version_number: latest`"
    )


def is_version_id(version: str) -> bool:
    """Return whether the `version` of an agent is an id, and not what only the API can resolve."""
    return version not in {LATEST, PINNED} and SEMVER.fullmatch(version) is None


def check_run_request(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a check run is started with, by the keys of an agent in the file."""
    version = values.get("version", LATEST)
    return {"agent_id": values["agent_id"], "env": values.get("env", DEFAULT_ENV), "version_id": version}


def unreachable_gate(passed: Any, scenario_ids: Any) -> str | None:
    """Return what is wrong with a gate that requires more scenarios than *scenario_ids* lists, or None.

    *scenario_ids* has an entry for each declared scenario too.
    """
    is_number = isinstance(passed, int | float) and not isinstance(passed, bool)
    if not is_number or not isinstance(scenario_ids, list | tuple) or passed <= len(scenario_ids):
        return None
    return f"found the number {passed}, expected at most {len(scenario_ids)}, the number of its scenarios"


SILENT_REPLAY: Final = "REPLAY needs `input_messages`; declare at least one, or another type"


def is_silent_replay(values: Mapping[str, Any]) -> bool:
    """Return whether a scenario is a REPLAY that has nothing to replay, which the API refuses."""
    return values.get("scenario_type") == "REPLAY" and not values.get("input_messages")


UNCONFIRMABLE: Final = "`confirm` needs a version to simulate; declare `version_number: latest`, or a number"


def unreachable_confirm(gate: Gate | None) -> tuple[str, str] | None:
    """Return what is wrong with a gate's `confirm` beyond its schema: the key of it, and why; None for nothing."""
    confirm = gate.confirm if gate is not None else None
    if confirm is None:
        return None
    if confirm.runs == 0:
        return "runs", "missing; expected how often each scenario is simulated, from 2 to 50"
    if confirm.needed > confirm.runs:
        return "passed", f"found the number {confirm.passed}, expected at most {confirm.runs}, the number of runs"
    return None


def request_from(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the declared request fields, with whole numbers as integers.

    Pulumi turns every number into a float (`5.0`), and YAML has `5.0` and `1e3` too; the API takes integers only.
    """
    request: dict[str, Any] = {}
    for name in REQUEST_FIELDS:
        value = values.get(name)
        if value is not None:
            request[name] = whole(value)
    return request
