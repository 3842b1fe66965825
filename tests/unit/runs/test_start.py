from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.api import FakeTime, client_of, json_response
from tests.support.orders import ADDRESS, CANNOT_START, LOST, REFUSED, RESET, order, run
from tests.support.sandbox_api import SessionApi
from tests.support.soak import each_once
from tornado_resource.errors import NotSent, OutcomeUnknown, Rejected, TornadoError
from tornado_resource.runs import commands
from tornado_resource.runs.adopt import adopt
from tornado_resource.runs.conflict import PlaceTaken
from tornado_resource.runs.order import StartedRun
from tornado_resource.runs.recovery import OLDER
from tornado_resource.runs.start_machine import MAX_SENDS

NO_ID = json_response({"status": "RUNNING"})
HALF = httpx.Response(200, text='{"session_id": "s-')
UNUSABLE_IDS = ["../../x", "x" * 10_240, "a\x00b", "a?b=c", "a\n::error::x", "..", "", 7]
UNUSABLE = [json_response({"session_id": each, "status": "RUNNING"}) for each in UNUSABLE_IDS]
UNUSABLE_TIME = json_response({"session_id": "s-1", "created_at": "\x1b[2J", "status": "RUNNING"})


SHOWN = {"max_iterations": 5, "timeout_ms": 900000}


async def test_a_start_is_one_post_and_nothing_else() -> None:
    api = SessionApi()
    session = await run(api)
    assert api.calls == ["POST start"]
    assert session == StartedRun("s-1", "2026-04-14T10:00:00.000Z", "RUNNING", shown=SHOWN)


ON_CONFLICT = ["fail", "adopt", "wait", "supersede"]
MAY_START = [*LOST, NO_ID, HALF, *UNUSABLE, UNUSABLE_TIME]


@pytest.mark.parametrize("fault", [*CANNOT_START, *MAY_START], ids=str)
@pytest.mark.parametrize("times", [1, 2])
async def test_a_start_without_effect_is_sent_again(fault: Any, times: int) -> None:
    api = SessionApi(faults=[(fault, False)] * times)
    session = await run(api)
    assert (session.run_id, api.effective_starts) == ("s-1", 1)


@pytest.mark.parametrize(
    ("fault", "on_conflict", "sends_date", "lost_before"), each_once(MAY_START, ON_CONFLICT, [True, False], [0, 1])
)
async def test_a_start_that_took_effect_is_found_and_not_sent_again(
    fault: Any,
    on_conflict: Any,
    sends_date: bool,  # noqa: FBT001
    lost_before: int,
) -> None:
    """The session is ours whatever `on_conflict` says, even if an earlier send was lost without effect."""
    api = SessionApi(faults=[(fault, False)] * lost_before + [(fault, True)], sends_date=sends_date)
    session = await run(api, order(on_conflict))
    assert (session.run_id, session.adopted, api.effective_starts) == ("s-1", False, 1)
    assert session.created_at is not None
    assert "POST s-1/cancel" not in api.calls


@pytest.mark.parametrize(
    ("fault", "on_conflict", "form", "lost_before"), each_once(MAY_START, ON_CONFLICT, ["April", "September"], [0, 1])
)
async def test_a_start_whose_session_ended_before_the_look_is_not_sent_again(
    fault: Any, on_conflict: Any, form: str, lost_before: int
) -> None:
    """The runs of the pathway show it: no id, but that it took effect. Another update sends nothing either."""
    faults = [(fault, False)] * lost_before + [(fault, True)]
    shown: dict[str, Any] = {"is_wrapped": True, "id_key": "id"} if form == "September" else {}
    api = SessionApi(faults=faults, begins="COMPLETED_ALL_PASSED", **shown)
    for _ in range(2):
        with pytest.raises(TornadoError, match="took effect, although its response was lost") as caught:
            await run(api, order(on_conflict))
        assert (api.effective_starts, len(api.sessions)) == (1, 1)
        assert str(api.intents.file(ADDRESS)) in str(caught.value)
        assert commands.adopt("dev", "support-line", "SESSION_ID") in str(caught.value)
        api.time.seconds += 3600
    api.intents.clear(ADDRESS)
    assert (await run(api, order(on_conflict))).run_id == "s-2"


