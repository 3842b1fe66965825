"""Hundreds of sessions awaited at once in virtual time: the real wait and gate, and an API that follows a timetable.

A thousand in `make soak`.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.api import KEY, VirtualTime
from tests.support.soak import IS_SOAK
from tornado_resource.bland.address import Endpoint
from tornado_resource.bland.api_key import ApiKey
from tornado_resource.bland.client import Client, Reply
from tornado_resource.declarations.model import Gate
from tornado_resource.errors import NotSent, Rejected
from tornado_resource.runs.model import GatedRun, Result
from tornado_resource.runs.results import wait_for_result

if TYPE_CHECKING:
    from collections.abc import Callable


SESSIONS: Final = 1000 if IS_SOAK else 200
MAX_A_MINUTE: Final = 12
GATES: Final = (Gate(), Gate(3), Gate("any"), Gate("promotion"))


class Api(Client):
    """Session *n* ends after 20 seconds to 15 minutes, every third one with failures; `fault` may raise."""

    def __init__(self, time: VirtualTime, fault: Callable[[], None] = lambda: None) -> None:
        super().__init__(Endpoint("http://127.0.0.1:1", ApiKey(KEY)))
        self.time = time
        self.fault = fault
        self.requested: defaultdict[str, list[float]] = defaultdict(list)

    def _request(self, session_id: str) -> None:
        self.requested[session_id].append(self.time.seconds)
        self.fault()

    async def request_object(self, label: str, method: str, path: str, **_sent: Any) -> Reply:  # noqa: ARG002 - as the real one
        session_id = path.split("/")[-2]
        self._request(session_id)
        number = int(session_id)
        if self.time.seconds < 20 + number * 7 % 880:
            content = {"status": "RUNNING", "total_scenarios": 4, "passed_scenarios": 1, "failed_scenarios": 3}
            return Reply(label, content)
        failed = 2 if number % 3 == 0 else 0
        status = "COMPLETED_PARTIAL" if failed else "COMPLETED_ALL_PASSED"
        counts = {"total_scenarios": 4, "passed_scenarios": 4 - failed, "failed_scenarios": failed}
        return Reply(label, {"status": status, **counts})

    async def request(self, label: str, method: str, path: str, **sent: Any) -> Reply:  # noqa: ARG002 - as the real one
        self._request(sent["query"]["pathway_id"])
        return Reply(label, {"scenarios": [{"id": "sc-1"}]})


async def results_of(
    api: Api, jitter: Callable[[], float] | None = None, *, report: Callable[[], None] = lambda: None
) -> list[Result]:
    clock = api.time.clock(jitter or random.Random(1).random)  # noqa: S311 - the same in every run
    gated_runs = [
        GatedRun(f"s{number}", str(number), GATES[number % 4], {"pathway_id": str(number)})
        for number in range(SESSIONS)
    ]
    waits = (wait_for_result(api, gated, 15.0, lambda _progress: report(), clock) for gated in gated_runs)
    return await api.time.run(waits)


@pytest.fixture(scope="module")
def undisturbed() -> tuple[Api, list[Result]]:
    """One run without faults, for all tests that compare with one."""
    api = Api(VirtualTime())
    return api, asyncio.run(results_of(api))


def busiest_minute(moments: list[float]) -> int:
    """The most requests within any 60 seconds."""
    busiest = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= 60:
            first += 1
        busiest = max(busiest, last - first + 1)
    return busiest


@pytest.mark.parametrize("jitter", [None, lambda: 0.0, lambda: 0.999999], ids=["random", "none", "most"])
async def test_no_session_gets_more_than_12_requests_in_any_minute(jitter: Callable[[], float] | None) -> None:
    api = Api(VirtualTime())
    await results_of(api, jitter)
    assert len(api.requested) == SESSIONS
    assert max(map(busiest_minute, api.requested.values())) <= MAX_A_MINUTE


def test_the_requests_of_many_sessions_spread_out(undisturbed: tuple[Api, list[Result]]) -> None:
    api, _ = undisturbed
    a_second = Counter(int(moment) for moments in api.requested.values() for moment in moments)
    assert max(count for second, count in a_second.items() if second >= 60) <= 3 * SESSIONS / 15 + 10


async def test_an_outage_of_30_seconds_changes_no_verdict(undisturbed: tuple[Api, list[Result]]) -> None:
    _, before = undisturbed
    time = VirtualTime()

    def fault() -> None:
        if 300 <= time.seconds < 330:
            what = "status"
            raise NotSent(what, "no connection")

    troubled = Api(time, fault)
    after = await results_of(troubled)
    assert [result.verdict for result in after] == [result.verdict for result in before]
    assert Counter(result.verdict.outcome for result in after).keys() == {"passed", "failed"}
    assert any(300 <= moment < 330 for moments in troubled.requested.values() for moment in moments)


async def test_an_outage_after_the_end_does_not_spoil_a_promotion_gate() -> None:
    time = VirtualTime()

    class Fading(Api):
        async def request(self, label: str, method: str, path: str, **sent: Any) -> Reply:
            if self.time.seconds < 300:
                raise NotSent(label, "no connection")
            return await super().request(label, method, path, **sent)

    results = await results_of(Fading(time))
    assert Counter(result.verdict.outcome for result in results).keys() == {"passed", "failed"}


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_wall_clock_that_jumps_changes_no_deadline(hours: int, undisturbed: tuple[Api, list[Result]]) -> None:
    steady, before = undisturbed
    jumping = Api(VirtualTime())

    def jump() -> None:
        if jumping.time.seconds > 100:
            jumping.time.skew = hours * 3600.0

    after = await results_of(jumping, report=jump)
    assert jumping.time.skew != 0
    assert [result.verdict for result in after] == [result.verdict for result in before]
    assert jumping.requested == steady.requested


async def test_a_rate_limit_is_respected_and_changes_no_verdict() -> None:
    time, a_second, told = VirtualTime(), Counter[int](), defaultdict[str, list[float]](list)

    def limit() -> None:
        a_second[int(time.seconds)] += 1
        if a_second[int(time.seconds)] > SESSIONS // 20:
            what = "status"
            raise Rejected(what, "HTTP 429", status_code=429, retry_after=30.0)

    class Limited(Api):
        def _request(self, session_id: str) -> None:
            try:
                super()._request(session_id)
            except Rejected:
                told[session_id].append(time.seconds)
                raise

    api = Limited(time, limit)
    results = await results_of(api)
    assert Counter(result.verdict.outcome for result in results).keys() == {"passed", "failed"}
    assert sum(map(len, told.values())) > SESSIONS
    for session_id, moments in told.items():
        gaps = {before: after - before for before, after in itertools.pairwise(api.requested[session_id])}
        assert all(gaps[moment] >= 30 for moment in moments)
