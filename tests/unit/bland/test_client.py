from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api import KEY, client_of, json_response
from tornado_resource.bland.client import MAX_RESPONSE_BYTES
from tornado_resource.bland.listing import Owner
from tornado_resource.bland.pathways import publish_version
from tornado_resource.bland.scenarios import create_scenario, get_scenario, list_scenarios, update_scenario
from tornado_resource.bland.sessions import cancel_session, read_active, read_status, start_session
from tornado_resource.errors import ApiError, Conflict, NotFound, NotSent, OutcomeUnknown, Rejected, ReportedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STARTED = {
    "session_id": "s-1",
    "status": "RUNNING",
    "pathway_id": "pw-1",
    "max_iterations": 5,
    "timeout_ms": 900000,
    "created_at": "2026-04-14T10:15:00.000Z",
    "new_field": [1],
}


async def test_a_start_sends_the_request_and_the_bare_key() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return json_response(STARTED)

    started = await start_session(client_of(handle), {"pathway_id": "pw-1", "max_iterations": 5})
    assert (started.session_id, started.created_at) == ("s-1", "2026-04-14T10:15:00.000Z")
    assert seen[0].headers["authorization"] == KEY
    assert (seen[0].method, seen[0].url.path) == ("POST", "/v1/agent-testing/tornado/start")
    assert seen[0].content == b'{"pathway_id":"pw-1","max_iterations":5}'


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx.ConnectError("refused"), NotSent),
        (httpx.ConnectTimeout("slow"), NotSent),
        (httpx.ProxyError("no"), NotSent),
        (httpx.UnsupportedProtocol("no"), NotSent),
        (httpx.ReadTimeout("slow"), OutcomeUnknown),
        (httpx.WriteTimeout("slow"), OutcomeUnknown),
        (httpx.PoolTimeout("full"), OutcomeUnknown),
        (httpx.ReadError("reset"), OutcomeUnknown),
        (httpx.WriteError("reset"), OutcomeUnknown),
        (httpx.CloseError("reset"), OutcomeUnknown),
        (httpx.RemoteProtocolError("cut"), OutcomeUnknown),
        (httpx.LocalProtocolError(f"Illegal header value b'{KEY}'"), OutcomeUnknown),
    ],
)
async def test_every_transport_error_is_mapped(raised: Exception, kind: type[ApiError]) -> None:
    def handle(_request: httpx.Request) -> httpx.Response:
        raise raised

    with pytest.raises(ApiError) as caught:
        await read_status(client_of(handle), "s-1")
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_mapping_is_complete() -> None:
    """A transport error that a later httpx adds is `OutcomeUnknown`, the safe choice."""
    known = {
        httpx.TimeoutException,
        httpx.NetworkError,
        httpx.ProtocolError,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
    }
    assert set(httpx.TransportError.__subclasses__()) == known


@pytest.mark.parametrize(
    "body",
    [
        '{"error": "it\'s %s"}',
        '{"message": "it\'s %s"}',
        '{"status": "error", "message": "it\'s %s"}',
        '{"data": null, "errors": [{"error": "E1", "message": "it\'s %s"}]}',
        '{"error": {"message": "it\'s %s"}}',
    ],
)
async def test_an_error_message_is_found_in_every_shape_without_the_key(body: str) -> None:
    def handle(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(422, text=body % f"{KEY} \\u001b[31m")

    with pytest.raises(Rejected) as caught:
        await read_status(client_of(handle), "s-1")
    assert str(caught.value) == "status of session s-1: HTTP 422: it's [secret] \\x1b[31m"


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (410, NotFound), (409, Conflict), (400, Rejected), (503, Rejected)]
)
async def test_error_statuses_have_types(status: int, kind: type[Rejected]) -> None:
    with pytest.raises(Rejected) as caught:
        await read_status(client_of(lambda _: json_response({}, status)), "s-1")
    assert type(caught.value) is kind
    assert caught.value.status_code == status


REPORTED = [
    {"status": "error", "message": "quota exceeded"},
    {"error": "quota exceeded"},
    {"data": None, "errors": [{"error": "QUOTA", "message": "quota exceeded"}]},
    {"data": {}, "errors": [{"error": "QUOTA", "message": "quota exceeded"}]},
]


@pytest.mark.parametrize("body", REPORTED, ids=str)
async def test_an_error_in_a_2xx_response_is_shown_in_the_words_of_the_api(body: dict[str, Any]) -> None:
    client = client_of(lambda _: json_response(body))
    for call in (
        start_session(client, {"pathway_id": "pw-1"}),
        read_active(client, "pw-1"),
        read_status(client, "s-1"),
        list_scenarios(client, Owner.pathway("pw-1"), enabled=True),
        list_scenarios(client, Owner.pathway("pw-1"), enabled=True),
        get_scenario(client, "sc-1"),
        create_scenario(client, Owner.pathway("pw-1"), {"name": "a"}),
        update_scenario(client, "sc-1", {}),
    ):
        with pytest.raises(ReportedError, match=r": the API reported an error: quota exceeded$"):
            await call
    with pytest.raises(Rejected, match=r": the API reported an error: quota exceeded$"):
        await publish_version(client, "pw-1", 7, "production")