@pytest.mark.parametrize("late", [0.5, 5])
async def test_a_session_whose_runs_are_shown_before_it_is_recorded(late: float) -> None:
    """The API may show the session itself later than its work."""
    api = SessionApi(faults=[(RESET, True)], active_late=late)
    assert (await run(api)).run_id == "s-1"
    assert api.effective_starts == 1


@pytest.mark.parametrize("skew", [-3600, 3600])
async def test_runs_of_before_the_start_say_nothing_of_it(skew: float) -> None:
    api = SessionApi(FakeTime(skew=skew), faults=[(RESET, False)])
    api.add(age=60).status = "COMPLETED_PARTIAL"
    assert (await run(api)).run_id == "s-2"


def one(**run: Any) -> dict[str, Any]:
    return {"id": "r-1", "trigger_source": "tornado", "created_at": "2026-04-14T10:00:00Z", **run}


EPOCH_SECONDS = 1776160800
LISTS = [
    [one()],
    {"runs": [one()]},
    {"data": [one()], "errors": None},
    {"data": {"runs": [one()], "total_count": 1}, "errors": None},
    *({"runs": [one(created_at=time)]} for time in (EPOCH_SECONDS, EPOCH_SECONDS * 1000, f"{EPOCH_SECONDS}")),
    {"runs": [one(created_at=None, started_at="2026-04-14T10:00:01Z")]},
    {"runs": [one(trigger_source="TORNADO")]},
    {"runs": [one(created_at=None), one()]},
    {"runs": [one(created_at="2026-04-14T08:00:00Z"), one(created_at="2026-04-14T09:00:00Z"), one()]},
]
"""Of a session that has ended. The last one has the oldest run first."""


@pytest.mark.parametrize("on_conflict", ["fail", "supersede"])
@pytest.mark.parametrize("body", LISTS, ids=str)
async def test_the_runs_of_a_session_that_has_ended_are_read_in_every_form(body: Any, on_conflict: Any) -> None:
    api = SessionApi(faults=[(RESET, True)], begins="COMPLETED_ALL_PASSED", runs=json_response(body))
    for _ in range(2):
        with pytest.raises(TornadoError, match="took effect, although its response was lost"):
            await run(api, order(on_conflict))
    assert (api.calls.count("POST start"), api.intents.find(ADDRESS) is not None) == (1, True)


UNREADABLE_LISTS = [
    *(json_response({"error": "no"}, code) for code in (400, 401, 402, 422, 501)),
    *map(json_response, ({}, None, {"runs": None}, {"runs": {}}, {"data": {"scenarios": []}})),
    json_response({"data": None, "errors": [{"error": "INTERNAL", "message": "x"}]}),
    json_response({"data": [], "errors": [{"error": "INTERNAL", "message": "x"}]}),
    json_response({"runs": [], "status": "error"}),
]
DOUBTFUL_LISTS = [
    *(json_response({"runs": [one(created_at=time)]}) for time in (None, "soon", 0, True)),
    *(json_response({"runs": [one(trigger_source=source)]}) for source in (None, 7)),
    json_response({"runs": [5]}),
]


def body_of(response: httpx.Response) -> str:
    return f"{response.status_code} {response.text}"


@pytest.mark.parametrize("on_conflict", ["fail", "supersede"])
@pytest.mark.parametrize("runs", [*UNREADABLE_LISTS, *DOUBTFUL_LISTS], ids=body_of)
async def test_a_list_of_runs_that_leaves_a_doubt_sends_nothing_again(runs: httpx.Response, on_conflict: Any) -> None:
    """Neither does the next update, which says what to do if nothing has taken effect."""
    api = SessionApi(faults=[(RESET, True)], begins="COMPLETED_ALL_PASSED", runs=runs)
    with pytest.raises(TornadoError, match=r"could not determine whether a session was started|may have taken effect"):
        await run(api, order(on_conflict))
    with pytest.raises(TornadoError, match="whose response was lost, may have taken effect") as caught:
        await run(api, order(on_conflict))
    assert (api.calls.count("POST start"), "POST s-1/cancel" in api.calls) == (1, False)
    assert str(api.intents.file(ADDRESS)) in str(caught.value)
    assert commands.adopt("dev", "support-line", "SESSION_ID") in str(caught.value)
    api.intents.clear(ADDRESS)
    assert (await run(api, order(on_conflict))).run_id == "s-2"


