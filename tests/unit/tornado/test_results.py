"""From an id to a result: what is requested, what is retried, and what ends up in the verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.api import FakeTime, client_of, json_response
from tests.support.results import PATHWAY_ID, gated_run_of
from tornado_resource.bland.content import Digests, parse_content
from tornado_resource.bland.sessions import Status
from tornado_resource.declarations.model import Gate
from tornado_resource.errors import ApiError, ForeignResponse
from tornado_resource.runs.model import Known, PromotedVersion
from tornado_resource.runs.results import read_last_run, read_result, wait_for_result
from tornado_resource.tornado.kind import KIND

if TYPE_CHECKING:
    from tornado_resource.runs.model import GatedRun, Result
    from tornado_resource.runs.rerun import LastRun

PASSED = {"status": "COMPLETED_ALL_PASSED", "total_scenarios": 1, "passed_scenarios": 1}
FAILED = {
    "status": "COMPLETED_PARTIAL",
    "total_scenarios": 2,
    "passed_scenarios": 1,
    "iterations": [{"iteration": 1, "passed_ids": ["sc-1"], "failed_ids": ["sc-2"]}],
}
RUNNING = {"status": "RUNNING", "iterations": [{"iteration": 1, "failed_ids": ["sc-2"]}]}
SCENARIOS = {
    "scenarios": [
        {"id": "sc-1", "name": "Greets", "is_required_for_promotion": True},
        {"id": "sc-2", "name": "Refunds"},
        {"id": "sc-3", "name": ""},
    ]
}
PROMOTION = gated_run_of("support-line", gate=Gate("promotion"))
ALL = gated_run_of("support-line")


class Api:
    """Responds to status requests with *statuses* and to scenario requests with *scenarios*, the last for ever."""

    def __init__(self, statuses: list[Any], scenarios: list[Any], versions: list[Any] | None = None) -> None:
        self.responses = {"status": list(statuses), "scenarios": list(scenarios), "version": list(versions or [404])}
        self.requests: list[str] = []
        self.time = FakeTime()

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/active"):
            self.requests.append("active")
            return json_response({"message": "no active session"}, 404)
        kind = next((kind for kind in ("scenarios", "version") if kind in request.url.path), "status")
        assert kind == "status" or PATHWAY_ID in str(request.url)
        self.requests.append(kind)
        queue = self.responses[kind]
        given = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(given, Exception):
            raise given
        return json_response({}, given) if isinstance(given, int) else json_response(given)

    async def wait(self, gated: GatedRun) -> Result:
        async with client_of(self.handle) as client:
            return await wait_for_result(client, gated, 15.0, lambda _progress: None, self.time.clock())

    async def read(self, gated: GatedRun) -> Result:
        async with client_of(self.handle) as client:
            return await read_result(client, gated)

    async def last_run(self, gated: GatedRun) -> LastRun:
        async with client_of(self.handle) as client:
            last, read = await read_last_run(client, gated)
        assert (read.known.status is None) == (last.state == "gone")
        return last


async def test_a_pass_needs_no_scenarios() -> None:
    api = Api([PASSED], [SCENARIOS])
    assert (await api.read(ALL)).verdict.outcome == "passed"
    assert (await api.wait(ALL)).verdict.outcome == "passed"
    assert api.requests == ["status", "status"]


@pytest.mark.parametrize("word", ["COMPLETED_ALL_PASSED", "COMPLETED_PARTIAL"])
async def test_ids_in_lower_case_are_the_declared_ones(word: str) -> None:
    declared = ["ABCD-EF", "sc-2"]
    gated = replace(ALL, request={**ALL.request, "scenario_ids": declared})
    failed = [] if word == "COMPLETED_ALL_PASSED" else ["abcd-ef"]
    rounds = [
        {"iteration": 1, "passed_ids": ["sc-2"], "failed_ids": ["Abcd-Ef"]},
        {"iteration": 2, "passed_ids": ["abcd-ef"] if not failed else [], "failed_ids": failed},
    ]
    numbers = {"total_scenarios": 2, "passed_scenarios": 2 - len(failed), "unfixable_ids": failed}
    api = Api([{"status": word, **numbers, "iterations": rounds}], [SCENARIOS])
    outcome = "failed" if failed else "passed"
    for result in (await api.read(gated), await api.wait(gated)):
        assert (result.verdict.outcome, result.verdict.failed_ids) == (outcome, declared[: len(failed)])
    assert (await api.last_run(gated)).outcome == outcome


@pytest.mark.parametrize(("failed", "outcome"), [([], "passed"), (["sc-1"], "failed")])
async def test_a_required_scenario_may_be_listed_in_upper_case(failed: list[str], outcome: str) -> None:
    passed = {"iteration": 1, "passed_ids": ["sc-1", "sc-2"]}
    status = {**FAILED, "total_scenarios": 3, "iterations": [passed, {"iteration": 2, "failed_ids": [*failed, "sc-2"]}]}
    listed = {"scenarios": [{"id": "SC-1", "is_required_for_promotion": True}]}
    api = Api([{**status, "passed_scenarios": 1 - len(failed)}], [listed])
    assert (await api.read(PROMOTION)).verdict.outcome == outcome


async def test_a_failure_without_failed_scenarios_needs_no_names() -> None:
    api = Api([{"status": "ERROR"}], [SCENARIOS])
    assert (await api.read(ALL)).verdict.outcome == "failed"
    assert api.requests == ["status"]


@pytest.mark.parametrize(
    "status", [FAILED, {"status": "ERROR", "unfixable_ids": ["sc-2"]}], ids=["failed", "unfixable"]
)
async def test_a_failure_names_its_scenarios(status: Any) -> None:
    api = Api([status], [SCENARIOS])
    result = await api.read(ALL)
    assert result.verdict.outcome == "failed"
    assert result.scenario_names == {"sc-1": "Greets", "sc-2": "Refunds"}
    assert result.scenario_name("sc-2") == "Refunds"
    assert result.scenario_name("sc-3") == "sc-3"


async def test_unreadable_names_change_no_verdict_and_are_not_retried() -> None:
    api = Api([FAILED], [500])
    result = await api.wait(ALL)
    assert (result.verdict.outcome, result.scenario_names) == ("failed", {})
    assert result.verdict.failed_ids == ["sc-2"]
    assert (api.requests, api.time.slept) == (["status", "scenarios"], [])


@pytest.mark.parametrize("way", ["wait", "read"])
async def test_a_promotion_gate_is_judged_by_the_pathways_scenarios(way: str) -> None:
    api = Api([FAILED], [SCENARIOS])
    result = await getattr(api, way)(PROMOTION)
    assert (result.verdict.outcome, result.verdict.reason) == (
        "passed",
        "all scenarios required for promotion passed (1)",
    )
    assert result.scenario_names == {"sc-1": "Greets", "sc-2": "Refunds"}
    assert result.status is not None
    assert api.requests == ["status", "scenarios"]


@pytest.mark.parametrize("way", ["wait", "read"])
async def test_scenarios_of_a_promotion_gate_are_retried(way: str) -> None:
    api = Api([FAILED], [503, httpx.ConnectError("x"), SCENARIOS])
    assert (await getattr(api, way)(PROMOTION)).verdict.outcome == "passed"
    assert api.requests == ["status", "scenarios", "scenarios", "scenarios"]


@pytest.mark.parametrize("way", ["wait", "read"])
async def test_unreadable_scenarios_leave_a_promotion_gate_incomplete(way: str) -> None:
    api = Api([FAILED], [403])
    result = await getattr(api, way)(PROMOTION)
    assert (result.verdict.outcome, result.cause) == ("incomplete", "scenarios_unreadable")
    assert result.verdict.reason.startswith("the scenarios required for promotion could not be read: ")
    assert (result.verdict.failed_ids, result.verdict.passed_scenarios) == (["sc-2"], 1)


async def test_scenarios_are_given_up_after_an_outage_of_five_minutes() -> None:
    api = Api([FAILED], [503])
    assert (await api.wait(PROMOTION)).verdict.outcome == "incomplete"
    assert 300 <= api.time.seconds <= 320


async def test_a_running_session_is_incomplete_when_read_once() -> None:
    api = Api([RUNNING], [SCENARIOS])
    result = await api.read(PROMOTION)
    assert (result.verdict.outcome, result.verdict.reason) == ("incomplete", "it is still running")
    assert api.requests == ["status", "scenarios"]
    assert result.scenario_names == {"sc-1": "Greets", "sc-2": "Refunds"}


async def test_a_running_session_needs_no_scenarios() -> None:
    api = Api([{"status": "RUNNING"}], [SCENARIOS])
    assert (await api.read(PROMOTION)).verdict.outcome == "incomplete"
    assert api.requests == ["status"]


async def test_a_pass_with_failed_scenarios_needs_no_names() -> None:
    api = Api([FAILED], [SCENARIOS])
    result = await api.read(gated_run_of("support-line", gate=Gate("any")))
    assert (result.verdict.outcome, result.scenario_names, api.requests) == ("passed", {}, ["status"])


async def test_a_read_is_retried() -> None:
    api = Api([503, httpx.ReadTimeout("x"), PASSED], [SCENARIOS])
    assert (await api.read(ALL)).verdict.outcome == "passed"


async def test_a_read_of_another_session_says_what_is_wrong() -> None:
    result = await Api([{**PASSED, "session_id": "s-9"}], [SCENARIOS]).read(ALL)
    assert (result.verdict.outcome, result.cause) == ("incomplete", "misdirected")
    with pytest.raises(ForeignResponse):  # which is no reason to run again
        await Api([{**PASSED, "session_id": "s-9"}], [SCENARIOS]).last_run(ALL)


@pytest.mark.parametrize("code", [404, 410])
async def test_a_session_that_is_gone_is_incomplete(code: int) -> None:
    api = Api([code], [SCENARIOS])
    result = await api.read(PROMOTION)
    assert result.verdict.outcome == "incomplete"
    assert result.verdict.reason == "the API no longer knows session e1f2a3b4-0001"
    assert (result.status, api.requests) == (None, [*["status"] * 3, "active"])


async def test_a_refused_read_is_incomplete() -> None:
    api = Api([403], [SCENARIOS])
    result = await api.read(ALL)
    assert result.verdict.outcome == "incomplete"
    assert result.verdict.reason.startswith("the API request failed: ")
    assert (result.status, api.requests) == (None, ["status"])


@pytest.mark.parametrize(
    ("status", "state", "outcome"),
    [
        (PASSED, "ended", "passed"),
        (FAILED, "ended", "failed"),
        (RUNNING, "running", None),
        ({"status": "NEW"}, "unknown", None),
    ],
)
async def test_the_last_run_takes_one_request(status: Any, state: str, outcome: str | None) -> None:
    api = Api([status], [SCENARIOS])
    last = await api.last_run(ALL)
    assert (last.run_id, last.gate, last.state, last.outcome) == (ALL.run_id, ALL.gate, state, outcome)
    assert api.requests == ["status"]


async def test_the_last_run_of_a_session_that_is_gone() -> None:
    api = Api([404], [SCENARIOS])
    assert (await api.last_run(ALL)).state == "gone"


async def test_the_last_run_with_a_known_status_takes_no_request() -> None:
    api = Api([RUNNING], [SCENARIOS])
    last = await api.last_run(replace(ALL, known=Known(status=Status("STUCK"))))
    assert (last.outcome, api.requests) == ("failed", [])


async def test_a_promotion_gate_reads_the_scenarios_of_a_run_that_ended() -> None:
    api = Api([PASSED], [SCENARIOS])
    last = await api.last_run(PROMOTION)
    assert last.reason == "required for promotion but not passed: sc-1"
    assert api.requests == ["status", "scenarios"]
    api = Api([RUNNING], [SCENARIOS])
    await api.last_run(PROMOTION)
    assert api.requests == ["status"]


VERSION = {"nodes": [{"id": "a", "data": {"prompt": "hi"}}]}
EDITED = {"nodes": [{"id": "a", "data": {"prompt": "ho"}}]}
PINNED = gated_run_of("support-line", request={"pathway_id": PATHWAY_ID, "version_number": 6})


def digest_of(version: Any) -> str:
    content = parse_content(json.dumps(version).encode())
    assert content is not None
    return content.digest


@pytest.mark.parametrize("way", ["wait", "read"])
@pytest.mark.parametrize("status", [PASSED, FAILED])
async def test_the_content_of_the_version_is_read_once(way: str, status: Any) -> None:
    api = Api([status], [SCENARIOS], [VERSION])
    result = await getattr(api, way)(PINNED)
    assert result.verdict.content == digest_of(VERSION)
    assert api.requests.count("version") == 1


@pytest.mark.parametrize("way", ["wait", "read"])
async def test_a_content_that_is_known_is_not_read_again(way: str) -> None:
    api = Api([PASSED], [SCENARIOS], [EDITED])
    result = await getattr(api, way)(replace(PINNED, known=Known(content=Digests.of(digest_of(VERSION)))))
    assert (result.verdict.outcome, result.verdict.content) == ("passed", digest_of(VERSION))
    assert api.requests == ["status"]


@pytest.mark.parametrize("gated", [ALL, replace(PINNED, adopted=True, created_at=None)])
async def test_without_a_version_no_content_is_read(gated: GatedRun) -> None:
    api = Api([PASSED], [SCENARIOS], [VERSION])
    assert (await api.wait(gated)).verdict.content is None
    assert api.requests == ["status"]


async def test_a_session_that_still_runs_has_no_content() -> None:
    api = Api([{"status": "RUNNING"}], [SCENARIOS], [VERSION])
    assert (await api.read(PINNED)).verdict.content is None
    assert api.requests == ["status"]


@pytest.mark.parametrize("way", ["wait", "read", "last_run"])
async def test_an_edit_while_it_was_tested_is_told(way: str) -> None:
    api = Api([PASSED], [SCENARIOS], [EDITED])
    found = await getattr(api, way)(replace(PINNED, started_content=digest_of(VERSION)))
    verdict = found if way == "last_run" else found.verdict
    assert verdict.outcome == "incomplete"
    assert "version 6 was edited while it was tested" in verdict.reason
    assert way == "last_run" or found.cause == "edited"


@pytest.mark.parametrize("known", ["started_content", "promoted", "known"])
@pytest.mark.parametrize("answer", [403, 404, {}])
async def test_a_version_that_was_shown_before_must_be_shown_again(known: str, answer: Any) -> None:
    promoted = PromotedVersion(content=Digests.of(digest_of(VERSION)))
    values: dict[str, Any] = {
        "started_content": digest_of(VERSION),
        "promoted": promoted,
        "known": Known(was_shown=True),
    }
    gated = replace(PINNED, **{known: values[known]})
    for way in ("wait", "read"):
        result = await getattr(Api([PASSED], [SCENARIOS], [answer]), way)(gated)
        assert (result.verdict.outcome, result.cause) == ("incomplete", "content_unreadable")
        assert result.verdict.reason.endswith("the API does not show it, but has shown it before")
    with pytest.raises(ApiError, match="has shown it before"):  # which is no reason to run again
        await Api([PASSED], [SCENARIOS], [answer]).last_run(gated)
    failed = await Api([FAILED], [SCENARIOS], [answer]).read(gated)
    assert (failed.verdict.outcome, failed.verdict.content) == ("failed", None)
    never = await Api([PASSED], [SCENARIOS], [answer]).read(PINNED)
    assert (never.verdict.outcome, never.verdict.content) == ("passed", None)


async def test_the_wait_outlasts_an_outage_of_the_versions() -> None:
    api = Api([PASSED], [SCENARIOS], [*([503] * 20), VERSION])
    result = await api.wait(PINNED)
    assert (result.verdict.outcome, result.verdict.content) == ("passed", digest_of(VERSION))


async def test_a_version_that_stays_unreadable_is_no_pass() -> None:
    api = Api([PASSED], [SCENARIOS], [503])
    result = await api.wait(PINNED)
    assert (result.verdict.outcome, result.cause) == ("incomplete", "content_unreadable")
    assert result.verdict.reason.startswith("version 6 could not be read: ")
    assert 300 <= api.time.seconds <= 320
    failed = await Api([FAILED], [SCENARIOS], [401]).read(PINNED)
    assert (failed.verdict.outcome, failed.cause, failed.verdict.content) == ("failed", None, None)


async def test_a_failed_read_is_no_reason_to_run_again() -> None:
    with pytest.raises(ApiError):
        await Api([PASSED], [SCENARIOS], [401]).last_run(replace(PINNED, started_content=digest_of(VERSION)))


async def test_the_last_run_reads_no_version_that_cannot_matter() -> None:
    api = Api([PASSED], [SCENARIOS], [VERSION])
    assert (await api.last_run(PINNED)).outcome == "passed"
    assert api.requests == ["status"]


async def test_an_api_without_versions_leaves_the_content_unknown() -> None:
    api = Api([PASSED], [SCENARIOS], [404])
    result = await api.wait(PINNED)
    assert (result.verdict.outcome, result.verdict.content, result.cause) == ("passed", None, None)
    assert api.requests == ["status", "version"]


@pytest.mark.parametrize(
    ("later", "drift"),
    [
        (VERSION, None),
        (404, None),
        (EDITED, f"version 6 was edited since it was tested: it was {digest_of(VERSION)[:19]}"),
        (401, "could not check for edits since: version 6 of pathway"),
    ],
)
async def test_what_became_of_a_version_is_read_on_request(later: Any, drift: str | None) -> None:
    api = Api([PASSED], [SCENARIOS], [VERSION, later])
    async with client_of(api.handle) as client:
        found = await KIND.with_drift(client, await read_result(client, PINNED))
    assert found.verdict.content == digest_of(VERSION)
    assert found.drift == drift or (drift is not None and (found.drift or "").startswith(drift))


async def test_without_a_content_there_is_no_drift_to_read() -> None:
    api = Api([PASSED], [SCENARIOS], [VERSION])
    async with client_of(api.handle) as client:
        assert (await KIND.with_drift(client, await read_result(client, ALL))).drift is None
    assert api.requests == ["status"]


REPAIRED = {**PASSED, "forked_version": 7}


async def test_what_a_session_changed_is_read_on_request() -> None:
    api = Api([REPAIRED], [SCENARIOS], [EDITED, VERSION, EDITED])
    async with client_of(api.handle) as client:
        changes = (await KIND.with_changes(client, await read_result(client, PINNED))).changes
    assert changes is not None
    assert (changes.before.label, changes.after.label) == ("version 6", "version 7")
    assert [part.fields[0].lines for part in changes.parts] == [("- hi", "+ ho")]


async def test_the_content_of_a_fork_that_the_verdict_is_not_for_is_read_too() -> None:
    gated = replace(PINNED, gate=Gate("promotion", "refuse"))
    iterations = [
        {"iteration": 1, "passed_ids": ["sc-1"], "failed_ids": ["sc-2"]},
        {"iteration": 2, "passed_ids": ["sc-1", "sc-2"], "failed_ids": []},
    ]
    status = {**REPAIRED, "total_scenarios": 2, "passed_scenarios": 2, "iterations": iterations}
    required = [{"id": "sc-1", "is_required_for_promotion": True}, {"id": "sc-2"}]
    verdict = (await Api([status], [required], [VERSION, EDITED]).wait(gated)).verdict
    assert (verdict.outcome, verdict.version, verdict.forked_version) == ("passed", 6, 7)
    assert (verdict.content, verdict.forked_content) == (digest_of(VERSION), digest_of(EDITED))


@pytest.mark.parametrize(
    ("status", "gated", "versions"),
    [
        (PASSED, PINNED, [VERSION]),
        (REPAIRED, ALL, [VERSION]),
        (REPAIRED, PINNED, [VERSION, 404]),
        (REPAIRED, PINNED, [VERSION, VERSION, 404]),
        (REPAIRED, PINNED, [VERSION, 401]),
    ],
)
async def test_changes_that_cannot_be_read_are_left_out(status: Any, gated: GatedRun, versions: list[Any]) -> None:
    api = Api([status], [SCENARIOS], versions)
    async with client_of(api.handle) as client:
        found = await KIND.with_changes(client, await read_result(client, gated))
    assert (found.verdict.outcome, found.changes) == ("passed", None)


@pytest.mark.parametrize(
    ("answer", "outcome", "said"),
    [
        (VERSION, "passed", "1 of 1 scenario passed"),
        ({**VERSION, "nodes": [{"id": "other"}]}, "incomplete", "the live version was edited while it was tested: sha"),
        (404, "incomplete", "the live version could not be read: the live version of pathway"),
    ],
    ids=["same", "edited", "not shown"],
)
async def test_without_a_version_the_live_one_is_read_at_the_end(answer: Any, outcome: str, said: str) -> None:
    result = await Api([PASSED], [SCENARIOS], [answer]).wait(replace(ALL, started_content=digest_of(VERSION)))
    assert (result.verdict.outcome, result.verdict.version) == (outcome, None)
    assert said in result.verdict.reason


async def test_a_fork_without_a_number_is_not_taken_for_the_live_version() -> None:
    api = Api([{**PASSED, "forked_version": "x"}], [SCENARIOS], [VERSION])
    result = await api.wait(replace(ALL, started_content=digest_of(VERSION)))
    assert (result.verdict.content, "version" in api.requests) == (None, False)
