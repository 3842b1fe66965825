"""Starting a simulation set: one start has effect for each pass, and its id is never lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.api import EPOCH, json_response
from tests.support.orders import CANNOT_START, LOST, run
from tests.support.simulations import CONFIRM_ADDRESS, CREATED_AT, REQUEST, SimulationApi, gated_set, set_order
from tornado_resource.confirmations.kind import KIND
from tornado_resource.core.canonical import digest
from tornado_resource.errors import ConfigurationError, OutcomeUnknown, Rejected, TornadoError
from tornado_resource.runs.existence import status_or_gone
from tornado_resource.runs.intents import Intent
from tornado_resource.runs.order import Run

if TYPE_CHECKING:
    from tornado_resource.runs.order import Order

BODY = {key: value for key, value in REQUEST.items() if key != "session_id"}


def intent_of(order: Order, set_id: str | None = None) -> Intent:
    return Intent(CONFIRM_ADDRESS, "pw-1", digest(order.request), EPOCH.isoformat(), set_id)


@pytest.mark.parametrize("is_wrapped", [False, True])
async def test_a_start_is_one_post_without_the_session(is_wrapped: bool) -> None:  # noqa: FBT001
    api = SimulationApi(is_wrapped=is_wrapped)
    started = await run(api, set_order())
    assert (started.run_id, started.created_at, started.adopted) == ("s-1", "2026-04-14T10:00:00.000Z", False)
    assert (api.calls, api.bodies) == (["POST simulation-sets"], [BODY])


@pytest.mark.parametrize("late", [0.0, 3.0, 12.0])
@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_a_lost_response_is_settled_by_the_list_of_runs(fault: Any, late: float) -> None:
    """The API lists the runs of a set some time after it was started."""
    api = SimulationApi(faults=[(fault, True)], active_late=late)
    started = await run(api, set_order())
    assert (started.run_id, api.effective_starts, len(api.bodies)) == ("s-1", 1, 1)


@pytest.mark.parametrize("fault", [*CANNOT_START, *LOST], ids=str)
@pytest.mark.parametrize("times", [1, 2])
async def test_a_start_without_effect_is_sent_again(fault: Any, times: int) -> None:
    api = SimulationApi(faults=[(fault, False)] * times)
    assert ((await run(api, set_order())).run_id, api.effective_starts) == ("s-1", 1)


async def test_after_a_second_lost_start_the_looks_are_as_patient() -> None:
    reset = httpx.ReadError("reset")
    api = SimulationApi(faults=[(reset, False), (reset, True)], active_late=10.0)
    assert ((await run(api, set_order())).run_id, api.effective_starts) == ("s-1", 1)


async def test_sets_of_others_are_not_taken_for_ours() -> None:
    """One before, one with more runs, one with other scenarios, and one that nobody knows the kind of."""
    api = SimulationApi(faults=[(httpx.ReadError("reset"), False)])
    api.add(**REQUEST, age=3600)
    api.add(**{**REQUEST, "simulations_per_scenario": 50})
    api.add(**{**REQUEST, "scenario_ids": ["refund"]})
    assert ((await run(api, set_order())).run_id, api.effective_starts) == ("s-4", 1)


@pytest.mark.parametrize("shown", [CREATED_AT, None])
async def test_the_newest_sets_are_looked_at(shown: str | None) -> None:
    """The list of their runs says when a set was created, too."""
    api = SimulationApi()
    for age in range(12):
        api.add(**REQUEST, age=age)
    change = api.changed

    def changed(call: str, content: Any) -> Any:
        return change(call, {**content, "created_at": shown} if call.startswith("GET simulation") else content)

    api.changed = changed  # type: ignore[method-assign]
    async with api.client() as client:
        found = await KIND.look(client, set_order())
    assert [each.run_id for each in found] == [f"s-{number}" for number in range(1, 11)]
    assert {each.run.created_at == CREATED_AT for each in found[1:]} == {shown is not None}
    assert all(each.run.created_at and each.responded_at and not each.is_holding for each in found)


async def test_a_set_of_the_same_request_may_run_beside_ours() -> None:
    """The API has no limit, so a start does not look before it is sent."""
    api = SimulationApi()
    api.add(**REQUEST)
    assert ((await run(api, set_order())).run_id, api.calls) == ("s-2", ["POST simulation-sets"])


@pytest.mark.parametrize("set_id", [None, "s-1"])
@pytest.mark.parametrize("status", ["RUNNING", "PASSED"])
async def test_after_a_crash_the_set_is_found_again(set_id: str | None, status: str) -> None:
    api, order = SimulationApi(), set_order()
    api.add(**REQUEST).status = status
    api.intents.write(intent_of(order, set_id))
    started = await run(api, order)
    assert (started.run_id, api.bodies) == ("s-1", [])


async def test_another_pass_has_a_set_of_its_own() -> None:
    """As after a crash, and the session has run again since."""
    api = SimulationApi()
    api.add(**REQUEST)
    api.intents.write(intent_of(set_order()))
    assert (await run(api, set_order(session_id="session-2"))).run_id == "s-2"


@pytest.mark.parametrize(
    "fault", [json_response({"error": "no"}, 500), json_response([]), json_response({"runs": "none"})], ids=str
)
async def test_a_list_that_cannot_be_read_starts_nothing(fault: httpx.Response) -> None:
    api = SimulationApi(faults=[(httpx.ReadError("reset"), True)], read_faults=[fault] * 99)
    with pytest.raises(OutcomeUnknown, match="could not determine whether a confirmation was started"):
        await run(api, set_order())
    assert (api.effective_starts, len(api.bodies)) == (1, 1)


class TestOddForms:
    """The answer is lost, and the set is shown in another form than that of the API's pages."""

    @staticmethod
    def api(of_runs: dict[str, Any], of_set: dict[str, Any] | None = None, **given: Any) -> SimulationApi:
        api = SimulationApi(faults=[(httpx.ReadError("reset"), True)], **given)
        change = api.changed

        def changed(call: str, content: Any) -> Any:
            if call == "GET runs":
                content["runs"] = [{**each, **of_runs} for each in content["runs"]]
            elif call.startswith("GET simulation") and of_set is not None:
                content = {**content, **of_set}
            return change(call, content)

        api.changed = changed  # type: ignore[method-assign]
        return api

    @pytest.mark.parametrize("source", ["SIMULATION", "api", None])
    async def test_a_set_that_a_run_names_is_found_whatever_started_the_run(self, source: Any) -> None:
        api = self.api({"trigger_source": source})
        assert ((await run(api, set_order())).run_id, api.effective_starts) == ("s-1", 1)

    @pytest.mark.parametrize("created", [1_776_160_800, 1_776_160_800_000, None, "soon"])
    async def test_one_of_two_times_is_enough(self, created: Any) -> None:
        for of_runs, of_set in ({"created_at": created}, {}), ({}, {"created_at": created}):
            api = self.api(of_runs, of_set)
            assert ((await run(api, set_order())).run_id, api.effective_starts) == ("s-1", 1)

    @pytest.mark.parametrize("status", ["RUNNING", "PASSED"])
    async def test_a_set_without_a_time_may_be_ours_and_is_not_started_again(self, status: str) -> None:
        undated = {"created_at": None}
        api = self.api(undated, {**undated, "status": status, "completed_at": None})
        for _ in range(2):  # the next run recovers, and knows no more
            with pytest.raises(TornadoError, match="not sure: the API does not show when it was created"):
                await run(api, set_order())
        assert (api.effective_starts, len(api.bodies)) == (1, 1)

    async def test_a_set_without_a_time_that_ended_before_is_another_one(self) -> None:
        undated = {"created_at": None}
        api = self.api(undated, {**undated, "status": "PASSED", "completed_at": "2026-04-14T09:00:00Z"})
        api.faults = [(httpx.ReadError("reset"), False)]
        api.add(**REQUEST, age=3600)
        assert ((await run(api, set_order())).run_id, api.effective_starts) == ("s-2", 1)