async def test_unknown_runs_say_nothing_of_a_start_that_was_turned_away() -> None:
    api = SessionApi(faults=[(json_response({}, 429), False)], runs=DOUBTFUL_LISTS[0])
    assert (await run(api)).run_id == "s-1"


async def test_unknown_runs_say_nothing_where_an_older_session_is_active() -> None:
    api = SessionApi(FakeTime(seconds=100), faults=[(RESET, False)], runs=DOUBTFUL_LISTS[0])
    api.add(age=30, max_iterations=5)
    with pytest.raises(PlaceTaken):
        await run(api)


async def test_runs_before_the_start_that_have_no_time_leave_no_doubt() -> None:
    """The list has the newest first, so those behind an older one are older still."""
    older = [one(created_at=f"2026-04-14T09:0{minute}:00Z") for minute in (2, 1)]
    api = SessionApi(faults=[(RESET, False)], runs=json_response({"runs": [*older, one(created_at=None)]}))
    assert (await run(api)).run_id == "s-1"


OTHER_RUNS = [
    json_response({"message": "no such route"}, 404),
    json_response({"message": "not for you"}, 403),
    *map(json_response, ([], {"runs": []}, {"data": [], "errors": None}, {"data": {"runs": []}})),
    json_response({"runs": [one(trigger_source="manual"), one(trigger_source="API", created_at=None)]}),
    json_response({"runs": [one(created_at="2026-04-14T10:11:00Z"), one(created_at="2026-04-14T09:59:00Z")]}),
]


@pytest.mark.parametrize("runs", OTHER_RUNS)
async def test_an_api_that_shows_no_runs_of_sessions_gets_the_start_again(runs: httpx.Response) -> None:
    api = SessionApi(faults=[(RESET, False)], runs=runs)
    assert (await run(api)).run_id == "s-1"
    assert api.effective_starts == 1


@pytest.mark.parametrize("runs", [json_response({}, 500), RESET, httpx.Response(200, text="<html>")])
async def test_an_outage_of_the_runs_sends_nothing_again(runs: Any) -> None:
    api = SessionApi(faults=[(RESET, True)], begins="COMPLETED_ALL_PASSED", runs=runs)
    with pytest.raises(OutcomeUnknown, match="could not determine whether a session was started"):
        await run(api)
    assert api.effective_starts == 1
    assert api.intents.find(ADDRESS) is not None


async def test_the_clock_of_the_api_decides_when_ours_is_an_hour_off() -> None:
    api = SessionApi(FakeTime(skew=3600), faults=[(RESET, True)])
    assert (await run(api)).run_id == "s-1"


@pytest.mark.parametrize("code", [520, 522, 524, 529])
async def test_an_outage_of_active_sends_nothing_again(code: int) -> None:
    """The start took effect; whether it did is unknown until *active* responds."""
    api = SessionApi(faults=[(json_response({}, code), True)], read_faults=[json_response({}, code)] * 4)
    assert (await run(api)).run_id == "s-1"
    api = SessionApi(faults=[(json_response({}, code), True)], read_faults=[json_response({}, code)] * 99)
    with pytest.raises(OutcomeUnknown, match="could not determine whether a session was started"):
        await run(api)
    assert (api.calls.count("POST start"), api.effective_starts) == (1, 1)
    assert api.intents.find(ADDRESS) is not None


@pytest.mark.parametrize("age", [32, 60])
async def test_an_older_foreign_session_is_not_ours(age: float) -> None:
    api = SessionApi(FakeTime(seconds=100), faults=[(RESET, False)])
    api.add(age=age, max_iterations=5)
    with pytest.raises(TornadoError, match="session s-1 is already active on pathway pw-1"):
        await run(api)
    assert "GET runs" not in api.calls, "it has held the place ever since"


