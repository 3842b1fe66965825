from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api import FakeTime
from tornado_resource.core.clock import Backoff, Poller


async def pauses_until_the_limit(backoff: Backoff, limit: float, random: float = 0.0) -> FakeTime:
    """Pause until the poller gives up, and return the time that has passed."""
    time = FakeTime()
    poller = Poller(backoff, limit, time.clock(random))
    while await poller.pause():
        assert len(time.slept) < 10_000
    return time


async def test_pauses_grow_up_to_the_longest_and_end_at_the_limit() -> None:
    time = await pauses_until_the_limit(Backoff(first=1, longest=4, growth=2), 15)
    assert time.slept == [1, 2, 4, 4, 4]
    assert time.seconds == 15


async def test_the_last_pause_ends_at_the_deadline() -> None:
    assert (await pauses_until_the_limit(Backoff(first=2, longest=8, growth=2), 5)).slept == [2, 3]


async def test_the_default_growth_is_one_and_a_half() -> None:
    assert (await pauses_until_the_limit(Backoff(first=2, longest=99), 9.5)).slept == [2, 3, 4.5]


async def test_the_first_pause_is_at_most_the_longest() -> None:
    assert (await pauses_until_the_limit(Backoff(first=9, longest=2), 4)).slept == [2, 2]


@pytest.mark.parametrize(("random", "expected"), [(0.0, 4.0), (0.5, 3.5), (1.0, 3.0)])
async def test_jitter_shortens_a_pause(random: float, expected: float) -> None:
    time = FakeTime()
    await Poller(Backoff(first=4, longest=4, jitter=0.25), 99, time.clock(random)).pause()
    assert time.slept == [expected]


async def test_a_time_limit_that_has_passed_pauses_no_more() -> None:
    time = FakeTime()
    poller = Poller(Backoff(first=1, longest=1), 10, time.clock())
    time.seconds = 10
    assert not await poller.pause()
    assert time.slept == []


@pytest.mark.parametrize(("random", "expected"), [(0.0, 20.0), (0.5, 23.0)])
async def test_retry_after_replaces_the_pause_with_jitter_on_top(random: float, expected: float) -> None:
    time = FakeTime()
    assert await Poller(Backoff(first=1, longest=6), 99, time.clock(random)).pause(retry_after=20)
    assert time.slept == [expected]


async def test_retry_after_zero_is_honoured_and_the_back_off_goes_on() -> None:
    time = FakeTime()
    poller = Poller(Backoff(first=1, longest=6, growth=2), 99, time.clock())
    await poller.pause(retry_after=0)
    await poller.pause()
    assert time.slept == [0, 2]


async def test_retry_after_is_cut_at_the_deadline() -> None:
    time = FakeTime()
    await Poller(Backoff(first=1, longest=6), 10, time.clock()).pause(retry_after=60)
    assert time.slept == [10]


BACKOFFS = st.builds(Backoff, st.floats(0.01, 20), st.floats(0.1, 20), growth=st.floats(1, 3), jitter=st.floats(0, 0.9))


@given(backoff=BACKOFFS, limit=st.floats(0, 60), random=st.floats(0, 1, exclude_max=True))
async def test_pauses_are_within_the_longest_and_end_at_the_deadline(
    backoff: Backoff, limit: float, random: float
) -> None:
    time = await pauses_until_the_limit(backoff, limit, random)
    assert all(0 <= pause <= backoff.longest for pause in time.slept)
    assert time.seconds == pytest.approx(limit)


@given(first=st.floats(0.01, 20), longest=st.floats(0.1, 20), growth=st.floats(1, 3))
async def test_without_jitter_pauses_never_shrink_before_the_last(first: float, longest: float, growth: float) -> None:
    slept = (await pauses_until_the_limit(Backoff(first, longest, growth), 60)).slept[:-1]
    assert all(before <= after for before, after in pairwise(slept))