async def test_a_missing_scenario_is_refused() -> None:
    api = SimulationApi(faults=[(json_response({"error": "Scenario sc-9 is foreign"}, 403), False)])
    with pytest.raises(Rejected, match="Scenario sc-9 is foreign"):
        await run(api, set_order())


@pytest.mark.parametrize(
    ("responses", "is_gone"),
    [
        ([json_response({"runs": []})], True),
        ([json_response({"error": "x"}, 404)], None),
        ([json_response({"error": "x"}, 400)], None),
    ],
    ids=["the API", "another server", "another API"],
)
async def test_a_404_means_gone_only_if_the_api_lists_runs(responses: list[Any], is_gone: bool | None) -> None:  # noqa: FBT001
    api = SimulationApi(read_faults=responses)
    async with api.client() as client:
        run_of = Run("s-9", REQUEST, "confirmation")
        if is_gone:
            assert await status_or_gone(client, run_of) is None
        else:
            with pytest.raises(Rejected, match="so the confirmation may still exist"):
                await status_or_gone(client, run_of)


async def test_an_outage_says_nothing_about_a_set() -> None:
    api = SimulationApi(read_faults=[json_response({"error": "x"}, 500)])
    async with api.client() as client:
        with pytest.raises(Rejected, match="500"):
            await KIND.responds(client, Run("s-9", REQUEST, "confirmation"), None)  # type: ignore[arg-type]


async def test_a_set_cannot_be_cancelled_and_holds_no_place() -> None:
    async with SimulationApi().client() as client:
        found = Run("s-1", REQUEST, "confirmation")
        with pytest.raises(ConfigurationError, match="simulation set s-1 cannot be cancelled: the API has no such"):
            await KIND.cancel(client, found)
        assert not await KIND.is_holding(client, found)


def test_what_a_state_has_as_declared_is_checked() -> None:
    assert (KIND.problems("booking", REQUEST), KIND.is_sound(REQUEST)) == ({}, True)
    assert KIND.problems(None, dict.fromkeys(REQUEST, 1.5)) == {
        "session_id": "found float, expected str",
        "pathway_id": "found float, expected str",
        "scenario_ids": "found float, expected list",
        "version_number": "expected a whole number",
        "simulations_per_scenario": "expected a whole number",
    }
    assert not KIND.is_sound({**REQUEST, "scenario_ids": "refund"})
    assert not KIND.is_sound({key: REQUEST[key] for key in ("pathway_id", "session_id")})
    assert KIND.request_of({**REQUEST, "version_number": 5.0, "on_destroy": "leave"}) == REQUEST
    assert KIND.place_id(REQUEST) == "pw-1"
    assert gated_set().run == Run("set-1", REQUEST, "confirmation")