@pytest.mark.parametrize("on_conflict", ON_CONFLICT)
@pytest.mark.parametrize("age", [4, 30])
async def test_a_session_that_is_slightly_older_may_be_ours(age: float, on_conflict: Any) -> None:
    """The clocks of the API's servers may differ. To wait for it or cancel it could be a second start."""
    runs = json_response({"runs": []})
    api = SessionApi(FakeTime(seconds=100), faults=[(RESET, False)], runs=runs)
    other = api.add(age=age, max_iterations=5)
    for _ in range(2):
        with pytest.raises(PlaceTaken) as caught:
            await run(api, order(on_conflict))
        assert f"may have created it, since the response was lost or an error, but that is not sure: {OLDER}." in str(
            caught.value
        )
        assert commands.adopt("dev", "support-line", "s-1") in str(caught.value)
    assert (api.calls.count("POST start"), other.status) == (1, "RUNNING")
    other.status = "COMPLETED_PARTIAL"
    assert (await run(api, order(on_conflict))).run_id == "s-2"


@pytest.mark.parametrize("code", [409, 429])
async def test_a_session_that_is_slightly_older_is_foreign_after_a_refusal(code: int) -> None:
    api = SessionApi(FakeTime(seconds=100), faults=[(json_response({}, code), False)])
    other = api.add(age=4, max_iterations=5)
    assert (await run(api, order("supersede"))).run_id == "s-2"
    assert other.status == "CANCELLED"


async def test_a_later_foreign_session_that_differs_is_not_ours() -> None:
    api = SessionApi(FakeTime(seconds=100), faults=[(RESET, False)])
    api.add(age=-1, max_iterations=5, persona_id="pe-2")
    with pytest.raises(PlaceTaken) as caught:
        await run(api, order(persona_id="pe-1"))
    assert "may be this stack's own session" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422])
async def test_a_rejected_start_is_not_sent_again(status: int) -> None:
    api = SessionApi(faults=[(json_response({"error": "no"}, status), False)])
    with pytest.raises(Rejected, match=f"HTTP {status}: no"):
        await run(api)
    assert api.calls == ["POST start"]


@pytest.mark.parametrize("code", [401, 403, 404, 407, 451])
async def test_a_start_that_a_firewall_answers_is_looked_for_and_not_sent_again(code: int) -> None:
    """It may have blocked the response, not the request."""
    api = SessionApi(faults=[(httpx.Response(code, text="<html>"), True)])
    assert (await run(api)).run_id == "s-1"
    api = SessionApi(faults=[(httpx.Response(code, text="<html>"), False)])
    with pytest.raises(Rejected, match=f"HTTP {code}; "):
        await run(api)
    assert api.calls == ["POST start", "GET active", "GET active"]


async def test_a_start_with_a_reported_error_is_looked_for_and_not_sent_again() -> None:
    reported = json_response({"status": "error", "message": "quota exceeded"})
    assert (await run(SessionApi(faults=[(reported, True)]))).run_id == "s-1"
    api = SessionApi(faults=[(reported, False)])
    with pytest.raises(OutcomeUnknown) as caught:
        await run(api)
    assert str(caught.value) == "start on pathway pw-1: the API reported an error: quota exceeded"
    assert api.calls == ["POST start", "GET active", "GET active"]


async def test_after_a_redirect_the_active_session_decides() -> None:
    api = SessionApi(faults=[(json_response({}, 302, {"location": "https://x.example"}), False)])
    with pytest.raises(Rejected, match="redirected to x"):
        await run(api)
    assert api.calls == ["POST start", "GET active", "GET active"]


async def test_a_start_is_sent_at_most_four_times() -> None:
    api = SessionApi(faults=[(REFUSED, False)] * 99)
    with pytest.raises(NotSent):
        await run(api)
    assert len(api.calls) == MAX_SENDS


async def test_an_unknown_outcome_is_not_sent_again_and_says_what_to_do() -> None:
    api = SessionApi(faults=[(RESET, True)], read_faults=[httpx.ReadError("reset")] * 99)
    with pytest.raises(OutcomeUnknown, match=r"tornado:adopt\.support-line SESSION_ID --stack dev"):
        await run(api)
    assert api.calls.count("POST start") == 1


