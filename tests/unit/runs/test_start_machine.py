from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.orders import order
from tornado_resource.bland.sessions import Active
from tornado_resource.errors import ApiError, Conflict, NotFound, NotSent, OutcomeUnknown, Rejected, TornadoError
from tornado_resource.runs import commands
from tornado_resource.runs.recovery import CLOCK_DIFFERENCE, OLDER, SENDING_WINDOW, START_CLOCK_TOLERANCE, find_own
from tornado_resource.runs.start_machine import (
    MAX_SENDS,
    PAUSES_SECONDS,
    SECOND_LOOK_SECONDS,
    Attempts,
    Fail,
    Freed,
    Look,
    LookFailed,
    Seen,
    Send,
    SendFailed,
    Supersede,
    Take,
    Wait,
    step,
)
from tornado_resource.tornado.kind import found_run

ACTIVE = Active("s-1", "2026-04-14T10:00:00.000Z", "RUNNING", None, 5, 7, None)
FOUND = found_run(order(), ACTIVE)
NOT_SENT = NotSent("start", "refused")
UNKNOWN = OutcomeUnknown("start", "reset")
CONFLICT = Conflict("start", "busy", status_code=409)


def rejected(code: int, retry_after: float | None = None) -> Rejected:
    return Rejected("start", f"HTTP {code}", status_code=code, retry_after=retry_after)


@pytest.mark.parametrize(("sent", "pause"), [(1, 0.5), (2, 1.0), (3, 2.0)])
def test_what_was_not_sent_is_sent_again_after_a_pause(sent: int, pause: float) -> None:
    attempts, action = step(order(), Attempts(sent=sent), SendFailed(NOT_SENT))
    assert action == Send(pause)
    assert attempts == Attempts(sent=sent, fault=NOT_SENT)


def test_there_is_a_pause_before_every_further_send() -> None:
    assert len(PAUSES_SECONDS) == MAX_SENDS - 1


def test_the_last_send_that_was_not_sent_fails_for_certain() -> None:
    _, action = step(order(), Attempts(sent=MAX_SENDS), SendFailed(NOT_SENT))
    assert action == Fail(NOT_SENT, is_certain=True)


def test_the_last_send_with_an_unknown_outcome_fails_with_the_next_step() -> None:
    attempts = Attempts(sent=MAX_SENDS, is_ambiguous=True, looks_due=1, fault=UNKNOWN)
    action = step(order(), attempts, Seen(None))[1]
    assert isinstance(action, Fail)
    assert not action.is_certain, "it may be shown later still"
    assert str(action.error) == (
        "start: reset; no session is active on the pathway after 4 attempts, so none was recorded. "
        "Check bland:baseUrl, then run `pulumi up --stack dev` again"
    )


def test_a_request_not_sent_does_not_settle_an_earlier_unknown_one() -> None:
    _, action = step(order(), Attempts(sent=MAX_SENDS, is_ambiguous=True, looks_due=1), SendFailed(NOT_SENT))
    assert action == Fail(NOT_SENT, is_certain=False)


AMBIGUOUS_5XX = [500, 501, 502, 503, 504, 505, 507, 520, 521, 522, 523, 524, 525, 526, 529, 530, 598]
"""Also those by which Cloudflare says that it did not reach the API: who answers with them is not known."""


@pytest.mark.parametrize(("kind", "looks"), [("tornado", 2), ("confirmation", 0)])
def test_where_runs_are_shown_late_each_send_has_all_looks(kind: str, looks: int) -> None:
    attempts, _ = step(replace(order(), kind=kind), Attempts(sent=2, patient_looks=2), SendFailed(UNKNOWN))
    assert attempts.patient_looks == looks


@pytest.mark.parametrize("error", [CONFLICT, rejected(429)])
def test_a_refused_request_needs_one_look(error: ApiError) -> None:
    attempts, action = step(order(), Attempts(sent=1), SendFailed(error))
    assert (attempts, action) == (Attempts(sent=1, looks_due=1, fault=error), Look(is_thorough=error is not CONFLICT))


@pytest.mark.parametrize("error", [UNKNOWN, *map(rejected, [302, 399, 408, 425, *AMBIGUOUS_5XX])])
def test_an_unknown_outcome_needs_two_looks(error: ApiError) -> None:
    attempts, action = step(order(), Attempts(sent=1), SendFailed(error))
    assert (attempts, action) == (Attempts(sent=1, is_ambiguous=True, looks_due=2, fault=error), Look(is_thorough=True))
    attempts, action = step(order(), attempts, Seen(None))
    assert (attempts.looks_due, action) == (1, Look(SECOND_LOOK_SECONDS, is_thorough=True))


@pytest.mark.parametrize("error", [*map(rejected, [400, 401, 403, 422, 499]), NotFound("start", "no", status_code=404)])
@pytest.mark.parametrize("is_ambiguous", [True, False])
def test_a_rejected_request_fails(error: ApiError, is_ambiguous: bool) -> None:  # noqa: FBT001
    attempts = Attempts(sent=2, is_ambiguous=is_ambiguous)
    assert step(order(), attempts, SendFailed(error))[1] == Fail(error, is_certain=not is_ambiguous)


