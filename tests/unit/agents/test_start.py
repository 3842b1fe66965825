"""Starting, finding, adopting and cancelling check runs: one start has effect, and its id is never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.agents import FORMS
from tests.support.api import EPOCH, FakeTime, client_of, json_response
from tests.support.check_run_api import CHECK_ADDRESS, CHECKED, CheckRunApi, check_order, seen
from tests.support.orders import CANNOT_START, LOST, RESET, run
from tests.support.soak import each_once
from tornado_resource.core.canonical import digest
from tornado_resource.errors import OutcomeUnknown, Rejected, TornadoError
from tornado_resource.runs import commands
from tornado_resource.runs.adopt import adopt
from tornado_resource.runs.cancel import cancel_if_running
from tornado_resource.runs.conflict import PlaceTaken
from tornado_resource.runs.intents import Intent
from tornado_resource.runs.order import Found, Run, StartedRun
from tornado_resource.runs.recovery import UNDATED, find_own

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN = {"version_id": "v-1", "semver": None}
CREATED = "2026-04-14T10:00:00.000Z"
UNREADABLE = [
    httpx.Response(200, text="<html>"),
    json_response({"data": [{"id": "cr-1"}], "errors": None}),
    json_response([{"status": "RUNNING"}]),
    json_response({"data": None, "errors": [{"error": "NO", "message": "no"}]}),
    json_response({}, 500),
    RESET,
]
UNDATED_FORMS = [
    {},
    {"created_at": "soon"},
    {"created_at": "0001-01-01T00:00:00Z"},
    {"created_at": {}},
    {"status": "QUEUED"},
    {"started_at": CREATED, "completed_at": None},
    {"started_at": "soon", "completed_at": None},
]
ON_CONFLICT = ["fail", "adopt", "wait", "supersede"]
forms = pytest.mark.parametrize("form", FORMS)


def at_sleep(api: CheckRunApi, act: Callable[[], object], after: float = 0.0) -> None:
    """Let something happen once while a start waits."""
    original, due = api.time.sleep, [act]

    async def sleep(seconds: float) -> None:
        await original(seconds)
        if due and api.time.seconds >= after:
            due.pop()()

    api.time.sleep = sleep  # type: ignore[method-assign] # others go on while ours waits


@forms
@pytest.mark.parametrize("begins", ["PENDING", "ERROR"])
async def test_a_start_is_one_post_and_its_response_is_recorded(form: str, begins: str) -> None:
    """A check run may have ended with an error at once."""
    api = CheckRunApi.of(FakeTime(), form, begins=begins)
    started = await run(api, check_order())
    assert started == StartedRun("cr-1", CREATED, begins, shown=SHOWN)
    assert api.calls == ["POST start"]
    assert api.bodies == [{"version_id": "v-1"}]


@forms
@pytest.mark.parametrize("fault", [*CANNOT_START, *LOST], ids=str)
@pytest.mark.parametrize("times", [1, 2])
async def test_a_start_without_effect_is_sent_again(form: str, fault: Any, times: int) -> None:
    api = CheckRunApi.of(FakeTime(), form, faults=[(fault, False)] * times)
    assert (await run(api, check_order())).run_id == "cr-1"
    assert api.effective_starts == 1


@pytest.mark.parametrize(("fault", "on_conflict", "begins"), each_once(LOST, ON_CONFLICT, ["RUNNING", "ERROR"]))
async def test_a_start_that_took_effect_is_found(fault: Any, on_conflict: Any, begins: str) -> None:
    """In flight or ended, whatever `on_conflict` says, and although an earlier send was lost without effect."""
    is_refusal = getattr(fault, "status_code", 0) == 429  # one look is enough then
    for form, faults, lag in (("bare", [(fault, False), (fault, True)], 0), ("wrapped", [(fault, True)], 1)):
        given: dict[str, Any] = {"sends_date": lag == 0, "lag": 0 if is_refusal else lag}
        api = CheckRunApi.of(FakeTime(), form, faults=faults, begins=begins, **given)
        started = await run(api, check_order(on_conflict))
        assert (started.run_id, seen(started.status), started.adopted) == ("cr-1", begins, False)
        assert started.created_at is not None
        assert (api.effective_starts, "POST cr-1/cancel" in api.calls) == (1, False)


@pytest.mark.parametrize("begins", ["RUNNING", "PASSED"])
@pytest.mark.parametrize("skew", [-3600, 3600])
async def test_the_clock_of_the_api_decides(skew: float, begins: str) -> None:
    api = CheckRunApi.of(FakeTime(seconds=100, skew=skew), faults=[(RESET, True)], begins=begins)
    api.add(age=90).status = "PASSED"
    assert (await run(api, check_order())).run_id == "cr-2"


async def test_a_list_that_lags_until_the_next_start_shows_the_run_in_time() -> None:
    """The second POST is refused, since the run is in flight: the conflict is with our own run."""
    api = CheckRunApi.of(FakeTime(), faults=[(RESET, True)], lag=4)
    assert (await run(api, check_order("supersede"))).run_id == "cr-1"
    assert (api.effective_starts, api.calls.count("POST start")) == (1, 2)
    assert "POST cr-1/cancel" not in api.calls


@forms
@pytest.mark.parametrize("begins", ["RUNNING", "PASSED"])
@pytest.mark.parametrize("on_conflict", ON_CONFLICT)
async def test_a_newer_run_of_somebody_else_is_not_taken_for_ours(form: str, begins: str, on_conflict: Any) -> None:
    """Ours ended at once, and a colleague started the same before we looked."""
    api = CheckRunApi.of(FakeTime(), form, faults=[(RESET, True)], begins="ERROR")
    original = api.handle

    async def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and len(api.sessions) == 1:
            api.add(age=-0.5).status = begins
        return await original(request)

    api.handle = handle  # type: ignore[method-assign] # the colleague is quick
    started = await run(api, check_order(on_conflict))
    assert (started.run_id, started.status, api.effective_starts) == ("cr-1", "ERROR", 1)
    assert "POST cr-2/cancel" not in api.calls


@pytest.mark.parametrize("status", ["RUNNING", "PASSED"])
async def test_a_run_of_another_version_is_not_ours(status: str) -> None:
    api = CheckRunApi.of(FakeTime(), faults=[(RESET, False)])
    api.add(version_id="v-2").status = status
    if status == "PASSED":
        assert (await run(api, check_order())).run_id == "cr-2"
        return
    with pytest.raises(PlaceTaken, match="check run cr-1 is already active on agent a-1 in staging"):
        await run(api, check_order())
    assert api.intents.find(CHECK_ADDRESS) is not None


@pytest.mark.parametrize("on_conflict", ON_CONFLICT)
async def test_a_run_without_a_time_may_be_ours_and_is_left_alone(on_conflict: Any) -> None:
    """Waiting for it or cancelling it, and then starting, could be a second start."""
    api = CheckRunApi.of(FakeTime(), faults=[(RESET, True)], shows_times=False)
    for _ in range(2):  # the next run recovers, and knows no more
        with pytest.raises(PlaceTaken, match="not sure: the API does not show when it was created") as caught:
            await run(api, check_order(on_conflict))
        assert commands.adopt("dev", "support", "cr-1") in str(caught.value)
    assert (api.calls.count("POST start"), api.effective_starts, "POST cr-1/cancel" in api.calls) == (1, 1, False)
    assert (await adopt(api.client(), check_order(), "cr-1")).created_at is None


class TestUndated:
    """The API may show null as the time of creation (`created_at`), and also of a run that has ended."""

    @pytest.mark.parametrize("on_conflict", ON_CONFLICT)
    @pytest.mark.parametrize("shown", UNDATED_FORMS, ids=str)
    async def test_one_that_has_ended_may_be_ours_and_is_not_started_again(self, shown: Any, on_conflict: Any) -> None:
        api = CheckRunApi.of(FakeTime(), faults=[(RESET, True)], begins="PASSED", shows_times=False, shown=shown)
        for _ in range(2):  # the next run recovers, and knows no more
            with pytest.raises(TornadoError, match="not sure: the API does not show when it was created") as caught:
                await run(api, check_order(on_conflict))
            assert commands.adopt("dev", "support", "cr-1") in str(caught.value)
        assert (api.calls.count("POST start"), api.effective_starts, "POST cr-1/cancel" in api.calls) == (1, 1, False)
        file = api.intents.file(CHECK_ADDRESS)
        assert f"delete {file}" in str(caught.value)
        file.unlink()
        assert (await run(api, check_order())).run_id == "cr-2"

    @pytest.mark.parametrize("shown", ["started_at", "completed_at"])
    @pytest.mark.parametrize("crashes", [False, True])
    async def test_one_that_existed_before_is_another_one(self, shown: str, crashes: bool) -> None:  # noqa: FBT001
        api = CheckRunApi.of(FakeTime(seconds=60), faults=[(RESET, False)] * (not crashes), shows_times=False)
        api.add(age=60).status = "PASSED"
        api.shown = {"started_at": None, "completed_at": None, shown: "2026-04-14T10:00:30.000Z"}
        if crashes:
            sent_at = api.time.now().isoformat()
            api.intents.write(Intent(CHECK_ADDRESS, "a-1/staging", digest(CHECKED), sent_at))
        assert (await run(api, check_order())).run_id == "cr-2"

    @pytest.mark.parametrize("crashes", [False, True])
    async def test_one_that_the_stack_has_recorded_is_another_one(self, crashes: bool) -> None:  # noqa: FBT001
        asked = []

        async def is_recorded(run_id: str) -> bool:
            asked.append(run_id)
            return run_id != "cr-3"

        api = CheckRunApi.of(FakeTime(), faults=[(RESET, False), (RESET, True)], begins="PASSED", shows_times=False)
        for _ in range(2):
            api.add().status = "PASSED"
        api.faults = api.faults[crashes:]
        if crashes:
            sent_at = api.time.now().isoformat()
            api.intents.write(Intent(CHECK_ADDRESS, "a-1/staging", digest(CHECKED), sent_at))
        with pytest.raises(TornadoError, match=r"check run cr-3 \(PASSED\) .* may be the one"):
            await run(api, replace(check_order(), is_recorded=is_recorded))
        assert (api.effective_starts, set(asked)) == (1, {"cr-1", "cr-2", "cr-3"})

    @pytest.mark.parametrize("on_conflict", ["wait", "supersede"])
    async def test_one_that_was_waited_for_or_cancelled_is_another_one(self, on_conflict: Any) -> None:
        busy = json_response({}, 409)
        api = CheckRunApi.of(FakeTime(), faults=[(busy, False), (RESET, False)], shows_times=False)
        other = api.add()
        at_sleep(api, lambda: setattr(other, "status", "PASSED"), after=1000)
        assert (await run(api, check_order(on_conflict))).run_id == "cr-2"

    @pytest.mark.parametrize("fault", [json_response({}, 429), json_response({}, 409)])
    async def test_after_a_refusal_it_is_another_one(self, fault: httpx.Response) -> None:
        api = CheckRunApi.of(FakeTime(), faults=[(fault, False)], shows_times=False)
        api.add().status = "PASSED"
        assert (await run(api, check_order())).run_id == "cr-2"

    def test_one_in_flight_is_named_before_one_that_has_ended(self) -> None:
        ended = Found(StartedRun("cr-2", None, "PASSED"), is_holding=False)
        ours = find_own([ended, Found(StartedRun("cr-1", None, "RUNNING"))], EPOCH, timedelta())
        assert ours is not None
        assert (ours.run_id, ours.doubts) == ("cr-1", (UNDATED,))


@pytest.mark.parametrize(
    "shown", [{"created_at": 1_776_160_800}, {"created_at": 1_776_160_800_000}, {"env_type": "STAGING"}], ids=str
)
@pytest.mark.parametrize("begins", ["RUNNING", "PASSED"])
async def test_a_time_may_be_a_number_and_an_environment_in_upper_case(shown: Any, begins: str) -> None:
    api = CheckRunApi.of(FakeTime(), faults=[(RESET, True)], begins=begins, shown=shown)
    started = await run(api, check_order())
    assert (started.run_id, started.created_at, api.effective_starts) == ("cr-1", CREATED, 1)


@pytest.mark.parametrize("unreadable", UNREADABLE, ids=str)
@pytest.mark.parametrize("begins", ["RUNNING", "PASSED"])
async def test_an_unreadable_list_is_unknown_and_not_none(unreadable: Any, begins: str) -> None:
    api = CheckRunApi.of(FakeTime(), faults=[(RESET, True)], begins=begins, read_faults=[unreadable] * 99)
    with pytest.raises(OutcomeUnknown) as caught:
        await run(api, check_order())
    message = str(caught.value)
    assert "could not determine whether a check run was started" in message
    assert "it recognises its own check run" in message
    assert message.endswith(commands.adopt("dev", "support", "RUN_ID"))
    assert api.calls.count("POST start") == 1
    api.read_faults = []
    assert (await run(api, check_order())).run_id == "cr-1"
    assert api.effective_starts == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422])
async def test_a_rejected_start_is_not_sent_again(status: int) -> None:
    api = CheckRunApi.of(FakeTime(), faults=[(json_response({"error": "no"}, status), False)])
    with pytest.raises(Rejected, match=f"HTTP {status}: no"):
        await run(api, check_order())
    assert api.calls == ["POST start", *["GET checks"] * (status == 400)]
    assert api.intents.find(CHECK_ADDRESS) is None


class TestConflict:
    async def test_fail_shows_the_run_and_the_commands(self) -> None:
        api = CheckRunApi.of(FakeTime(seconds=60))
        api.add(age=60)
        with pytest.raises(PlaceTaken) as caught:
            await run(api, check_order())
        assert str(caught.value).splitlines() == [
            (
                f"check run cr-1 is already active on agent a-1 in staging since {CREATED}, "
                "and the API runs one check run at a time there."
            ),
            f"To take it over:    {commands.adopt('dev', 'support', 'cr-1')}",
            f"To wait for it:     {commands.on_conflict('dev', 'support', 'wait')}",
            f"To cancel it first: {commands.on_conflict('dev', 'support', 'supersede')}",
        ]
        assert api.effective_starts == 0

    @forms
    async def test_adopt_takes_a_run_of_this_version_only(self, form: str) -> None:
        api = CheckRunApi.of(FakeTime(seconds=60), form)
        api.add(age=60)
        started = await run(api, check_order("adopt"))
        assert (started.run_id, started.created_at, started.adopted) == ("cr-1", CREATED, True)
        with pytest.raises(PlaceTaken, match=r"it checks version v-1 \(declared: v-2\)"):
            await run(api, check_order("adopt", version_id="v-2"))
        assert api.effective_starts == 0

    async def test_adopt_takes_no_run_that_has_ended(self) -> None:
        """The API refuses only for one that is in flight, so the one that ended is another matter."""
        api = CheckRunApi.of(FakeTime(seconds=60))
        api.add(age=60).status = "PASSED"
        assert (await run(api, check_order("adopt"))).run_id == "cr-2"

    async def test_wait_starts_once_the_other_run_has_ended(self) -> None:
        api = CheckRunApi.of(FakeTime(seconds=60))
        other = api.add(age=60)
        at_sleep(api, lambda: setattr(other, "status", "PASSED"), after=1000)
        started = await run(api, check_order("wait"))
        assert (started.run_id, api.effective_starts) == ("cr-2", 1)

    async def test_wait_ends_after_the_time_that_a_check_run_may_take(self) -> None:
        api = CheckRunApi.of(FakeTime(seconds=60))
        api.add(age=60)
        with pytest.raises(PlaceTaken) as caught:
            await run(api, check_order("wait"))
        assert str(caught.value).endswith("It did not end within 2700 s")
        assert api.intents.find(CHECK_ADDRESS) is None

    @forms
    async def test_supersede_cancels_and_starts(self, form: str) -> None:
        api = CheckRunApi.of(FakeTime(seconds=60), form)
        other = api.add(age=60)
        started = await run(api, check_order("supersede"))
        assert (other.status, started.run_id, started.adopted) == ("CANCELLED", "cr-2", False)

    async def test_another_environment_is_another_place(self) -> None:
        api = CheckRunApi.of(FakeTime(seconds=60))
        api.add(age=60, env="production")
        assert (await run(api, check_order())).run_id == "cr-2"

    async def test_a_conflict_without_a_run_in_flight_is_sent_again(self) -> None:
        api = CheckRunApi.of(FakeTime(), faults=[(json_response({}, 409), False)])
        assert (await run(api, check_order())).run_id == "cr-1"


class TestRecovery:
    """After a crash between a start and its checkpoint."""

    async def crash(self, api: CheckRunApi, *, has_response: bool) -> None:
        if has_response:
            await run(api, check_order())
            return
        sent_at = api.time.now().isoformat()
        api.intents.write(Intent(CHECK_ADDRESS, "a-1/staging", digest(CHECKED), sent_at))
        api.effective_starts += 1
        api.add().status = api.begins

    @forms
    @pytest.mark.parametrize("has_response", [True, False])
    @pytest.mark.parametrize("begins", ["RUNNING", "PASSED", "ERROR"])
    @pytest.mark.parametrize("skew", [0, -3600, 3600])
    async def test_the_next_run_recognises_its_own_run(
        self,
        form: str,
        has_response: bool,  # noqa: FBT001
        begins: str,
        skew: float,
    ) -> None:
        api = CheckRunApi.of(FakeTime(skew=skew), form, begins=begins)
        await self.crash(api, has_response=has_response)
        api.time.seconds += 300
        api.add(age=200).status = "PASSED" if begins == "RUNNING" else "RUNNING"  # somebody else's
        started = await run(api, check_order("supersede"))
        assert (started.run_id, seen(started.status), started.created_at) == ("cr-1", begins, CREATED)
        assert (api.effective_starts, started.adopted) == (1, False)

    @pytest.mark.parametrize("unreadable", UNREADABLE, ids=str)
    async def test_an_unreadable_list_is_an_error_and_sends_nothing(self, unreadable: Any) -> None:
        api = CheckRunApi.of(FakeTime(), begins="PASSED", read_faults=[unreadable] * 99)
        await self.crash(api, has_response=False)
        with pytest.raises(TornadoError, match="check runs of agent a-1 in staging"):
            await run(api, check_order())
        assert "POST start" not in api.calls
        api.read_faults = []
        assert (await run(api, check_order())).run_id == "cr-1"

    async def test_a_run_created_long_after_the_crash_is_foreign(self) -> None:
        api = CheckRunApi.of(FakeTime())
        sent_at = api.time.now().isoformat()
        api.intents.write(Intent(CHECK_ADDRESS, "a-1/staging", digest(CHECKED), sent_at))
        api.time.seconds += 3600
        api.add(age=60)
        with pytest.raises(PlaceTaken):
            await run(api, check_order())

    async def test_a_changed_version_does_not_get_the_old_run(self) -> None:
        api = CheckRunApi.of(FakeTime(), begins="PASSED")
        await self.crash(api, has_response=True)
        assert (await run(api, check_order(version_id="v-2"))).run_id == "cr-2"


class TestAdopt:
    @forms
    @pytest.mark.parametrize("status", ["PENDING", "PASSED"])
    async def test_the_run_is_recorded_as_it_is(self, form: str, status: str) -> None:
        """Unlike a session's, the time of its creation is shown after its end too."""
        api = CheckRunApi.of(FakeTime(), form)
        api.add().status = status
        assert await adopt(api.client(), check_order(), "cr-1") == StartedRun("cr-1", CREATED, status, True, SHOWN)

    @pytest.mark.parametrize("status", ["RUNNING", "PASSED"])
    @pytest.mark.parametrize(
        ("theirs", "said"),
        [
            ({"version_id": "v-2"}, r"differs: it checks version v-2 \(declared: v-1\)"),
            (
                {"env": "production"},
                r"its env is production \(declared: staging\)|does not run on agent a-1 in staging",
            ),
        ],
    )
    async def test_a_run_of_something_else_is_refused(self, status: str, theirs: Any, said: str) -> None:
        api = CheckRunApi.of(FakeTime())
        api.add(**theirs).status = status
        with pytest.raises(TornadoError, match=said):
            await adopt(api.client(), check_order(), "cr-1")

    @pytest.mark.parametrize("status", ["RUNNING", "PASSED"])
    async def test_a_response_about_another_agent_is_refused(self, status: str) -> None:
        api = CheckRunApi()
        api.add().status = status
        foreign = {**api.stage.check_run("cr-1"), "agent_id": "a-2"}
        with pytest.raises(TornadoError, match="another agent: `a-2`"):
            await adopt(client_of(lambda _: json_response(foreign)), check_order(), "cr-1")

    async def test_an_unknown_run_is_refused_with_the_config_to_check(self) -> None:
        with pytest.raises(
            TornadoError, match=r"check run nope does not exist; check the id in tornado:adopt\.support"
        ):
            await adopt(CheckRunApi.of(FakeTime()).client(), check_order(), "nope")