@pytest.mark.parametrize("unusable", UNUSABLE_IDS[:-2])
async def test_an_unusable_id_everywhere_is_told_and_not_recorded(unusable: str) -> None:
    api = SessionApi(faults=[(json_response({"session_id": unusable}), True)])
    api.read_faults = [json_response({"session_id": unusable, "status": "RUNNING"})] * 99
    with pytest.raises(OutcomeUnknown) as caught:
        await run(api)
    assert str(caught.value).startswith("start on pathway pw-1: the session_id of the response is `")
    assert "could not determine whether a session was started (active session of pathway pw-1: " in str(caught.value)
    assert "Run `pulumi up --stack dev` again on this machine" in str(caught.value)
    assert str(caught.value).isprintable()
    assert api.calls.count("POST start") == 1
    intent = api.intents.find(ADDRESS)
    assert intent is not None
    assert intent.session_id is None


async def test_unusable_ids_without_a_session_end_with_the_next_step() -> None:
    api = SessionApi(faults=[(UNUSABLE[0], False)] * 99)
    with pytest.raises(OutcomeUnknown) as caught:
        await run(api)
    assert str(caught.value) == (
        "start on pathway pw-1: the session_id of the response is `../../x` (expected 1 to 128 letters, digits and "
        ". _ ~ : @ -, with no dot at the end); no session is active on the pathway after 4 attempts, so none was "
        "recorded. Check bland:baseUrl, then run `pulumi up --stack dev` again"
    )
    assert api.calls.count("POST start") == MAX_SENDS
    assert api.intents.find(ADDRESS) is not None, "one of them may be shown later"


async def test_retry_after_is_honoured() -> None:
    api = SessionApi(faults=[(json_response({}, 429, {"retry-after": "7"}), False)])
    await run(api)
    assert api.time.slept == [7.0]


OURS: dict[str, Any] = {"scenario_ids": ["sc-1", "sc-2"], "timeout_ms": 60000}


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ({"scenario_ids": ["sc-8", "sc-9"]}, r"its scenarios are sc-8, sc-9 \(declared: sc-1, sc-2\)"),
        ({"timeout_ms": 90000}, r"its timeout_ms is 90000 \(declared: 60000\)"),
    ],
)
async def test_a_session_of_other_scenarios_after_a_lost_response_is_not_taken(theirs: Any, said: str) -> None:
    """A colleague's: created after our request, as far as the times say."""
    api = SessionApi(faults=[(RESET, False)], shows_all=True)
    api.add(max_iterations=5, **{**OURS, **theirs})
    with pytest.raises(TornadoError, match="session s-1 is already active"):
        await run(api, order(**OURS))
    assert (api.calls.count("POST start"), api.intents.find(ADDRESS) is not None) == (1, True)
    with pytest.raises(TornadoError, match=said):
        await run(api, order("adopt", **OURS))
    assert api.effective_starts == 0


@pytest.mark.parametrize("shows_all", [True, False])
async def test_our_scenarios_in_another_order_are_ours(*, shows_all: bool) -> None:
    api = SessionApi(faults=[(RESET, False)], shows_all=shows_all)
    api.add(max_iterations=5, **{**OURS, "scenario_ids": ["sc-2", "sc-1"]})
    assert (await run(api, order(**OURS))).run_id == "s-1"


@pytest.mark.parametrize("on_conflict", ["fail", "adopt", "wait", "supersede"])
async def test_our_ids_in_lower_case_are_ours(on_conflict: Any) -> None:
    api = SessionApi(faults=[(RESET, False)], shows_all=True)
    api.add(max_iterations=5, persona_id="pe-1", scenario_ids=["abcd-ef"])
    chosen = order(on_conflict, persona_id="PE-1", scenario_ids=["ABCD-EF"])
    session = await run(api, chosen)
    assert (session.run_id, session.adopted, api.effective_starts) == ("s-1", False, 0)


