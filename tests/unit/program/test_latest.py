"""What `version_number: latest` stands for, by what is recorded and what the API shows."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from tests.support.api import client_of, json_response
from tests.support.shared_client import FAILED, NEW, OLD, PASSED, URN, StatusApi
from tornado_resource.bland import pathways
from tornado_resource.bland.content import Digests
from tornado_resource.bland.sessions import Status
from tornado_resource.core.urns import STACK_TYPE
from tornado_resource.declarations.model import Gate
from tornado_resource.errors import ApiError, TornadoError
from tornado_resource.program import state as engine_state
from tornado_resource.program.last_runs import LastRuns
from tornado_resource.program.shared_client import Versions
from tornado_resource.runs.intents import Intent, IntentStore, intents_folder
from tornado_resource.runs.model import Ending, GatedRun
from tornado_resource.runs.rerun import LastRun
from tornado_resource.runs.verdict import make_verdict
from tornado_resource.stacks.backend import resource_address
from tornado_resource.tornado.kind import KIND

if TYPE_CHECKING:
    from pathlib import Path

    import httpx


DECLARED = {"pathway_id": "pw-1", "version_number": "latest"}
FORKED = Status("COMPLETED_ALL_PASSED", total_scenarios=2, passed_scenarios=2, forked_version=7)
FORKED_AND_FAILED = Status("COMPLETED_PARTIAL", total_scenarios=2, passed_scenarios=1, forked_version=7)


async def latest(  # noqa: PLR0913 - one keyword argument for each thing that is known
    monkeypatch: pytest.MonkeyPatch,
    newest: int | None,
    recorded: Status | None,
    *,
    now: Any = None,
    content: str = OLD,
    fork_now: str = OLD,
    other: tuple[int, Status] | None = None,
    **declared: Any,
) -> tuple[int, str | None]:
    """Return what `latest` is for a session that was started on version 6.

    *other*: the version and the end of another session of the stack on the pathway. *content* is what version 6 holds
    now, and *fork_now* what version 7 does.
    """
    request = {"pathway_id": "pw-1", "version_number": 6}
    verdict = make_verdict(GatedRun("support-line", "s-1", Gate(), request), Ending(recorded))
    verdicts = {"a": {**asdict(verdict), "content": OLD}} if recorded is not None else {}
    state = {
        f"urn:pulumi:dev::agents::{STACK_TYPE}::agents-dev": {"outputs": verdicts},
        URN: {"outputs": {"session_id": "s-1", "declared": request, "adopted": False}},
    }

    if other is not None:
        theirs = {**request, "version_number": other[0]}
        theirs_ended = make_verdict(GatedRun("other", "s-2", Gate(), theirs), Ending(other[1]))
        verdicts["b"] = {**asdict(theirs_ended), "content": OLD}
        state[f"{URN}-2"] = {"outputs": {"session_id": "s-2", "declared": theirs, "adopted": False}}

    async def read(*_arguments: object) -> dict[str, Any]:
        return {"outputs": state}

    for name in ("organization", "project", "stack"):
        monkeypatch.setattr(pulumi, f"get_{name}", lambda: "dev")
    monkeypatch.setattr(engine_state, "invoke_async", read)
    api: Any = StatusApi(now)
    versions = Versions(api)

    async def known(*_arguments: object) -> Any:
        return newest

    async def digests(_pathway_id: str, version: int) -> Digests | None:
        return Digests.of(fork_now if version == 7 else content)

    monkeypatch.setattr(pathways, "read_latest", known)
    monkeypatch.setattr(versions, "digests", digests)
    return await LastRuns(api, versions).version(KIND, [URN], {**DECLARED, **declared})


@pytest.mark.parametrize(
    ("newest", "recorded", "declared", "number"),
    [
        (6, PASSED, {}, 6),
        (8, PASSED, {}, 8),
        (7, FORKED, {}, 6),
        (8, FORKED, {}, 8),
        (7, FORKED_AND_FAILED, {"rerun": "on_change"}, 6),
        (6, FAILED, {}, 6),
        (8, PASSED, {"pathway_id": "pw-2"}, 8),
        (8, PASSED, {"gate": {"passed": "any"}}, 8),
        (7, FORKED, {"triggers": {"commit": "b"}}, 7),
        (7, FORKED, {"max_iterations": 9}, 7),
    ],
    ids=[
        *("same", "newer", "own fork", "newer than its fork", "failed, on change", "failed", "moved", "another gate"),
        *("own fork and another trigger", "own fork and another request"),
    ],
)
async def test_it_is_the_newest_that_its_verdict_is_not_for(
    monkeypatch: pytest.MonkeyPatch, newest: int, recorded: Status, declared: dict[str, Any], number: int
) -> None:
    ended = {"status": "COMPLETED_ALL_PASSED", "total_scenarios": 2, "passed_scenarios": 2}
    assert (await latest(monkeypatch, newest, recorded, now=ended, **declared))[0] == number


@pytest.mark.parametrize(("status", "number"), [("RUNNING", 6), ("REBALANCING", 6), ("STUCK", 8)])
async def test_a_session_that_runs_goes_on(monkeypatch: pytest.MonkeyPatch, status: str, number: int) -> None:
    """Another number would cancel it, and start another one."""
    assert (await latest(monkeypatch, 8, None, now={"status": status}))[0] == number


async def test_without_a_gate_nothing_is_asked_of_the_last_run(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    async def ask(*arguments: object) -> LastRun:
        asked.extend(arguments)
        return LastRun("s-1", Gate())

    monkeypatch.setattr(LastRuns, "_ask", ask)
    assert await latest(monkeypatch, 6, None, gate="none") == (6, None)
    assert asked == []
    await latest(monkeypatch, 8, None, gate="none")
    assert asked, "it may still run"


@pytest.mark.parametrize(
    ("pathway_id", "session_id", "number"), [("pw-1", None, 4), ("pw-1", "s-9", 4), ("pw-2", None, 8)]
)
async def test_a_start_that_was_cut_off_keeps_its_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pathway_id: str, session_id: str | None, number: int
) -> None:
    """Another number would be another request, for which the session that was started is not recognised."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    address = resource_address("dev/dev/support-line", "dev", os.environ)
    sent_at = "2026-04-14T10:00:00+00:00"
    store = IntentStore(intents_folder(os.environ, "intents"))
    store.write(Intent(address, pathway_id, "digest", sent_at, session_id, version=4))
    assert (await latest(monkeypatch, 8, PASSED))[0] == number
    store.write(Intent(address, pathway_id, "digest", sent_at, "s-1", version=4))
    assert (await latest(monkeypatch, 8, PASSED))[0] == 8, "the state has this one"


