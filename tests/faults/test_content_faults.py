"""Every fault on the endpoints of versions: nothing is published that did not pass, and a failed read is no drift."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import KEY, FakeTime, json_response
from tests.support.faults import FAULTS, faults_of, lasting
from tests.support.raw_server import Fault, RawServer
from tests.support.results import gated_run_of
from tornado_resource.bland.content import parse_content
from tornado_resource.errors import TornadoError
from tornado_resource.releases.publishing import Published, ReleaseOrder, publish
from tornado_resource.runs.results import read_last_run, wait_for_result
from tornado_resource.versions.reading import read_digests

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx

    from tornado_resource.bland.client import Client
    from tornado_resource.runs.model import GatedRun

CASE_SECONDS = 120.0
PASSED = {"nodes": [{"id": "a", "data": {"prompt": "passed"}}], "edges": [], "version_number": 7}
EDITED = {"nodes": [{"id": "a", "data": {"prompt": "edited"}}], "edges": [], "version_number": 7}
STATUS = {"status": "COMPLETED_ALL_PASSED", "total_scenarios": 1, "passed_scenarios": 1}
NOT_SHOWN = {"403", "200 and nothing known", "200 and wrong types", "200 and a list", "200 and null"}
"""What says that the API does not show a version, if it goes on."""
SLOW = {"a byte at a time", "silence before the effect", "silence after the effect", "64 MiB"}
"""They take until the client's time limit, with every retry."""


def digest_of(version: Any) -> str:
    content = parse_content(json.dumps(version).encode())
    assert content is not None
    return content.digest


ORDER = ReleaseOrder("pw-1", "production", 7, digest_of(PASSED), "2026-04-14T10:00:00Z")


@dataclass
class Pathway:
    """A pathway with version 7 and something older live. *is_idle*: a publish says yes and changes nothing."""

    version: dict[str, Any] = field(default_factory=lambda: PASSED)
    live: dict[str, Any] = field(default_factory=lambda: {"nodes": [], "version_number": 5})
    is_idle: bool = False
    publishes: int = 0
    time: FakeTime = field(default_factory=FakeTime)

    def handle(self, request: httpx.Request) -> httpx.Response:
        last = request.url.path.rpartition("/")[2]
        if last == "publish":
            self.publishes += 1
            self.live = self.live if self.is_idle else self.version
            return json_response({"message": "ok"})
        shown: dict[str, Any] = {"7": self.version, "0": self.live, "status": STATUS}[last]
        return json_response(shown)


@asynccontextmanager
async def read_by_client(pathway: Pathway, endpoint: str, fault: Fault, *, is_lasting: bool) -> AsyncIterator[Client]:
    server = serve(pathway, endpoint, fault, is_lasting=is_lasting)
    async with server, server.client() as client, asyncio.timeout(CASE_SECONDS):
        yield client


def serve(pathway: Pathway, endpoint: str, fault: Fault, *, is_lasting: bool) -> RawServer:
    faults: list[Fault | None] = [fault] if is_lasting else [fault, None]
    if endpoint == "/version/0":
        faults = [None, *faults]  # not before the publish, where what is live does not matter
    return RawServer(api=pathway, on=endpoint, faults=faults)


def cases(*endpoints: str, lasts: Callable[[int, str], tuple[bool, ...]] = lasting) -> pytest.MarkDecorator:
    """Every fault on every endpoint, once or for ever."""
    return pytest.mark.parametrize(
        ("fault", "endpoint", "is_lasting"),
        [
            pytest.param(fault, endpoint, is_lasting, id=f"{fault} {'always' if is_lasting else 'once'} {endpoint}")
            for endpoint in endpoints
            for number, fault in enumerate(faults_of(endpoint))
            for is_lasting in sorted({each and fault.name not in SLOW for each in lasts(number, endpoint)})
        ],
    )


async def published(pathway: Pathway, endpoint: str, fault: Fault, *, is_lasting: bool) -> Published | str:
    async with serve(pathway, endpoint, fault, is_lasting=is_lasting) as server, asyncio.timeout(CASE_SECONDS):
        try:
            async with server.client() as client:
                return await publish(client, ORDER, pathway.time.clock(random=0.5))
        except TornadoError as error:
            return str(error)


@cases("/version/7", "/publish", "/version/0")
async def test_what_is_said_to_be_published_is_what_passed(fault: Fault, endpoint: str, is_lasting: bool) -> None:  # noqa: FBT001
    pathway = Pathway()
    result = await published(pathway, endpoint, fault, is_lasting=is_lasting)
    if isinstance(result, Published) and result.unproved is None:
        assert pathway.live == PASSED
        assert (result.live, result.warning) == (ORDER.content, None)
    if endpoint == "/version/7" and is_lasting:
        assert pathway.publishes == 0
    if not is_lasting and fault.name not in {"400", "401", "403", "422", "301", "302", "303", "307", "308"}:
        assert isinstance(result, Published)
        assert result.unproved is None


@cases("/version/7")
async def test_an_edited_version_is_never_published(fault: Fault, endpoint: str, is_lasting: bool) -> None:  # noqa: FBT001
    """It is refused before anything else is asked or sent."""
    pathway = Pathway(version=EDITED)
    result = await published(pathway, endpoint, fault, is_lasting=is_lasting)
    assert isinstance(result, str)
    assert KEY not in result
    assert (pathway.publishes, pathway.live["version_number"]) == (0, 5)


def in_turn(number: int, _endpoint: str) -> tuple[bool, ...]:
    return lasting(number, "a read")


@cases("/publish", "/version/0", lasts=in_turn)
async def test_a_publish_without_effect_is_never_proved(fault: Fault, endpoint: str, is_lasting: bool) -> None:  # noqa: FBT001
    result = await published(Pathway(is_idle=True), endpoint, fault, is_lasting=is_lasting)
    assert isinstance(result, str) or result.unproved is not None


@cases("/version/7")
async def test_a_failed_read_is_never_another_content(fault: Fault, endpoint: str, is_lasting: bool) -> None:  # noqa: FBT001
    async with read_by_client(Pathway(), endpoint, fault, is_lasting=is_lasting) as client:
        try:
            found = await read_digests(client, "pw-1", 7)
        except TornadoError:
            return
    assert (found is None and fault.name in NOT_SHOWN) or (found is not None and found.current == ORDER.content)


GATED: GatedRun = gated_run_of(
    "support-line", "s-1", request={"pathway_id": "pw-1", "version_number": 7}, started_content=ORDER.content
)


@cases("/version/7")
async def test_a_pass_has_the_content_that_passed(fault: Fault, endpoint: str, is_lasting: bool) -> None:  # noqa: FBT001
    pathway = Pathway()
    async with read_by_client(pathway, endpoint, fault, is_lasting=is_lasting) as client:
        result = await wait_for_result(client, GATED, 15.0, lambda _progress: None, pathway.time.clock(random=0.5))
    verdict = result.verdict
    if verdict.outcome == "passed":
        assert verdict.content == ORDER.content
    else:
        assert (verdict.outcome, result.cause) == ("incomplete", "content_unreadable")


@cases("/version/7")
async def test_a_failed_read_never_runs_a_session_again(fault: Fault, endpoint: str, is_lasting: bool) -> None:  # noqa: FBT001
    async with read_by_client(Pathway(), endpoint, fault, is_lasting=is_lasting) as client:
        try:
            last, _ = await read_last_run(client, GATED)
        except TornadoError:
            return
    assert last.outcome == "passed"


def test_the_matrix_is_large_enough() -> None:
    assert len(FAULTS) * 3 >= 150
