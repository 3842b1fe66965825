"""What the stack's own state knows of its runs, scenarios and releases, and which verdicts to trust."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tornado_resource.bland.content import LIVE, Digests, is_digest, is_incomparable, is_same
from tornado_resource.core.canonical import digest, whole_or_none, whole_without_nulls
from tornado_resource.core.clock import today
from tornado_resource.core.positions import Position
from tornado_resource.core.text import clean, id_list
from tornado_resource.core.urns import (
    AGENT_RELEASE_TYPE,
    CHECKS_TYPE,
    RELEASE_TYPE,
    SCENARIO_TYPE,
    STACK_TYPE,
    name_of,
    type_of,
    unique_names,
)
from tornado_resource.declarations.merging import SECTIONS
from tornado_resource.declarations.model import Gate
from tornado_resource.declarations.quarantine import parsed
from tornado_resource.runs.confirmation import holds, parse_confirmation
from tornado_resource.runs.kinds import KINDS, kind_of, kind_of_type
from tornado_resource.runs.model import (
    HIDDEN,
    NOT_AS_DECLARED,
    NOT_SHOWN_NOW,
    Confirmation,
    GatedRun,
    JudgeResult,
    Known,
    Result,
    RunVerdict,
    ScenarioRun,
)
from tornado_resource.runs.order import Run
from tornado_resource.stacks.promotion import text_or_none, version_or_none
from tornado_resource.stacks.scenarios import stored_scenario
from tornado_resource.versions.drift import RunBasis

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from tornado_resource.declarations.model import ScenarioDeclaration
    from tornado_resource.runs.kind import Kind
    from tornado_resource.stacks.scenarios import StoredScenario

T = TypeVar("T")

MAX_REASON_CHARACTERS: Final = 3000
MAX_TIME_CHARACTERS: Final = 40
SETTLED: Final = frozenset({"passed", "failed"})
MAX_URN_CHARACTERS: Final = 1000
RELEASE_TYPES: Final = (RELEASE_TYPE, AGENT_RELEASE_TYPE)
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
    "quarantined": (list, type(None)),
}
_NUMBERS: Final = ("passed_scenarios", "total_scenarios", "iterations", "version")
_PERCENTAGE: Final = re.compile(r"100%|[1-9][0-9]?%")
_WORDS: Final = {"all", "any", "promotion"}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource in a state, by its URN. *inputs*, *resource_id* and all below are what only an export shows.

    *is_secret*: it has a secret, so that what it says of its place is not shown. *is_replaced*: it was deleted for a
    replacement that is not recorded. *is_interrupted*: an update was cut off while it created the resource, of which
    the state has only the inputs then, or its replacement.
    """

    urn: str
    outputs: Mapping[str, Any]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    resource_id: str = ""
    is_secret: bool = False
    is_replaced: bool = False
    is_interrupted: bool = False

    @property
    def name(self) -> str:
        """Its name, which has no spaces, for messages."""
        return clean(name_of(self.urn))

    @property
    def subject_id(self) -> str:
        """The id of its pathway or agent, by its outputs; an empty text if they have none."""
        return text_or_none(self.outputs.get("pathway_id")) or text_or_none(self.outputs.get("agent_id")) or ""

    @property
    def shown_subject(self) -> str:
        """The id of the pathway or agent for people."""
        return HIDDEN if self.is_secret else clean(self.subject_id)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run of a kind runs: the API has one at a time there. *request* says which place it is."""

    kind: str
    request: Mapping[str, Any]
    is_secret: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """The kind, and the id of the place, which is the same for all runs there."""
        return self.kind, kind_of(self.kind).place_id(self.request)

    @property
    def subject_id(self) -> str:
        """The id of the pathway or agent."""
        return str(self.request[kind_of(self.kind).place_outputs[0]])

    @property
    def shown(self) -> str:
        """The place for people: `pathway pw-1`, `agent ag-1 in staging`."""
        kind = kind_of(self.kind)
        hidden = {kind.place_outputs[0]: HIDDEN} if self.is_secret else {}
        return clean(kind.place({**self.request, **hidden}))


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run in the state of a stack, whoever reads it: a program or a command.

    *name*: with the types of its parents where two runs of the stack share one. *run_id*: empty if its start was
    interrupted. *declared*: the inputs that it was started with. *recorded*: what the stack's outputs have of it in the
    form of a verdict. *verdict*: that, if it is final and agrees with its own numbers. *scenarios*: the recorded ones
    that it runs, by id.
    """

    name: str
    resource: Resource
    kind: str
    run_id: str
    declared: Mapping[str, Any]
    recorded: Mapping[str, Any] | None = None
    verdict: RunVerdict | None = None
    scenarios: Mapping[str, ScenarioDeclaration] = field(default_factory=dict)
    confirmation: RecordedRun | None = None
    """The confirmation of its pass, if one was started."""

    @property
    def request(self) -> dict[str, Any]:
        """The request that it was started by."""
        return kind_of(self.kind).request_of(self.declared)

    @property
    def run(self) -> Run:
        """The run at the API."""
        return Run(self.run_id, self.request, self.kind)

    @property
    def place(self) -> Place | None:
        """The place that it holds while it runs; None if its start was interrupted, and that is not recorded."""
        is_known = all(key in self.request for key in kind_of(self.kind).place_outputs)
        return Place(self.kind, self.request, is_secret=self.resource.is_secret) if is_known else None

    @property
    def is_started(self) -> bool:
        """Whether it is known that the run exists."""
        return not self.resource.is_replaced and not self.resource.is_interrupted

    @property
    def adopted(self) -> bool:
        """Whether somebody else started it."""
        return self.resource.outputs.get("adopted") is True

    @property
    def started_content(self) -> str | None:
        """The digest of the declared version, or of the live one if none is declared, when the run started."""
        return started_content(self.resource.outputs)

    @property
    def started_scenarios(self) -> Mapping[str, str] | None:
        """The digests of its scenarios when it started, by id; None if they are not recorded."""
        scenarios = self.resource.outputs.get("started_scenarios")
        is_sound = isinstance(scenarios, dict) and all(isinstance(each, str) for each in scenarios.values())
        return scenarios if is_sound else None

    @property
    def doubt(self) -> str | None:
        """As in `GatedRun`: why an earlier look found that its scenarios were not tested as declared."""
        reason = clean(self.recorded["reason"], MAX_REASON_CHARACTERS) if self.recorded is not None else ""
        is_doubtful = self.recorded is not None and self.recorded["outcome"] == "incomplete"
        return reason if is_doubtful and reason.startswith(NOT_AS_DECLARED) else None

    @property
    def was_shown(self) -> bool:
        """Whether the API has shown the content of a version that it tested."""
        recorded = self.recorded
        is_said = recorded is not None and (recorded.get("content") is not None or NOT_SHOWN_NOW in recorded["reason"])
        return is_said or self.started_content is not None

    @property
    def scenario_names(self) -> dict[str, str]:
        """The names of the scenarios that ran, by id, as far as the verdict has them."""
        runs = self.verdict.scenarios if self.verdict is not None else None
        return {each["id"]: each["name"] for each in runs or () if each["name"] is not None}

    @property
    def tested(self) -> RunBasis | None:
        """What its final verdict is for; None without a verdict, or if its content is unknown."""
        return self.basis if self.verdict is not None and self.basis.content is not None else None

    @property
    def basis(self) -> RunBasis:
        """What it was tested on: the version that its verdict is for, else the one that it was started on."""
        if self.verdict is not None:
            return self.verdict.basis(self.request, self.started_content, self.started_scenarios)
        version = self.request.get("version_number", LIVE)
        return RunBasis(self.request, version, self.started_content, self.started_scenarios)

    @property
    def gated(self) -> GatedRun | None:
        """The run under its own gate, with the quarantine of today; None for `gate: none`."""
        gate = Gate.of_inputs(self.declared, today())
        return self.under(gate) if gate is not None else None

    def under(self, gate: Gate) -> GatedRun:
        """Return the run under a gate, with all that is recorded of it."""
        outputs, inputs = self.resource.outputs, self.resource.inputs
        return GatedRun(
            self.name,
            self.run_id,
            gate,
            self.request,
            created_at=text_or_none(outputs.get("created_at")),
            timeout_ms=version_or_none(outputs.get("timeout_ms")),
            # States that were written before `declared_at` have `source`.
            position=Position.parse(text_or_none(inputs.get("declared_at") or inputs.get("source"))),
            adopted=self.adopted,
            started_content=self.started_content,
            scenarios=self.scenarios if "scenario_ids" in self.request else {},
            test_cases=() if "scenario_ids" in self.request else tuple(self.scenarios.values()),
            urn=clean(self.resource.urn, MAX_URN_CHARACTERS),
            is_pathway_secret=self.resource.is_secret,
            kind=self.kind,
            known=Known(
                content=self.ended_content,
                doubt=self.doubt,
                was_shown=self.was_shown,
                confirmation=self._confirmation_under(gate),
            ),
        )

    @property
    def rates(self) -> Confirmation | None:
        """How its scenarios did in its confirmation, as far as that is recorded and settled.

        Of an incomplete one the rates alone would say too much: the version may have been edited while it ran.
        """
        is_settled = self.recorded is not None and self.recorded["outcome"] in SETTLED
        return parse_confirmation(self.recorded.get("confirmation")) if self.recorded and is_settled else None

    @property
    def ended_content(self) -> Digests | None:
        """The content of the version that its verdict is for when it had ended, if that is recorded.

        A pass that is not confirmed yet has it too: a later look could take an edit for what passed.
        """
        if self.verdict is not None:
            return Digests.of(self.verdict.content)
        is_confirmed = self.recorded is not None and self.recorded["gate"].get("confirm") is not None
        return Digests.of(self.recorded["content"]) if self.recorded is not None and is_confirmed else None

    def _confirmation_under(self, gate: Gate) -> GatedRun | None:
        if self.confirmation is None or gate.confirm is None:
            return None
        confirmation = self.confirmation.under(gate)
        return replace(confirmation, name=self.name, known=replace(confirmation.known, content=self.ended_content))

    def result(self, gated: GatedRun) -> Result | None:
        """Return the recorded result of *gated*; None if the record is about another run, request or gate."""
        verdict = self.verdict
        if verdict is None or verdict.session_id != gated.run_id or verdict.gate != gated.gate:
            return None
        # The version of an adopted session is unknown, so it does not pass for the promoted one.
        is_doubtful = gated.adopted and gated.promoted.version is not None
        is_same = verdict.declaration == digest(gated.request)
        if not is_same or is_doubtful or is_outdated(verdict, gated.promoted.content):
            return None
        return Result(gated, verdict, scenario_names=self.scenario_names)