async def test_an_error_beside_a_session_loses_no_session() -> None:
    body = {"status": "error", "message": "slow", "session_id": "s-1"}
    client = client_of(lambda _: json_response(body))
    assert (await start_session(client, {"pathway_id": "pw-1"})).session_id == "s-1"
    active = await read_active(client, "pw-1")
    assert active is not None
    assert (await read_status(client, "s-1")).status == "error"


async def test_an_error_without_words_does_not_say_that_no_session_runs() -> None:
    client = client_of(lambda _: json_response({"status": "error", "session_id": None}))
    with pytest.raises(ReportedError, match="the API reported an error: without a message"):
        await read_active(client, "pw-1")


FOREIGN = (
    "HTTP CODE; the response is not JSON, so it does not come from the API: check bland:baseUrl, "
    "and the proxies and firewalls on the way"
)


@pytest.mark.parametrize("code", [404, 410])
@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'"gone"', b"null", b'{"error"', b"[" * 100_000])
async def test_a_404_that_is_not_a_json_object_is_not_the_apis(code: int, content: bytes) -> None:
    client = client_of(lambda _: httpx.Response(code, content=content))
    for call in (
        read_status(client, "s-1"),
        read_active(client, "pw-1"),
        cancel_session(client, "s-1"),
        list_scenarios(client, Owner.pathway("pw-1"), enabled=True),
    ):
        with pytest.raises(Rejected, match="does not come from the API: check bland:baseUrl") as caught:
            await call
        assert type(caught.value) is Rejected
    assert not client.has_responded


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (401, FOREIGN),
        (403, FOREIGN),
        (407, "HTTP 407; a proxy on the way requires a user name and password: check HTTPS_PROXY"),
        (451, FOREIGN),
        (404, FOREIGN),
        (503, "HTTP 503"),
    ],
)
async def test_a_page_is_not_blamed_on_the_key(code: int, text: str) -> None:
    with pytest.raises(Rejected) as caught:
        await read_status(client_of(lambda _: httpx.Response(code, text="<html>")), "s-1")
    assert caught.value.cause == text.replace("CODE", str(code))
    assert not caught.value.is_api


@pytest.mark.parametrize(("code", "advice"), [(401, "check the API key"), (403, "API key may do"), (402, "billing")])
@pytest.mark.parametrize("content", [b"", b"{}"])
async def test_a_response_of_the_api_has_its_advice(code: int, advice: str, content: bytes) -> None:
    with pytest.raises(Rejected, match=advice) as caught:
        await read_status(client_of(lambda _: httpx.Response(code, content=content)), "s-1")
    assert caught.value.is_api


async def test_only_a_response_in_the_apis_form_shows_that_it_is_the_api() -> None:
    responses = iter([{"message": "welcome"}, {"status": "RUNNING"}])
    client = client_of(lambda _: json_response(next(responses)))
    with pytest.raises(OutcomeUnknown):
        await read_status(client, "s-1")
    assert not client.has_responded
    await read_status(client, "s-1")
    assert client.has_responded


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed_and_show_only_the_host(status: int) -> None:
    calls: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        calls.append(str(request.url))
        return httpx.Response(status, headers={"location": "https://evil.example/steal?x=1"})

    with pytest.raises(Rejected, match=r"redirected to evil\.example; redirects are not followed"):
        await start_session(client_of(handle), {"pathway_id": "pw-1"})
    assert len(calls) == 1


