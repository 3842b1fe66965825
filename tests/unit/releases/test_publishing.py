"""Publishing: only what passed, and proved by what is live."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.support.api import FakeTime, client_of, json_response
from tornado_resource.bland.content import Content, parse_content
from tornado_resource.errors import Rejected, TornadoError
from tornado_resource.releases.publishing import PROOF_SECONDS, Published, ReleaseOrder, publish

OLD = {"nodes": [{"id": "a", "data": {"prompt": "old"}}], "version_number": 5}
NEW = {"nodes": [{"id": "a", "data": {"prompt": "new"}}], "version_number": 7}
GONE = httpx.Response(404, json={"message": "no"})
DENIED = httpx.Response(403, json={"message": "no"})


def content_of(version: Any) -> Content:
    content = parse_content(json.dumps(version).encode())
    assert content is not None
    return content


def digest_of(version: Any) -> str:
    return content_of(version).digest


PASSED = digest_of(NEW)
ORDER = ReleaseOrder("pw-1", "production", 7, PASSED, "2026-04-14T10:00:00Z")


class Api:
    """Shows *version* as version 7, and what is live before and after a publish: in turn, the last for ever."""

    def __init__(self, version: Any, *live: Any, before: Any = OLD, answer: Any = None) -> None:
        self.version = version
        self.before = before
        self.live = list(live)
        self.answer = answer or json_response({"message": "ok"})
        self.calls: list[str] = []
        self.time = FakeTime()

    def handle(self, request: httpx.Request) -> httpx.Response:
        last = request.url.path.rpartition("/")[2]
        self.calls.append(last)
        if last == "publish":
            return httpx.Response(self.answer.status_code, content=self.answer.content)
        shown = self.version if last == "7" else self.before if "publish" not in self.calls else self._next()
        if isinstance(shown, Exception):
            raise shown
        return shown if isinstance(shown, httpx.Response) else json_response(shown)

    def _next(self) -> Any:
        return self.live.pop(0) if len(self.live) > 1 else self.live[0]

    async def publish(self, order: ReleaseOrder = ORDER) -> Published:
        async with client_of(self.handle) as client:
            return await publish(client, order, self.time.clock())


async def test_what_passed_is_published_and_live() -> None:
    api = Api(NEW, NEW)
    assert await api.publish() == Published(PASSED, PASSED)
    assert api.calls == ["7", "0", "publish", "0"]


async def test_live_may_take_a_moment() -> None:
    api = Api(NEW, OLD, httpx.ReadError("reset"), httpx.ReadError("reset"), DENIED, GONE, NEW)
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


async def test_a_publish_that_changes_nothing_is_not_proved() -> None:
    api = Api(NEW, OLD)
    published = await api.publish()
    assert (published.content, published.live) == (PASSED, None)
    assert published.unproved == (
        f"version 7 ({PASSED[:21]}) was published, but after 30 s the live pathway is different: version 5, "
        f"{digest_of(OLD)[:21]} (differs in node a: data.prompt); to go back, publish in Bland what was there before: "
        f"version 5, {digest_of(OLD)[:21]}"
    )
    assert sum(api.time.slept) == pytest.approx(PROOF_SECONDS)


async def test_another_content_of_no_number_is_named_by_its_digest() -> None:
    published = await Api(NEW, {**OLD, "version_number": None, "x": 1, "y": 2}, before=GONE).publish()
    assert "is different: sha256v2:" in (published.unproved or "")
    assert (published.unproved or "").endswith("(differs in node a: data.prompt, setting x, setting y)")


async def test_what_is_live_before_may_be_unknown() -> None:
    api = Api(NEW, NEW, before=httpx.Response(401, json={}))
    assert await api.publish() == Published(PASSED, PASSED)


async def test_only_some_of_many_differences_are_named() -> None:
    published = await Api(NEW, {**NEW, **dict.fromkeys("abcdefg", 1)}).publish()
    assert "(differs in setting a, setting b, setting c, setting d, setting e and 2 more)" in (published.unproved or "")


@pytest.mark.parametrize(
    ("live", "why"),
    [
        (httpx.ReadError("reset"), "the live pathway could not be read: "),
        (httpx.Response(401, json={}), "HTTP 401"),
        (DENIED, "the API does not show the live pathway"),
        (GONE, "the API does not show the live pathway"),
        ({}, "the API does not show the live pathway"),
    ],
)
async def test_a_live_pathway_that_cannot_be_read_proves_nothing(live: Any, why: str) -> None:
    published = await Api(NEW, live).publish()
    assert (published.content, published.live) == (PASSED, None)
    assert why in (published.unproved or "")


async def test_an_api_that_does_not_show_versions_is_believed_with_a_warning() -> None:
    unpinned = replace(ORDER, content=None)
    for environment in ("production", "staging"):
        published = await Api(GONE, GONE, before=GONE).publish(replace(unpinned, environment=environment))
        assert published == Published(None, warning="published, but not verified: version 7 cannot be read")
    known = await Api(GONE, GONE, before=GONE).publish(replace(unpinned, was_shown=True))
    assert known.unproved == "version 7 was published, but it cannot be read any more"


async def test_a_pass_without_content_is_proved_by_the_version_as_it_is() -> None:
    assert await Api(NEW, NEW).publish(replace(ORDER, content=None)) == Published(PASSED, PASSED)
    hidden = await Api(NEW, GONE).publish(replace(ORDER, content=None))
    assert hidden.unproved is not None


STAGING = replace(ORDER, environment="staging")
NOTHING = httpx.Response(400, json={"message": "no version"})


async def test_staging_is_proved_where_the_api_shows_it() -> None:
    api = Api(NEW, NEW, before=NOTHING)
    assert await api.publish(STAGING) == Published(PASSED, PASSED)
    assert api.calls == ["7", "staging", "publish", "staging"]
    stale = await Api(NEW, OLD, before=NOTHING).publish(STAGING)
    assert "after 30 s the staging version is different: version 5" in (stale.unproved or "")


async def test_staging_that_is_never_shown_is_believed_with_a_warning() -> None:
    api = Api(NEW, NOTHING, before=NOTHING)
    warning = "published, but not verified: the API does not show the staging version"
    assert await api.publish(STAGING) == Published(PASSED, warning=warning)
    assert api.time.slept == []


@pytest.mark.parametrize(
    ("order", "changes"),
    [
        (STAGING, {"before": OLD}),
        (replace(STAGING, was_shown=True), {}),
        (STAGING, {"answer": json_response({}, 202)}),
    ],
    ids=["before", "recorded", "202"],
)
async def test_staging_that_was_shown_once_must_be_shown(order: ReleaseOrder, changes: dict[str, Any]) -> None:
    published = await Api(NEW, NOTHING, **{"before": NOTHING, **changes}).publish(order)
    assert "the API does not show the staging version" in (published.unproved or "")


PENDING = [
    json_response({"message": "ok"}, 202),
    httpx.Response(202),
    json_response({"status": "PENDING"}),
    json_response({"data": {"status": "pending"}, "errors": None}),
    json_response({"status": "success", "data": {"id": 1, "status": "PENDING"}, "more": 1}),
]


@pytest.mark.parametrize("answer", PENDING)
async def test_a_pending_publish_is_green_only_once_it_is_live(answer: httpx.Response) -> None:
    assert await Api(NEW, OLD, NEW, answer=answer).publish() == Published(PASSED, PASSED)
    assert (await Api(NEW, OLD, answer=answer).publish()).unproved is not None
    blind = await Api(GONE, GONE, before=GONE, answer=answer).publish(replace(ORDER, content=None))
    assert blind.unproved == "version 7 was published, but the API says that it is pending, and it cannot be read"


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"status": "ERROR", "message": "no"}},
        {"status": "error", "message": "no"},
        {"data": {"errors": [{"message": "no"}]}, "errors": None},
        {"data": {"error": "no"}, "more": 1},
    ],
)
async def test_an_error_inside_of_the_response_is_a_refusal(body: Any) -> None:
    for status in (200, 202):
        with pytest.raises(Rejected, match="the API reported an error: no"):
            await Api(NEW, NEW, answer=json_response(body, status)).publish()


async def test_a_release_that_was_sent_is_only_looked_at_if_it_is_live() -> None:
    sent = replace(ORDER, is_sent=True)
    api = Api(NEW, NEW, before=NEW)
    assert await api.publish(sent) == Published(PASSED, PASSED)
    assert "publish" not in api.calls
    for before in (OLD, DENIED):
        api = Api(NEW, NEW, before=before)
        assert await api.publish(sent) == Published(PASSED, PASSED)
        assert "publish" in api.calls


async def test_an_older_record_is_published_and_recorded_in_its_form() -> None:
    digests = content_of(NEW).digests
    published = await Api(NEW, NEW).publish(replace(ORDER, content=digests.older))
    assert published == Published(digests.older, digests.older)
    edited = {**NEW, "memory_enabled": True}  # the older form does not see it, but the proof does
    assert content_of(edited).digests.older == digests.older
    assert (await Api(NEW, edited).publish(replace(ORDER, content=digests.older))).unproved is not None