async def test_what_runs_again_runs_on_the_newest_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    number, reason = await latest(monkeypatch, 7, FORKED_AND_FAILED)
    assert (number, reason) == (7, "the last run did not meet its gate: 1 of 2 scenarios passed; the gate requires all")
    number, reason = await latest(monkeypatch, 7, FORKED, fork_now=NEW)
    assert number == 7
    assert reason is not None
    assert reason.startswith("version 7 was edited since it was tested")


async def test_a_pathway_without_versions_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TornadoError, match="the API lists no versions of pathway pw-1; declare version_number"):
        await latest(monkeypatch, None, PASSED)


ROWS = [{"version_number": 2, "is_latest": False}, {"version_number": 4, "is_latest": True}, {"version_number": 9}]


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (ROWS, 4),
        ({"versions": ROWS}, 4),
        ({"data": {"versions": ROWS}, "errors": None}, 4),
        ([{"version_number": 2}, {"version_number": 3.0}, "x", {"version_number": "7"}, {"version_number": True}], 3),
        ([], None),
        ({"data": None}, None),
        ({"versions": ROWS, "has_more": True}, 4),
    ],
    ids=str,
)
async def test_the_newest_version_in_every_form(body: Any, number: int | None) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/pathway/pw-1/versions"
        return json_response(body)

    async with client_of(handle) as client:
        assert await pathways.read_latest(client, "pw-1") == number


async def test_a_part_of_the_versions_does_not_say_which_is_the_newest() -> None:
    body = {"data": [{"version_number": 2}], "has_more": True}
    async with client_of(lambda _request: json_response(body)) as client:
        with pytest.raises(ApiError, match="the list goes on, and no version of it is marked as the newest"):
            await pathways.read_latest(client, "pw-1")


async def test_versions_that_cannot_be_read_are_an_error() -> None:
    async with client_of(lambda _request: json_response({"message": "no"}, 403)) as client:
        with pytest.raises(ApiError, match="versions of pathway pw-1: HTTP 403: no"):
            await pathways.read_latest(client, "pw-1")


@pytest.mark.parametrize(
    ("recorded", "other", "number"),
    [
        (PASSED, (6, FORKED), 7),
        (PASSED, (6, FORKED_AND_FAILED), 6),
        (FORKED, (7, replace(FORKED, forked_version=8)), 6),
        (PASSED, (6, PASSED), 9),
    ],
    ids=["once", "of one that failed", "made of its own", "of somebody else"],
)
async def test_what_another_session_has_made_is_tested_at_most_once(
    monkeypatch: pytest.MonkeyPatch, recorded: Status, other: tuple[int, Status], number: int
) -> None:
    newest = other[1].forked_version or 9
    assert (await latest(monkeypatch, newest, recorded, other=other))[0] == number


@pytest.mark.parametrize(
    ("fork_now", "rerun", "number"), [(NEW, "on_drift", 7), (NEW, "on_change", 6), (OLD, "on_drift", 6)]
)
async def test_a_fork_that_was_edited_since_is_tested(
    monkeypatch: pytest.MonkeyPatch, fork_now: str, rerun: str, number: int
) -> None:
    """Version 7 failed as another session made it; what somebody wrote into it since was tested by nobody."""
    other = (6, FORKED_AND_FAILED)
    assert (await latest(monkeypatch, 7, PASSED, other=other, fork_now=fork_now, rerun=rerun))[0] == number
