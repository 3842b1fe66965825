"""A stack as Pulumi has recorded it, for commands that run in the test's own process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.api import client_of, json_response
from tests.support.results import CREATED_AT, PATHWAY_ID
from tornado_resource.core.urns import CHECK_RUN_TYPE, SESSION_TYPE, make_urn
from tornado_resource.stacks.reader import Stack
from tornado_resource.stacks.recorded import Resource, read_state

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import httpx
    import pytest

    from tornado_resource.runs.model import Result
    from tornado_resource.stacks.recorded import RecordedRun

RUNNING = {"status": "RUNNING", "current_iteration": 2, "total_scenarios": 8, "passed_scenarios": 5}
PASSED = {"status": "COMPLETED_ALL_PASSED", "total_scenarios": 1, "passed_scenarios": 1}
FAILED = {"status": "COMPLETED_PARTIAL", "total_scenarios": 2, "passed_scenarios": 1, "failed_scenarios": 1}


def recorded_run(name: str, *, pathway_id: str = PATHWAY_ID, gate: Any = None, **flags: Any) -> RecordedRun:
    """A session in the state of the stack `dev`. *flags* are those of its resource."""
    declared = {"pathway_id": pathway_id, "gate": gate}
    outputs = {"pathway_id": pathway_id, "created_at": CREATED_AT, "declared": declared}
    inputs = {**declared, "declared_at": "sessions.yaml:6:3"}
    urn = make_urn("dev", "agents", SESSION_TYPE, name)
    [run] = read_state([Resource(urn, outputs, inputs, f"s-{name}", **flags)]).runs.values()
    return run


def recorded_check_run(name: str, *, gate: Any = None, version_id: str = "v-2", **flags: Any) -> RecordedRun:
    """A check run of the agent `ag-NAME` in the state of the stack `dev`. *flags* are those of its resource."""
    declared = {"agent_id": f"ag-{name}", "env": "staging", "version_id": version_id, "gate": gate}
    outputs = {**declared, "created_at": CREATED_AT, "declared": declared}
    inputs = {**declared, "declared_at": "sessions.yaml:12:3"}
    urn = make_urn("dev", "agents", CHECK_RUN_TYPE, name)
    [run] = read_state([Resource(urn, outputs, inputs, f"s-{name}", **flags)]).runs.values()
    return run


def checked(name: str, status: str = "PASSED", rate: float = 0.9, **changes: Any) -> dict[str, Any]:
    """The API's response for such a check run, with one required judge."""
    verdict = {"eval_agent_id": "j-1", "name": "resolved", "required": True, "match_rate": rate, "passed": rate >= 0.5}
    ended = {"verdicts": [verdict], "judge_names": ["resolved"], "completed_at": "2026-04-14T10:05:00.000Z"}
    return {
        "id": f"s-{name}",
        "agent_id": f"ag-{name}",
        "env_type": "staging",
        "agent_version_id": "v-2",
        "semver": "1.4.0",
        "status": status,
        "created_at": CREATED_AT,
        **(ended if status in {"PASSED", "FAILED"} else {}),
        **changes,
    }


def record(  # noqa: PLR0913 - one keyword argument for each kind of session
    monkeypatch: pytest.MonkeyPatch,
    statuses: Mapping[str, Any],
    *,
    ungated: Collection[str] = (),
    replaced: Collection[str] = (),
    interrupted: Collection[str] = (),
    is_secret: bool = False,
    check_runs: Collection[str] = (),
    responses: Mapping[str, Any] | None = None,
    config: Mapping[str, str] | None = None,
    carried: Collection[Result] = (),
) -> list[str]:
    """Record the stack `dev` with a session by each name; return the paths that the API is then asked for.

    Those in *check_runs* are no sessions, but check runs. The status is the response, or the number of an error.
    *ungated* have `gate: none`; *replaced* were deleted for a replacement that was not started; the start of the
    replacement was *interrupted*. *is_secret*: the pathway or agent is. *responses* are those to other requests, by
    path. *config* is more of the stack's config. *carried* passed in another stack.
    """
    runs = tuple(
        (recorded_check_run if name in check_runs else recorded_run)(
            name,
            gate="none" if name in ungated else None,
            is_secret=is_secret,
            is_replaced=name in replaced,
            is_interrupted=name in interrupted,
        )
        for name in statuses
    )
    stack = Stack("dev", {"bland:apiKey": "a-long-key", **(config or {})}, runs, "dev", carried=tuple(carried))
    paths: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        paths.append(path)
        for name, given in statuses.items():
            if f"/s-{name}/" in f"{path}/":
                return json_response({}, given) if isinstance(given, int) else json_response(given)
        found = (responses or {}).get(path)
        return json_response(found) if found is not None else json_response({"message": "no such session"}, 404)

    monkeypatch.setattr("tornado_resource.cli.stack.read_stack", lambda _name: stack)
    monkeypatch.setattr("tornado_resource.bland.client.Client", lambda _endpoint, **_options: client_of(handle))
    return paths
