"""Check runs and checks: against the sandbox in both forms, and against responses that are none of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.agents import FORMS, Bench, answering, bench
from tests.support.api import KEY, client_of
from tests.support.payloads import commands, shows
from tornado_resource.bland.agents import list_versions
from tornado_resource.bland.check_runs import (
    CHECK_RUNS_LIMIT,
    IN_FLIGHT,
    MAX_JUDGES,
    STATUSES,
    CheckRun,
    Checks,
    ConfiguredJudge,
    JudgeVerdict,
    cancel_check_run,
    delete_checks,
    list_check_runs,
    put_checks,
    read_check_run,
    read_checks,
    start_check_run,
)
from tornado_resource.bland.responses import run_fault
from tornado_resource.errors import Conflict, ForeignResponse, NotFound, OutcomeUnknown, Rejected, ReportedError
from tornado_resource.sandbox.agents_described import CHECK_RUN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tornado_resource.bland.client import Client

SCRIPT = """\
pathways: {}
judges: {tone: {name: Tone, levels: [rude, friendly]}}
agents:
  a-1:
    versions: [{name: First, semver: 1.0.0}]
    scenarios: [{id: tc-1, name: Refunds}, {id: tc-2}]
    checks: {staging: {judges: [resolved, {judge: tone, required: false}], simulations_count: 5}}
    runs:
      - {rates: {resolved: 0.4, tone: null}}
      - {ends_as: ERROR, run_ms: 0, error_message: The judges are down}
      - {ends_as: REBALANCING}
