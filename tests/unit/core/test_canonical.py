from __future__ import annotations

from typing import Any

import pytest

from tornado_resource.core.canonical import (
    canonical,
    digest,
    natural_or_none,
    text_or_none,
    texts,
    whole,
    whole_or_none,
    whole_without_nulls,
)


def test_whole_floats_become_integers_at_any_depth() -> None:
    value = whole({"a": [5.0, 0.5, (1.0,)], "b": {"c": None}, "d": True})
    assert repr(value) == "{'a': [5, 0.5, [1]], 'b': {'c': None}, 'd': True}"


def test_keys_that_are_null_can_be_left_out() -> None:
    assert whole_without_nulls({"a": None, "b": [{"c": None, "d": 2.0}, None]}) == {"b": [{"d": 2}, None]}


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), (5.0, 5), (-1, -1), (0.5, None), (True, None), ("5", None), (2**53 + 2, None), (float("inf"), None)],
)
def test_only_a_whole_number_that_a_float_holds_is_one(value: Any, number: int | None) -> None:
    assert whole_or_none(value) == number


@pytest.mark.parametrize(("value", "number"), [(0, 0), (7.0, 7), (-1, None), (0.5, None), (True, None), ("7", None)])
def test_a_version_is_a_whole_number_from_0_on(value: Any, number: int | None) -> None:
    assert natural_or_none(value) == number


def test_values_of_other_types_are_left_out() -> None:
    assert (text_or_none("a"), text_or_none(5), text_or_none(None)) == ("a", None, None)
    assert texts(["a", 5, "", None]) == texts(("a", "")) == ("a", "")
    assert (texts("ab"), texts({"a": 1}), texts(None)) == ((), (), ())


def test_equal_values_have_one_text_and_one_digest() -> None:
    assert canonical({"b": 1.0, "a": "é"}) == '{"a":"é","b":1}'
    assert digest({"b": 1.0, "a": []}) == digest({"a": [], "b": 1})
    assert digest(1) != digest(True)
