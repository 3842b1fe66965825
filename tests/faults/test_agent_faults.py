"""Every fault on the endpoints of publishing an agent: what is said to be pinned is, and nothing moves unseen."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from tests.support.agent_api import AgentApi
from tests.support.agents import FORMS
from tests.support.api import KEY
from tests.support.faults import FAULTS, SLOW, faults_of
from tests.support.raw_server import Fault, RawServer
from tests.support.soak import IS_SOAK
from tornado_resource.errors import TornadoError
from tornado_resource.releases.agent_publishing import AgentOrder, Pinned, publish_agent

CASE_SECONDS: Final = 120.0
CERTAIN: Final = {"400", "401", "403", "422", "301", "302", "303", "307", "308"}
"""Responses that say that the request had no effect."""
SPOILING: Final = "longer than announced"
"""What is too long is taken for the next response of the connection, which is that about the pins."""
ENDPOINTS: Final = {"/publish": "staging", "/promote": "production"}


def is_tried(number: int, place: int, form: str, *, is_lasting: bool) -> bool:
    """Whether a fault runs so: each way in `make soak`, else once on one endpoint and for ever on the other one."""
    return IS_SOAK or ((number + place) % 2 == is_lasting and FORMS[number // 2 % 2] == form)


CASES: Final = [
    pytest.param(
        fault, endpoint, form, is_lasting, id=f"{fault} {'always' if is_lasting else 'once'} {endpoint} {form}"
    )
    for number, fault in enumerate(FAULTS)
    for place, endpoint in enumerate(ENDPOINTS)
    for is_lasting in (False, True)
    for form in FORMS
    if is_tried(number, place, form, is_lasting=is_lasting) and not (is_lasting and fault.name in SLOW)
]


async def publish(api: AgentApi, server: RawServer, environment: str) -> Pinned | str:
    async with server, asyncio.timeout(CASE_SECONDS), server.client() as client:
        try:
            return await publish_agent(client, AgentOrder("a-1", environment, "v-2"), api.time.clock(random=0.5))
        except TornadoError as error:
            return str(error)


@pytest.mark.parametrize(("fault", "endpoint", "form", "is_lasting"), CASES)
async def test_a_lost_response_is_settled(fault: Fault, endpoint: str, form: str, is_lasting: bool) -> None:  # noqa: FBT001
    api, environment = AgentApi(form), ENDPOINTS[endpoint]
    faults: list[Fault | None] = [fault] if is_lasting else [fault, None]
    result = await publish(api, RawServer(api=api, on=endpoint, faults=faults), environment)
    has_moved = api.pins[environment] == "v-2"
    if isinstance(result, str):
        assert KEY not in result
        assert not has_moved, "a version that is pinned must be recorded, not reported as an error"
    else:
        assert (result == Pinned("v-2", "1.1.0")) is has_moved
        assert (result.unproved is None) is has_moved
    assert has_moved or is_lasting or fault.name in CERTAIN or (fault.name.startswith("200") and not fault.has_effect)
    assert api.sent.count({"version_id": "v-2"}) == len(api.sent)
    if fault.has_effect and fault.name != SPOILING:
        assert len(api.sent) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("fault", [each for each in faults_of("/environments") if each.name not in SLOW], ids=str)
async def test_pins_that_cannot_be_read_prove_nothing(fault: Fault, form: str) -> None:
    """They are read before the request, and after it."""
    before = AgentApi(form)
    await publish(before, RawServer(api=before, on="/environments", faults=[fault]), "production")
    assert before.sent == []
    after = AgentApi(form)
    server = RawServer(api=after, on="/environments", faults=[None, fault])
    result = await publish(after, server, "production")
    assert isinstance(result, Pinned)
    assert "was published to production, but what production pins could not be read: " in (result.unproved or "")
    assert after.pins["production"] == "v-2"


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.has_effect and fault.name not in SLOW], ids=str)
async def test_a_request_without_effect_is_never_proved(fault: Fault) -> None:
    api = AgentApi(is_idle=True)
    result = await publish(api, RawServer(api=api, on="/promote", faults=[fault, None]), "production")
    assert isinstance(result, str) or result.unproved is not None


def test_the_matrix_is_large_enough() -> None:
    assert len(CASES) >= 100