@pytest.mark.parametrize("fault", [RESET, json_response({}, 503)], ids=["reset", "503"])
@pytest.mark.parametrize("on_conflict", ["fail", "adopt", "wait", "supersede"])
@pytest.mark.parametrize(
    ("declared", "stored", "said"),
    [
        ({"timeout_ms": 7200000}, {"timeout_ms": 3600000}, "its timeout_ms is 3600000 (declared: 7200000)"),
        ({"max_iterations": 20}, {"max_iterations": 10}, "its max_iterations is 10 (declared: 20)"),
        ({}, {"persona_id": "pe-1"}, "its persona_id is pe-1 (declared: none)"),
        ({"persona_id": "pe-1"}, {}, "its persona_id is none (declared: pe-1)"),
    ],
)
async def test_a_request_that_the_api_stores_otherwise_starts_no_second_session(
    on_conflict: Any, declared: Any, stored: Any, said: str, fault: Any
) -> None:
    api = SessionApi(faults=[(fault, False)], shows_all=True)
    api.add(**{"max_iterations": 5, **stored})
    for _ in range(2):  # the next run recovers, and knows no more
        with pytest.raises(PlaceTaken) as caught:
            await run(api, order(on_conflict, **declared))
        assert str(caught.value).splitlines()[-2:] == [
            (
                "A start of this stack may have created it, since the response was lost or an error, "
                f"but that is not sure: {said}."
            ),
            (
                "If it is its own, declare what it runs, then run one of these commands. "
                "If it is not, run `pulumi up --stack dev` again once it has ended"
            ),
        ]
    assert (api.calls.count("POST start"), api.calls.count("POST s-1/cancel")) == (1, 0)
    assert api.intents.find(ADDRESS) is not None
    assert (await run(api, order("adopt", **stored))).run_id == "s-1"


async def test_a_session_that_differs_after_a_refusal_leaves_no_intent() -> None:
    """A colleague's: the API turned our start away, so it cannot be our own."""
    api = SessionApi(faults=[(json_response({}, 429), False)], shows_all=True)
    api.add(max_iterations=5, scenario_ids=["sc-8", "sc-9"])
    with pytest.raises(PlaceTaken) as caught:
        await run(api, order(scenario_ids=["sc-1", "sc-2"]))
    assert "may have created it" not in str(caught.value)
    assert api.intents.find(ADDRESS) is None


async def test_all_enabled_scenarios_may_be_shown_in_any_form() -> None:
    api = SessionApi(faults=[(RESET, False)], shows_all=True)
    api.add(max_iterations=5, scenario_ids=["sc-1", "sc-2"])
    assert (await run(api)).run_id == "s-1"


async def test_an_active_session_of_another_pathway_starts_nothing_more() -> None:
    api = SessionApi(faults=[(RESET, True)])
    api.read_faults = [json_response({"session_id": "s-9", "status": "RUNNING", "pathway_id": "pw-9"})] * 99
    with pytest.raises(OutcomeUnknown, match="the response is about another pathway: `pw-9`"):
        await run(api)
    assert (api.calls.count("POST start"), api.intents.find(ADDRESS) is not None) == (1, True)


