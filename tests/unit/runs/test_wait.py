from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api import FakeTime, client_of, json_response
from tornado_resource.bland.sessions import Status
from tornado_resource.core.clock import format_ms
from tornado_resource.declarations.model import GRACE_MS, Gate
from tornado_resource.runs.model import GatedRun, Known
from tornado_resource.runs.wait import Progress, wait_for_end

if TYPE_CHECKING:
    from tornado_resource.runs.model import Ending

RUNNING = {"status": "RUNNING", "current_iteration": 2, "max_iterations": 5, "total_scenarios": 40}
RUNNING = {**RUNNING, "passed_scenarios": 38, "failed_scenarios": 2, "elapsed_ms": 190_000}
DONE = {**RUNNING, "status": "COMPLETED_ALL_PASSED", "passed_scenarios": 40, "failed_scenarios": 0}
SESSION = GatedRun("support-line", "e1f2a3b4-5678", Gate(), {}, timeout_ms=900_000)


class Script:
    """Responds to status requests one after the other, the last for ever; records the time of each request."""

    def __init__(
        self, *responses: Any, gated: GatedRun = SESSION, poll_seconds: float = 15.0, random: float = 0.5
    ) -> None:
        self.responses = list(responses)
        self.time = FakeTime()
        self.requested_at: list[float] = []
        self.lines: list[Progress] = []
        self.others: list[str] = []
        self.other = json_response({}, 404)
        self.gated = gated
        self.poll_seconds = poll_seconds
        self.random = random

    def _handle(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/status"):
            self.others.append(request.url.path.rpartition("/")[2])
            return self.other
        self.requested_at.append(self.time.seconds)
        given = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
        if isinstance(given, Exception):
            raise given
        return given if isinstance(given, httpx.Response) else json_response(given)

    async def run(self) -> Ending:
        return await wait_for_end(
            client_of(self._handle), self.gated, self.poll_seconds, self.lines.append, self.time.clock(self.random)
        )


async def test_a_finished_session_takes_one_request_and_no_pause() -> None:
    script = Script(DONE)
    ending = await script.run()
    assert ending.given_up is None
    assert (script.requested_at, script.time.slept, script.lines) == ([0.0], [], [])


async def test_a_status_that_was_just_read_is_the_first_of_the_wait() -> None:
    running = replace(SESSION, known=Known(status=Status("RUNNING", current_iteration=1)))
    script = Script(DONE, gated=running)
    await script.run()
    assert [progress.line.partition(" ·")[0] for progress in script.lines] == [
        "support-line e1f2a3b4 iteration 1",
        "support-line e1f2a3b4 COMPLETED_ALL_PASSED iteration 2/5",
    ]
    assert len(script.requested_at) == 1
    assert script.requested_at[0] > 0
    script = Script(RUNNING, gated=replace(SESSION, known=Known(status=Status("STUCK"))))
    assert (await script.run()).status == Status("STUCK")
    assert (script.requested_at, script.lines) == ([], [])
    script = Script(DONE, gated=replace(running, request={"timeout_ms": -GRACE_MS}))
    assert (await script.run()).cause == "out_of_time"


async def test_progress_is_reported_only_when_something_changed() -> None:
    later = {**RUNNING, "elapsed_ms": 250_000}
    more = {**later, "passed_scenarios": 39}
    script = Script(RUNNING, later, later, more, {**later, "current_iteration": 3}, DONE)
    await script.run()
    assert [script.lines[index].status for index in (0, 1, -1)] == list(map(Status.parse, (RUNNING, more, DONE)))
    assert [progress.line for progress in script.lines] == [
        "support-line e1f2a3b4 iteration 2/5 · 38 passed, 2 failed of 40 · 3m10s of 15m",
        "support-line e1f2a3b4 iteration 2/5 · 39 passed, 2 failed of 40 · 4m10s of 15m",
        "support-line e1f2a3b4 iteration 3/5 · 38 passed, 2 failed of 40 · 4m10s of 15m",
        "support-line e1f2a3b4 COMPLETED_ALL_PASSED iteration 2/5 · 40 passed, 0 failed of 40 · 3m10s of 15m",
    ]


@pytest.mark.parametrize("random", [0.0, 0.999])
async def test_polling_backs_off_to_at_most_12_requests_a_minute(random: float) -> None:
    script = Script(*[RUNNING] * 100, DONE, random=random)
    await script.run()
    assert script.time.slept[0] <= 0.5
    assert max(script.time.slept) <= 15.0
    minutes = [sum(1 for moment in script.requested_at if start <= moment < start + 60) for start in (0, 60, 300)]
    assert max(minutes) <= 12


async def test_pauses_differ_by_jitter() -> None:
    pauses = []
    for random in (0.0, 0.999):
        script = Script(*[RUNNING] * 30, DONE, random=random)
        await script.run()
        pauses.append(script.time.slept[-1])
    assert pauses[0] / pauses[1] >= 1.2


OUTAGES = [
    *(json_response({}, code) for code in (429, 503, 520, 522, 524, 529, 598)),
    httpx.Response(200, text="<html>"),
]


@pytest.mark.parametrize("fault", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), *OUTAGES], ids=str)
async def test_an_outage_of_less_than_five_minutes_changes_nothing(fault: Any) -> None:
    script = Script(RUNNING, *[fault] * 20, DONE)
    ending = await script.run()
    assert (ending.given_up, script.time.seconds > 200) == (None, True)