def is_outdated(verdict: RunVerdict, promoted: Digests | None) -> bool:
    """Return whether a run passed with other content than the one that is promoted now, as far as that is known."""
    passed = Digests.of(verdict.content)
    return is_same(passed, promoted) is False or is_incomparable(passed, promoted)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the state of a stack has.

    *runs* and *releases* are by URN, *by_id* has the runs by their own ids. *outputs* are the stack's own.
    """

    runs: Mapping[str, RecordedRun] = field(default_factory=dict)
    releases: Mapping[str, Resource] = field(default_factory=dict)
    scenarios: tuple[StoredScenario, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    by_id: Mapping[str, RecordedRun] = field(default_factory=dict)
    confirmations: Mapping[str, RecordedRun] = field(default_factory=dict)
    """By the ids of the sessions that they confirm."""

    @property
    def published(self) -> list[Resource]:
        """The releases that can be compared with what is live: of pathways only to production, if content is known."""
        return [each for each in self.releases.values() if _is_comparable(each)]


def _is_comparable(release: Resource) -> bool:
    outputs = release.outputs
    if type_of(release.urn) == AGENT_RELEASE_TYPE:
        return all(isinstance(outputs.get(key), str) for key in ("agent_id", "environment", "version_id"))
    return outputs.get("environment") == "production" and is_digest(outputs.get("content"))


def is_ours(resource_type: str) -> bool:
    """Return whether resources of a type say something here: those of this package, and the stack itself."""
    own_types = {STACK_TYPE, SCENARIO_TYPE, CHECKS_TYPE, *RELEASE_TYPES}
    return resource_type in own_types or kind_of_type(resource_type) is not None


def read_state(resources: Iterable[Resource]) -> Recorded:
    """Return what a state has, without what is damaged: for that, the API is asked.

    Args:
        resources: those of the state that exist, and those whose creation was interrupted.

    Raises:
        RecursionError: a value is nested too deeply.

    """
    ours = [_whole(each) for each in resources if is_ours(type_of(each.urn))]
    stored = (stored_scenario(each.name, each.outputs) for each in _of_type({SCENARIO_TYPE}, ours))
    scenarios = tuple(each for each in stored if each is not None)
    outputs: Mapping[str, Any] = next((each.outputs for each in _of_type({STACK_TYPE}, ours)), {})
    declared = {each.scenario_id: each.declaration for each in scenarios}
    known = _Known(verdicts_in(outputs), declared, _test_cases(_of_type({CHECKS_TYPE}, ours)))
    parts = _confirmations(ours, known)
    runs = _confirmed(_runs(ours, known), parts)
    releases = {each.urn: each for each in _of_type(RELEASE_TYPES, ours)}
    by_id = {run.run_id: run for run in runs.values()}
    return Recorded(runs, releases, scenarios, outputs, by_id, parts)


def _of_type(own_types: Collection[str], resources: Iterable[Resource]) -> list[Resource]:
    return [each for each in resources if type_of(each.urn) in own_types]


def _whole(resource: Resource) -> Resource:
    outputs, inputs = (whole_without_nulls(dict(values)) for values in (resource.outputs, resource.inputs))
    return replace(resource, outputs=outputs, inputs=inputs)


def read_outputs(resources: Mapping[str, Any]) -> Recorded:
    """Return what a state has, as far as the engine shows it to a program.

    Args:
        resources: by URN, the type and the outputs of each resource, as the engine's
            `pulumi:pulumi:readStackResourceOutputs` returns them.

    """
    return read_state(Resource(urn, outputs_of(entry)) for urn, entry in resources.items())


def outputs_of(resource: Any) -> Mapping[str, Any]:
    """Return the outputs of a resource as the engine shows it; none if they are damaged."""
    outputs = resource.get("outputs") if isinstance(resource, Mapping) else None
    return outputs if isinstance(outputs, Mapping) else {}


@dataclass(frozen=True, slots=True)
class _Known:
    """What a state has beside its runs: what looks like verdicts, by the ids of the runs, and scenarios, by theirs.

    *test_cases*: the ids of those that checks name, by agent and env.
    """

    verdicts: Mapping[str, Mapping[str, Any]]
    scenarios: Mapping[str, ScenarioDeclaration]
    test_cases: Mapping[str, list[Any]]

    def tested(self, kind: Kind, request: Mapping[str, Any]) -> dict[str, ScenarioDeclaration]:
        """Return the declared scenarios that a run tests, by id: those of its request, else those of its checks."""
        ids: Iterable[Any] = request.get("scenario_ids") or self.test_cases.get(kind.place_id(request)) or ()
        return {each: self.scenarios[each] for each in map(str, ids) if each in self.scenarios}


def _test_cases(checks: Iterable[Resource]) -> dict[str, list[Any]]:
    known = [(each.outputs, each.outputs.get("scenario_ids")) for each in checks]
    return {f"{outputs.get('agent_id')}/{outputs.get('env')}": ids for outputs, ids in known if isinstance(ids, list)}


def _runs(resources: Iterable[Resource], known: _Known, *, of_parts: bool = False) -> dict[str, RecordedRun]:
    kinds = [(each, kind_of_type(type_of(each.urn))) for each in resources]
    found = [_run(kind, each, known) for each, kind in kinds if kind is not None and kind.is_part == of_parts]
    runs = {run.resource.urn: run for run in found if run is not None}
    return {urn: replace(runs[urn], name=clean(name)) for urn, name in unique_names(runs).items()}


def _confirmations(resources: Iterable[Resource], known: _Known) -> dict[str, RecordedRun]:
    """Return the confirmations by the ids of their sessions; not those whose start was interrupted."""
    found = _runs(resources, known, of_parts=True).values()
    return {run.declared["session_id"]: run for run in found if run.run_id}


def _confirmed(runs: Mapping[str, RecordedRun], parts: Mapping[str, RecordedRun]) -> dict[str, RecordedRun]:
    """Return runs with their confirmations, by URN; *parts* has these by the ids of the runs."""
    return {urn: replace(run, confirmation=parts.get(run.run_id)) for urn, run in runs.items()}


def _run(kind: Kind, resource: Resource, known: _Known) -> RecordedRun | None:
    if resource.is_interrupted and not resource.outputs:
        return RecordedRun(resource.name, resource, kind.name, "", _inputs_of_interrupted(kind, resource))
    run_id, declared = resource.resource_id or resource.outputs.get(kind.id_output), resource.outputs.get("declared")
    if not isinstance(run_id, str) or not isinstance(declared, dict) or not kind.is_sound(declared):
        return None
    recorded = known.verdicts.get(run_id)
    verdict = _final_verdict(kind, recorded, declared) if recorded is not None else None
    scenarios = known.tested(kind, kind.request_of(declared))
    return RecordedRun(resource.name, resource, kind.name, run_id, declared, recorded, verdict, scenarios)


def _inputs_of_interrupted(kind: Kind, resource: Resource) -> dict[str, Any]:
    """Return what is needed of the inputs; a part that is a secret, or not known yet, is left out."""
    place = {key: resource.inputs.get(key) for key in kind.place_outputs}
    known: dict[str, Any] = {key: value for key, value in place.items() if isinstance(value, str)}
    return known | ({"gate": "none"} if resource.inputs.get("gate") == "none" else {})


def verdicts_in(outputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what looks like a verdict in the stack's own outputs, by the id of its run.

    A program may export a verdict under any name, or several in a mapping or a list.
    """
    exports = [each for each in outputs.values() if isinstance(each, dict | list)]
    inside = [entry for each in exports for entry in (each.values() if isinstance(each, dict) else each)]
    candidates = [each for each in (*exports, *inside) if isinstance(each, dict)]
    return {each["session_id"]: each for each in candidates if _is_verdict(each)}


