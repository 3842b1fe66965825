"""What the stack's own state knows of its sessions, scenarios and releases, and which verdicts to trust."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tornado_resource.bland.content import LIVE, Digests, is_digest, is_incomparable, is_same
from tornado_resource.bland.responses import STATUSES
from tornado_resource.core.canonical import digest, whole_or_none, whole_without_nulls
from tornado_resource.core.positions import Position
from tornado_resource.core.urns import RELEASE_TYPE, SCENARIO_TYPE, STACK_TYPE, name_of, type_of
from tornado_resource.declarations.model import Gate, ScenarioDeclaration
from tornado_resource.runs.kinds import kind_of, kind_of_type
from tornado_resource.runs.model import (
    NOT_AS_DECLARED,
    NOT_SHOWN_NOW,
    GatedRun,
    JudgeResult,
    Result,
    RunVerdict,
    ScenarioRun,
)
from tornado_resource.versions.drift import RunBasis
from tornado_resource.versions.scenarios import declared_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tornado_resource.runs.kind import Kind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredScenario:
    """A scenario in the state. *resource* is the name of its resource; the rest is as its outputs have it."""

    resource: str
    scenario_id: str
    pathway_id: str
    fields: Mapping[str, Any]
    manage: bool
    drift: bool
    declared_at: str | None = None
    filled: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        """The scenario's name at the API."""
        return str(self.fields.get("name"))

    def is_current(self, declared: ScenarioDeclaration) -> bool:
        """Return whether the scenario is as declared, so that an update leaves it alone."""
        is_same = not declared_changes(self.fields, declared.fields)
        return is_same and not self.drift and self.manage == declared.manage

    @property
    def declaration(self) -> ScenarioDeclaration:
        """The scenario as it was declared."""
        return ScenarioDeclaration(
            self.resource.partition("@")[0], self.pathway_id, self.fields, Position.parse(self.declared_at)
        )


def recorded_scenarios(resources: Mapping[str, Any]) -> tuple[StoredScenario, ...]:
    """Return the scenarios of a state; what is damaged is left out.

    Args:
        resources: by URN, the type and the outputs of each resource, as the engine's
            `pulumi:pulumi:readStackResourceOutputs` returns them.

    """
    found = (
        stored_scenario(name_of(urn), entry.get("outputs") or {})
        for urn, entry in resources.items()
        if type_of(urn) == SCENARIO_TYPE
    )
    return tuple(each for each in found if each is not None)


def stored_scenario(resource: str, outputs: Mapping[str, Any]) -> StoredScenario | None:
    """Return a scenario by the outputs of its resource; None if they are damaged."""
    known = whole_without_nulls(dict(outputs))
    scenario_id, pathway_id, fields = (known.get(key) for key in ("scenario_id", "pathway_id", "fields"))
    if not isinstance(scenario_id, str) or not isinstance(pathway_id, str) or not isinstance(fields, dict):
        return None
    declared_at = known.get("declared_at")
    return StoredScenario(
        resource,
        scenario_id,
        pathway_id,
        fields,
        manage=known.get("manage", True) is True,
        drift=bool(known.get("drift")),
        declared_at=declared_at if isinstance(declared_at, str) else None,
        filled=filled if isinstance(filled := known.get("filled"), dict) else None,
    )


def run_by(request: Mapping[str, Any], stored: Iterable[StoredScenario]) -> dict[str, ScenarioDeclaration]:
    """Return the recorded scenarios that a session runs, by id."""
    ids = set(request.get("scenario_ids") or ())
    return {each.scenario_id: each.declaration for each in stored if each.scenario_id in ids}


def resource_name(declared: ScenarioDeclaration) -> str:
    """Return the name of the resource of a declared scenario: it exists once for each pathway."""
    return f"{declared.key}@{declared.pathway_id}"


def matching(declared: ScenarioDeclaration, stored: Iterable[StoredScenario]) -> StoredScenario | None:
    """Return the recorded scenario of a declared one: that of its resource, else that of its name on its pathway.

    So a scenario whose key is renamed stays the same one.
    """
    candidates = [each for each in stored if each.pathway_id == declared.pathway_id]
    by_resource = (each for each in candidates if each.resource == resource_name(declared))
    by_name = (each for each in candidates if each.name == declared.name)
    return next(by_resource, None) or next(by_name, None)