@pytest.mark.parametrize(
    ("fault", "said", "cause"),
    [
        (httpx.ConnectError("x"), "the API could not be reached for 5 minutes: status of session ", "unreachable"),
        (json_response({"error": "too many"}, 429), "the API refused for 5 minutes: status of session ", "account"),
    ],
    ids=["unreachable", "refused"],
)
async def test_a_longer_outage_ends_the_wait(fault: Any, said: str, cause: str) -> None:
    script = Script(RUNNING, fault)
    ending = await script.run()
    assert ending.given_up is not None
    assert ending.given_up.startswith(said)
    assert (ending.status, ending.cause) == (Status.parse(RUNNING), cause)
    assert 300 <= script.time.seconds <= 320


async def test_a_status_of_another_session_ends_no_wait() -> None:
    other = {"session_id": "s-9", "status": "COMPLETED_ALL_PASSED", "total_scenarios": 1, "passed_scenarios": 1}
    script = Script(other)
    ending = await script.run()
    assert (ending.status, ending.cause, len(script.requested_at)) == (None, "misdirected", 3)
    about = f"status of session {SESSION.run_id}: the response is about another session: `s-9`"
    assert ending.given_up == f"the API responds about something else: {about}"
    assert (await Script(other, other, RUNNING, other, other, DONE).run()).given_up is None
    last = (await Script(RUNNING, other).run()).status
    assert last == Status.parse(RUNNING)


async def test_outages_do_not_add_up() -> None:
    script = Script(*([httpx.ConnectError("x")] * 10 + [RUNNING]) * 4, DONE)
    assert (await script.run()).given_up is None


async def test_a_refusal_ends_the_wait_at_once() -> None:
    script = Script(RUNNING, json_response({"error": "bad key"}, 401))
    ending = await script.run()
    assert ending.given_up is not None
    assert "bad key" in ending.given_up
    assert (ending.status, ending.cause) == (Status.parse(RUNNING), "request_failed")
    assert len(script.requested_at) == 2


async def test_a_session_is_gone_after_three_404_in_a_row() -> None:
    script = Script(RUNNING, json_response({}, 404))
    ending = await script.run()
    assert ending.given_up == "the API no longer knows session e1f2a3b4-5678"
    assert (ending.status, ending.cause) == (Status.parse(RUNNING), "gone")
    assert len(script.requested_at) == 4


NEVER_SEEN = replace(SESSION, request={"pathway_id": "pw-1"})


@pytest.mark.parametrize(
    ("other", "requests"),
    [
        (json_response({"message": "no active session"}, 404), ["active"]),
        (json_response({"session_id": "s-2"}), ["active"]),
    ],
)
async def test_a_session_never_seen_is_gone_if_active_responds(other: httpx.Response, requests: list[str]) -> None:
    script = Script(json_response({}, 404), gated=NEVER_SEEN)
    script.other = other
    ending = await script.run()
    assert ending.given_up is not None
    assert ending.given_up.startswith("the API no longer knows session e1f2a3b4-5678")
    assert script.others == requests