@pytest.mark.parametrize("location", [f"https://{KEY}.example/", f"https://x.example/?k={KEY}", f"//{KEY.upper()}/"])
async def test_a_redirect_to_the_key_does_not_show_it(location: str) -> None:
    with pytest.raises(Rejected, match="redirected to a URL that contains the API key; redirects") as caught:
        await read_status(client_of(lambda _: httpx.Response(307, headers={"location": location})), "s-1")
    assert KEY not in str(caught.value).lower()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b'{"session_id": "s-1"',
        b"{}",
        b'{"session_id": 7}',
        b'{"session_id": ""}',
        b'{"session_id": "../../x"}',
        b'{"session_id": "s-1", "created_at": "\\u001b[2J"}',
        b'{"session_id": "s-1", "status": "\\u202e"}',
        b"[" * 100_000,
    ],
)
async def test_a_start_without_a_usable_body_has_an_unknown_outcome(content: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        await start_session(client_of(lambda _: httpx.Response(200, content=content)), {"pathway_id": "pw-1"})


class _Endless(httpx.AsyncByteStream):
    def __init__(self) -> None:
        self.given = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.given += 65536
            yield b"x" * 65536


async def test_a_response_over_the_size_limit_is_refused() -> None:
    stream = _Endless()
    with pytest.raises(OutcomeUnknown, match="larger than 10 MiB"):
        await read_status(client_of(lambda _: httpx.Response(200, stream=stream)), "s-1")
    assert stream.given <= MAX_RESPONSE_BYTES + 2 * 65536


def raw(content: bytes, coding: str) -> httpx.Response:
    return httpx.Response(200, headers={"content-encoding": coding}, stream=httpx.ByteStream(content))


async def test_a_compression_that_was_not_asked_for_loses_no_start() -> None:
    body = gzip.compress(b'{"session_id": "s-1", "status": "RUNNING"}')
    started = await start_session(client_of(lambda _: raw(body, "GZIP")), {"pathway_id": "pw-1"})
    assert started.session_id == "s-1"


async def test_an_unsupported_compression_has_an_unknown_outcome() -> None:
    with pytest.raises(OutcomeUnknown, match="the response is compressed, but the request did not allow it"):
        await start_session(client_of(lambda _: raw(b"x", "br")), {"pathway_id": "pw-1"})


async def test_a_bomb_is_refused_at_the_size_limit() -> None:
    bomb = gzip.compress(b" " * (MAX_RESPONSE_BYTES + 1))
    tracemalloc.start()
    try:
        with pytest.raises(OutcomeUnknown, match="larger than 10 MiB"):
            await read_status(client_of(lambda _: raw(bomb * 100, "gzip")), "s-1")
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_RESPONSE_BYTES
    finally:
        tracemalloc.stop()


class _Dripping(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "


async def test_a_slow_response_ends_at_the_time_limit_of_the_request() -> None:
    client = client_of(lambda _: httpx.Response(200, stream=_Dripping()), request_seconds=0.1)
    with pytest.raises(OutcomeUnknown, match=r"no complete response within 0\.1 s"):
        await read_status(client, "s-1")


@given(
    st.text(max_size=40)
    | st.sampled_from(["..", ".", "", "%2e%2e", "a/b", "a?b", "a#b", "a\x00", "\u202e", "x" * 10_240])
)
async def test_an_id_is_exactly_one_path_segment_or_nothing_is_sent(session_id: str) -> None:
    paths: list[bytes] = []

    def handle(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return json_response({"status": "RUNNING"})

    try:
        await read_status(client_of(handle), session_id)
    except NotSent:
        assert not paths
    else:
        assert paths == [f"/v1/agent-testing/tornado/{session_id}/status".encode()]


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("0", None, 0.0),
        ("3", None, 3.0),
        ("3600", None, 3600.0),
        ("-1", None, None),
        ("soon", None, None),
        ("1.5", None, None),
        ("Tue, 14 Apr 2026 10:00:05 GMT", "Tue, 14 Apr 2026 10:00:00 GMT", 5.0),
        ("Tue, 14 Apr 2026 09:00:00 GMT", "Tue, 14 Apr 2026 10:00:00 GMT", 0.0),
        ("Tue, 14 Apr 2026 10:00:05 GMT", None, None),
    ],
)
async def test_retry_after_is_read(value: str, date: str | None, seconds: float | None) -> None:
    headers = {"retry-after": value, **({"date": date} if date else {})}
    with pytest.raises(Rejected) as caught:
        await read_status(client_of(lambda _: json_response({}, 429, headers)), "s-1")
    assert caught.value.retry_after == seconds
    assert ("the API asks to wait 3600 s before the next request" in str(caught.value)) is (seconds == 3600)


@pytest.mark.parametrize(
    ("session_id", "is_sent"), [("x" * 128, True), ("x" * 129, False), ("s.1", True), ("s.", False)]
)
async def test_an_id_has_at_most_128_characters_and_no_dot_at_the_end(session_id: str, is_sent: bool) -> None:  # noqa: FBT001
    client = client_of(lambda _: json_response({"status": "RUNNING"}))
    if is_sent:
        assert (await read_status(client, session_id)).is_running
    else:
        with pytest.raises(NotSent, match=r"invalid id \(expected 1 to 128 letters"):
            await read_status(client, session_id)


async def test_text_that_is_no_utf8_is_not_sent() -> None:
    with pytest.raises(NotSent, match="the request has text that cannot be sent"):
        await read_active(client_of(lambda _: json_response({})), "\ud800")


async def test_the_key_is_in_no_repr_of_the_client() -> None:
    client = client_of(lambda _: json_response(STARTED))
    await start_session(client, {"pathway_id": "pw-1"})
    assert KEY not in repr(vars(client)) + repr(vars(client._http)) + json.dumps(STARTED)
