"""A promotion in a stack's outputs, and its effect on the gate."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.results import gated_run_of
from tornado_resource.stacks.recorded_promotion import (
    PromotedSession,
    Promotion,
    as_output,
    from_output,
    with_promoted_version,
)

scalars = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8)
outputs = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner), max_leaves=8
)


@given(
    st.text(min_size=1),
    st.none() | st.text(),
    st.dictionaries(
        st.text(),
        st.builds(
            PromotedSession,
            session_id=st.none() | st.text(),
            version=st.none() | st.integers(0, 2**53),
            finished_at=st.none() | st.text(),
            waived=st.lists(st.text()).map(tuple),
            version_id=st.none() | st.text(),
            semver=st.none() | st.text(),
        ),
    ),
)
def test_a_record_survives_the_state(stack: str, override: str | None, sessions: dict[str, PromotedSession]) -> None:
    promotion = Promotion(stack, override, sessions)
    assert from_output(as_output(promotion)) == promotion


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"from": 3}])
def test_other_values_are_no_record(value: Any) -> None:
    assert from_output(value) is None


@given(outputs, outputs, outputs, outputs)
def test_malformed_records_never_raise(first: Any, second: Any, third: Any, fourth: Any) -> None:
    entry = {"session_id": first, "version": second, "finished_at": third, "waived": fourth}
    assert from_output({"from": "x", "without": first, "sessions": {"a": entry, "b": second}}) is not None
    assert from_output({"from": "x", "sessions": fourth}) is not None


@pytest.mark.parametrize(
    ("value", "version"),
    [(7, 7), (7.0, 7), (0, 0), (2**53, 2**53), (2**53 + 2, None), (-1, None), (7.5, None), (True, None), ("7", None)],
)
def test_a_version_is_a_whole_number_that_a_float_can_hold(value: Any, version: int | None) -> None:
    promotion = from_output({"from": "x", "sessions": {"a": {"version": value}}})
    assert promotion is not None
    assert promotion.sessions["a"].version == version


def test_malformed_parts_of_a_record_are_left_out() -> None:
    entry = {"session_id": 1, "version": None, "finished_at": [], "waived": ["late", 3]}
    promotion = from_output({"from": "x", "without": 4, "sessions": {"a": entry, "b": "?"}})
    assert promotion == Promotion(
        "x", None, {"a": PromotedSession(None, None, None, ("late",)), "b": PromotedSession(None, None, None)}
    )
    assert promotion.waived == {"a": ("late",)}


def test_only_a_promoted_session_must_pass_on_the_promoted_version() -> None:
    gated = gated_run_of("billing")
    promotion = Promotion("x", None, {"billing": PromotedSession("s-1", 7, None)})
    assert with_promoted_version(gated, promotion).promoted.version == 7
    assert with_promoted_version(gated_run_of("other"), promotion).promoted.version is None
    assert with_promoted_version(gated, None) == gated
