"""Publishing: only what passed, and proved by what is live."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.support.api import FakeTime, client_of, json_response
from tornado_resource.bland.content import parse_content
from tornado_resource.errors import Rejected, TornadoError
from tornado_resource.promotion.publishing import PROOF_SECONDS, Published, ReleaseOrder, publish

OLD = {"nodes": [{"id": "a", "data": {"prompt": "old"}}], "version_number": 5}
NEW = {"nodes": [{"id": "a", "data": {"prompt": "new"}}], "version_number": 7}
GONE = httpx.Response(404, json={"message": "no"})


def digest_of(version: Any) -> str:
    content = parse_content(json.dumps(version).encode())
    assert content is not None
    return content.digest


PASSED = digest_of(NEW)
ORDER = ReleaseOrder("pw-1", "production", 7, PASSED, "2026-04-14T10:00:00Z")


class Api:
    """Shows *version* as version 7, and what is live: in turn, the last for ever."""

    def __init__(self, version: Any, *live: Any) -> None:
        self.version = version
        self.live = list(live)
        self.calls: list[str] = []
        self.time = FakeTime()

    def handle(self, request: httpx.Request) -> httpx.Response:
        last = request.url.path.rpartition("/")[2]
        self.calls.append(last)
        if last == "publish":
            return json_response({"message": "ok"})
        shown = self.version if last == "7" else self.live.pop(0) if len(self.live) > 1 else self.live[0]
        if isinstance(shown, Exception):
            raise shown
        return shown if isinstance(shown, httpx.Response) else json_response(shown)

    async def publish(self, order: ReleaseOrder = ORDER) -> Published:
        async with client_of(self.handle) as client:
            return await publish(client, order, self.time.clock())


async def test_what_passed_is_published_and_live() -> None:
    api = Api(NEW, NEW)
    assert await api.publish() == Published(PASSED, PASSED)
    assert api.calls == ["7", "publish", "0"]


async def test_live_may_take_a_moment() -> None:
    api = Api(NEW, OLD, httpx.ReadError("reset"), httpx.ReadError("reset"), NEW)
    assert (await api.publish()).live == PASSED
    assert 0 < sum(api.time.slept) < PROOF_SECONDS


@pytest.mark.parametrize("version", [OLD, GONE])
async def test_anything_but_what_passed_is_not_published(version: Any) -> None:
    api = Api(version, NEW)
    with pytest.raises(TornadoError, match=r"^nothing was published: version 7 ") as caught:
        await api.publish()
    assert "publish" not in api.calls
    assert PASSED[:19] in str(caught.value)


async def test_a_version_that_cannot_be_read_now_is_not_published() -> None:
    api = Api(httpx.ConnectError("no"), NEW)
    with pytest.raises(TornadoError):
        await api.publish()
    assert "publish" not in api.calls


async def test_a_publish_that_changes_nothing_is_an_error() -> None:
    api = Api(NEW, OLD)
    with pytest.raises(TornadoError) as caught:
        await api.publish()
    assert f"after 30 s the live pathway is different: version 5, {digest_of(OLD)[:19]}" in str(caught.value)
    assert sum(api.time.slept) == pytest.approx(PROOF_SECONDS)


async def test_another_content_of_no_number_is_named_by_its_digest() -> None:
    with pytest.raises(TornadoError, match="is different: sha256:"):
        await Api(NEW, {**OLD, "version_number": None}).publish()


async def test_a_live_pathway_that_cannot_be_read_proves_nothing() -> None:
    with pytest.raises(TornadoError, match="but the live pathway could not be read"):
        await Api(NEW, httpx.ReadError("reset")).publish()
    with pytest.raises(Rejected, match="HTTP 401"):
        await Api(NEW, httpx.Response(401, json={})).publish()


async def test_an_api_that_does_not_show_versions_is_believed_with_a_warning() -> None:
    unpinned = replace(ORDER, content=None)
    published = await Api(GONE, GONE).publish(unpinned)
    assert (published.content, published.live) == (None, None)
    assert "not verified" in (published.warning or "")
    hidden = await Api(NEW, GONE).publish(unpinned)
    assert (hidden.content, hidden.live) == (PASSED, None)
    assert "not verified" in (hidden.warning or "")


async def test_a_pass_without_content_is_proved_by_the_version_as_it_is() -> None:
    assert await Api(NEW, NEW).publish(replace(ORDER, content=None)) == Published(PASSED, PASSED)


async def test_only_production_is_the_live_pathway() -> None:
    api = Api(NEW, OLD)
    assert await api.publish(replace(ORDER, environment="staging")) == Published(PASSED)
    assert api.calls == ["7", "publish"]
