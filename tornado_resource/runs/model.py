"""The values of the gate: runs to judge, and their verdicts."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, get_args

from tornado_resource.bland.content import LIVE
from tornado_resource.declarations.model import Gate  # noqa: TC001 - `get_type_hints` of a verdict needs it
from tornado_resource.runs.order import Run
from tornado_resource.versions.drift import RunBasis

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tornado_resource.bland.check_runs import Checks
    from tornado_resource.bland.content import Digests
    from tornado_resource.bland.scenario_runs import Transcript
    from tornado_resource.bland.sessions import Status
    from tornado_resource.core.positions import Position
    from tornado_resource.declarations.model import Declaration, ScenarioDeclaration
    from tornado_resource.versions.difference import Changes

HIDDEN: Final = "[secret]"
"""What is shown instead of a value that Pulumi keeps as a secret: Pulumi's own word."""

Outcome = Literal["failed", "incomplete", "passed"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
"""The worst outcome first: the order in which reports show sessions."""

Cause = Literal[
    "account",
    "content_unreadable",
    "cut_off",
    "edited",
    "gone",
    "interrupted",
    "misdirected",
    "not_awaited",
    "out_of_time",
    "request_failed",
    "scenarios_changed",
    "scenarios_unlisted",
    "scenarios_unreadable",
    "unconfirmed",
    "unreachable",
]
"""Why the outcome of a session is unknown, whatever its last known status is: reports advise by it."""


STILL_RUNNING: Final = "it is still running"
ONLY_REPAIRED: Final = "it passed only after repairs"
"""How the reason of a verdict begins that failed for nothing else."""
OTHERS_REPAIRED: Final = "the session repaired other scenarios, and forked no version"
"""Stands in the reason of a verdict whose scenarios had passed before: the repairs may be in the version tested."""
NOT_AS_DECLARED: Final = "not tested as declared"
"""How the reason of a verdict begins whose scenarios were edited. It stays true when they have been put back."""
NOT_SHOWN_NOW: Final = "the API does not show it, but has shown it before"
"""Why a content is unknown that must not be. In a recorded verdict it still holds for the next run."""


@dataclass(frozen=True, slots=True)
class PromotedVersion:
    """The version that passed in the other stack and must pass here; None if nothing is promoted, or it is unknown."""

    version: int | None = None
    content: Digests | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What has been read of a run so far, or is recorded of an earlier look. None is what has not been read.

    *status*: as read a moment ago. *content*: that of the version that the verdict is for, as read when the run had
    ended. *doubt*: why an earlier look found that its scenarios were not tested as declared. *was_shown*: whether the
    API has shown such a content to this stack, so that it must show it again. *confirmation*: that of its pass.
    """

    status: Status | None = None
    content: Digests | None = None
    doubt: str | None = None
    was_shown: bool = False
    confirmation: GatedRun | None = None


@dataclass(frozen=True, slots=True)
class GatedRun:
    """A recorded run and its gate.

    *request* holds the declared request fields. *timeout_ms* is that of the API's response, if it has one. *position*
    is that of the declaration. *adopted*: somebody else started it, and the API does not show on which version.
    *started_content*: the digest of the declared version right after the start; None if it was not read. *scenarios*:
    the declared scenarios that a session runs, by id, and *test_cases* those of a check run, whose declared checks are
    *checks*; None if none are declared, or they are not known. *urn*: that of its
    resource, which tells runs of one *name* apart. *is_place_secret*: whether the id of the pathway or agent is a
    secret of the stack, and so is not shown.
    """

    name: str
    run_id: str
    gate: Gate
    request: Mapping[str, Any]
    created_at: str | None = None
    timeout_ms: int | None = None
    position: Position | None = None
    adopted: bool = False
    started_content: str | None = None
    scenarios: Mapping[str, ScenarioDeclaration] = field(default_factory=dict)
    test_cases: tuple[ScenarioDeclaration, ...] = ()
    checks: Checks | None = None
    urn: str = ""
    is_place_secret: bool = False
    kind: str = "tornado"
    promoted: PromotedVersion = PromotedVersion()
    known: Known = Known()

    @property
    def run(self) -> Run:
        """The run at the API."""
        return Run(self.run_id, self.request, self.kind)

    @property
    def shown_pathway(self) -> str | None:
        """The id of the pathway for people; None if it is unknown."""
        return self._shown("pathway_id")

    @property
    def shown_agent(self) -> str | None:
        """The id of the agent for people; None if the run is not one of an agent."""
        return self._shown("agent_id")

    def _shown(self, key: str) -> str | None:
        value = self.request.get(key)
        return HIDDEN if value is not None and self.is_place_secret else value

    def public(self, text: str) -> str:
        """Return *text*, which may be an error of the API, without the id of a pathway or agent that is secret."""
        secret = self.request.get("pathway_id") or self.request.get("agent_id")
        return without_secret(text, secret) if self.is_place_secret else text

    @property
    def must_be_shown(self) -> bool:
        """Whether a pass without a content would hide an edit: the API has shown what is tested, here or elsewhere."""
        return self.known.was_shown or self.started_content is not None or self.promoted.content is not None

    @property
    def declared_scenarios(self) -> tuple[str, ...] | None:
        """The ids of the scenarios that the request names; None for all enabled ones."""
        scenario_ids = self.request.get("scenario_ids")
        return tuple(scenario_ids) if scenario_ids is not None else None


@dataclass(frozen=True, slots=True)
class Ending:
    """How the wait for a session ended: its last known status, and why the wait was given up, if it was."""

    status: Status | None
    given_up: str | None = None
    cause: Cause | None = None


class ScenarioRun(TypedDict):
    """The last run of a scenario, as the stack output `verdicts` holds it."""

    id: str
    name: str | None
    """None where the API does not list it."""
    passed: bool


class JudgeResult(TypedDict):
    """What a judge of a check run found, as the stack output `verdicts` holds it. None: the API does not show it."""

    id: str | None
    name: str
    """Its name, else its id."""
    required: bool | None
    match_rate: float | None
    """The share of the conclusive conversations that match, 0 to 1."""
    passed: bool | None
    """The API's own word: at least half of them match."""


class ConfirmedScenario(TypedDict):
    """How a scenario did in a confirmation, as the stack output `verdicts` holds it."""

    passed: int
    runs: int
    """Those that passed or failed. A simulation that ended with an error, or is missing, says nothing."""


class Confirmation(TypedDict):
    """The confirmation of a pass, as the stack output `verdicts` holds it."""

    set_id: str
    """The API's id of the simulation set."""
    runs: int
    """How often each scenario had to be simulated."""
    scenarios: dict[str, ConfirmedScenario]
    """By scenario id, all that the session ran."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A conversation of a check run that a judge did not find as it should be. *how*: `no match`, or why none is known.

    *reasoning* is the judge's, shortened, on one line; empty if it gave none.
    """

    judge: str
    how: str
    conversation_id: str | None
    level: str | None
    reasoning: str


class RunFacts(TypedDict, total=False):
    """What a verdict says of a run beside its outcome; what a kind of run does not have is left out."""

    passed_scenarios: int | None
    total_scenarios: int | None
    failed_ids: list[str]
    unfixable_ids: list[str]
    iterations: int | None
    repaired: bool
    version: int | None
    forked_version: int | None
    full_run: bool | None
    first_failed_ids: list[str] | None
    first_content: str | None
    finished_at: str | None
    content: str | None
    version_id: str | None
    semver: str | None
    judges: list[JudgeResult] | None
    quarantined: list[str]
    confirmation: Confirmation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVerdict:
    """A gate's verdict on one run. The stack output `verdicts` holds it as plain JSON.

    *content*, *forked_version* and *full_run* are None in records that older releases wrote. *forked_content* is the
    digest of the forked version where the verdict is for an earlier one. *first_failed_ids* are the scenarios that
    failed in the first iteration, and *first_content* is what that tested; None if the session repaired nothing, or
    that is unknown. *elapsed_ms* is as the API counts. *scenarios* are those that ran, recorded for the reports of
    later updates; None where no report was wanted. *kind* is that of the run. *version_id*, *semver* and *judges* are
    of check runs, whose *content* is the version id, since a version that was tested never changes; of sessions they
    are None. *promoted*: nothing was started here, since the run passed in the stack *promoted_from* (`retest: false`).
    *quarantined*: the scenarios, or the judges by name, that failed and decided nothing, since they are in quarantine;
    the gate says why, and until when. *confirmation*: None if the pass was not to be confirmed, or is not confirmed
    yet.
    """

    outcome: Outcome
    reason: str
    session_id: str
    status: str | None
    passed_scenarios: int | None = None
    total_scenarios: int | None = None
    failed_ids: list[str] = field(default_factory=list)
    unfixable_ids: list[str] = field(default_factory=list)
    iterations: int | None = None
    repaired: bool = False
    version: int | None = None
    forked_version: int | None = None
    forked_content: str | None = None
    content: str | None = None
    full_run: bool | None = None
    first_failed_ids: list[str] | None = None
    first_content: str | None = None
    gate: Gate
    declaration: str
    finished_at: str | None = None
    elapsed_ms: int | None = None
    scenarios: list[ScenarioRun] | None = None
    kind: str = "tornado"
    version_id: str | None = None
    semver: str | None = None
    judges: list[JudgeResult] | None = None
    promoted: bool = False
    promoted_from: str | None = None
    quarantined: list[str] = field(default_factory=list)
    confirmation: Confirmation | None = None

    def as_output(self) -> dict[str, Any]:
        """Return the verdict as the stack output `verdicts` holds it."""
        return {**asdict(self), "gate": self.gate.recorded}

    def tested(self, status: Status) -> Status:
        """Return the part of a run's status that the verdict is for: what ran before repairs, if they do not count."""
        return (status.at_first if status.is_repaired and not self.repaired else None) or status

    def basis(
        self, request: Mapping[str, Any], started: str | None, scenarios: Mapping[str, str] | None = None
    ) -> RunBasis:
        """Return what the run was tested on: the version that the verdict is for, else the one that it was started on.

        Args:
            request: the request of the start.
            started: the digest of the declared version at the start, or of the live one if none is declared.
            scenarios: as in `RunBasis`.

        """
        declared = request.get("version_number", LIVE)
        if self.repaired and self.version is None:
            return RunBasis(request, declared, None, scenarios)  # it is not known what the run has made
        version = self.version if self.version is not None else declared
        # Of a version that the run itself has made, what it was started on says nothing.
        return RunBasis(request, version, self.content or (None if self.repaired else started), scenarios)


@dataclass(frozen=True, slots=True)
class Result:
    """A verdict and what it is based on: the last known status, and the names of scenarios where known.

    *drift*: how the version has changed since. *changes*: what the session changed in the pathway. None where that has
    not been read.
    """

    gated: GatedRun
    verdict: RunVerdict
    status: Status | None = None
    scenario_names: Mapping[str, str] = field(default_factory=dict)
    cause: Cause | None = None
    drift: str | None = None
    changes: Changes | None = None
    transcripts: Mapping[str, Transcript] = field(default_factory=dict)
    """By scenario id, the ends of failed runs: for reports only."""
    mismatches: tuple[Mismatch, ...] = ()
    """Of a check run, the conversations that did not match, as far as reports show them."""
    omitted_mismatches: int = 0
    """How many more of them there are."""
    cost_usd: float | None = None
    """What the judges of a check run cost, if the API shows it: for reports only."""

    def __post_init__(self) -> None:
        # What is said of the session goes into the reports and, in clear, into the stack's outputs.
        object.__setattr__(self, "verdict", replace(self.verdict, reason=self.gated.public(self.verdict.reason)))
        object.__setattr__(self, "drift", self.gated.public(self.drift) if self.drift is not None else None)

    def scenario_name(self, scenario_id: str) -> str:
        """Return the name of a scenario, or its id where the name is unknown."""
        return self.known_name(scenario_id) or scenario_id

    def known_name(self, scenario_id: str) -> str | None:
        """Return the name of a scenario: the declared one, else that of the API; None if it is unknown, or the id."""
        declared = self.gated.scenarios.get(scenario_id)
        name = declared.name if declared is not None else self.scenario_names.get(scenario_id)
        return name if name != scenario_id else None

    def scenario_position(self, scenario_id: str) -> Position | None:
        """Return where a scenario is declared: itself if it is declared as code, else its session."""
        declared = self.gated.scenarios.get(scenario_id)
        return (declared.position if declared is not None else None) or self.gated.position


def without_secret(text: str, secret: str | None) -> str:
    """Return *text* with `HIDDEN` in place of an id, in upper or lower case. A part of another word stays as it is."""
    whole = rf"(?<![A-Za-z0-9_-]){re.escape(secret)}(?![A-Za-z0-9_-])" if secret else None
    return re.sub(whole, HIDDEN, text, flags=re.IGNORECASE) if whole is not None else text


def declared_runs(declarations: Iterable[Declaration]) -> list[GatedRun]:
    """Return the runs that have a gate as they are declared, before they have an id.

    Their declared scenarios have none either: here their keys stand for them.
    """
    return [
        GatedRun(
            declaration.name,
            "",
            declaration.gate,
            declaration.request,
            position=declaration.position,
            scenarios={scenario.key: scenario for scenario in declaration.scenarios},
            test_cases=declaration.checks.scenarios if declaration.checks is not None else (),
            kind=declaration.kind,
        )
        for declaration in declarations
        if declaration.gate is not None
    ]


def by_id(request: Mapping[str, Any], declared: Sequence[ScenarioDeclaration]) -> dict[str, ScenarioDeclaration]:
    """Return the declared scenarios of a session by their ids: in its request they come last, in the same order."""
    ids = list(request.get("scenario_ids") or ())
    return dict(zip(ids[len(ids) - len(declared) :], declared, strict=False)) if declared else {}
