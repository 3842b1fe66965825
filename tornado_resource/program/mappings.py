"""The types of the mappings that programs give and get."""

from __future__ import annotations

from typing import Literal, TypedDict

from tornado_resource.runs.model import (  # noqa: TC001 - users may call get_type_hints
    Confirmation,
    JudgeResult,
    Outcome,
    ScenarioRun,
)


class ConfirmMapping(TypedDict, total=False):
    """The confirmation of a pass as in `sessions.yaml`: the keys of `Confirm`."""

    runs: int
    passed: str | int


class GateMapping(TypedDict, total=False):
    """A gate as in `sessions.yaml`: the keys of `Gate`."""

    passed: str | int
    repaired: Literal["allow", "refuse"]
    full_run: Literal["required", "any"]
    judges: dict[str, str]
    confirm: ConfirmMapping


class RecordedQuarantine(TypedDict):
    """What does not decide about a verdict, why, and until when."""

    part: str
    """The id of the scenario, or the name of the judge."""
    reason: str
    until: str
    """Its last day, in UTC, such as `2026-12-31`."""


class RecordedGate(GateMapping, total=False):
    """The gate of a verdict: without `quarantine` if there is none."""

    quarantine: list[RecordedQuarantine]


class Verdict(TypedDict):
    """A gate's verdict on one run, as `wait_for` returns it and as the stack output `verdicts` holds it.

    What a kind of run does not have is None, or an empty list.
    """

    outcome: Outcome
    """`passed`, `failed` or `incomplete`."""
    reason: str
    """One sentence."""
    session_id: str
    """The id of the session, or of the check run."""
    status: str | None
    """The API's status; None if it could not be read."""
    passed_scenarios: int | None
    total_scenarios: int | None
    failed_ids: list[str]
    """The scenarios that failed the last time they ran."""
    unfixable_ids: list[str]
    iterations: int | None
    repaired: bool
    """Whether the session changed the pathway."""
    version: int | None
    """The pathway version that the verdict speaks for; None where it is unknown."""
    forked_version: int | None
    """The version that has the session's repairs; None without any."""
    forked_content: str | None
    """The digest of that version's content, where the verdict speaks for an earlier one; None without any."""
    content: str | None
    """The digest of the content of `version` when the session had ended, or the `version_id` of a check run; None where
    the API does not show it."""
    full_run: bool | None
    """Whether the last iteration ran every scenario; None in a record of an older version of tornado-resource."""
    first_failed_ids: list[str] | None
    """The scenarios that failed in the first iteration; None if the session repaired nothing, or that is unknown."""
    first_content: str | None
    """The digest of what the first iteration tested; None as above."""
    gate: RecordedGate
    """The gate that the verdict was given under."""
    declaration: str
    """The sha-256 of the request."""
    finished_at: str | None
    """The end by the API's clock, ISO 8601."""
    elapsed_ms: int | None
    """How long it took, in milliseconds, as the API counts."""
    scenarios: list[ScenarioRun] | None
    """The last run of each scenario, recorded for the reports of later updates; None without `tornado:reports`."""
    kind: str
    """`tornado` or `check_run`."""
    version_id: str | None
    """The id of the agent's version that a check run has tested; None of sessions."""
    semver: str | None
    """The semantic version of it; None if it is not published."""
    judges: list[JudgeResult] | None
    """What each judge of a check run found; None of sessions."""
    promoted: bool
    """Whether the run passed in another stack, so that nothing was started here (`retest: false`)."""
    promoted_from: str | None
    """The full name of that stack; None if the run was started here."""
    quarantined: list[str]
    """The scenarios, or the judges by name, that failed and decided nothing, since they are in quarantine."""
    confirmation: Confirmation | None
    """How each scenario did when the pass was confirmed; None where that is not declared, or not known yet."""
