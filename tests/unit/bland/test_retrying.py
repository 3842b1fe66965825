from __future__ import annotations

import pytest

from tests.support.api import FakeTime
from tornado_resource.bland import retrying
from tornado_resource.bland.retrying import MAX_ATTEMPTS, MAX_TOTAL_SECONDS, is_refused, retried, would_fail_again
from tornado_resource.errors import ApiError, NotSent, OutcomeUnknown, Rejected, ReportedError, TornadoError


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr(retrying, "SYSTEM", fake.clock())
    return fake


def rejected(status: int, retry_after: float | None = None) -> Rejected:
    return Rejected("r", "c", status_code=status, retry_after=retry_after)


async def tries(error: Exception) -> int:
    count = 0

    async def call() -> None:
        nonlocal count
        count += 1
        raise error

    with pytest.raises(type(error)):
        await retried(call)
    return count


OUTAGES = [408, 425, 429, 500, 502, 503, 504, 507, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 598, 599]


FOREIGN = [Rejected("r", "c", status_code=code, is_api=False) for code in (401, 403, 404, 451)]


@pytest.mark.parametrize("error", [NotSent("r", "c"), OutcomeUnknown("r", "c"), *map(rejected, OUTAGES), *FOREIGN])
async def test_transient_errors_are_retried(error: ApiError) -> None:
    assert await tries(error) == MAX_ATTEMPTS


@pytest.mark.parametrize(
    "error",
    [
        Rejected("r", "c", status_code=302, is_api=False),
        *map(rejected, [302, 400, 401, 403, 404, 409, 422, 499, 501, 505, 600]),
        TornadoError("x"),
        KeyError(),
    ],
)
async def test_other_errors_are_not_retried(error: Exception) -> None:
    assert await tries(error) == 1


@pytest.mark.parametrize(
    ("error", "refused", "again"),
    [
        *((rejected(code), False, True) for code in (300, 302, 399)),
        *((rejected(code), True, True) for code in (400, 404, 409, 422, 499)),
        *((rejected(code), False, False) for code in (299, 408, 425, 500, 503)),
        (rejected(429), True, False),
        *((error, False, True) for error in FOREIGN),
        (Rejected("r", "c", status_code=429, is_api=False), False, False),
        (ReportedError("r", "c"), False, True),
        (OutcomeUnknown("r", "c"), False, False),
        (NotSent("r", "c"), False, False),
    ],
)
def test_what_is_known_of_a_request_that_failed(
    error: ApiError,
    refused: bool,  # noqa: FBT001
    again: bool,  # noqa: FBT001
) -> None:
    """A gateway may send 408, 425 or a page of its own after the API has got the request: that is no refusal."""
    assert (is_refused(error), would_fail_again(error)) == (refused, again)


async def test_a_call_that_succeeds_after_retries_returns_its_result() -> None:
    faults: list[Exception] = [NotSent("r", "c"), rejected(503)]

    async def call() -> str:
        if faults:
            raise faults.pop()
        return "fine"

    assert await retried(call) == "fine"


async def test_pauses_grow(time: FakeTime) -> None:
    assert await tries(NotSent("r", "c")) == MAX_ATTEMPTS
    assert time.slept == [0.5, 1.0, 2.0, 4.0]


async def test_retry_after_sets_the_pause(time: FakeTime) -> None:
    await tries(rejected(429, retry_after=7.0))
    assert time.slept == [7.0] * (MAX_ATTEMPTS - 1)


async def test_a_long_retry_after_is_cut_to_a_minute(time: FakeTime) -> None:
    await tries(rejected(429, retry_after=120.0))
    assert time.slept == [60.0]


async def test_the_last_retry_is_at_the_time_limit(time: FakeTime) -> None:
    assert await tries(rejected(503, retry_after=40.0)) == 3
    assert sum(time.slept) == MAX_TOTAL_SECONDS