@pytest.mark.parametrize(("retry_after", "pause"), [(None, 0.5), (7.0, 7.0), (0.0, 0.0), (120.0, 60.0)])
def test_retry_after_replaces_the_pause(retry_after: float | None, pause: float) -> None:
    attempts = Attempts(sent=1, looks_due=1, fault=rejected(429, retry_after))
    assert step(order(), attempts, Seen(None))[1] == Send(pause)


def test_a_redirect_is_not_sent_again() -> None:
    fault = rejected(302)
    attempts = Attempts(sent=1, is_ambiguous=True, looks_due=1, fault=fault)
    assert step(order(), attempts, Seen(None))[1] == Fail(fault, is_certain=False)


def test_a_conflict_without_a_session_fails_after_the_last_send() -> None:
    attempts = Attempts(sent=MAX_SENDS - 1, looks_due=1, fault=CONFLICT)
    assert isinstance(step(order(), attempts, Seen(None))[1], Send)
    action = step(order(), Attempts(sent=MAX_SENDS, looks_due=1, fault=CONFLICT), Seen(None))[1]
    assert isinstance(action, Fail)
    assert action.is_certain
    assert str(action.error) == (
        "the API reports a conflict on pathway pw-1, but no session is active there; try again later"
    )


def test_a_conflict_after_an_unknown_outcome_may_be_with_our_own_session() -> None:
    attempts, pauses = Attempts(sent=MAX_SENDS, is_ambiguous=True, looks_due=1, fault=CONFLICT), []
    while isinstance((taken := step(order(), attempts, Seen(None)))[1], Look):
        attempts, look = taken
        pauses.append(look.pause_seconds)  # type: ignore[union-attr] # it is one
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert isinstance(taken[1], Fail)
    assert not taken[1].is_certain


@pytest.mark.parametrize(
    ("attempts", "is_taken"),
    [
        (Attempts(1, is_ambiguous=True, fault=UNKNOWN), True),
        (Attempts(1, is_ambiguous=True, fault=CONFLICT), True),
        (Attempts(1, fault=rejected(429)), True),
        (Attempts(1, fault=CONFLICT), False),
    ],
)
def test_a_session_is_ours_unless_it_was_there_before(attempts: Attempts, is_taken: bool) -> None:  # noqa: FBT001
    action = step(order(), attempts, Seen(FOUND, FOUND))[1]
    assert (action == Take(FOUND, adopted=False)) is is_taken


@pytest.mark.parametrize("on_conflict", ["fail", "adopt", "wait", "supersede"])
@pytest.mark.parametrize(
    ("attempts", "is_kept"),
    [
        (Attempts(1, is_ambiguous=True, fault=UNKNOWN), True),
        (Attempts(1, is_ambiguous=True, fault=CONFLICT), True),
        (Attempts(2, is_ambiguous=True, fault=rejected(503)), True),
        (Attempts(2, is_ambiguous=True, fault=rejected(429)), True),
        (Attempts(1, fault=rejected(429)), False),
        (Attempts(1, fault=CONFLICT), False),
    ],
)
def test_a_session_that_may_be_ours_but_differs_is_left_alone(
    on_conflict: Any,
    attempts: Attempts,
    is_kept: bool,  # noqa: FBT001
) -> None:
    ordered = order(on_conflict, timeout_ms=7200000)
    found = found_run(ordered, replace(ACTIVE, timeout_ms=3600000))
    action = step(ordered, attempts, Seen(found, found))[1]
    assert (isinstance(action, Fail) and not action.is_certain) is is_kept
    assert not is_kept or "its timeout_ms is 3600000 (declared: 7200000)" in str(action.error)  # type: ignore[union-attr]


@pytest.mark.parametrize("on_conflict", ["fail", "adopt", "wait", "supersede"])
def test_on_conflict_decides_on_a_session_that_differs_after_a_refusal(on_conflict: Any) -> None:
    ordered = order(on_conflict, scenario_ids=["sc-1", "sc-2"])
    found = found_run(ordered, replace(ACTIVE, scenario_ids=("sc-8", "sc-9"), total_scenarios=2))
    action = step(ordered, Attempts(1, fault=rejected(429)), Seen(found, found))[1]
    if on_conflict in {"wait", "supersede"}:
        assert action == (Wait(found) if on_conflict == "wait" else Supersede(found))
        return
    assert isinstance(action, Fail)
    assert action.is_certain
    assert "may have created it" not in str(action.error)
    differences = "its scenarios are sc-8, sc-9 (declared: sc-1, sc-2)"
    assert str(action.error).splitlines()[1:] == [
        f"To take it over:    declare what it runs, then {commands.adopt('dev', 'support-line', 's-1')}",
        f"To wait for it:     {commands.on_conflict('dev', 'support-line', 'wait')}",
        f"To cancel it first: {commands.on_conflict('dev', 'support-line', 'supersede')}",
        f"It cannot be adopted because it differs: {differences}",
    ]