class TestCancel:
    @forms
    async def test_a_run_that_ends_before_the_request_is_no_error(self, form: str) -> None:
        api = CheckRunApi.of(FakeTime(), form)
        ours = api.add()
        original = api.handle

        async def handle(request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                ours.status = "PASSED"
            return await original(request)

        api.handle = handle  # type: ignore[method-assign] # it ends in between: the API responds 409
        async with api.client() as client:
            await cancel_if_running(client, Run("cr-1", CHECKED, "check_run"), api.time.clock())
        assert (ours.status, api.calls.count("POST cr-1/cancel")) == ("PASSED", 1)

    async def test_an_ended_run_gets_no_request(self) -> None:
        api = CheckRunApi.of(FakeTime())
        api.add().status = "FAILED"
        await cancel_if_running(api.client(), Run("cr-1", CHECKED, "check_run"), api.time.clock())
        assert api.calls == ["GET cr-1"]

    async def test_a_run_in_flight_is_cancelled_once(self) -> None:
        api = CheckRunApi.of(FakeTime())
        ours = api.add()
        await cancel_if_running(api.client(), Run("cr-1", CHECKED, "check_run"), api.time.clock())
        assert (ours.status, api.calls.count("POST cr-1/cancel")) == ("CANCELLED", 1)
        assert ours.created_at == EPOCH


async def test_a_version_whose_variables_have_no_value_is_not_started() -> None:
    api = CheckRunApi.of(FakeTime(), snapshot={"prompt": "Call {{env.HOST}}"})
    with pytest.raises(TornadoError, match=r"^nothing was started: .* without a value in staging: HOST\. "):
        await run(api, check_order(version_id="v-2"))
    assert api.calls == []
    assert api.intents.find(CHECK_ADDRESS) is None


async def test_what_the_program_has_checked_is_not_read_again() -> None:
    api = CheckRunApi.of(FakeTime(), snapshot={"prompt": "Call {{env.HOST}}"})
    await run(api, replace(check_order(version_id="v-2"), is_checked=True))
    assert api.calls == ["POST start"]
