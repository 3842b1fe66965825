"""Reading the content of a version, from an API that may not show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.api import KEY, client_of, json_response
from tornado_resource.bland.content import STAGING
from tornado_resource.bland.pathways import read_version
from tornado_resource.errors import NotSent, OutcomeUnknown, Rejected
from tornado_resource.versions.reading import ContentReader, read_content, read_digests

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SHOWN = {"name": "v", "nodes": [{"id": "a", "data": {"prompt": "hi"}}], "edges": [], "version_number": 6}


class Api:
    """Responds in order, and with the last response for ever."""

    def __init__(self, *responses: Any) -> None:
        self.responses = list(responses)
        self.asked: list[str] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        given = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
        if isinstance(given, Exception):
            raise given
        if isinstance(given, bytes):
            return httpx.Response(200, content=given)
        return json_response({"message": "no"}, given) if isinstance(given, int) else json_response(given)


async def test_one_request_reads_a_version() -> None:
    api = Api(SHOWN)
    async with client_of(api.handle) as client:
        content = await read_content(client, "pw-1", 6)
        assert client.has_responded
    assert content is not None
    assert (content.version, content.nodes[0]["data"]) == (6, {"prompt": "hi"})
    assert api.asked == ["GET /v1/pathway/pw-1/version/6"]


async def test_a_reader_returns_the_digests_of_what_it_reads() -> None:
    async with client_of(Api(SHOWN).handle) as client:
        content = await read_content(client, "pw-1", 6)
        assert content is not None
        assert await ContentReader(client).digests("pw-1", 6) == content.digests


@pytest.mark.parametrize("code", [403, 404, 405, 410, 501])
async def test_an_api_that_does_not_show_versions_is_asked_once(code: int) -> None:
    api = Api(code)
    async with client_of(api.handle) as client:
        assert await read_digests(client, "pw-1", 6) is None
    assert len(api.asked) == 1


async def test_nothing_may_be_published_to_staging() -> None:
    api = Api(400)
    async with client_of(api.handle) as client:
        assert await read_content(client, "pw-1", STAGING) is None
    assert api.asked == ["GET /v1/pathway/pw-1/version/staging"]


@pytest.mark.parametrize("code", [400, 401, 402, 409, 422])
async def test_any_other_refusal_is_an_error(code: int) -> None:
    async with client_of(Api(code).handle) as client:
        with pytest.raises(Rejected, match=f"version 6 of pathway pw-1: HTTP {code}"):
            await read_content(client, "pw-1", 6)


async def test_a_403_of_a_firewall_does_not_say_that_the_version_is_not_shown() -> None:
    page = httpx.Response(403, text="<html>")
    with pytest.raises(Rejected, match="firewalls on the way"):
        await read_content(client_of(lambda _: page), "pw-1", 7)


async def test_a_404_of_a_proxy_is_an_error() -> None:
    async with client_of(lambda _request: httpx.Response(404, text="<html>")) as client:
        with pytest.raises(Rejected, match="does not come from the API"):
            await read_content(client, "pw-1", 6)


@pytest.mark.parametrize("bad", [500, 502, 429, b"<html>", b'{"nodes": [', {}, httpx.ReadError("reset")])
async def test_a_passing_failure_is_retried(bad: Any) -> None:
    api = Api(bad, bad, SHOWN)
    async with client_of(api.handle) as client:
        assert await read_digests(client, "pw-1", 6) is not None
    assert len(api.asked) == 3


async def test_responses_without_content_mean_that_it_is_not_shown() -> None:
    api = Api({"name": "v"})
    async with client_of(api.handle) as client:
        assert await read_digests(client, "pw-1", 6) is None
    assert len(api.asked) == 3


@pytest.mark.parametrize(("bad", "kind"), [(b"<html>", OutcomeUnknown), (httpx.ConnectError("no"), NotSent)])
async def test_a_failure_that_lasts_is_an_error(bad: Any, kind: type[Exception]) -> None:
    async with client_of(Api(bad).handle) as client:
        with pytest.raises(kind):
            await read_content(client, "pw-1", 0)


async def test_a_caller_may_wait_longer() -> None:
    api, tries = Api(500), []

    async def twice(call: Callable[[], Awaitable[Any]]) -> Any:
        for _ in range(2):
            tries.append(call)
            try:
                return await call()
            except Rejected:
                api.responses = [SHOWN]
        return None

    async with client_of(api.handle) as client:
        assert await read_digests(client, "pw-1", 6, twice) is not None
    assert len(tries) == 2


async def test_the_key_is_in_no_part_and_changes_no_digest() -> None:
    rest = {"edges": [{"id": "e", "label": KEY}], "post_call_actions": [{KEY: KEY}], f"x-{KEY}": 1}
    with_key = {"nodes": [{"id": KEY, "data": {"header": f"Bearer {KEY}"}}], **rest}
    other = {"nodes": [{"id": KEY, "data": {"header": "Bearer [secret]"}}], **rest}
    async with client_of(Api(with_key, other).handle) as client:
        found, changed = [await read_content(client, "pw-1", 6) for _ in range(2)]
    assert found is not None
    assert changed is not None
    assert KEY not in str((found.nodes, found.edges, found.settings))
    assert KEY not in repr(found)
    assert found.digest != changed.digest


@pytest.mark.parametrize("body", [b'{"nodes": [' + b"{}," * 500_000 + b"{}]}"])
async def test_a_body_that_takes_too_much_memory_is_refused(body: bytes) -> None:
    async with client_of(Api(body).handle) as client:
        with pytest.raises(OutcomeUnknown, match="too complex"):
            await read_version(client, "pw-1", 6)
