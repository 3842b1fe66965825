"""What the next start does with an intent that a crash has left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.api import FakeTime, client_of, json_response
from tests.support.orders import ADDRESS, REFUSED, REQUEST, RESET, order, run
from tests.support.sandbox_api import SessionApi
from tornado_resource.bland.sessions import start_session
from tornado_resource.core.canonical import digest
from tornado_resource.errors import OutcomeUnknown, TornadoError
from tornado_resource.runs.intents import Intent, IntentStore
from tornado_resource.runs.start import start

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.sandbox_api import Fault
    from tornado_resource.runs.order import Order


class TestRecovery:
    """After a crash between a start and its checkpoint."""

    async def crash_after(self, api: SessionApi, *, has_response: bool, chosen: Order | None = None) -> None:
        """Start, and lose the result before the engine gets it."""
        if has_response:
            await run(api, chosen)
            return
        ordered = chosen or order()
        sent_at = api.time.now().isoformat()
        api.intents.write(Intent(ADDRESS, "pw-1", digest(ordered.request), sent_at))
        await start_session(api.client(), ordered.request)

    @pytest.mark.parametrize("has_response", [True, False])
    @pytest.mark.parametrize("on_conflict", ["fail", "adopt", "wait", "supersede"])
    @pytest.mark.parametrize("skew", [0, -3600, 3600])
    async def test_the_next_run_recognises_its_own_session(
        self,
        has_response: bool,  # noqa: FBT001
        on_conflict: Any,
        skew: float,
    ) -> None:
        api = SessionApi(FakeTime(skew=skew))
        await self.crash_after(api, has_response=has_response)
        api.time.seconds += 300
        session = await run(api, order(on_conflict))
        assert (session.run_id, session.adopted, api.effective_starts) == ("s-1", False, 1)
        assert session.created_at == "2026-04-14T10:00:00.000Z"
        assert "POST s-1/cancel" not in api.calls
        api.intents.settle(ADDRESS, "s-1")
        assert api.intents.find(ADDRESS) is None

    async def test_an_ended_session_is_recorded_if_its_id_is_known(self) -> None:
        api = SessionApi()
        await self.crash_after(api, has_response=True)
        api.sessions[0].status = "COMPLETED_PARTIAL"
        session = await run(api)
        assert (session.run_id, session.status, session.created_at) == (
            "s-1", "COMPLETED_PARTIAL", "2026-04-14T10:00:00.000Z",
        )  # fmt: skip
        assert api.effective_starts == 1

    @pytest.mark.parametrize("skew", [0, -3600, 3600])
    async def test_an_ended_session_with_an_unknown_id_is_not_started_again(self, skew: float) -> None:
        api = SessionApi(FakeTime(skew=skew))
        await self.crash_after(api, has_response=False)
        api.sessions[0].status = "COMPLETED_PARTIAL"
        with pytest.raises(TornadoError, match="took effect, although its response was lost"):
            await run(api)
        assert api.effective_starts == 1

    @pytest.mark.parametrize("on_conflict", ["fail", "adopt", "wait", "supersede"])
    async def test_an_ended_session_is_not_started_again_after_a_foreign_one(self, on_conflict: Any) -> None:
        """The foreign one is neither taken for it nor waited for, and its conflict does not delete the intent."""
        api = SessionApi()
        await self.crash_after(api, has_response=False)
        api.sessions[0].status = "COMPLETED_PARTIAL"
        api.time.seconds += 3600
        foreign = api.add(age=600)
        for _ in range(2):
            with pytest.raises(TornadoError, match="took effect, although its response was lost"):
                await run(api, order(on_conflict))
            foreign.status = "COMPLETED_PARTIAL"
        assert (api.effective_starts, api.calls.count("POST start")) == (1, 1)

    async def test_the_runs_of_a_foreign_session_are_not_ours(self) -> None:
        """Nothing was started after the intent, but a foreign session is active now: an ordinary conflict."""
        api = SessionApi()
        api.intents.write(Intent(ADDRESS, "pw-1", digest(REQUEST), api.time.now().isoformat()))
        api.add(max_iterations=9)
        with pytest.raises(TornadoError, match="session s-1 is already active"):
            await run(api)

    @pytest.mark.parametrize("later", [99, 100, 101, 250])
    async def test_an_ended_session_is_found_behind_the_runs_of_later_ones(self, later: int) -> None:
        api = SessionApi()
        await self.crash_after(api, has_response=False)
        api.time.seconds += 3600
        for _ in range(later):
            api.add()
        for session in api.sessions:
            session.status = "COMPLETED_PARTIAL"
        with pytest.raises(TornadoError, match="took effect, although its response was lost"):
            await run(api)
        assert api.effective_starts == 1

    async def test_an_api_that_shows_its_first_page_for_ever_has_an_end(self) -> None:
        runs = [{"trigger_source": "manual", "created_at": "2026-04-14T11:00:00Z"}] * 100
        api = SessionApi(runs=json_response({"runs": runs}))
        await self.crash_after(api, has_response=False)
        api.sessions[0].status = "COMPLETED_PARTIAL"
        assert (await run(api)).run_id == "s-2"

    async def test_an_ended_session_of_an_api_without_runs_is_started_again(self) -> None:
        """The documented gap: the API does not show it any more, in any way."""
        api = SessionApi(runs=json_response({}, 404))
        await self.crash_after(api, has_response=False)
        api.sessions[0].status = "COMPLETED_PARTIAL"
        assert (await run(api)).run_id == "s-2"

    async def test_a_changed_declaration_does_not_get_the_old_session(self) -> None:
        api = SessionApi()
        await self.crash_after(api, has_response=True)
        with pytest.raises(TornadoError, match="session s-1 is already active"):
            await run(api, order(version_number=4))

    async def test_a_session_created_long_after_the_crash_is_foreign(self) -> None:
        api = SessionApi()
        api.intents.write(Intent(ADDRESS, "pw-1", digest(REQUEST), api.time.now().isoformat()))
        api.time.seconds += 3600
        api.add(age=5, max_iterations=5)
        with pytest.raises(TornadoError, match="session s-1 is already active"):
            await run(api)

    async def test_a_session_of_other_scenarios_is_foreign(self) -> None:
        api, chosen = SessionApi(shows_all=True), order(scenario_ids=["sc-1", "sc-2"])
        api.intents.write(Intent(ADDRESS, "pw-1", digest(chosen.request), api.time.now().isoformat()))
        api.add(max_iterations=5, scenario_ids=["sc-8", "sc-9"])
        with pytest.raises(TornadoError, match="session s-1 is already active"):
            await run(api, chosen)
        assert api.effective_starts == 0

    async def test_on_another_machine_it_is_a_conflict(self) -> None:
        api = SessionApi()
        await self.crash_after(api, has_response=True)
        api.intents.clear(ADDRESS)
        with pytest.raises(TornadoError, match="session s-1 is already active"):
            await run(api)
        assert (await run(api, order("adopt"))).adopted

    async def test_a_session_that_the_api_no_longer_knows_is_started_again(self) -> None:
        api = SessionApi()
        await self.crash_after(api, has_response=True)
        api.store.clear()
        assert api.effective_starts == 1
        await run(api)
        assert api.effective_starts == 2

    async def test_a_404_of_a_replica_that_lags_starts_nothing(self) -> None:
        """With the intent's id, a second start would be a second session."""

        class Lagging(SessionApi):
            lag = 2

            def fault_of(self, call: str) -> Fault | None:
                if not call.endswith("/status") or self.lag == 0:
                    return super().fault_of(call)
                self.lag -= 1
                return json_response({"error": "Tornado session not found"}, 404), False

        api = Lagging()
        await self.crash_after(api, has_response=True)
        assert (await run(api)).run_id == "s-1"
        assert (api.lag, api.effective_starts) == (0, 1)

    async def test_a_404_from_a_wrong_address_starts_nothing(self) -> None:
        """With the intent's id, a second start would be a second session."""
        api = SessionApi()
        await self.crash_after(api, has_response=True)
        wrong = client_of(lambda _: json_response({"message": "Not Found"}, 404))
        with pytest.raises(TornadoError, match="the session may still exist: check bland:baseUrl"):
            await start(wrong, order(), api.intents, api.time.clock())
        assert api.intents.find(ADDRESS) is not None
        assert (await run(api)).run_id == "s-1"
        assert api.effective_starts == 1


