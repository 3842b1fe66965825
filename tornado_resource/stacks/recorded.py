"""What the stack's own state knows of its runs, scenarios and releases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.bland.content import LIVE, Digests, is_digest
from tornado_resource.core.canonical import digest, natural_or_none, text_or_none, whole_without_nulls
from tornado_resource.core.clock import today
from tornado_resource.core.positions import Position
from tornado_resource.core.text import clean
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
from tornado_resource.declarations.model import Gate
from tornado_resource.runs.confirmation import parse_confirmation
from tornado_resource.runs.declared_checks import declared_checks
from tornado_resource.runs.kinds import kind_of, kind_of_type
from tornado_resource.runs.model import (
    HIDDEN,
    NOT_AS_DECLARED,
    NOT_SHOWN_NOW,
    Confirmation,
    GatedRun,
    Known,
    Result,
    RunVerdict,
)
from tornado_resource.runs.order import Run
from tornado_resource.stacks.recorded_scenarios import stored_scenario
from tornado_resource.stacks.recorded_verdicts import MAX_VERDICT_REASON_CHARACTERS, SETTLED, final_verdict, verdicts_in
from tornado_resource.versions.drift import RunBasis, is_other_content

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tornado_resource.bland.check_runs import Checks
    from tornado_resource.declarations.model import ScenarioDeclaration
    from tornado_resource.runs.kinds import Kind
    from tornado_resource.stacks.recorded_scenarios import StoredScenario


MAX_URN_CHARACTERS: Final = 1000
RELEASE_TYPES: Final = (RELEASE_TYPE, AGENT_RELEASE_TYPE)


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
    checks: Checks | None = None
    """The checks that a check run was declared with, if the state still has them."""

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
        is_sound = isinstance(scenarios, dict) and all(isinstance(digest, str) for digest in scenarios.values())
        return scenarios if is_sound else None

    @property
    def doubt(self) -> str | None:
        """As in `GatedRun`: why an earlier look found that its scenarios were not tested as declared."""
        reason = clean(self.recorded["reason"], MAX_VERDICT_REASON_CHARACTERS) if self.recorded is not None else ""
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
        return {run["id"]: run["name"] for run in runs or () if run["name"] is not None}

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
            timeout_ms=natural_or_none(outputs.get("timeout_ms")),
            # States that were written before `declared_at` have `source`.
            position=Position.parse(text_or_none(inputs.get("declared_at") or inputs.get("source"))),
            adopted=self.adopted,
            started_content=self.started_content,
            scenarios=self.scenarios if "scenario_ids" in self.request else {},
            test_cases=() if "scenario_ids" in self.request else tuple(self.scenarios.values()),
            checks=self.checks,
            urn=clean(self.resource.urn, MAX_URN_CHARACTERS),
            is_place_secret=self.resource.is_secret,
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
    return is_other_content(Digests.of(verdict.content), promoted)


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
        return [release for release in self.releases.values() if _is_comparable(release)]


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
    ours = [_whole(resource) for resource in resources if is_ours(type_of(resource.urn))]
    stored = (stored_scenario(resource.name, resource.outputs) for resource in _of_type({SCENARIO_TYPE}, ours))
    scenarios = tuple(scenario for scenario in stored if scenario is not None)
    outputs: Mapping[str, Any] = next((resource.outputs for resource in _of_type({STACK_TYPE}, ours)), {})
    declared = {scenario.scenario_id: scenario.declaration for scenario in scenarios}
    configs = _of_type({CHECKS_TYPE}, ours)
    context = _Context(verdicts_in(outputs), declared, _test_cases(configs), configs)
    parts = _confirmations(ours, context)
    runs = _confirmed(_runs(ours, context), parts)
    releases = {release.urn: release for release in _of_type(RELEASE_TYPES, ours)}
    by_id = {run.run_id: run for run in runs.values()}
    return Recorded(runs, releases, scenarios, outputs, by_id, parts)


def _of_type(own_types: Collection[str], resources: Iterable[Resource]) -> list[Resource]:
    return [resource for resource in resources if type_of(resource.urn) in own_types]


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
class _Context:
    """What a state has beside its runs: what looks like verdicts, by the ids of the runs, and scenarios, by theirs.

    *test_cases*: the ids of those that checks name, by agent and env. *configs*: the resources of checks.
    """

    verdicts: Mapping[str, Mapping[str, Any]]
    scenarios: Mapping[str, ScenarioDeclaration]
    test_cases: Mapping[str, list[Any]]
    configs: Sequence[Resource]

    def checks(self, config: Any) -> Checks | None:
        """Return the checks that a run was declared with, by their digest; None if the state has others by now.

        The outputs are what is at the API, and the inputs what is declared; the engine shows programs no inputs.
        """
        stored = [values for resource in self.configs for values in (resource.outputs, resource.inputs)]
        alike = (declared_checks(values, config) for values in stored)
        return next((checks for checks in alike if checks is not None), None) if config is not None else None

    def tested(self, kind: Kind, request: Mapping[str, Any]) -> dict[str, ScenarioDeclaration]:
        """Return the declared scenarios that a run tests, by id: those of its request, else those of its checks."""
        ids: Iterable[Any] = request.get("scenario_ids") or self.test_cases.get(kind.place_id(request)) or ()
        return {
            scenario_id: self.scenarios[scenario_id] for scenario_id in map(str, ids) if scenario_id in self.scenarios
        }


def _test_cases(checks: Iterable[Resource]) -> dict[str, list[Any]]:
    configs = [(config.outputs, config.outputs.get("scenario_ids")) for config in checks]
    return {f"{outputs.get('agent_id')}/{outputs.get('env')}": ids for outputs, ids in configs if isinstance(ids, list)}


def _runs(resources: Iterable[Resource], context: _Context, *, of_parts: bool = False) -> dict[str, RecordedRun]:
    kinds = [(resource, kind_of_type(type_of(resource.urn))) for resource in resources]
    recorded = [
        _run(kind, resource, context) for resource, kind in kinds if kind is not None and kind.is_part == of_parts
    ]
    runs = {run.resource.urn: run for run in recorded if run is not None}
    return {urn: replace(runs[urn], name=clean(name)) for urn, name in unique_names(runs).items()}


def _confirmations(resources: Iterable[Resource], context: _Context) -> dict[str, RecordedRun]:
    """Return the confirmations by the ids of their sessions; not those whose start was interrupted."""
    confirmations = _runs(resources, context, of_parts=True).values()
    return {run.declared["session_id"]: run for run in confirmations if run.run_id}


def _confirmed(runs: Mapping[str, RecordedRun], parts: Mapping[str, RecordedRun]) -> dict[str, RecordedRun]:
    """Return runs with their confirmations, by URN; *parts* has these by the ids of the runs."""
    return {urn: replace(run, confirmation=parts.get(run.run_id)) for urn, run in runs.items()}


def _run(kind: Kind, resource: Resource, context: _Context) -> RecordedRun | None:
    if resource.is_interrupted and not resource.outputs:
        return RecordedRun(resource.name, resource, kind.name, "", _inputs_of_interrupted(kind, resource))
    run_id, declared = resource.resource_id or resource.outputs.get(kind.id_output), resource.outputs.get("declared")
    if not isinstance(run_id, str) or not isinstance(declared, dict) or not kind.is_sound(declared):
        return None
    recorded = context.verdicts.get(run_id)
    verdict = final_verdict(kind, recorded, declared) if recorded is not None else None
    scenarios = context.tested(kind, kind.request_of(declared))
    run = RecordedRun(resource.name, resource, kind.name, run_id, declared, recorded, verdict, scenarios)
    return replace(run, checks=context.checks(declared.get("checks")))


def _inputs_of_interrupted(kind: Kind, resource: Resource) -> dict[str, Any]:
    """Return what is needed of the inputs; a part that is a secret, or not known yet, is left out."""
    place = {key: resource.inputs.get(key) for key in kind.place_outputs}
    texts: dict[str, Any] = {key: value for key, value in place.items() if isinstance(value, str)}
    return texts | ({"gate": "none"} if resource.inputs.get("gate") == "none" else {})


def started_content(outputs: Mapping[str, Any]) -> str | None:
    """Return the digest of the declared version when a session started, by the outputs of its resource."""
    digest_then = outputs.get("started_content")
    return digest_then if is_digest(digest_then) else None