def started_content(outputs: Mapping[str, Any]) -> str | None:
    """Return the digest of the declared version when a session started, by the outputs of its resource."""
    digest_then = outputs.get("started_content")
    return digest_then if is_digest(digest_then) else None


def _is_verdict(value: Mapping[str, Any]) -> bool:
    are_right = all(isinstance(value.get(key), kind) for key, kind in _TYPES.items())
    return (
        are_right
        and (value.get("content") in {None, value.get("version_id")} or is_digest(value["content"]))
        and all(isinstance(each, str) for each in _listed(value))
        and not any(isinstance(value.get(key), bool) for key in _NUMBERS)
        and _is_gate(value["gate"])
        and _is_confirm(value["gate"].get("confirm"))
    )


def _listed(value: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the ids and names that a verdict lists."""
    for key in ("failed_ids", "unfixable_ids", "quarantined"):
        yield from value.get(key) or ()


def _is_gate(value: Mapping[str, Any]) -> bool:
    passed, judges = value.get("passed", "all"), value.get("judges", {})
    quarantine = found if isinstance(found := value.get("quarantine", ()), list | tuple) else [None]
    is_word = isinstance(passed, str) and (passed in _WORDS or _is_percentage(passed))
    return (
        (is_word or type(passed) is int)
        and value.get("repaired", "allow") in ("allow", "refuse")
        and value.get("full_run", "required") in ("required", "any")
        and isinstance(judges, dict)
        and all(map(_is_percentage, judges.values()))
        and len(parsed(quarantine)) == len(quarantine)
    )


def _is_confirm(value: Any) -> bool:
    if value is None:
        return True
    passed = value.get("passed", "all") if isinstance(value, dict) else None
    is_word = isinstance(passed, str) and (passed == "all" or _is_percentage(passed))
    return (is_word or type(passed) is int) and type(value.get("runs")) is int


def _is_percentage(value: Any) -> bool:
    return isinstance(value, str) and _PERCENTAGE.fullmatch(value) is not None


def passed_elsewhere(recorded: Any, stack: str, request: Mapping[str, Any], kind: Kind) -> RunVerdict | None:
    """Return the verdict of a run that passed in another stack, as one that counts here; None if it is not sound.

    Args:
        recorded: the other stack's verdict, unchecked.
        stack: the other stack's full name.
        request: what is declared here.
        kind: the kind of run.

    """
    found = whole_without_nulls(recorded) if isinstance(recorded, dict) else None
    if found is None or not _is_verdict(found):
        return None
    verdict = parse_verdict(found)
    if verdict.outcome != "passed" or verdict.kind != kind.name or verdict.status not in kind.statuses:
        return None
    return replace(
        verdict,
        reason=f"it passed in stack {clean(stack)}, and is not tested again (retest: false){_excused(verdict)}",
        declaration=digest(request),
        promoted=True,
        promoted_from=clean(stack),
    )


def _excused(verdict: RunVerdict) -> str:
    failed = id_list(verdict.quarantined)
    return f"; failed there in quarantine: {failed}" if failed else ""


def carried_results(outputs: Mapping[str, Any]) -> Iterator[Result]:
    """Yield what passed in another stack and counts in this one, by its outputs. Nothing was started for it here.

    One that does not agree with its own numbers is incomplete.
    """
    verdicts = outputs.get("verdicts")
    for name, recorded in verdicts.items() if isinstance(verdicts, dict) else ():
        if isinstance(recorded, dict) and recorded.get("promoted") is True and _is_verdict(recorded):
            yield _carried(clean(name), parse_verdict(recorded), outputs)


def _carried(name: str, verdict: RunVerdict, outputs: Mapping[str, Any]) -> Result:
    kind = kind_of(verdict.kind if verdict.kind in KINDS else "tornado")
    shown = [outputs[key].get(name) for key in SECTIONS if isinstance(outputs.get(key), dict)]
    request = next((kind.request_of(each) for each in shown if isinstance(each, dict)), {})
    gated = GatedRun(name, verdict.session_id, verdict.gate, request, kind=kind.name)
    is_pass = verdict.kind == kind.name and verdict.outcome == "passed" and verdict.status in kind.statuses
    lasting = replace(verdict, gate=verdict.gate.lasting(today()))
    if is_pass and holds(lasting, request):
        return Result(gated, verdict)
    reason = f"its {_fault(verdict, lasting)}: run `pulumi up` again"
    return Result(gated, replace(verdict, outcome="incomplete", reason=reason, kind=kind.name))


def _fault(verdict: RunVerdict, lasting: RunVerdict) -> str:
    return "recorded verdict is damaged" if verdict == lasting else "quarantine over there has ended"


def _final_verdict(kind: Kind, recorded: Mapping[str, Any], declared: Mapping[str, Any]) -> RunVerdict | None:
    """Return a recorded verdict that is final and agrees with its own numbers, else None."""
    verdict, request = parse_verdict(recorded), kind.request_of(declared)
    is_final = verdict.status in kind.statuses and verdict.outcome in SETTLED
    if not is_final or verdict.kind != kind.name or verdict.declaration != digest(request):
        return None
    return verdict if holds(verdict, request) else None


def parse_verdict(recorded: Mapping[str, Any]) -> RunVerdict:
    """Return what looks like a verdict as one."""
    given: dict[str, Any] = {field.name: recorded.get(field.name) for field in fields(RunVerdict)}
    finished_at = given["finished_at"]
    extra = {
        # Reports show them.
        "reason": clean(given["reason"], MAX_REASON_CHARACTERS),
        "finished_at": clean(finished_at, MAX_TIME_CHARACTERS) if finished_at is not None else None,
        **{name: whole_or_none(given[name]) for name in ("elapsed_ms", "forked_version")},
        "scenarios": _all(_scenario_run, given["scenarios"]),
        "kind": given["kind"] or "tornado",  # older releases did not record it
        "judges": _all(_judge_result, given["judges"]),
        "confirmation": parse_confirmation(given["confirmation"]),
        "gate": Gate.of(given["gate"]),
        "promoted": given["promoted"] is True,
        "quarantined": given["quarantined"] or [],  # as above
        **{name: text_or_none(given[name]) for name in ("promoted_from", "forked_content", "first_content")},
        "first_failed_ids": _ids(given["first_failed_ids"]),
    }
    return RunVerdict(**{**given, **extra})


def _all(parse: Callable[[Mapping[str, Any]], T | None], value: Any) -> list[T] | None:
    """Return the recorded entries of a list; None if they are not recorded, or damaged."""
    if not isinstance(value, list):
        return None
    found = [parse(each) for each in value if isinstance(each, dict)]
    known = [each for each in found if each is not None]
    return known if len(known) == len(value) else None


def _ids(value: Any) -> list[str] | None:
    return value if isinstance(value, list) and all(isinstance(each, str) for each in value) else None


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
