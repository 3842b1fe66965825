from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.core.shares import at_least, percent


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
