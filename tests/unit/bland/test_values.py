"""The values of responses: each is what it should be, or None."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.api import client_of, json_response
from tornado_resource.bland.responses import MAX_LINE_CHARACTERS, flag, line, number, shows_more, unwrapped, word
from tornado_resource.errors import Conflict, Rejected


@pytest.mark.parametrize(
    ("value", "found"),
    [(0, 0.0), (1, 1.0), (0.5, 0.5), (1.01, None), (-0.1, None), (True, None), ("0.5", None), (None, None), ([], None)],
)
def test_a_number_is_within_its_range(value: Any, found: float | None) -> None:
    assert number(value, 1.0) == found


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
def test_a_number_that_is_not_finite_is_none(text: str) -> None:
    assert number(json.loads(text), 1.0) is None


def test_a_line_is_clean_and_short() -> None:
    assert line("a\n b\t\x1b[31m") == "a b \\x1b[31m"
    assert len(line("x" * 10_000) or "") == MAX_LINE_CHARACTERS
    assert (line(None), line(5)) == (None, None)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([True, 1, "true", "True", "TRUE", "1"], True),
        ([False, 0, "false", "False", "0"], False),
        ([None, 2, -1, 0.5, "", "yes", "no", " true", "2", [], {}, [True]], None),
    ],
)
def test_a_flag_is_true_or_false_in_any_form(values: list[Any], found: bool | None) -> None:  # noqa: FBT001
    assert [flag(value) for value in values] == [found] * len(values)


def test_a_word_is_not_changed() -> None:
    assert [word(each) for each in ("PASSED", "", "é", "a\n", "x" * 65, 5)] == ["PASSED", *[None] * 5]


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ({"data": {"id": 1}, "errors": None}, {"id": 1}),
        ({"data": None, "errors": None}, None),
        ({"data": [1], "status": "success", "message": ""}, [1]),
        ({"data": [1], "has_more": False}, [1]),
        ({"data": {"id": 1}, "id": "request-1", "success": True}, {"id": 1}),
        ({"data": None, "error": None, "success": True}, None),
        ({"data": None, "id": 1}, {"data": None, "id": 1}),
        ({"data": {}, "id": 1}, {"data": {}, "id": 1}),
        ({"data": {"id": 1}, "errors": None, "meta": {"request_id": "r"}}, {"id": 1}),
        ({"data": [1], "errors": None, "request_id": "r"}, [1]),
        ({"data": [1], "errors": None, "has_more": True}, [1]),
        ({"id": 1}, {"id": 1}),
        ([1], [1]),
        (None, None),
    ],
    ids=str,
)
def test_a_body_is_unwrapped_only_from_a_wrapper(body: Any, content: Any) -> None:
    assert unwrapped(body) == content


@pytest.mark.parametrize(
    ("body", "is_more"),
    [
        ({"data": [], "errors": None}, False),
        ({"scenarios": [], "has_more": False, "next_cursor": None, "total_count": 3, "total": "2"}, False),
        ({"scenarios": [], "total_count": 4}, True),
        ({"data": [], "hasMore": True}, True),
        ({"data": {"runs": [], "total": 9}}, True),
        ({"data": [], "meta": {"pagination": {"nextPage": "/v1/x?page=2"}}}, True),
        ({"data": [], "pagination": {"next_cursor": "c"}}, True),
        ([], False),
    ],
    ids=str,
)
def test_a_list_that_goes_on_says_so_in_many_ways(body: Any, is_more: bool) -> None:  # noqa: FBT001
    assert shows_more(body, 3) is is_more


@pytest.mark.parametrize(
    "body",
    [
        {"data": None, "errors": [{"error": "CHECKS_BLOCKED", "message": "no pass"}]},
        {"error": "CHECKS_BLOCKED", "message": "no pass"},
        {"error": {"code": "CHECKS_BLOCKED", "message": "no pass"}},
        {"code": "CHECKS_BLOCKED", "message": "no pass"},
        {"errors": [None, 5, {"error": 7, "message": "no pass"}, {"code": "CHECKS_BLOCKED"}]},
    ],
    ids=json.dumps,
)
async def test_an_error_has_its_code_in_every_form(body: Any) -> None:
    async with client_of(lambda _: json_response(body, 409)) as client:
        with pytest.raises(Conflict, match="no pass") as caught:
            await client.exchange("try", "POST", "/x")
    assert caught.value.code == "CHECKS_BLOCKED"


@pytest.mark.parametrize("body", ["{}", '{"error": "not a code"}', '{"errors": "X"}', "[]", "<html>", '{"error": "a"}'])
async def test_an_error_without_a_code_has_none(body: str) -> None:
    async with client_of(lambda _: httpx.Response(409, text=body)) as client:
        with pytest.raises(Rejected) as caught:
            await client.exchange("try", "POST", "/x")
    assert caught.value.code is None
