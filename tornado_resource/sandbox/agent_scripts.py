"""What agents are at first, and how their check runs go, by the scenario file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from tornado_resource.sandbox.scripts import MILLISECONDS, SCENARIO_SCRIPT, Scenario, scenarios_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ANY_AGENT: Final = "*"
CHECKED: Final = ("staging", "production")
"""The environments that pin a version and have checks."""
ENVIRONMENTS: Final = ("dev", *CHECKED)
VARIABLE_KEY: Final = "[A-Za-z0-9_]+"
"""The key of a variable."""
SEMVER: Final = "(0|[1-9][0-9]{0,8})[.](0|[1-9][0-9]{0,8})[.](0|[1-9][0-9]{0,8})"
BUMPS: Final = ("major", "minor", "patch")
MAX_SCENARIOS: Final = 5
MAX_SIMULATIONS: Final = 50
DEFAULT_SIMULATIONS: Final = 5
_SEMVER: Final = {"type": "string", "pattern": f"^{SEMVER}$"}
_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": {"type": "string", "minLength": 1}}
_NAMED_JUDGE: Final = {
    "type": ["string", "object"],
    "required": ["judge"],
    "additionalProperties": False,
    "properties": {"judge": _TEXT, "required": {"type": "boolean"}},
}
_VARIABLES: Final = {
    "type": "object",
    "propertyNames": {"pattern": f"^{VARIABLE_KEY}$"},
    "additionalProperties": {},
}
_CHECKS: Final = {
    "type": "object",
    "required": ["judges"],
    "additionalProperties": False,
    "properties": {
        "judges": {"type": "array", "minItems": 1, "items": _NAMED_JUDGE},
        "simulations_count": {"type": "integer", "minimum": 1, "maximum": MAX_SIMULATIONS},
        "enabled": {"type": "boolean"},
    },
}
_RUN: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "rates": {
            "type": "object",
            "additionalProperties": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        },
        "ends_as": _TEXT,
        "error_message": _TEXT,
        "run_ms": MILLISECONDS,
        "answer": {"type": "object"},
    },
}
AGENT_SCRIPT: Final = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "properties": {
        "name": _TEXT,
        "source_pathway_id": _TEXT,
        "versions": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"name": _TEXT, "semver": _SEMVER},
            },
        },
        **dict.fromkeys(CHECKED, _SEMVER),
        "scenarios": {"type": "array", "minItems": 1, "maxItems": MAX_SCENARIOS, "items": SCENARIO_SCRIPT},
        "checks": {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(CHECKED, _CHECKS)},
        "variables": {
            "type": "object",
            "additionalProperties": False,
            "properties": dict.fromkeys(ENVIRONMENTS, _VARIABLES),
        },
        "runs": {"type": "array", "minItems": 1, "items": _RUN},
        "foreign": {"type": "array", "items": {"enum": list(CHECKED)}},
    },
}
"""The schema of an agent in the scenario file."""
JUDGE_SCRIPT: Final = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "properties": {"name": _TEXT, "levels": _TEXTS, "targets": _TEXTS},
}
"""The schema of a judge in the scenario file."""
NEVER: Final = "never"


@dataclass(frozen=True, slots=True)
class RunScript:
    """How a check run goes. *run_ms* is in run (scaled) time.

    *rates* has the share of conversations that match, by judge; null if none is conclusive, all for a judge that it
    lacks. *ends_as* overrides the final status that follows from them; `never`: it runs for ever. *answer* overrides
    fields of the run once it has ended, for contradictory responses.
    """

    rates: Mapping[str, float | None] = field(default_factory=dict)
    ends_as: str | None = None
    error_message: str | None = None
    run_ms: int = 120_000
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NamedJudge:
    """A judge of a check config."""

    judge_id: str
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class ChecksScript:
    """The check config that an environment has at first: it runs all scenarios of the agent."""

    judges: tuple[NamedJudge, ...]
    simulations_count: int = DEFAULT_SIMULATIONS
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class JudgeScript:
    """A published judge. It is graded if it has levels; *targets* are those that match."""

    name: str
    levels: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    @classmethod
    def of(cls, judge_id: str, values: dict[str, Any]) -> Self:
        """Return the judge of a valid entry in the scenario file. Of a graded one, the last level matches."""
        levels = tuple(values.get("levels", ()))
        return cls(values.get("name", judge_id), levels, tuple(values.get("targets", levels[-1:])))


@dataclass(frozen=True, slots=True)
class AgentScript:
    """An agent as it is at first, and how its check runs go.

    *versions* has the name and semver of each saved version, the oldest first. *pins* has a semver by environment,
    *variables* the values of variables by their keys.
    The runs of an environment follow *runs*, one after the other; the last entry is that of all later ones.
    In the environments of *foreign*, somebody else's run has been going on since the sandbox was started.
    """

    name: str
    source_pathway_id: str | None
    versions: tuple[tuple[str | None, str | None], ...]
    pins: Mapping[str, str]
    scenarios: tuple[Scenario, ...]
    checks: Mapping[str, ChecksScript]
    variables: Mapping[str, Mapping[str, Any]]
    runs: tuple[RunScript, ...]
    foreign: tuple[str, ...]

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Return the agent of a valid entry in the scenario file."""
        versions = values.get("versions", [{}])
        return cls(
            name=values.get("name", "An agent"),
            source_pathway_id=values.get("source_pathway_id"),
            versions=tuple((version.get("name"), version.get("semver")) for version in versions),
            pins={env: values[env] for env in CHECKED if env in values},
            scenarios=scenarios_of(values),
            checks={env: _checks(checks) for env, checks in values.get("checks", {}).items()},
            variables=values.get("variables", {}),
            runs=tuple(RunScript(**run) for run in values.get("runs", [{}])),
            foreign=tuple(values.get("foreign", ())),
        )

    def judge_ids(self) -> set[str]:
        """Return the judges that its check configs name."""
        return {judge.judge_id for checks in self.checks.values() for judge in checks.judges}

    def faults(self) -> list[str]:
        """Return what a schema cannot find: pins of versions that there are not, and checks of no scenario."""
        semvers = [semver for _, semver in self.versions if semver is not None]
        faults = [
            f"{env}: no version has the semver {semver}" for env, semver in self.pins.items() if semver not in semvers
        ]
        faults += ["versions: a semver is used twice"] if len(semvers) != len(set(semvers)) else []
        faults += ["checks: the agent has no scenarios"] if self.checks and not self.scenarios else []
        return faults + [f"foreign: {env} has no checks" for env in self.foreign if env not in self.checks]


def _checks(values: dict[str, Any]) -> ChecksScript:
    judges = (judge if isinstance(judge, dict) else {"judge": judge} for judge in values["judges"])
    return ChecksScript(
        judges=tuple(NamedJudge(judge["judge"], judge.get("required", True)) for judge in judges),
        simulations_count=values.get("simulations_count", DEFAULT_SIMULATIONS),
        is_enabled=values.get("enabled", True),
    )