class TestConflict:
    async def test_fail_shows_the_active_session_and_the_commands(self) -> None:
        api = SessionApi(FakeTime(seconds=60))
        api.add(age=60)
        with pytest.raises(TornadoError) as caught:
            await run(api)
        assert str(caught.value).splitlines() == [
            (
                "session s-1 is already active on pathway pw-1 since 2026-04-14T10:00:00.000Z, "
                "and the API runs one session at a time there."
            ),
            f"To take it over:    {commands.adopt('dev', 'support-line', 's-1')}",
            f"To wait for it:     {commands.on_conflict('dev', 'support-line', 'wait')}",
            f"To cancel it first: {commands.on_conflict('dev', 'support-line', 'supersede')}",
        ]
        assert api.effective_starts == 0

    async def test_adopt_takes_a_session_that_matches(self) -> None:
        api = SessionApi(FakeTime(seconds=60))
        api.add(age=60, max_iterations=5)
        session = await run(api, order("adopt"))
        assert (session.run_id, session.adopted, api.effective_starts) == ("s-1", True, 0)

    async def test_an_adopted_session_has_the_time_limit_that_its_status_shows(self) -> None:
        """*Get Active Tornado Session* shows none."""
        api = SessionApi(FakeTime(seconds=60))
        api.add(age=60, max_iterations=5)
        assert (await run(api, order("adopt"))).shown == SHOWN
        assert api.calls[-1] == "GET s-1/status"

    async def test_a_session_whose_status_cannot_be_read_is_adopted_all_the_same(self) -> None:
        class WithoutStatus(SessionApi):
            async def respond(self, call: str, request: httpx.Request) -> httpx.Response:
                return json_response({}, 400) if call.endswith("/status") else await super().respond(call, request)

        api = WithoutStatus(FakeTime(seconds=60))
        api.add(age=60, max_iterations=5)
        session = await run(api, order("adopt"))
        assert (session.adopted, session.shown) == (True, {"max_iterations": 5, "timeout_ms": None})

    @pytest.mark.parametrize(
        ("theirs", "ours", "said"),
        [
            ({"persona_id": "pe-1"}, {}, "its persona_id is pe-1 \\(declared: none\\)"),
            ({}, {"persona_id": "pe-1"}, "its persona_id is none \\(declared: pe-1\\)"),
            ({"max_iterations": 9}, {}, "its max_iterations is 9 \\(declared: 5\\)"),
            ({"scenario_ids": ["a", "b"]}, {"scenario_ids": ["a"]}, "it has 2 scenarios \\(declared: 1\\)"),
        ],
    )
    async def test_adopt_refuses_a_session_that_differs(self, theirs: Any, ours: Any, said: str) -> None:
        api = SessionApi(FakeTime(seconds=60))
        api.add(age=60, **theirs)
        with pytest.raises(TornadoError, match=said):
            await run(api, order("adopt", **ours))

    async def test_wait_starts_after_the_other_session_has_ended(self) -> None:
        api = SessionApi(FakeTime(seconds=60))
        other = api.add(age=60)
        original = api.time.sleep

        async def sleep(seconds: float) -> None:
            await original(seconds)
            if api.time.seconds > 120:
                other.status = "COMPLETED_PARTIAL"

        api.time.sleep = sleep  # type: ignore[method-assign] # the other ends while ours waits
        session = await run(api, order("wait"))
        assert (session.run_id, api.effective_starts) == ("s-2", 1)

    async def test_wait_survives_an_outage_of_minutes(self) -> None:
        api = SessionApi(FakeTime(seconds=60))
        other = api.add(age=60)
        original = api.time.sleep

        async def sleep(seconds: float) -> None:
            await original(seconds)
            if other.status == "RUNNING":
                other.status = "COMPLETED_PARTIAL"
                api.read_faults = [json_response({}, 520)] * 25

        api.time.sleep = sleep  # type: ignore[method-assign] # the outage begins while ours waits
        session = await run(api, order("wait"))
        assert (session.run_id, api.effective_starts) == ("s-2", 1)
        assert api.time.seconds > 60 + 180

    async def test_a_lost_response_after_a_long_wait_is_still_ours(self) -> None:
        """The wait may be longer than the time in which a start of ours can take effect."""
        api = SessionApi(FakeTime(seconds=60), faults=[(json_response({}, 409), False), (RESET, True)])
        other = api.add(age=60)
        original = api.time.sleep

        async def sleep(seconds: float) -> None:
            await original(seconds)
            if api.time.seconds > 60 + 720:
                other.status = "COMPLETED_PARTIAL"

        api.time.sleep = sleep  # type: ignore[method-assign] # the other ends while ours waits
        session = await run(api, order("wait"))
        assert (session.run_id, api.effective_starts) == ("s-2", 1)
        intent = api.intents.find(ADDRESS)
        assert intent is not None
        assert intent.sent_at > "2026-04-14T10:12"

    async def test_an_unknown_outcome_keeps_the_intent_at_a_conflict(self) -> None:
        api = SessionApi(FakeTime(seconds=100), faults=[(RESET, False)])
        api.add(age=30, max_iterations=5)
        with pytest.raises(TornadoError, match="already active"):
            await run(api)
        assert api.intents.find(ADDRESS) is not None

    async def test_wait_ends_at_timeout_ms(self) -> None:
        api = SessionApi(FakeTime(seconds=60))
        api.add(age=60)
        with pytest.raises(TornadoError, match=r"It did not end within 30 s \(timeout_ms\)") as caught:
            await run(api, order("wait", timeout_ms=30000))
        assert "To wait for it" not in str(caught.value)
        assert api.time.seconds == pytest.approx(90, abs=1)

    async def test_supersede_cancels_and_starts(self) -> None:
        api = SessionApi(FakeTime(seconds=60))
        other = api.add(age=60)
        session = await run(api, order("supersede"))
        assert (other.status, session.run_id, session.adopted) == ("CANCELLED", "s-2", False)

    async def test_a_conflict_without_an_active_session_is_sent_again(self) -> None:
        api = SessionApi(faults=[(json_response({}, 409), False)])
        assert (await run(api)).run_id == "s-1"