class TestIntent:
    async def test_it_is_on_disk_before_the_request_and_has_the_id_after_it(self) -> None:
        api = SessionApi()
        seen: list[Intent | None] = []
        handle = api.handle

        async def spy(request: httpx.Request) -> httpx.Response:
            seen.append(api.intents.find(ADDRESS))
            return await handle(request)

        api.handle = spy  # type: ignore[method-assign] # looks at the disk while the request is on its way
        await run(api)
        assert seen == [Intent(ADDRESS, "pw-1", digest(REQUEST), "2026-04-14T10:00:00+00:00")]
        after = api.intents.find(ADDRESS)
        assert after is not None
        assert (after.session_id, after.created_at) == ("s-1", "2026-04-14T10:00:00.000Z")

    async def test_a_start_without_an_intent_on_disk_is_not_sent(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("", encoding="utf-8")
        api = SessionApi(intents=IntentStore(tmp_path / "file" / "intents"))
        with pytest.raises(TornadoError, match="not sent: cannot write the intent file"):
            await run(api)
        assert api.calls == []

    async def test_a_session_id_that_cannot_be_written_is_returned(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The disk fills up while the request is on its way."""
        api = SessionApi()
        write, calls = IntentStore.write, []

        def fills_up(self: IntentStore, intent: Intent) -> None:
            calls.append(intent)
            if len(calls) > 1:
                raise TornadoError
            write(self, intent)

        monkeypatch.setattr(IntentStore, "write", fills_up)
        assert (await run(api)).run_id == "s-1"
        assert len(calls) == 2
        assert api.intents.find(ADDRESS) is not None

    @pytest.mark.parametrize(
        ("fault", "is_certain"), [(json_response({}, 422), True), (REFUSED, True), (json_response({}, 302), False)]
    )
    async def test_it_is_deleted_when_nothing_was_started(self, fault: Any, is_certain: bool) -> None:  # noqa: FBT001
        api = SessionApi(faults=[(fault, False)] * 9)
        with pytest.raises(TornadoError):
            await run(api)
        assert (api.intents.find(ADDRESS) is None) is is_certain

    async def test_it_stays_when_the_outcome_is_unknown(self) -> None:
        api = SessionApi(faults=[(RESET, True)], read_faults=[httpx.ReadError("reset")] * 5)
        with pytest.raises(OutcomeUnknown):
            await run(api)
        assert api.intents.find(ADDRESS) is not None
        assert (await run(api)).run_id == "s-1"
        assert api.effective_starts == 1
