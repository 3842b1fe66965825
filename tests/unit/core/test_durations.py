from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.core.clock import UNITS, format_duration, format_ms, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1ms", 0.001),
        ("500ms", 0.5),
        ("1s", 1),
        ("1m", 60),
        ("1h", 3600),
        ("1d", 86_400),
        ("7d", 604_800),
        ("1.5h", 5400),
        ("0.125s", 0.125),
        ("0s", 0),
        ("999999s", 999_999),
    ],
)
def test_a_number_and_a_unit_are_a_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        *("", "15", "s", "-1s", "+1s", "1 s", "1s ", " 1s", "1s\n", "1S", "1w", "1m30s"),
        *("1000000s", "1.2345s", ".5s", "1.s", "1e3s", "²s", "\u0661s"),
    ],
)
def test_anything_else_is_not_a_duration(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (-5, "0s"),
        (0.999, "0s"),
        (1, "1s"),
        (45, "45s"),
        (59.9, "59s"),
        (60, "1m"),
        (190, "3m10s"),
        (900, "15m"),
        (3599, "59m59s"),
        (3600, "1h"),
        (3601, "1h1s"),
        (7260, "2h1m"),
        (90_061, "25h1m1s"),
    ],
)
def test_a_duration_is_shown_in_whole_seconds(seconds: float, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(("milliseconds", "text"), [(900_000, "15m"), (999, "0s"), (1000, "1s"), (60_500, "1m")])
def test_milliseconds_of_the_api_are_shown_as_a_duration(milliseconds: int, text: str) -> None:
    assert format_ms(milliseconds) == text


@given(st.integers(0, 999_999), st.sampled_from(sorted(UNITS)))
def test_a_parsed_duration_is_its_number_times_its_unit(number: int, unit: str) -> None:
    assert parse_duration(f"{number}{unit}") == number * UNITS[unit]
