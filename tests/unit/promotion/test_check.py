"""Whether sessions may go on from one stack to another, and on which version."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.core.positions import Position
from tornado_resource.declarations.model import Declaration, Environment, Gate
from tornado_resource.promotion.check import Promoted, SourceStack, check_promotion
from tornado_resource.promotion.record import Carried, Promotion, as_output, from_output

NOW = datetime(2026, 4, 14, 12, 0, tzinfo=UTC)
STACK = "organization/agents/staging"
VERDICT: dict[str, Any] = {
    "outcome": "passed",
    "reason": "4 of 4 scenarios passed",
    "session_id": "s-1",
    "version": 7.0,
    "finished_at": "2026-04-14T10:00:00.000Z",
}
SESSION: dict[str, Any] = {"session_id": "s-1", "pathway_id": "pw-1"}
DECLARED = Declaration(
    "support-line",
    {"pathway_id": "pw-1"},
    Gate(repaired="refuse"),
    Position("sessions.yaml", 4, 3),
    publish="production",
)


def source(verdict: Any = VERDICT, session: Any = SESSION, **changes: Any) -> SourceStack:
    outputs = {"verdicts": {"support-line": verdict}, "sessions": {"support-line": session}, "environment": "staging"}
    return SourceStack(STACK, **(outputs | changes))


def promoted(
    found: SourceStack,
    *,
    max_age: str | None = None,
    without: str | None = None,
    origin: str = "staging",
    **request: Any,
) -> Promoted:
    declaration = replace(DECLARED, request={**DECLARED.request, **request})
    return check_promotion(Environment("production", (declaration,), origin, max_age), found, NOW, without)


def test_the_version_that_passed_is_carried_as_a_whole_number() -> None:
    found = promoted(source())
    assert found.blocks == {}
    request = found.environment.declarations[0].request
    assert request == {"pathway_id": "pw-1", "version_number": 7}
    assert type(request["version_number"]) is int
    assert found.record == Promotion(STACK, None, {"support-line": Carried("s-1", 7, "2026-04-14T10:00:00.000Z")})
    assert found.notes["support-line"] == "support-line: version 7, passed there (session s-1)"


@pytest.mark.parametrize(
    ("found", "options", "said"),
    [
        (source(verdicts=None), {}, "it has no verdict there"),
        (source(verdicts={}), {}, "it has no verdict there"),
        (source(verdicts=[1]), {}, "it has no verdict there"),
        (source(None), {}, "it has no verdict there"),
        (source({**VERDICT, "outcome": 1}), {}, "it has no verdict there"),
        (
            source({**VERDICT, "outcome": "failed", "reason": "no \x1b[1m"}),
            {},
            r"its verdict there is failed: no \x1b[1m",
        ),
        (source({**VERDICT, "outcome": "incomplete"}), {}, "its verdict there is incomplete: 4 of 4"),
        (source({**VERDICT, "outcome": "PASSED"}), {}, "its verdict there is PASSED"),
        (source({**VERDICT, "outcome": "failed", "reason": 3}), {}, "is failed: no reason is recorded"),
        (
            source(session={**SESSION, "session_id": "s-2"}),
            {},
            "is of session s-1, and the stack now records session s-2",
        ),
        (source(session=None), {}, "is of session s-1, and the stack now records none"),
        (source(sessions=None), {}, "and the stack now records none"),
        (source({**VERDICT, "session_id": ""}), {}, "is of no session, and the stack now records session s-1"),
        (source({**VERDICT, "session_id": ""}, {**SESSION, "session_id": ""}), {}, "is of no session"),
        (source(), {"max_age": "1h"}, "it passed there 2h ago, and max_age is 1h"),
        (source(), {"max_age": "7199s"}, "it passed there 2h ago, and max_age is 7199s"),
        (source({**VERDICT, "finished_at": None}), {"max_age": "1h"}, "when it passed there is not known"),
        (source({**VERDICT, "finished_at": "soon"}), {"max_age": "1h"}, "when it passed there is not known"),
        (source({**VERDICT, "finished_at": "2026-04-14T12:05:01Z"}), {"max_age": "1h"}, "is in the future"),
        (source({**VERDICT, "version": None}), {}, "its pass there names no version: no version_number"),
        (source({**VERDICT, "version": 7.5}), {}, "its pass there names no version"),
        (source({**VERDICT, "version": True}), {}, "its pass there names no version"),
        (source(), {"version_number": 3}, "version_number 3 is declared, and version 7 passed there"),
        (source({**VERDICT, "version": 1e300}), {}, "its pass there names no version"),
        (source({**VERDICT, "version": -1.0}), {}, "its pass there names no version"),
        (source(environment="dev"), {}, "that stack runs environment dev"),
        (source(environment=["staging"]), {}, "that stack runs environment ['staging']"),
    ],
)
def test_what_speaks_against_it(found: SourceStack, options: dict[str, Any], said: str) -> None:
    assert said in promoted(found, **options).blocks["support-line"]


@pytest.mark.parametrize(
    ("found", "options"),
    [
        (source(), {"max_age": "2h"}),
        (source(), {"max_age": "1d"}),
        (source({**VERDICT, "finished_at": None}), {}),
        (source({**VERDICT, "finished_at": "2026-04-14T12:04:59Z"}), {"max_age": "1s"}),
        (source(), {"version_number": 7}),
        (source(environment=None), {}),
        (source(environment="eu"), {"origin": "acme/agents/staging"}),
        (source({**VERDICT, "version": 0}), {}),
    ],
)
def test_what_does_not(found: SourceStack, options: dict[str, Any]) -> None:
    assert promoted(found, **options).blocks == {}


def test_everything_is_said_at_once() -> None:
    found = promoted(source(session={**SESSION, "session_id": "s-2"}), max_age="1h", version_number=3)
    for said in ("the stack now records session s-2; ", "and max_age is 1h; ", "and version 7 passed there; "):
        assert said in found.blocks["support-line"]


def test_on_another_pathway_the_pass_is_required_and_no_version_is_carried() -> None:
    found = promoted(source(session={**SESSION, "pathway_id": "pw-copy"}))
    assert found.blocks == {}
    assert "version_number" not in found.environment.declarations[0].request
    assert found.notes["support-line"] == (
        "support-line: passed there (session s-1) on another pathway, no version is carried"
    )
    kept = promoted(source(session={**SESSION, "pathway_id": "pw-copy"}), version_number=3)
    assert kept.environment.declarations[0].request["version_number"] == 3
    assert kept.notes["support-line"].endswith("on another pathway, version 3 is declared")


def test_an_override_waives_what_blocks_and_puts_it_on_record() -> None:
    found = promoted(source({**VERDICT, "outcome": "failed", "reason": "1 of 4"}), without="INC-7")
    assert found.blocks == {}
    assert found.environment.declarations[0].request["version_number"] == 7
    assert found.record.without == "INC-7"
    assert found.record.waived == {"support-line": ("its verdict there is failed: 1 of 4",)}
    assert "version 7, promoted without a pass" in found.notes["support-line"]


def test_under_an_override_a_declared_version_comes_first() -> None:
    found = promoted(source(), without="INC-7", version_number=3)
    assert found.environment.declarations[0].request["version_number"] == 3
    assert "version_number 3 is declared, and version 7 passed there" in found.record.waived["support-line"][0]


def test_an_override_that_nothing_needs_waives_nothing() -> None:
    found = promoted(source(), without="INC-7")
    assert found.record.waived == {}
    assert found.record.without == "INC-7"


plain = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8)
near = st.fixed_dictionaries({key: st.just(value) | plain for key, value in VERDICT.items()})
recorded = st.fixed_dictionaries({key: st.just(value) | plain for key, value in SESSION.items()})


@given(near, recorded, st.sampled_from([None, "1h", "3h"]), st.sampled_from([None, 3, 7]))
def test_nothing_goes_on_without_a_pass_of_the_recorded_session(
    verdict: dict[str, Any], session: dict[str, Any], max_age: str | None, declared: int | None
) -> None:
    request: dict[str, Any] = {} if declared is None else {"version_number": declared}
    found = promoted(source(verdict, session), max_age=max_age, **request)
    if found.blocks:
        return
    assert verdict["outcome"] == "passed"
    assert verdict["session_id"] == session["session_id"] != ""
    version = found.environment.declarations[0].request.get("version_number")
    if session["pathway_id"] == "pw-1":
        assert version == verdict["version"]
    else:
        assert version == declared
    if max_age is not None:
        finished = datetime.fromisoformat(verdict["finished_at"])
        assert NOW - finished.replace(tzinfo=finished.tzinfo or UTC) <= timedelta(hours=int(max_age[:-1]))


@given(
    st.text(min_size=1),
    st.none() | st.text(),
    st.dictionaries(
        st.text(),
        st.builds(
            Carried,
            session_id=st.none() | st.text(),
            version=st.none() | st.integers(0, 2**53),
            finished_at=st.none() | st.text(),
            waived=st.lists(st.text()).map(tuple),
        ),
    ),
)
def test_a_record_survives_the_state(stack: str, without: str | None, sessions: dict[str, Carried]) -> None:
    promotion = Promotion(stack, without, sessions)
    assert from_output(as_output(promotion)) == promotion


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"from": 3}])
def test_what_is_no_record_is_none(value: Any) -> None:
    assert from_output(value) is None


odd = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner), max_leaves=8)


@given(odd, odd, odd, odd)
def test_odd_outputs_are_no_crash(first: Any, second: Any, third: Any, fourth: Any) -> None:
    entry = {"session_id": first, "version": second, "finished_at": third, "waived": fourth}
    assert from_output({"from": "x", "without": first, "sessions": {"a": entry, "b": second}}) is not None
    assert from_output({"from": "x", "sessions": fourth}) is not None
    assert promoted(SourceStack(STACK, first, second, third)).blocks
    promoted(SourceStack(STACK, first, {"support-line": second}, {"support-line": third}), max_age="1h", without="x")


def test_what_a_pass_may_still_bring_is_awaited() -> None:
    assert promoted(source(verdicts=None, sessions=None)).awaited == {"support-line"}
    assert promoted(source({**VERDICT, "outcome": "failed"}, {**SESSION, "pathway_id": "pw-2"})).awaited == frozenset()
    assert promoted(source()).awaited == frozenset()


def test_an_override_carries_a_version_though_the_sessions_were_cut_off() -> None:
    found = promoted(source({**VERDICT, "outcome": "incomplete", "session_id": ""}, sessions=None), without="INC-7")
    assert found.environment.declarations[0].request["version_number"] == 7
