"""A stack as Pulumi has recorded it, for commands that run in the test's own process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.api import client_of, json_response
from tests.support.results import PATHWAY_ID, gated_run_of
from tornado_resource.stacks.reader import Stack, StackSession

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import httpx
    import pytest

RUNNING = {"status": "RUNNING", "current_iteration": 2, "total_scenarios": 8, "passed_scenarios": 5}
PASSED = {"status": "COMPLETED_ALL_PASSED", "total_scenarios": 1, "passed_scenarios": 1}
FAILED = {"status": "COMPLETED_PARTIAL", "total_scenarios": 2, "passed_scenarios": 1, "failed_scenarios": 1}


def record(  # noqa: PLR0913 - one keyword argument for each kind of session
    monkeypatch: pytest.MonkeyPatch,
    statuses: Mapping[str, Any],
    *,
    ungated: Collection[str] = (),
    replaced: Collection[str] = (),
    interrupted: Collection[str] = (),
    is_secret: bool = False,
) -> list[str]:
    """Record the stack `dev` with a session by each name; return the paths that the API is then asked for.

    Its status is the response, or the number of an error. *ungated* have `gate: none`; *replaced* were deleted for a
    replacement that was not started; the start of the replacement was *interrupted*. *is_secret*: the pathway is.
    """
    sessions = tuple(
        StackSession(
            name,
            f"s-{name}",
            PATHWAY_ID,
            None if name in ungated else gated_run_of(name, f"s-{name}", is_pathway_secret=is_secret),
            name in replaced,
            is_interrupted=name in interrupted,
            is_secret=is_secret,
        )
        for name in statuses
    )
    stack = Stack("dev", {"bland:apiKey": "a-long-key"}, sessions, "dev", None, (), None)
    paths: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        paths.append(path)
        for name, given in statuses.items():
            if f"/s-{name}/" in path:
                return json_response({}, given) if isinstance(given, int) else json_response(given)
        return json_response({"message": "unknown"}, 404)

    monkeypatch.setattr("tornado_resource.cli.stack.read_stack", lambda _name: stack)
    monkeypatch.setattr("tornado_resource.bland.client.Client", lambda _endpoint, **_options: client_of(handle))
    return paths