"""
RUN = {
    "id": "r-1",
    "agent_id": "a-1",
    "env_type": "staging",
    "agent_version_id": "v-1",
    "status": "PASSED",
    "created_at": "2026-04-14T10:00:00.000Z",
}
CHECKS = {"agent_id": "a-1", "env_type": "staging", "scenario_ids": ["tc-1"], "evals": [{"eval_agent_id": "j"}]}
WANTED = Checks(
    ("tc-1",), (ConfiguredJudge("j", "v", None, True),), is_enabled=True, simulations_count=5, updated_at=None
)
READS: dict[str, Callable[[Client], Awaitable[Any]]] = {
    "start": lambda client: start_check_run(client, "a-1", "staging", "v-1"),
    "read": lambda client: read_check_run(client, "a-1", "r-1"),
    "list": lambda client: list_check_runs(client, "a-1", "staging"),
    "checks": lambda client: read_checks(client, "a-1", "staging"),
    "put": lambda client: put_checks(client, "a-1", "staging", WANTED),
}


@pytest.fixture(params=FORMS)
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(SCRIPT, tmp_path / "s.yaml", request.param) as api:
        yield api


async def version_of(api: Bench) -> str:
    return (await list_versions(api.client, "a-1")).versions[0].version_id


async def test_a_run_is_started_read_listed_and_judged(api: Bench) -> None:
    version_id = await version_of(api)
    started = await start_check_run(api.client, "a-1", "staging", version_id)
    assert (started.status, started.is_running, started.is_final) == ("PENDING", True, False)
    assert (started.version_id, started.semver, started.version_name) == (version_id, "1.0.0", "First")
    assert (started.judge_names, started.scenario_count, started.simulations_count) == (("resolved", "Tone"), 2, 5)
    listed = await list_check_runs(api.client, "a-1", "staging")
    assert (listed.runs, listed.is_whole, listed.is_readable) == ((started,), True, True)
    ended = await api.finish(started)
    assert (ended.status, ended.overall_passed, ended.is_final) == ("FAILED", False, True)
    resolved, tone = ended.verdicts
    assert (resolved.name, resolved.is_required, resolved.match_rate, resolved.has_passed) == (
        "resolved",
        True,
        0.4,
        False,
    )
    assert (tone.is_required, tone.match_rate, tone.target_level_keys) == (False, None, ("friendly",))
    assert ended.created_at == started.created_at
    assert (await list_check_runs(api.client, "a-1", "production")).runs == ()


async def test_a_second_run_is_a_conflict_until_the_first_has_ended(api: Bench) -> None:
    version_id = await version_of(api)
    first = await start_check_run(api.client, "a-1", "staging", version_id)
    with pytest.raises(Conflict):
        await start_check_run(api.client, "a-1", "staging", version_id)
    cancelled = await cancel_check_run(api.client, "a-1", first.run_id)
    assert cancelled is not None
    assert cancelled.status == "CANCELLED"
    with pytest.raises(Conflict):
        await cancel_check_run(api.client, "a-1", first.run_id)
    failed = await start_check_run(api.client, "a-1", "staging", version_id)
    assert (failed.status, failed.error_message, failed.is_final) == ("ERROR", "The judges are down", True)
    unknown = await api.finish(await start_check_run(api.client, "a-1", "staging", version_id))
    assert (unknown.status, unknown.is_running, unknown.is_final) == ("REBALANCING", False, False)
    assert [run.run_id for run in (await list_check_runs(api.client, "a-1", "staging")).runs] == [
        unknown.run_id,
        failed.run_id,
        first.run_id,
    ]


async def test_checks_are_read_or_none(api: Bench) -> None:
    checks = await read_checks(api.client, "a-1", "staging")
    assert checks is not None
    assert checks.scenario_ids == ("tc-1", "tc-2")
    assert [(each.judge_id, each.name, each.is_required) for each in checks.judges] == [
        ("resolved", "resolved", True),
        ("tone", "Tone", False),
    ]
    assert (checks.is_enabled, checks.simulations_count, checks.conversations) == (True, 5, 10)
    assert await read_checks(api.client, "a-1", "production") is None
    with pytest.raises(NotFound):
        await read_checks(api.client, "a-9", "staging")


async def test_checks_are_replaced_as_a_whole_and_deleted(api: Bench) -> None:
    checks = await read_checks(api.client, "a-1", "staging")
    assert checks is not None
    wanted = replace(checks, scenario_ids=("tc-2",), judges=checks.judges[1:], simulations_count=7)
    stored = await put_checks(api.client, "a-1", "production", wanted)
    assert replace(stored, updated_at=None) == replace(wanted, updated_at=None)
    assert await read_checks(api.client, "a-1", "production") == stored
    assert await read_checks(api.client, "a-1", "staging") == checks
    for _ in range(2):
        await delete_checks(api.client, "a-1", "production")
        assert await read_checks(api.client, "a-1", "production") is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"scenario_ids": ("tc-1", "tc-9")}, "Scenario tc-9 is not one of this agent"),
        ({"scenario_ids": ()}, "scenario_ids"),
        ({"simulations_count": 11}, "at most 10"),
        ({"judges": ()}, "evals"),
        ({"judges": (ConfiguredJudge("resolved", "v-9", None, True),)}, "resolved"),
        ({"judges": (ConfiguredJudge("resolved", None, None, True),)}, "eval_agent_version_id"),
    ],
    ids=str,
)
async def test_checks_that_could_not_run_are_refused(api: Bench, change: dict[str, Any], told: str) -> None:
    checks = await read_checks(api.client, "a-1", "staging")
    assert checks is not None
    with pytest.raises(Rejected, match=rf"^change of the checks of agent a-1 in staging: HTTP 400.*{told}"):
        await put_checks(api.client, "a-1", "staging", replace(checks, **change))
    assert await read_checks(api.client, "a-1", "staging") == checks


@pytest.mark.parametrize("body", ["", "null", "{}", '{"deleted": "yes"}', '{"data": null, "errors": [{"error": "E"}]}'])
async def test_a_change_that_shows_nothing_is_unknown(body: str) -> None:
    for call in (
        put_checks(answering(body), "a-1", "staging", WANTED),
        delete_checks(answering(body), "a-1", "staging"),
    ):
        with pytest.raises(OutcomeUnknown):
            await call


async def test_a_start_without_checks_is_refused(api: Bench) -> None:
    with pytest.raises(Rejected, match=r"start of a check run of agent a-1 in production: HTTP 400") as caught:
        await start_check_run(api.client, "a-1", "production", await version_of(api))
    assert (caught.value.status_code, caught.value.code) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("error", [httpx.ReadError("reset"), httpx.ReadTimeout("slow"), httpx.Response(503, text="")])
async def test_a_start_is_sent_once(error: Any) -> None:
    sent: list[bytes] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        if isinstance(error, Exception):
            raise error
        return httpx.Response(error.status_code)

    with pytest.raises((OutcomeUnknown, Rejected)):
        await start_check_run(client_of(respond), "a-1", "staging", "v-1")
    assert sent == [b'{"version_id":"v-1"}']


def test_a_run_reads_every_documented_field() -> None:
    """A field that the description has and the client does not know is a field that was forgotten."""
    known = dict.fromkeys(CHECK_RUN["properties"]) | RUN
    asked: set[str] = set()

    class Recorder(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.add(key)
            return super().get(key, default)

        def __getitem__(self, key: str) -> Any:
            asked.add(key)
            return super().__getitem__(key)

    assert CheckRun.parse(Recorder(known)) is not None
    assert asked == set(CHECK_RUN["properties"])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": None}, "the response has no id"),
        ({"id": 5}, "the response has no id"),
        ({"id": "../x"}, r"the id of the response is `\.\./x` \(expected 1 to 128 letters"),
        ({"id": "x" * 129}, "the id of the response is"),
        ({"status": None}, "the response has no status"),
        ({"status": ["PASSED"]}, "the response has no status"),
        ({"status": ""}, "the response has no status"),
        ({"status": "\x1b"}, r"the status of the response is `\\x1b`"),
        ({"created_at": "now\n"}, r"the created_at of the response is"),
    ],
    ids=str,
)
async def test_a_run_that_cannot_be_recorded_is_unknown(change: dict[str, Any], fault: str) -> None:
    for body in (RUN | change, {"data": RUN | change, "errors": None}):
        for read in ("start", "read"):
            with pytest.raises(OutcomeUnknown, match=fault):
                await READS[read](answering(body, 202))
        listed = await list_check_runs(answering({"data": [RUN, RUN | change], "errors": None}), "a-1", "staging")
        assert (len(listed.runs), listed.is_whole, listed.is_readable) == (1, False, False)


async def test_a_started_run_is_recorded_in_spite_of_an_error_beside_it() -> None:
    body = {"data": RUN, "errors": [{"error": "SLOW", "message": "later"}]}
    assert (await start_check_run(answering(body, 202), "a-1", "staging", "v-1")).run_id == "r-1"
    with pytest.raises(ReportedError, match="later"):
        await start_check_run(answering({**body, "data": None}, 202), "a-1", "staging", "v-1")


@pytest.mark.parametrize(
    ("read", "change"),
    [
        ("start", {"agent_id": "a-2"}),
        ("start", {"env_type": "production"}),
        ("read", {"id": "r-2"}),
        ("read", {"agent_id": "a-2"}),
        ("checks", {"agent_id": "a-2"}),
        ("checks", {"env_type": "production"}),
    ],
)
async def test_a_response_about_something_else_is_foreign(read: str, change: dict[str, Any]) -> None:
    content = (CHECKS if read == "checks" else RUN) | change
    with pytest.raises(ForeignResponse, match="the response is about another"):
        await READS[read](answering({"data": content, "errors": None}))


async def test_runs_of_another_environment_or_agent_are_not_listed() -> None:
    foreign = [RUN | {"id": "r-2", "env_type": "production"}, RUN | {"id": "r-3", "agent_id": "a-2"}]
    listed = await list_check_runs(answering([*foreign, RUN, {"id": "r-4", "status": "RUNNING"}]), "a-1", "staging")
    assert [run.run_id for run in listed.runs] == ["r-1", "r-4"]
    assert listed.is_whole


@pytest.mark.parametrize(
    ("listed", "is_whole"),
    [([], True), ([RUN] * (CHECK_RUNS_LIMIT - 1), True), ([RUN] * CHECK_RUNS_LIMIT, False), ([5, RUN], False)],
)
async def test_a_full_or_unreadable_list_may_lack_runs(listed: list[Any], is_whole: bool) -> None:  # noqa: FBT001
    client = answering({"data": listed, "errors": None}, date="Tue, 14 Apr 2026 10:05:00 GMT")
    found = await list_check_runs(client, "a-1", "staging")
    assert found.is_whole is is_whole
    cut = answering({"data": listed, "errors": None, "next_cursor": "r-9"})
    assert (await list_check_runs(cut, "a-1", "staging")).is_whole is False
    assert found.responded_at == datetime(2026, 4, 14, 10, 0, tzinfo=UTC) + timedelta(minutes=5)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("content", [{}, '"x"', 5, {"data": {}}, {"id": None}, {"runs": []}, True], ids=str)
async def test_a_response_of_another_shape_is_unknown(read: str, content: Any) -> None:
    for body in (content, {"data": content, "errors": None}, {"data": content, "errors": [{"error": "E"}]}):
        with pytest.raises(OutcomeUnknown):
            await READS[read](answering(body))


async def test_only_null_means_that_there_are_no_checks() -> None:
    for body in ("null", '{"data": null, "errors": null}', '{"data": null}'):
        assert await read_checks(answering(body), "a-1", "staging") is None
    for body in ("", "{}", "[]", '{"data": null, "errors": [{"error": "E"}]}'):
        with pytest.raises(OutcomeUnknown):
            await read_checks(answering(body), "a-1", "staging")


@pytest.mark.parametrize(
    "change",
    [
        {"scenario_ids": None},
        {"scenario_ids": "tc-1"},
        {"scenario_ids": [5]},
        {"scenario_ids": ["\x1b"]},
        {"evals": None},
        {"evals": {}},
        {"evals": [None]},
        {"evals": [{"eval_agent_id": None}]},
    ],
    ids=str,
)
def test_checks_that_hide_a_scenario_or_judge_are_none(change: dict[str, Any]) -> None:
    assert Checks.parse(CHECKS) is not None
    assert Checks.parse(CHECKS | change) is None


def test_checks_with_unreadable_numbers_keep_what_is_readable() -> None:
    checks = Checks.parse(CHECKS | {"simulations_count": True, "enabled": "yes"})
    assert checks is not None
    assert (checks.conversations, checks.is_enabled) == (None, None)
    assert checks.judges[0].is_required is None


@pytest.mark.parametrize("entry", [None, 5, "x", [], {}, {"match_rate": "0.9", "passed": None, "required": 2}], ids=str)
def test_an_unreadable_verdict_is_one_without_values(entry: Any) -> None:
    run = CheckRun.parse(RUN | {"verdicts": [entry]})
    assert run is not None
    assert run.verdicts == (JudgeVerdict(None, None, None, None, None, None),)


@pytest.mark.parametrize("rate", [-0.1, 1.1, 90, True, "1", None, 1e308])
def test_a_rate_that_is_none_is_not_taken(rate: Any) -> None:
    assert JudgeVerdict.parse({"match_rate": rate}).match_rate is None


@pytest.mark.parametrize("rate", ["NaN", "Infinity", "9" * 400, "1e999"])
async def test_a_huge_rate_is_not_taken(rate: str) -> None:
    text = json.dumps(RUN | {"verdicts": [{"match_rate": 7}]}).replace("7}", f"{rate}}}")
    run = await read_check_run(answering(text), "a-1", "r-1")
    assert run.verdicts[0].match_rate is None


@pytest.mark.parametrize(
    ("change", "has_omissions"),
    [
        ({}, False),
        ({"verdicts": None, "judge_names": None}, False),
        ({"verdicts": [{}] * MAX_JUDGES}, False),
        ({"verdicts": [{}] * (MAX_JUDGES + 1)}, True),
        ({"judge_names": ["j"] * (MAX_JUDGES + 1)}, True),
        ({"verdicts": {"resolved": 1}}, True),
        ({"judge_names": "resolved"}, True),
    ],
)
def test_what_is_left_out_of_a_run_is_said(change: dict[str, Any], has_omissions: bool) -> None:  # noqa: FBT001
    run = CheckRun.parse(RUN | change)
    assert run is not None
    assert run.has_omissions is has_omissions
    assert len(run.verdicts) <= MAX_JUDGES


@pytest.mark.parametrize("body", ["", "{}", "null", '{"cancelled": true}', json.dumps(RUN | {"id": "r-2"})])
async def test_a_cancel_that_does_not_show_the_run_counts(body: str) -> None:
    assert await cancel_check_run(answering(body), "a-1", "r-1") is None


@given(
    st.dictionaries(
        st.sampled_from(sorted(CHECK_RUN["properties"])),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=8,
        ),
    )
)
def test_any_content_is_a_clean_run_or_none(content: dict[str, Any]) -> None:
    for run in (CheckRun.parse(content), CheckRun.parse(content | {"id": "r-1", "status": "PASSED"})):
        if run is not None:
            said = repr(run)
            assert not shows(said)
            assert not commands(said)
            assert run.is_running is (run.status in IN_FLIGHT)


async def test_the_key_is_not_in_what_was_read() -> None:
    body = RUN | {"error_message": f"bad key {KEY}", "judge_names": [KEY], "version_name": KEY.upper()}
    run = await read_check_run(answering(body), "a-1", "r-1")
    assert KEY.lower() not in repr(run).lower()


def test_every_final_status_has_a_meaning() -> None:
    described = set(CHECK_RUN["properties"]["status"]["enum"])
    assert described == set(STATUSES) | set(IN_FLIGHT)
    for status, meaning in STATUSES.items():
        assert bool(meaning.failure) is bool(meaning.advice) is (status not in {"PASSED", "FAILED"})
        assert meaning.says_nothing is (status == "ERROR")


def test_the_fault_of_what_is_no_object_is_said() -> None:
    assert run_fault([], "check run") == "the response shows no check run"
