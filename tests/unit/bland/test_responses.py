"""Responses of the API, as the client reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import client_of, json_response
from tornado_resource.bland.listing import MAX_OWNER_SCENARIOS, Owner, Scenario, parse_scenarios
from tornado_resource.bland.responses import MAX_TEXT_CHARACTERS, UNREADABLE_ID, elapsed_ms, parse_time, time_text
from tornado_resource.bland.scenarios import list_scenarios
from tornado_resource.bland.sessions import (
    MAX_FIXES,
    MAX_IDS,
    MAX_ITERATIONS,
    SESSION_ID_KEYS,
    Active,
    Omitted,
    Started,
    Status,
    read_active,
    read_status,
    session_fault,
    start_session,
)
from tornado_resource.core.text import clean
from tornado_resource.errors import OutcomeUnknown, Rejected

if TYPE_CHECKING:
    import httpx


async def test_a_response_wrapped_in_data_is_unwrapped() -> None:
    wrapped = {"data": {"session_id": "s-1", "status": "RUNNING"}, "errors": None}
    started = await start_session(client_of(lambda _: json_response(wrapped)), {"pathway_id": "pw-1"})
    assert started.session_id == "s-1"


@pytest.mark.parametrize("response", [json_response({}, 404), json_response({"session_id": None})])
async def test_no_active_session_is_none(response: httpx.Response) -> None:
    assert await read_active(client_of(lambda _: response), "pw-1") is None


@pytest.mark.parametrize(
    ("content", "is_wrapped"),
    [
        ({"data": {"status": "RUNNING"}, "errors": None, "status": "ok", "message": "m"}, True),
        ({"data": {"status": "RUNNING"}, "success": True, "error": None, "id": "request-1", "meta": {}}, True),
        ({"data": "x", "status": "ERROR"}, False),
        ({"data": {}, "status": "ERROR", "current_iteration": 1}, False),
    ],
)
async def test_an_object_in_data_is_what_the_response_is_about(content: Any, is_wrapped: bool) -> None:  # noqa: FBT001
    status = await read_status(client_of(lambda _: json_response(content)), "s-1")
    assert status.status == ("RUNNING" if is_wrapped else "ERROR")


@pytest.mark.parametrize("content", [[1], {"error": {"code": 5}}, {"errors": "x"}, {"message": 5}])
async def test_an_error_body_without_a_message_shows_the_status_alone(content: Any) -> None:
    with pytest.raises(Rejected) as caught:
        await read_status(client_of(lambda _: json_response(content, 500)), "s-1")
    assert str(caught.value) == "status of session s-1: HTTP 500"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1" * 19, None),
        ("9007199254740992", 2**53),
        ("9007199254740993", None),
        ("9" * 20, None),
        ("", None),
        ("²", None),
    ],
)
def test_digits_are_a_number_up_to_what_pulumi_can_carry(text: str, expected: int | None) -> None:
    status = Status.parse({"status": "RUNNING", "max_iterations": text})
    assert status is not None
    assert status.max_iterations == expected


async def test_scenarios_without_a_list_are_unknown() -> None:
    with pytest.raises(OutcomeUnknown, match="the response has no scenarios"):
        await list_scenarios(client_of(lambda _: json_response({})), Owner.pathway("pw-1"), enabled=True)


async def test_scenarios_are_read_by_the_fields_of_the_api() -> None:
    listed = [{"id": "a", "name": "A", "is_required_for_promotion": "true"}, {"id": "b"}]
    listing = await list_scenarios(
        client_of(lambda _: json_response({"scenarios": listed})), Owner.pathway("pw-1"), enabled=True
    )
    assert listing.scenarios == (
        Scenario("a", "A", is_required_for_promotion=True),
        Scenario("b", None, is_required_for_promotion=False),
    )


@pytest.mark.parametrize("content", [{}, {"session_id": 5}, {"status": "RUNNING"}])
async def test_an_active_response_without_a_session_id_is_unknown(content: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        await read_active(client_of(lambda _: json_response(content)), "pw-1")


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"session_id": "s-2"}, "session: `s-2`"),
        ({"id": "s-2"}, "session: `s-2`"),
        ({"session_id": "s-1", "pathway_id": "pw-2"}, "pathway: `pw-2`"),
        ({"pathway_id": "\x1b[2J"}, "pathway: `\\x1b[2J`"),
    ],
)
async def test_a_status_of_another_session_is_unknown(about: Any, said: str) -> None:
    client = client_of(lambda _: json_response({"status": "COMPLETED_ALL_PASSED", **about}))
    with pytest.raises(OutcomeUnknown) as caught:
        await read_status(client, "s-1", "pw-1")
    assert str(caught.value) == f"status of session s-1: the response is about another {said}"
    assert not client.has_responded


@pytest.mark.parametrize("content", [{"session_id": "s-1", "pathway_id": "pw-2"}, {"id": None, "pathway_id": "pw-2"}])
async def test_an_active_session_of_another_pathway_is_unknown(content: Any) -> None:
    client = client_of(lambda _: json_response(content))
    with pytest.raises(OutcomeUnknown, match="the response is about another pathway: `pw-2`"):
        await read_active(client, "pw-1")
    assert not client.has_responded


@pytest.mark.parametrize(
    "about", [{}, {"id": None, "pathway_id": None}, {"id": 5}, {"id": "S-1", "pathway_id": "PW-1"}]
)
async def test_a_status_that_names_no_other_session_is_taken(about: Any) -> None:
    client = client_of(lambda _: json_response({"status": "RUNNING", **about}))
    assert (await read_status(client, "s-1", "pw-1")).is_running


async def test_an_active_session_as_stored_shows_its_request() -> None:
    row = {"id": "s-1", "status": "RUNNING", "timeout_ms": 60000, "scenario_ids": ["a", "b\n"]}
    active = await read_active(client_of(lambda _: json_response(row)), "pw-1")
    assert active is not None
    assert (active.session_id, active.timeout_ms, active.scenario_ids) == ("s-1", 60000, ("a", UNREADABLE_ID))


async def test_odd_fields_of_a_status_are_ignored() -> None:
    odd = {
        "status": "NEW_STATUS",
        "passed_scenarios": "38",
        "failed_scenarios": 2.0,
        "total_scenarios": True,
        "iterations": [None, {"iteration": 1, "passed_ids": "x", "failed_ids": ["a", 7], "fix_plan": []}],
        "unfixable_ids": None,
        "forked_version": "7",
    }
    status = await read_status(client_of(lambda _: json_response(odd)), "s-1")
    assert (status.status, status.passed_scenarios, status.failed_scenarios) == ("NEW_STATUS", 38, 2)
    assert (status.total_scenarios, status.forked_version) == (None, 7)
    assert [iteration.failed_ids for iteration in status.iterations] == [("a",)]
    assert not status.is_final
    assert not status.is_running


UNUSABLE_IDS = [
    "../../x",
    "x" * 129,
    "a\x00b",
    "a?b=c",
    "a b",
    "s-1\n",
    "..",
    "s.",
    "é",
    "[secret]",
    "::stop-commands::x",
    "a/b",
]


@pytest.mark.parametrize("session_id", UNUSABLE_IDS)
@pytest.mark.parametrize("key", SESSION_ID_KEYS)
async def test_an_unusable_session_id_is_shown_and_not_taken(session_id: str, key: str) -> None:
    client = client_of(lambda _: json_response({key: session_id, "created_at": "2026-04-14T10:00:00.000Z"}))
    for call in (start_session(client, {"pathway_id": "pw-1"}), read_active(client, "pw-1")):
        with pytest.raises(OutcomeUnknown) as caught:
            await call
        assert caught.value.cause == (
            f"the session_id of the response is `{clean(session_id, 60)}` "
            "(expected 1 to 128 letters, digits and . _ ~ : @ -, with no dot at the end)"
        )
    assert not client.has_responded


@pytest.mark.parametrize("word", ["created_at", "status"])
@pytest.mark.parametrize("text", ["2026\n::error::x", "\x1b[2J", "x" * 65, "é", "<{%fg 1%}>", "##[error]"])
def test_a_session_with_an_unusable_time_or_status_is_not_taken(word: str, text: str) -> None:
    content = {"session_id": "s-1", word: text}
    assert Started.parse(content) is None
    assert Active.parse(content, None) is None
    expected = "(expected 1 to 64 printable ASCII characters)"
    assert session_fault(content) == f"the {word} of the response is `{clean(text, 60)}` {expected}"


@pytest.mark.parametrize("text", ["2026-04-14T10:15:00.000Z", "14 April, 10:15", "x" * 64, " ", "~"])
def test_a_time_is_unchanged(text: str) -> None:
    started = Started.parse({"session_id": "s-1", "created_at": text})
    assert started is not None
    assert started.created_at == text


@pytest.mark.parametrize("text", ["", None, 5, []])
def test_a_time_that_is_missing_is_none(text: Any) -> None:
    started = Started.parse({"session_id": "s-1", "created_at": text, "status": text})
    assert started is not None
    assert (started.created_at, started.status) == (None, "RUNNING")


@pytest.mark.parametrize("number", [1_776_161_700, 1_776_161_700.0, 1_776_161_700_000])
def test_a_time_may_be_a_number(number: float) -> None:
    """Of seconds or milliseconds since 1970. As digits, it is unchanged."""
    started = Started.parse({"session_id": "s-1", "created_at": number})
    assert started is not None
    assert started.created_at == "2026-04-14T10:15:00.000Z"
    assert parse_time(str(number)) == parse_time(started.created_at) == datetime(2026, 4, 14, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize("number", [0, -1, True, 20_260_414, 10**15, 10**400, float("inf"), float("nan")])
def test_a_number_that_is_no_time_is_none(number: Any) -> None:
    assert time_text(number) is None


@pytest.mark.parametrize("year", ["0001", "1969", "9001", "9999"])
@pytest.mark.parametrize("rest", ["-01-01T00:00:00+01:00", "-12-31T23:59:59-01:00", "-06-15T12:00:00Z"])
def test_a_time_with_which_nothing_can_be_computed_is_none(year: str, rest: str) -> None:
    """In UTC, or with a tolerance, it may be before the first day of the calendar or after the last one."""
    assert parse_time(f"{year}{rest}") is None
    assert elapsed_ms(f"{year}{rest}", "2026-04-14T10:15:00Z") is None


def test_a_time_without_an_offset_is_utc_and_every_other_one_becomes_it() -> None:
    assert str(parse_time("2026-04-14T12:15:00+02:00")) == str(parse_time("2026-04-14T10:15:00"))


async def test_an_unusable_status_is_shown() -> None:
    with pytest.raises(OutcomeUnknown, match=r"the status of the response is `\\u202ePASSED`"):
        await read_status(client_of(lambda _: json_response({"status": "\u202ePASSED"})), "s-1")


def test_an_unreadable_persona_is_none_that_is_declared() -> None:
    active = Active.parse({"session_id": "s-1", "persona_id": "pe-1\n"}, None)
    assert active is not None
    assert active.persona_id == UNREADABLE_ID


def test_unreadable_ids_stand_for_themselves_once() -> None:
    iteration = {"passed_ids": ["a\n", "a", "a"], "failed_ids": ["b\x1b", "c\u202e", "b"], "completed_at": "\n"}
    status = Status.parse({"status": "STUCK", "iterations": [iteration], "unfixable_ids": ["a\n"]})
    assert status is not None
    assert (status.iterations[0].passed_ids, status.unfixable_ids) == ((UNREADABLE_ID, "a"), (UNREADABLE_ID,))
    assert (status.iterations[0].failed_ids, status.iterations[0].completed_at) == ((UNREADABLE_ID, "b"), None)


@pytest.mark.parametrize("scenario_id", ["a\n", "", "x" * 129])
def test_a_list_with_an_unusable_scenario_id_is_none(scenario_id: str) -> None:
    assert parse_scenarios([{"id": "a"}, {"id": scenario_id}]) is None


def test_texts_are_cleaned_and_cut() -> None:
    fix = {"target_node": "\x1b[2J", "type": "::add-mask::x", "description": "Ask.\r\n::error::x" + "." * 3000}
    status = Status.parse({"status": "STUCK", "iterations": [{"fix_plan": {"fixes": [fix]}}]})
    assert status is not None
    found = status.iterations[0].fixes[0]
    assert (found.target_node, found.kind) == ("\\x1b[2J", ": :add-mask::x")
    assert (found.description or "").startswith("Ask.\n: :error::x...")
    assert len(found.description or "") <= MAX_TEXT_CHARACTERS
    scenarios = parse_scenarios([{"id": "a", "name": "Refunds\n ::error::x"}])
    assert scenarios == (Scenario("a", "Refunds : :error::x", is_required_for_promotion=False),)


def iterations(number: int, **fields: Any) -> Status:
    status = Status.parse({"status": "STUCK", "iterations": [{"iteration": each, **fields} for each in range(number)]})
    assert status is not None
    return status


def test_the_last_iterations_are_kept_and_the_others_counted() -> None:
    status = iterations(MAX_ITERATIONS + 7)
    assert [each.number for each in status.iterations] == list(range(7, MAX_ITERATIONS + 7))
    assert status.omitted == Omitted(iterations=7)
    assert not status.has_forked
    assert iterations(MAX_ITERATIONS).omitted == Omitted()


def test_a_repair_in_an_iteration_that_is_left_out_is_noticed() -> None:
    content = {"status": "STUCK", "iterations": [{"fix_plan": ["x"]}, *[{}] * MAX_ITERATIONS]}
    status = Status.parse(content)
    assert status is not None
    assert status.has_forked


def test_the_first_ids_are_kept_and_the_others_counted() -> None:
    ids = [str(number) for number in range(MAX_IDS + 3)]
    status = iterations(2, passed_ids=ids, failed_ids=ids[::-1])
    assert [len(each.passed_ids) for each in status.iterations] == [MAX_IDS, MAX_IDS]
    assert status.iterations[0].passed_ids[-1] == str(MAX_IDS - 1)
    assert set(status.iterations[0].failed_ids) == set(status.iterations[0].passed_ids)
    assert status.omitted == Omitted(ids=12)


def test_equal_ids_of_a_list_are_one() -> None:
    status = iterations(1, passed_ids=["a"] * 6_000)
    assert (status.iterations[0].passed_ids, status.omitted) == (("a",), Omitted())


def test_the_first_fixes_are_kept_and_the_others_counted() -> None:
    status = iterations(2, fix_plan={"fixes": [{"type": str(number)} for number in range(MAX_FIXES + 2)]})
    assert [len(each.fixes) for each in status.iterations] == [MAX_FIXES, MAX_FIXES]
    assert status.omitted == Omitted(fixes=4)


@pytest.mark.parametrize(("number", "is_read"), [(MAX_OWNER_SCENARIOS, True), (MAX_OWNER_SCENARIOS + 1, False)])
def test_a_pathway_has_so_many_scenarios_at_most(number: int, is_read: bool) -> None:  # noqa: FBT001
    """Each may be required for promotion, so none of them is left out."""
    assert (parse_scenarios([{"id": str(each)} for each in range(number)]) is not None) is is_read