SETTLED: Final = frozenset({"passed", "failed"})
MAX_OUTPUT_DEPTH: Final = 4
"""How deep in a stack output a verdict is looked for: programs may export them under any name, in lists or mappings."""
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "outcome": str,
    "reason": str,
    "session_id": str,
    "status": str,
    "passed_scenarios": (int, type(None)),
    "total_scenarios": (int, type(None)),
    "failed_ids": list,
    "unfixable_ids": list,
    "iterations": (int, type(None)),
    "repaired": bool,
    "version": (int, type(None)),
    "content": (str, type(None)),
    "full_run": (bool, type(None)),
    "gate": dict,
    "declaration": str,
    "finished_at": (str, type(None)),
    "kind": (str, type(None)),
    "version_id": (str, type(None)),
    "semver": (str, type(None)),
}
_PERCENTAGE: Final = re.compile(r"100%|[1-9][0-9]?%")
_WORDS: Final = {"all", "any", "promotion"}


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """A session in the state, as its resource's outputs have it, and its verdict if that is final.

    *declared* holds the inputs that it was started with, *started_content* the digest of the declared version then, and
    *started_scenarios* those of its scenarios, by id. *doubt*: as in `GatedRun`. *was_shown*: whether the API has
    shown the content of a version that it tested.
    """

    session_id: str
    declared: Mapping[str, Any]
    adopted: bool
    started_content: str | None = None
    started_scenarios: Mapping[str, str] | None = None
    verdict: RunVerdict | None = None
    doubt: str | None = None
    was_shown: bool = False
    kind: str = "tornado"

    @property
    def request(self) -> dict[str, Any]:
        """The request that it was started by."""
        return kind_of(self.kind).request_of(self.declared)

    @property
    def scenario_names(self) -> dict[str, str]:
        """The names of the scenarios that ran, by id, as far as the verdict has them."""
        runs = self.verdict.scenarios if self.verdict is not None else None
        return {each["id"]: each["name"] for each in runs or () if each["name"] is not None}

    @property
    def basis(self) -> RunBasis:
        """What it was tested on: the version that its verdict is for, else the one that it was started on."""
        if self.verdict is not None:
            return self.verdict.basis(self.request, self.started_content, self.started_scenarios)
        version = self.request.get("version_number", LIVE)
        return RunBasis(self.request, version, self.started_content, self.started_scenarios)

    def result(self, gated: GatedRun) -> Result | None:
        """Return the recorded result of *gated*; None if the record is about another session, request or gate."""
        verdict = self.verdict
        if verdict is None or verdict.session_id != gated.run_id or verdict.gate != gated.gate:
            return None
        # The version of an adopted session is unknown, so it does not pass for the promoted one.
        is_doubtful = gated.adopted and gated.promoted is not None
        is_same = verdict.declaration == digest(gated.request)
        if not is_same or is_doubtful or is_outdated(verdict, gated):
            return None
        return Result(gated, verdict, scenario_names=self.scenario_names)


def is_outdated(verdict: RunVerdict, gated: GatedRun) -> bool:
    """Return whether a session passed with other content than the one that is promoted now, as far as that is known."""
    passed, promoted = Digests.of(verdict.content), gated.promoted_content
    return is_same(passed, promoted) is False or is_incomparable(passed, promoted)


