"""A second kind of run, which the package knows nothing of: what holds for tornado sessions holds for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support import toy
from tests.support.api import FakeTime, client_of
from tests.support.toy_api import ToyApi
from tornado_resource.declarations.model import Gate
from tornado_resource.errors import NotFound, TornadoError
from tornado_resource.reports.console import failure_message
from tornado_resource.reports.junit import junit
from tornado_resource.reports.model import Report
from tornado_resource.reports.verdicts_json import verdicts_json
from tornado_resource.runs.adopt import adopt
from tornado_resource.runs.cancel import cancel_if_running
from tornado_resource.runs.inputs import compare
from tornado_resource.runs.intents import IntentStore
from tornado_resource.runs.kinds import KINDS, kind_of, kind_of_type
from tornado_resource.runs.model import Ending, GatedRun, Result
from tornado_resource.runs.order import Address, FoundVersion, Order
from tornado_resource.runs.results import read_last_run, wait_for_result
from tornado_resource.runs.start import start
from tornado_resource.runs.verdict import make_verdict
from tornado_resource.stacks.reader import read_stack
from tornado_resource.stacks.recorded import read_outputs

if TYPE_CHECKING:
    from pathlib import Path

    from tornado_resource.bland.client import Client

ADDRESS = Address("b", "agents", "dev", "robot")


def order(shelf: str = "high", **changes: Any) -> Order:
    return Order(ADDRESS, {"shelf": shelf, "colour": "red"}, kind="toy", **changes)


def client(api: ToyApi) -> Client:
    def handle(request: httpx.Request) -> httpx.Response:
        status, content, headers = api.respond(request.method, request.url.raw_path.decode(), request.content)
        return httpx.Response(status, content=content, headers=dict(headers))

    return client_of(handle)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_found_by_its_name_and_by_its_type(name: str) -> None:
    kind = kind_of(name)
    assert kind.name == name
    assert kind_of_type(kind.resource_type) is kind


@pytest.mark.parametrize("ends_at_once", [False, True])
async def test_a_start_whose_response_is_lost_is_no_second_start(tmp_path: Path, ends_at_once: bool) -> None:  # noqa: FBT001
    api, intents = ToyApi(lost=1, ends_at_once=ends_at_once), IntentStore(tmp_path / "intents")
    started = await start(client(api), order(), intents, FakeTime().clock())
    assert (started.run_id, len(api.toys), started.adopted) == ("toy-1", 1, False)
    found = await start(client(api), order(), intents, FakeTime().clock())
    assert (found.run_id, len(api.toys)) == ("toy-1", 1), "as after a crash: the intent has its id"


@pytest.mark.parametrize(("on_conflict", "run_id"), [("adopt", "toy-1"), ("wait", "toy-2"), ("supersede", "toy-2")])
async def test_another_run_in_its_place(tmp_path: Path, on_conflict: Any, run_id: str) -> None:
    api = ToyApi()
    api.respond("POST", "/v1/toys", json.dumps({"shelf": "high", "colour": "red"}).encode())
    with pytest.raises(TornadoError, match=r"toy toy-1 is already active on shelf high since .* one toy at a time"):
        await start(client(api), order(), IntentStore(tmp_path), FakeTime().clock())
    time = FakeTime()

    async def sleep(seconds: float) -> None:
        time.seconds += seconds
        api.toys[-1].status = "GOOD"

    time.sleep = sleep  # type: ignore[method-assign]
    started = await start(client(api), order(on_conflict=on_conflict), IntentStore(tmp_path), time.clock())
    assert (started.run_id, started.adopted) == (run_id, on_conflict == "adopt")


async def test_it_is_adopted_and_cancelled() -> None:
    api = ToyApi()
    api.respond("POST", "/v1/toys", json.dumps({"shelf": "high", "colour": "blue"}).encode())
    api.toys[0].status = "BROKEN"
    assert (await adopt(client(api), order(), "toy-1")).adopted
    with pytest.raises(TornadoError, match=r"toy toy-9 does not exist; check the id in tornado:adopt\.robot"):
        await adopt(client(api), order(), "toy-9")
    api.toys[0].status = "UNKNOWN"
    await cancel_if_running(client(api), order().run("toy-1"), FakeTime().clock())
    assert api.toys[0].status == "BROKEN"


async def result_on(shelf: str, lines: list[str] | None = None) -> Result:
    api = ToyApi()
    api.respond("POST", "/v1/toys", json.dumps(order(shelf).request).encode())
    gated = GatedRun(
        "robot", "toy-1", Gate(), order(shelf).request, kind="toy", urn=ADDRESS.urn(toy.KIND.resource_type)
    )
    report = (lines if lines is not None else []).append
    return await wait_for_result(client(api), gated, 10, lambda progress: report(progress.line), FakeTime().clock())


@pytest.mark.parametrize(("shelf", "outcome", "spins"), [("high", "passed", 10), ("low", "failed", 3)])
async def test_it_is_judged_recorded_and_decides_about_a_rerun(shelf: str, outcome: str, spins: int) -> None:
    result = await result_on(shelf)
    assert (result.verdict.outcome, result.verdict.reason) == (outcome, f"it made {spins} of 10 spins")
    outputs = {"toy_id": "toy-1", "declared": {**order(shelf).request, "gate": {}}, "adopted": False}
    stack = {"urn:pulumi:dev::agents::pulumi:pulumi:Stack::agents-dev": {"outputs": {"v": asdict(result.verdict)}}}
    [recorded] = read_outputs({**stack, result.gated.urn: {"outputs": outputs}}).runs.values()
    assert recorded.kind == "toy"
    assert recorded.verdict == result.verdict
    assert compare("toy", recorded.declared, {**recorded.declared, "colour": "green"}).replaces == ("colour",)
    api = ToyApi()
    last, _ = await read_last_run(client(api), GatedRun("robot", "toy-1", Gate(), order().request, kind="toy"))
    assert last.state == "gone"


@pytest.mark.parametrize(
    ("message", "reason"), [(None, "(LOST)"), ("the dog has it", "(LOST: the dog has it)")], ids=str
)
def test_a_status_that_says_nothing_is_neither_passed_nor_failed(message: str | None, reason: str) -> None:
    gated = GatedRun("robot", "toy-1", Gate("any"), order().request, kind="toy")
    verdict = make_verdict(gated, Ending(toy.ToyStatus("LOST", passed_scenarios=10, error_message=message)))
    assert (verdict.outcome, verdict.reason) == ("incomplete", f"it was lost, which says nothing of it {reason}")
    assert (verdict.kind, verdict.version_id, verdict.judges) == ("toy", None, None)


def test_commands_read_it_from_a_state(monkeypatch: pytest.MonkeyPatch) -> None:
    declared, urn = order().request, ADDRESS.urn(toy.KIND.resource_type)
    entry = {"urn": urn, "type": toy.KIND.resource_type, "id": "toy-1", "outputs": {**declared, "declared": declared}}
    state = {"deployment": {"resources": [entry]}}
    monkeypatch.setattr("tornado_resource.stacks.reader.pulumi_json", lambda *words: {} if "config" in words else state)
    [run] = read_stack("dev").runs
    assert (run.kind, run.run, run.resource.subject_id) == ("toy", order().run("toy-1"), "")
    assert run.place is not None
    assert (run.place.key, run.place.shown) == (("toy", "high"), "shelf high")
    assert run.gated == GatedRun("robot", "toy-1", Gate(), declared, urn=urn, kind="toy")
    entry["outputs"] = {**declared, "declared": {**declared, "colour": "grey"}}
    with pytest.raises(TornadoError, match=r"outputs\.declared: colour: found 'grey', expected a colour\. "):
        read_stack("dev")


async def test_what_a_kind_does_not_have_is_left_as_it_is() -> None:
    api = client(ToyApi())
    result = await result_on("high")
    for read in (toy.KIND.with_drift, toy.KIND.with_changes, toy.KIND.with_transcripts, toy.KIND.with_details):
        assert await read(api, result) is result
    assert await toy.KIND.basis(api, {}) == {}
    with pytest.raises(NotFound):  # the same request again, since there is no other form
        await toy.KIND.cancel_otherwise(api, order().run("toy-9"))
    reader: Any = None
    assert await toy.KIND.find_drift(reader, result.verdict.basis({}, None)) is None
    assert await toy.KIND.find_faults(api, order().request) == ()
    with pytest.raises(TornadoError, match="the API shows no content of version 3"):
        await toy.KIND.read_content(api, order().request, "version 3")


async def test_it_is_in_every_report() -> None:
    lines: list[str] = []
    result = await result_on("low", lines)
    report = Report("dev", None, "2026-04-14T10:20:00Z", (result,))
    message = failure_message(report.results, "dev", "tornado-resource status") or ""
    assert "robot (session toy-1" in message or "robot" in message
    assert "it made 3 of 10 spins" in message
    assert json.loads(verdicts_json(report))["sessions"]["robot"]["outcome"] == "failed"
    assert "it made 3 of 10 spins" in junit(report)


async def test_a_kind_without_versions_takes_what_is_declared() -> None:
    request = {"shelf": "high", "colour": "red"}
    verdict = make_verdict(GatedRun("robot", "toy-1", Gate(), request, kind="toy"), Ending(None))
    assert (toy.KIND.is_resolved("any"), toy.KIND.is_moving("any")) == (True, False)
    assert toy.KIND.known_version(request, {}) is None
    assert await toy.KIND.find_version(client(ToyApi()), request) == FoundVersion(None)
    assert toy.KIND.version_of(verdict) is None