@pytest.mark.parametrize("last", [None, Status("RUNNING", current_iteration=1)], ids=["unknown", "running"])
@pytest.mark.parametrize("gated", [SESSION, NEVER_SEEN], ids=["without a pathway", "with its pathway"])
async def test_three_404_from_a_wrong_address_do_not_mean_gone(gated: GatedRun, last: Status | None) -> None:
    ending = await Script(json_response({}, 404), gated=replace(gated, known=Known(status=last))).run()
    assert ending.status == last
    assert ending.given_up is not None
    assert "the session may still exist: check bland:baseUrl" in ending.given_up
    assert "pulumi" not in ending.given_up


async def test_polling_goes_on_while_active_fails() -> None:
    script = Script(*[json_response({}, 404)] * 5, DONE, gated=NEVER_SEEN)
    script.other = json_response({}, 503)
    assert (await script.run()).given_up is None
    assert script.others == ["active"] * 3


@pytest.mark.parametrize("code", [401, 403, 404, 407, 410, 451])
async def test_a_page_of_a_proxy_or_firewall_is_an_outage(code: int) -> None:
    page = httpx.Response(code, text="<html>")
    assert (await Script(RUNNING, page, DONE).run()).given_up is None
    ending = await Script(RUNNING, page).run()
    assert ending.given_up is not None
    assert "could not be reached for 5 minutes" in ending.given_up
    assert "API key" not in ending.given_up


async def test_an_account_that_cannot_pay_ends_the_wait_as_incomplete() -> None:
    script = Script(RUNNING, json_response({"error": "BILLING_NOT_ALLOWED"}, 402))
    ending = await script.run()
    assert ending.given_up is not None
    assert "HTTP 402: BILLING_NOT_ALLOWED; the Bland account cannot pay for this" in ending.given_up
    assert (ending.cause, len(script.requested_at)) == ("account", 2)


async def test_single_404_responses_do_not_end_the_wait() -> None:
    assert (await Script(json_response({}, 404), RUNNING, json_response({}, 404), DONE).run()).given_up is None


async def test_waiting_ends_a_minute_after_the_time_limit() -> None:
    script = Script(RUNNING)
    ending = await script.run()
    assert ending.given_up == "it did not end within its time limit of 15m plus 1m"
    assert (ending.status, ending.cause) == (Status.parse(RUNNING), "out_of_time")
    assert script.time.seconds == pytest.approx(960)


async def test_a_clock_that_jumps_changes_no_deadline() -> None:
    script = Script(RUNNING)
    script.time.skew = -3600
    await script.run()
    assert script.time.seconds == pytest.approx(960)


@pytest.mark.parametrize(("random", "pause"), [(0.0, 20.0), (0.5, 27.5)])
async def test_retry_after_is_respected_with_jitter(random: float, pause: float) -> None:
    script = Script(json_response({}, 429, {"retry-after": "20"}), DONE, random=random)
    await script.run()
    assert script.time.slept == [pause]


async def test_a_long_retry_after_is_respected_while_the_wait_has_room() -> None:
    script = Script(json_response({}, 429, {"retry-after": "120"}), DONE, random=0.0)
    await script.run()
    assert script.time.slept == [120]
    script = Script(json_response({}, 503, {"retry-after": "86400"}))
    assert "unreachable" in str((await script.run()).cause)
    assert script.time.seconds == pytest.approx(960)


responses = st.sampled_from([RUNNING, DONE, {"status": "ODD"}, {}]) | st.sampled_from(
    [200, 404, 429, 500, 302, 401]
).map(lambda code: json_response([], code))


@given(st.lists(responses, min_size=1, max_size=30), st.floats(0, 1, exclude_max=True), st.integers(1, 10_000_000))
async def test_any_sequence_of_responses_ends_in_time(script: list[Any], random: float, timeout_ms: int) -> None:
    run = Script(*script, gated=replace(SESSION, timeout_ms=timeout_ms), random=random)
    await run.run()
    assert run.time.seconds <= timeout_ms / 1000 + 60 + 1e-6


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0s"), (999, "0s"), (45_000, "45s"), (190_000, "3m10s"), (900_000, "15m"), (7_200_000, "2h"), (-5, "0s")],
)
def test_durations_read_well(milliseconds: int, text: str) -> None:
    assert format_ms(milliseconds) == text