@pytest.mark.parametrize(
    ("on_conflict", "action"),
    [("adopt", Take(FOUND, adopted=True)), ("wait", Wait(FOUND)), ("supersede", Supersede(FOUND))],
)
def test_on_conflict_decides_on_a_foreign_session(on_conflict: Any, action: object) -> None:
    attempts = Attempts(1, fault=CONFLICT)
    assert step(order(on_conflict), attempts, Seen(FOUND)) == (attempts, action)


@pytest.mark.parametrize("on_conflict", ["fail", "adopt"])
@pytest.mark.parametrize("is_ambiguous", [True, False])
def test_a_conflict_keeps_the_intent_while_the_outcome_is_unknown(
    on_conflict: Any,
    is_ambiguous: bool,  # noqa: FBT001
) -> None:
    attempts = Attempts(1, is_ambiguous=is_ambiguous, fault=CONFLICT)
    ordered = order(on_conflict, max_iterations=9)
    action = step(ordered, attempts, Seen(found_run(ordered, ACTIVE)))[1]
    assert isinstance(action, Fail)
    assert action.is_certain is not is_ambiguous
    note = "It cannot be adopted because it differs: its max_iterations is 5 (declared: 9)"
    assert str(action.error).endswith(f"\n{note}")


def test_a_failed_look_keeps_the_intent_and_says_what_to_do() -> None:
    error = OutcomeUnknown("active session of pathway pw-1", "reset")
    action = step(order(), Attempts(1, is_ambiguous=True, looks_due=2, fault=UNKNOWN), LookFailed(error))[1]
    assert isinstance(action, Fail)
    assert not action.is_certain
    assert str(action.error).startswith(
        "start: reset; could not determine whether a session was started (active session of pathway pw-1: reset). "
        "Run `pulumi up --stack dev` again on this machine"
    )


def test_a_freed_pathway_proves_that_earlier_sends_had_no_effect() -> None:
    attempts, action = step(order(), Attempts(2, is_ambiguous=True, looks_due=2, fault=CONFLICT), Freed())
    assert (attempts, action) == (Attempts(2, fault=CONFLICT), Send(0.0))
    last = Attempts(MAX_SENDS, is_ambiguous=True, looks_due=2, fault=UNKNOWN)
    assert step(order(), last, Freed())[1] == Fail(UNKNOWN, is_certain=False), "no look has settled the last send"


@pytest.mark.parametrize(
    ("created", "doubts"),
    [
        (-CLOCK_DIFFERENCE - timedelta(milliseconds=1), None),
        (-CLOCK_DIFFERENCE, (OLDER,)),
        (-START_CLOCK_TOLERANCE - timedelta(milliseconds=1), (OLDER,)),
        (-START_CLOCK_TOLERANCE, ()),
        (SENDING_WINDOW, ()),
        (SENDING_WINDOW + timedelta(milliseconds=1), None),
    ],
)
@pytest.mark.parametrize("has_date", [True, False])
def test_a_session_created_within_the_window_is_ours(
    created: timedelta,
    doubts: Any,
    has_date: bool,  # noqa: FBT001
) -> None:
    sent, elapsed = datetime(2026, 4, 14, 10, 0, tzinfo=UTC), timedelta(seconds=90)
    skew = timedelta(hours=1) if has_date else timedelta(0)
    active = Active("s-1", (sent + created).isoformat(), "RUNNING", None, 5, 7, sent + elapsed if has_date else None)
    found = find_own([found_run(order(), active)], sent + skew, elapsed)
    assert (found.doubts if found is not None else None) == doubts
    ended = replace(found_run(order(), active), is_holding=False)
    assert (find_own([ended], sent + skew, elapsed) is not None) is (doubts == ()), "clocks differ for what runs"


@pytest.mark.parametrize("created_at", [None, "", "yesterday"])
def test_a_session_without_a_time_may_be_ours(created_at: str | None) -> None:
    now = datetime(2026, 4, 14, 10, 0, tzinfo=UTC)
    active = Active("s-1", created_at, "RUNNING", None, 5, 7, None)
    found = find_own([found_run(order(), active)], now, timedelta(0))
    assert found is not None
    assert found.doubts[-1] == "the API does not show when it was created"


def test_the_windows_are_half_a_minute_two_seconds_and_ten_minutes() -> None:
    windows = (timedelta(seconds=30), timedelta(seconds=2), timedelta(minutes=10))
    assert windows == (CLOCK_DIFFERENCE, START_CLOCK_TOLERANCE, SENDING_WINDOW)


@pytest.mark.parametrize("on_conflict", ["fail", "adopt", "wait", "supersede"])
def test_another_session_changes_nothing_where_our_own_one_has_ended(on_conflict: Any) -> None:
    """Waiting for it or cancelling it, and then starting, would be a second start."""
    ended = TornadoError("a start took effect")
    attempts = Attempts(sent=1, is_ambiguous=True, looks_due=1, fault=UNKNOWN)
    _, action = step(order(on_conflict=on_conflict), attempts, Seen(FOUND, ended=ended))
    assert action == Fail(ended, is_certain=False)