def recorded_releases(resources: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the outputs of the releases of a state by URN. *resources* as below."""
    return {
        urn: whole_without_nulls(entry.get("outputs") or {})
        for urn, entry in resources.items()
        if type_of(urn) == RELEASE_TYPE
    }


def recorded_sessions(resources: Mapping[str, Any]) -> dict[str, RecordedSession]:
    """Return the sessions of a state by URN, without those that are damaged.

    Args:
        resources: by URN, the type and the outputs of each resource, as the engine's
            `pulumi:pulumi:readStackResourceOutputs` returns them.

    """
    outputs = whole_without_nulls({urn: entry.get("outputs") or {} for urn, entry in resources.items()})
    verdicts = recorded_verdicts(outputs)
    kinds = {urn: kind_of_type(type_of(urn)) for urn in outputs}
    sessions = {urn: _session(kind, outputs[urn], verdicts) for urn, kind in kinds.items() if kind is not None}
    return {urn: session for urn, session in sessions.items() if session is not None}


def recorded_verdicts(outputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what looks like a verdict in the stack's own outputs, by the id of its session.

    Args:
        outputs: the outputs of all resources, by URN.

    """
    stacks = [entry for urn, entry in outputs.items() if type_of(urn) == STACK_TYPE]
    return {each["session_id"]: each for stack in stacks for each in _verdict_like(stack, MAX_OUTPUT_DEPTH)}


@dataclass(frozen=True, slots=True)
class JudgedVersion:
    """The version that a final verdict is for, and the digest of its content then."""

    version: int
    content: str


def judged_versions(outputs: Mapping[str, Any], started: Mapping[str, str]) -> dict[str, JudgedVersion]:
    """Return, by the id of its session, the version whose content a final verdict is for.

    Args:
        outputs: the stack's own outputs, as they are in its state.
        started: by the id of its session, the digest of the live version that it was started on, if none is declared.

    """
    found = {}
    for each in _verdict_like(whole_without_nulls(dict(outputs)), MAX_OUTPUT_DEPTH):  # without the keys that are null
        session_id, is_final = each["session_id"], each["status"] in STATUSES and each["outcome"] in SETTLED
        if is_final and {"version", "content"} <= each.keys():
            found[session_id] = JudgedVersion(each["version"], each["content"])
        elif is_final and session_id in started and not each["repaired"]:
            found[session_id] = JudgedVersion(LIVE, started[session_id])
    return found


def _session(
    kind: Kind, outputs: Mapping[str, Any], verdicts: Mapping[str, Mapping[str, Any]]
) -> RecordedSession | None:
    session_id, declared = outputs.get(kind.id_output), outputs.get("declared")
    if not isinstance(session_id, str) or not isinstance(declared, dict) or not kind.is_sound(declared):
        return None
    recorded = verdicts.get(session_id)
    verdict = _final_verdict(kind, recorded, declared) if recorded is not None else None
    return RecordedSession(
        session_id,
        declared,
        adopted=outputs.get("adopted") is True,
        started_content=started_content(outputs),
        started_scenarios=scenarios_of(outputs),
        verdict=verdict,
        doubt=_doubt(recorded),
        was_shown=started_content(outputs) is not None or _has_shown(recorded),
        kind=kind.name,
    )


def recorded_doubts(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Return, by the id of its session, why a recorded verdict says that scenarios were not tested as declared.

    Args:
        outputs: the stack's own outputs, as they are in its state.

    """
    found = {
        each["session_id"]: _doubt(each) for each in _verdict_like(whole_without_nulls(dict(outputs)), MAX_OUTPUT_DEPTH)
    }
    return {session_id: doubt for session_id, doubt in found.items() if doubt is not None}


def recorded_shown(outputs: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of the sessions of which a recorded verdict says that the API has shown a content to them.

    Args:
        outputs: the stack's own outputs, as they are in its state.

    """
    verdicts = _verdict_like(whole_without_nulls(dict(outputs)), MAX_OUTPUT_DEPTH)
    return frozenset(each["session_id"] for each in verdicts if _has_shown(each))


def _doubt(verdict: Mapping[str, Any] | None) -> str | None:
    if verdict is None or verdict["outcome"] != "incomplete" or not verdict["reason"].startswith(NOT_AS_DECLARED):
        return None
    return str(verdict["reason"])


def _has_shown(verdict: Mapping[str, Any] | None) -> bool:
    """Return whether a recorded verdict names a content, or says that the API has shown one before."""
    return verdict is not None and (verdict.get("content") is not None or NOT_SHOWN_NOW in verdict["reason"])


def started_content(outputs: Mapping[str, Any]) -> str | None:
    """Return the digest of the declared version when a session started, by the outputs of its resource."""
    digest_then = outputs.get("started_content")
    return digest_then if is_digest(digest_then) else None


def scenarios_of(outputs: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return the scenarios that a session was started with, by the outputs of its resource; None if not recorded."""
    scenarios = outputs.get("started_scenarios")
    is_sound = isinstance(scenarios, dict) and all(isinstance(each, str) for each in scenarios.values())
    return scenarios if is_sound else None


def _verdict_like(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Yield the mappings in *value* that have every key of a verdict, with a value of the right type."""
    if isinstance(value, dict) and _is_verdict(value):
        yield value
    elif depth > 0 and isinstance(value, dict | list):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _verdict_like(entry, depth - 1)


def _is_verdict(value: Mapping[str, Any]) -> bool:
    are_right = all(isinstance(value.get(key), kind) for key, kind in _TYPES.items())
    return (
        are_right
        and (value.get("content") in {None, value.get("version_id")} or is_digest(value["content"]))
        and all(isinstance(each, str) for each in (*value["failed_ids"], *value["unfixable_ids"]))
        and _is_gate(value["gate"])
    )


def _is_gate(value: Mapping[str, Any]) -> bool:
    words = [value.get("repaired", "allow"), value.get("full_run", "required")]
    passed, judges = value.get("passed", "all"), value.get("judges", {})
    return (
        isinstance(passed, str | int)
        and (isinstance(passed, int) or passed in _WORDS or _is_percentage(passed))
        and all(isinstance(word, str) for word in words)
        and isinstance(judges, dict)
        and all(map(_is_percentage, judges.values()))
    )


def _is_percentage(value: Any) -> bool:
    return isinstance(value, str) and _PERCENTAGE.fullmatch(value) is not None


def _final_verdict(kind: Kind, recorded: Mapping[str, Any], declared: Mapping[str, Any]) -> RunVerdict | None:
    """Return a recorded verdict that is final and agrees with its own numbers, else None."""
    given: dict[str, Any] = {field.name: recorded.get(field.name) for field in fields(RunVerdict)}
    extra = {
        **{name: whole_or_none(given[name]) for name in ("elapsed_ms", "forked_version")},
        "scenarios": _all(_scenario_run, given["scenarios"]),
        "kind": given["kind"] or "tornado",  # older releases did not record it
        "judges": _all(_judge_result, given["judges"]),
        "gate": Gate.of(given["gate"]),
    }
    verdict = RunVerdict(**{**given, **extra})
    request = kind.request_of(declared)
    is_final = verdict.status in kind.statuses and verdict.outcome in SETTLED
    if not is_final or verdict.kind != kind.name or verdict.declaration != digest(request):
        return None
    return verdict if kind.agrees(verdict, request) else None


def _all(parse: Callable[[Mapping[str, Any]], T | None], value: Any) -> list[T] | None:
    """Return the recorded entries of a list; None if they are not recorded, or damaged."""
    if not isinstance(value, list):
        return None
    found = [parse(each) for each in value if isinstance(each, dict)]
    known = [each for each in found if each is not None]
    return known if len(known) == len(value) else None


def _scenario_run(value: Mapping[str, Any]) -> ScenarioRun | None:
    scenario_id, name, passed = (value.get(key) for key in ("id", "name", "passed"))
    if isinstance(scenario_id, str) and isinstance(name, str | None) and isinstance(passed, bool):
        return {"id": scenario_id, "name": name, "passed": passed}
    return None


def _judge_result(value: Mapping[str, Any]) -> JudgeResult | None:
    name, required, passed, rate = (value.get(key) for key in ("name", "required", "passed", "match_rate"))
    are_flags = isinstance(required, bool | None) and isinstance(passed, bool | None)
    if not isinstance(name, str) or not are_flags or not _is_rate(rate):
        return None
    known = float(rate) if rate is not None else None  # the state has 1, and the API 1.0
    return {"name": name, "required": required, "match_rate": known, "passed": passed}


def _is_rate(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (is_number and 0 <= value <= 1)
