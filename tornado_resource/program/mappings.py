"""The types of the mappings that programs give and get."""

from __future__ import annotations

from typing import Literal, TypedDict

from tornado_resource.runs.model import Outcome, ScenarioRun  # noqa: TC001 - users may call get_type_hints


class GateMapping(TypedDict, total=False):
    """A gate as in `sessions.yaml`: the keys of `Gate`."""

    passed: str | int
    repaired: Literal["allow", "refuse"]
    full_run: Literal["required", "any"]


class Verdict(TypedDict):
    """A gate's verdict on one session, as `wait_for` returns it and as the stack output `verdicts` holds it."""

    outcome: Outcome
    """`passed`, `failed` or `incomplete`."""
    reason: str
    """One sentence."""
    session_id: str
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
    content: str | None
    """The digest of that version's content when the session had ended; None where the API does not show it."""
    full_run: bool | None
    """Whether the last iteration ran every scenario; None in a record of an older version of tornado-resource."""
    gate: GateMapping
    """The gate that the verdict was given under."""
    declaration: str
    """The sha-256 of the request."""
    finished_at: str | None
    """The end by the API's clock, ISO 8601."""
    elapsed_ms: int | None
    """How long it took, in milliseconds, as the API counts."""
    scenarios: list[ScenarioRun] | None
    """The last run of each scenario, recorded for the reports of later updates; None without `tornado:reports`."""
