"""Agents, their versions and environments: against the sandbox in both forms, and against what is none of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.agents import FORMS, Bench, answering, bench
from tests.support.api import client_of, json_response
from tests.support.payloads import commands, shows, strings
from tornado_resource.bland.agents import (
    AGENTS_LIMIT,
    ALREADY_IN_PRODUCTION,
    CHECKS_BLOCKED,
    VERSIONS_LIMIT,
    Pin,
    find_version,
    list_agents,
    list_versions,
    promote_to_production,
    publish_to_staging,
    read_latest_version,
    read_pins,
    read_version,
    roll_back_production,
)
from tornado_resource.bland.check_runs import start_check_run
from tornado_resource.errors import (
    ApiError,
    Conflict,
    ForeignResponse,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    Rejected,
    ReportedError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tornado_resource.bland.client import Client

SCRIPT = """\
pathways: {}
agents:
  a-1:
    name: Support
    source_pathway_id: PW-1
    versions: [{name: First, semver: 1.0.0}, {name: Second}]
    staging: 1.0.0
    scenarios: [{id: tc-1}]
    checks: {staging: {judges: [resolved]}}
  a-2: {versions: []}
"""
PINS: list[dict[str, Any]] = [
    {"env_type": "dev", "current_version_id": None},
    {"env_type": "staging", "current_version_id": "v-1", "current_version": {"name": "One", "semver": "1.0.0"}},
    {"env_type": "production", "current_version_id": None, "current_version": None},
]
READS: dict[str, Callable[[Client], Awaitable[Any]]] = {
    "agents": list_agents,
    "versions": lambda client: list_versions(client, "a-1"),
    "latest": lambda client: read_latest_version(client, "a-1"),
    "version": lambda client: read_version(client, "a-1", "1.0.0"),
    "pins": lambda client: read_pins(client, "a-1"),
}
MOVES = {"publish": publish_to_staging, "promote": promote_to_production, "rollback": roll_back_production}


@pytest.fixture(params=FORMS)
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(SCRIPT, tmp_path / "s.yaml", request.param) as api:
        yield api


async def test_agents_name_the_pathway_that_they_replace(api: Bench) -> None:
    agents = await list_agents(api.client)
    assert ([each.agent_id for each in agents.agents], agents.is_whole) == (["a-1", "a-2"], True)
    [support] = agents.of_pathway("pw-1")
    assert (support.name, agents.of_pathway("pw-2")) == ("Support", ())
    assert api.client.has_responded


async def test_versions_are_listed_and_read(api: Bench) -> None:
    versions = await list_versions(api.client, "a-1")
    newest, first = versions.versions
    assert (newest.name, newest.semver, first.semver, versions.is_whole) == ("Second", None, "1.0.0", True)
    latest = await read_latest_version(api.client, "a-1")
    assert latest.version_id == newest.version_id
    assert "version 2" in str(latest.snapshot)
    assert (await read_version(api.client, "a-1", "1.0.0")).version_id == first.version_id
    assert versions.get(first.version_id.upper()) == first
    assert versions.get("v-9") is None


async def test_what_there_is_not_has_a_code(api: Bench) -> None:
    with pytest.raises(NotFound) as caught:
        await read_latest_version(api.client, "a-2")
    assert caught.value.code == "NO_VERSIONS"
    with pytest.raises(Rejected) as rejected:
        await read_version(api.client, "a-1", "1.0")
    assert rejected.value.code == "INVALID_VERSION"


async def test_publish_promote_and_roll_back_move_the_pins(api: Bench) -> None:
    second, first = (await list_versions(api.client, "a-1")).versions
    before = await read_pins(api.client, "a-1")
    assert (before.of("staging"), before.of("production")) == (Pin(first.version_id, "1.0.0", "First"), Pin())
    for _ in range(2):  # 201, then 200
        await publish_to_staging(api.client, "a-1", second.version_id)
        pinned = (await read_pins(api.client, "a-1")).staging
        assert (pinned.version_id, pinned.semver) == (second.version_id, "1.1.0")
    with pytest.raises(Conflict) as caught:
        await promote_to_production(api.client, "a-1", second.version_id)
    assert caught.value.code == CHECKS_BLOCKED
    for version in (second, first):
        await api.finish(await start_check_run(api.client, "a-1", "staging", version.version_id))
        await promote_to_production(api.client, "a-1", version.version_id)
        pins = await read_pins(api.client, "a-1")
        assert pins.production.version_id == pins.staging.version_id == version.version_id
    with pytest.raises(Rejected) as rejected:
        await promote_to_production(api.client, "a-1", first.version_id)
    assert rejected.value.code == ALREADY_IN_PRODUCTION
    await roll_back_production(api.client, "a-1", second.version_id)
    pins = await read_pins(api.client, "a-1")
    assert (pins.production.version_id, pins.staging.version_id) == (second.version_id, first.version_id)


@pytest.mark.parametrize("verb", MOVES)
async def test_a_move_sends_the_version_and_never_force(verb: str) -> None:
    seen: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return json_response({"data": {"semver": "1.0.0", "environments": PINS}, "errors": None})

    await MOVES[verb](client_of(respond), "a-1", "v-1")
    assert (seen[0].method, seen[0].url.path) == ("POST", f"/v2/agents/a-1/{verb}")
    assert json.loads(seen[0].content) == {"version_id": "v-1"}


@pytest.mark.parametrize("body", ["", "{}", "null", "[]", '{"data": {"environments": "x", "semver": 5}}'])
async def test_a_move_that_shows_nothing_counts_as_accepted(body: str) -> None:
    await publish_to_staging(answering(body), "a-1", "v-1")


async def test_a_move_that_reports_an_error_is_not_accepted() -> None:
    body = {"data": None, "errors": [{"error": "E", "message": "no"}]}
    with pytest.raises(ReportedError, match=r"publish version v-1 of agent a-1 to staging: .* no"):
        await publish_to_staging(answering(body), "a-1", "v-1")


@pytest.mark.parametrize(
    "environments",
    [
        PINS[1:2],
        [*PINS, PINS[1]],
        [*PINS[1:2], {"env_type": "production"}],
        [*PINS[1:2], {"env_type": "production", "current_version_id": 5}],
        [*PINS[1:2], {"env_type": "production", "current_version_id": "\x1b"}],
        [None, 5, "x"],
        {"staging": "v-1"},
    ],
    ids=str,
)
async def test_environments_that_do_not_say_what_they_pin_are_unknown(environments: Any) -> None:
    with pytest.raises(OutcomeUnknown, match="the response does not say what staging and production pin"):
        await read_pins(answering({"data": environments, "errors": None}), "a-1")


@pytest.mark.parametrize("limit", [AGENTS_LIMIT, VERSIONS_LIMIT])
async def test_a_list_that_is_full_or_not_readable_is_not_whole(limit: int) -> None:
    read = READS["agents" if limit == AGENTS_LIMIT else "versions"]
    full = [{"id": f"x-{number}"} for number in range(limit)]
    for listed, is_whole in ((full, False), (full[1:], True), ([{"id": "x"}, {"id": "a b"}], False), ([5], False)):
        body = {"data": listed, "errors": None}
        assert (await read(answering(body))).is_whole is is_whole
        assert (await read(answering({**body, "has_more": True}))).is_whole is False


@pytest.mark.parametrize(
    ("read", "content"),
    [
        ("latest", {"id": "v-1", "agent_id": "a-2"}),
        ("version", {"id": "v-1", "agent_id": "a-2"}),
        ("version", {"id": "v-1", "semver": "1.0.1"}),
    ],
)
async def test_a_response_about_something_else_is_foreign(read: str, content: Any) -> None:
    for body in (content, {"data": content, "errors": None}):
        with pytest.raises(ForeignResponse, match="the response is about another"):
            await READS[read](answering(body))


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        '"x"',
        5,
        {"id": 5},
        {"id": ""},
        {"id": "../x"},
        {"id": "x" * 200},
        {"data": {}},
        {"data": [{"id": "a"}]},
    ],
    ids=str,
)
async def test_a_response_of_another_shape_is_unknown(read: str, content: Any) -> None:
    for body in (content, {"data": content, "errors": None}, {"data": content, "errors": [{"error": "E"}]}):
        if body != {"data": [{"id": "a"}]}:  # a wrapper of its own
            with pytest.raises(OutcomeUnknown):
                await READS[read](answering(body))


@pytest.mark.parametrize("read", ["agents", "versions"])
async def test_an_error_with_a_list_is_no_list(read: str) -> None:
    for content in ([], [{"id": "a"}]):
        with pytest.raises(ReportedError):
            await READS[read](answering({"data": content, "errors": [{"error": "E"}]}))


@pytest.mark.parametrize("read", READS)
async def test_text_of_an_agent_is_clean(read: str) -> None:
    nasty = "\x1b[31m<{%fg 1%}>\n::error::x\u202e"
    content = {"id": "a-1", "name": nasty, "semver": "1.0.0", "created_at": nasty, "source_pathway_id": nasty}
    version = {**content, "agent_id": "a-1", "created_via": nasty, "revision": 10**400, "snapshot": nasty}
    pins = [{**each, "current_version": {"name": nasty, "semver": nasty}} for each in PINS]
    bodies = {"agents": [content], "agent": content, "versions": [version], "pins": pins}
    found = await READS[read](client_of(lambda _: json_response(bodies.get(read, version))))
    said = "\n".join(strings(json.loads(json.dumps(repr(found)))))
    assert not shows(said)
    assert not commands(said)


@pytest.mark.parametrize(
    ("version_id", "shown_id", "is_found"),
    [("V-2", "v-2", True), ("v-1", "V-1", True), ("v-1", "v-3", False), ("v-0", "v-0", False), ("v-9", "v-9", False)],
)
async def test_a_version_is_found_by_its_id_or_not_at_all(version_id: str, shown_id: str, *, is_found: bool) -> None:
    """The newest one, or a published one of the list, if what is shown by its `semver` is the one of that id."""
    newest = {"id": "v-2", "semver": None}
    shown = {
        "latest": newest,
        "1.0.0": {"id": shown_id, "semver": "1.0.0"},
        "versions": [newest, {"id": "v-1", "semver": "1.0.0"}, {"id": "v-0", "semver": None}],
    }

    def respond(request: httpx.Request) -> httpx.Response:
        return json_response(shown[request.url.path.rpartition("/")[2]])

    found = await find_version(client_of(respond), "a-1", version_id)
    assert (found is not None) == is_found
    assert found is None or found.version_id.lower() == version_id.lower()


@pytest.mark.parametrize("agent_id", ["", "..", "a/b", "a?b", "a#b", "a b", "x" * 129, "\x00"])
async def test_an_id_that_no_path_can_have_is_not_sent(agent_id: str) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise AssertionError

    for call in (list_versions, read_latest_version, read_pins):
        with pytest.raises(InvalidRequest):
            await call(client_of(refuse), agent_id)
    with pytest.raises(InvalidRequest):
        await read_version(client_of(refuse), "a-1", agent_id)


@pytest.mark.parametrize("read", READS)
async def test_a_refused_read_is_an_api_error(read: str) -> None:
    with pytest.raises(ApiError):
        await READS[read](client_of(lambda _: httpx.Response(503, text="down")))