class TestAdopt:
    async def test_a_running_session_has_its_created_at(self) -> None:
        api = SessionApi()
        api.add()
        session = await adopt(api.client(), order(), "s-1")
        assert session == StartedRun("s-1", "2026-04-14T10:00:00.000Z", "RUNNING", adopted=True, shown=SHOWN)
        assert api.calls == ["GET s-1/status", "GET active"]

    async def test_a_session_of_another_pathway_is_refused(self) -> None:
        api = SessionApi()
        api.add("pw-other")
        with pytest.raises(TornadoError, match="session s-1 does not run on pathway pw-1"):
            await adopt(api.client(), order(), "s-1")

    @pytest.mark.parametrize(
        ("ours", "said"),
        [
            ({"scenario_ids": ["sc-1", "sc-2"]}, "its scenarios are sc-8, sc-9 (declared: sc-1, sc-2)"),
            ({"scenario_ids": ["sc-8"]}, "it has 2 scenarios (declared: 1)"),
            ({"timeout_ms": 60000}, "its timeout_ms is 900000 (declared: 60000)"),
        ],
    )
    async def test_a_session_that_differs_is_refused(self, ours: Any, said: str) -> None:
        api = SessionApi(shows_all=True)
        api.add(max_iterations=5, scenario_ids=["sc-8", "sc-9"])
        with pytest.raises(TornadoError) as caught:
            await adopt(api.client(), order(**ours), "s-1")
        assert str(caught.value) == (
            f"session s-1 cannot be adopted because it differs: {said}. "
            "Declare what it runs, or remove tornado:adopt.support-line to start a session of its own"
        )

    async def test_the_time_limit_of_a_session_that_has_ended_is_compared(self) -> None:
        api = SessionApi()
        api.add().status = "COMPLETED_ALL_PASSED"
        assert (await adopt(api.client(), order(timeout_ms=900000), "s-1")).adopted
        with pytest.raises(TornadoError, match="its timeout_ms is 900000"):
            await adopt(api.client(), order(timeout_ms=60000), "s-1")

    async def test_a_session_that_ends_between_the_requests_is_adopted_as_ended(self) -> None:
        statuses = iter(["RUNNING", "COMPLETED_ALL_PASSED"])

        def handle(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/active"):
                return json_response({"message": "none"}, 404)
            return json_response({"status": next(statuses)})

        session = await adopt(client_of(handle), order(), "s-1")
        assert session == StartedRun("s-1", None, "COMPLETED_ALL_PASSED", adopted=True, shown=dict.fromkeys(SHOWN))

    async def test_an_unknown_session_is_refused_with_the_config_to_check(self) -> None:
        with pytest.raises(TornadoError, match=r"check the id in tornado:adopt\.support-line .*doctor --stack dev"):
            await adopt(SessionApi().client(), order(), "nope")

    async def test_a_finished_session_has_no_created_at(self) -> None:
        api = SessionApi()
        api.add().status = "COMPLETED_ALL_PASSED"
        session = await adopt(api.client(), order(), "s-1")
        assert (session.created_at, session.status, session.adopted) == (None, "COMPLETED_ALL_PASSED", True)
        assert api.calls == ["GET s-1/status"]


@pytest.mark.parametrize("code", [503, 504])
@pytest.mark.parametrize("on_conflict", ON_CONFLICT)
async def test_a_late_effect_is_found_by_the_second_look(code: int, on_conflict: Any) -> None:
    """A gateway timed out while the API was still processing the request."""
    api = SessionApi(faults=[(json_response({}, code), True)], active_late=0.3, runs=json_response({"runs": []}))
    assert (await run(api, order(on_conflict))).run_id == "s-1"
    assert (api.calls.count("POST start"), api.calls.count("POST s-1/cancel")) == (1, 0)
