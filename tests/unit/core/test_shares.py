from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.core.shares import at_least, percent, wilson


@given(st.integers(1, 250), st.data())
def test_a_quotient_is_compared_as_exactly_as_whole_numbers(total: int, data: st.DataObject) -> None:
    matched, percentage = data.draw(st.integers(0, total)), data.draw(st.integers(1, 100))
    assert at_least(matched / total, percentage) == (matched * 100 >= percentage * total)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.8, "80%"),
        (0.57, "57%"),
        (2 / 3, "66.6%"),
        (0.9999, "99.9%"),
        (0.7999999999999999, "80%"),
        (0.0004, "0%"),
    ],
)
def test_a_share_in_percent_is_never_more_than_it_is(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("passed", "runs", "low", "high"),
    [
        # R. G. Newcombe, Two-sided confidence intervals for the single proportion (1998), method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0000),
        # A. Agresti and B. A. Coull, Approximate is better than "exact" (1998): 10 of 10.
        (10, 10, 0.7225, 1.0000),
        (4, 5, 0.3755, 0.9638),
        (0, 0, 0.0000, 1.0000),
    ],
)
def test_the_interval_of_a_rate_is_wilsons(passed: int, runs: int, low: float, high: float) -> None:
    assert [round(bound, 4) for bound in wilson(passed, runs)] == [low, high]


@given(st.integers(1, 2500), st.data())
def test_an_interval_holds_its_rate_and_is_symmetric(runs: int, data: st.DataObject) -> None:
    passed = data.draw(st.integers(0, runs))
    low, high = wilson(passed, runs)
    assert 0 <= low <= passed / runs + 1e-12
    assert passed / runs - 1e-12 <= high <= 1
    assert wilson(runs - passed, runs) == pytest.approx((1 - high, 1 - low))
