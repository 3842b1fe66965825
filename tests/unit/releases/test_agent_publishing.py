"""Publishing a version of an agent: sent once, settled and proved by what its environments pin."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.agent_api import AgentApi, coded
from tests.support.agents import FORMS
from tests.support.api import client_of, json_response
from tornado_resource.errors import ApiError, NotSent, Rejected, TornadoError
from tornado_resource.releases.agent_publishing import SEND_SECONDS, AgentOrder, Pinned, publish_agent
from tornado_resource.releases.publishing import PROOF_SECONDS

VERBS = {"staging": "publish", "production": "promote"}
LOST: dict[str, httpx.Response | Exception] = {
    "reset": httpx.ReadError("reset"),
    "408": httpx.Response(408),
    "429": httpx.Response(429, json={}),
    "500": httpx.Response(500, json={}),
    "502": httpx.Response(502, text="<html>"),
    "503": httpx.Response(503, json={}),
    "504": httpx.Response(504, json={}),
    "time-out": httpx.ReadTimeout("slow"),
    "not JSON": httpx.Response(200, text="<html>"),
    "cut": httpx.Response(200, text='{"data": {"semv'),
    "empty": httpx.Response(200, text=""),
    "nothing known": json_response({"hello": "world"}),
}
"""Responses from which nobody can say whether the request took effect."""
PINNED = Pinned("v-2", "1.1.0")


async def publish(
    api: AgentApi, environment: str = "production", passed_at: str | None = None, *, is_rollback: bool = False
) -> Pinned:
    async with client_of(api.handle) as client:
        order = AgentOrder("a-1", environment, "v-2", passed_at, is_rollback=is_rollback)
        return await publish_agent(client, order, api.time.clock())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("environment", VERBS)
async def test_a_version_is_sent_once_and_proved(environment: str, form: str) -> None:
    api = AgentApi(form)
    assert await publish(api, environment) == PINNED
    assert api.calls == ["environments", VERBS[environment], "environments"]
    assert api.sent == [{"version_id": "v-2"}]
    assert (api.pins["staging"], api.pins["production"]) == ("v-2", "v-2" if environment == "production" else "v-1")


@pytest.mark.parametrize("environment", VERBS)
@pytest.mark.parametrize("pinned", ["v-2", "V-2"])
async def test_what_is_pinned_is_not_sent_again(environment: str, pinned: str) -> None:
    api = AgentApi()
    api.pins[environment] = pinned
    assert await publish(api, environment) == Pinned(pinned, "1.1.0")
    assert api.calls == ["environments"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("environment", VERBS)
@pytest.mark.parametrize("fault", LOST)
async def test_a_lost_response_that_moved_it_is_not_sent_again(fault: str, environment: str, form: str) -> None:
    api = AgentApi(form, faults=[(LOST[fault], True)])
    assert await publish(api, environment) == PINNED
    assert len(api.sent) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("environment", VERBS)
@pytest.mark.parametrize("fault", [name for name in LOST if name not in {"empty", "nothing known"}])
async def test_a_lost_response_that_moved_nothing_is_sent_again(fault: str, environment: str, form: str) -> None:
    api = AgentApi(form, faults=[(LOST[fault], False)])
    assert await publish(api, environment) == PINNED
    assert len(api.sent) == 2


@pytest.mark.parametrize("fault", ["empty", "nothing known"])
async def test_an_accepted_request_that_moved_nothing_is_not_proved(fault: str) -> None:
    api = AgentApi(faults=[(LOST[fault], False)])
    found = await publish(api)
    problem = "version v-2 was published to production, but after 30 s production pins version v-1 (1.1.0)"
    assert found == Pinned(unproved=problem)
    assert sum(api.time.slept) == pytest.approx(PROOF_SECONDS)


async def test_an_environment_that_pins_nothing_is_no_proof() -> None:
    found = await publish(AgentApi(is_idle=True, pins={"staging": None, "production": None}), "staging")
    assert (found.unproved or "").endswith("but after 30 s staging pins nothing")


async def test_a_pin_may_take_a_moment() -> None:
    api = AgentApi(delay=3, reads=[None, httpx.ReadError("reset"), httpx.Response(502)])
    assert await publish(api) == PINNED
    assert 0 < sum(api.time.slept) < PROOF_SECONDS


async def test_pins_that_cannot_be_read_first_send_nothing() -> None:
    api = AgentApi(reads=[httpx.Response(404, json={"error": "no"})])
    with pytest.raises(ApiError, match=r"^environments of agent a-1: HTTP 404"):
        await publish(api)
    assert api.sent == []


async def test_pins_that_cannot_be_read_afterwards_prove_nothing() -> None:
    found = await publish(AgentApi(reads=[None, httpx.Response(401, json={"error": "no"})]))
    assert "was published to production, but what production pins could not be read: " in (found.unproved or "")


async def test_a_lost_response_is_settled_when_the_pins_can_be_read() -> None:
    api = AgentApi(faults=[(LOST["504"], True)], reads=[None, httpx.Response(500, json={})])
    assert await publish(api) == PINNED
    assert len(api.sent) == 2  # the second one: ALREADY_IN_PRODUCTION


@pytest.mark.parametrize("environment", VERBS)
async def test_what_stays_unknown_is_recorded(environment: str) -> None:
    api = AgentApi(faults=[(LOST["504"], False)] * 99)
    found = await publish(api, environment)
    assert "version v-2 may have been published" in (found.unproved or "")
    assert "(last error: p" in (found.unproved or "")
    assert sum(api.time.slept) == pytest.approx(SEND_SECONDS + PROOF_SECONDS)


async def test_a_refusal_after_a_lost_response_is_no_certainty() -> None:
    api = AgentApi(faults=[(LOST["reset"], False), (coded(409, "CHECKS_BLOCKED"), False)])
    assert "may have been published" in ((await publish(api)).unproved or "")


async def test_a_request_that_never_left_is_an_error() -> None:
    api = AgentApi(faults=[(httpx.ConnectError("refused"), False)] * 99)
    with pytest.raises(NotSent):
        await publish(api)
    assert api.calls.count("environments") == 1


async def test_the_api_says_when_to_send_again() -> None:
    api = AgentApi(faults=[(httpx.Response(429, json={}, headers={"retry-after": "7"}), False)])
    assert await publish(api) == PINNED
    assert api.time.slept == [7.0]


async def test_another_publish_in_progress_is_waited_for() -> None:
    api = AgentApi(faults=[(coded(409, "PUBLISH_IN_PROGRESS"), False)] * 2)
    assert await publish(api) == PINNED
    assert len(api.sent) == 3
    endless = AgentApi(faults=[(coded(409, "PUBLISH_IN_PROGRESS"), False)] * 99)
    with pytest.raises(Rejected, match="promote version v-2 of agent a-1 to production: "):
        await publish(endless)
    assert sum(endless.time.slept) == pytest.approx(SEND_SECONDS)


@pytest.mark.parametrize("is_moved", [True, False])
async def test_already_in_production_is_done_only_if_the_pins_say_so(is_moved: bool) -> None:  # noqa: FBT001
    api = AgentApi(faults=[(coded(400, "ALREADY_IN_PRODUCTION"), is_moved)])
    assert ((await publish(api)) == PINNED) is is_moved
    assert len(api.sent) == 1


ERROR_IN_WORDS = json_response({"data": None, "errors": [{"error": "X", "message": "quota"}]})


@pytest.mark.parametrize(
    "answer", [coded(400, "NO_VERSIONS"), coded(404, "VERSION_NOT_FOUND"), coded(409, "BRANCH_CLOSED"), ERROR_IN_WORDS]
)
async def test_a_refusal_moves_nothing_and_is_not_repeated(answer: httpx.Response) -> None:
    api = AgentApi(faults=[(answer, False)])
    with pytest.raises(ApiError, match="promote version v-2 of agent a-1 to production: "):
        await publish(api)
    assert (len(api.sent), api.pins["production"], api.time.slept) == (1, "v-1", [])


async def test_an_error_in_words_is_settled_by_the_pins() -> None:
    assert await publish(AgentApi(faults=[(ERROR_IN_WORDS, True)])) == PINNED


@pytest.mark.parametrize(("passed_at", "shown"), [(None, ""), ("2026-04-14T10:00:00Z", r" \(passed 2026-.*\)")])
async def test_blocked_checks_fail_with_the_reason(passed_at: str | None, shown: str) -> None:
    api = AgentApi(faults=[(coded(409, "CHECKS_BLOCKED"), False)])
    said = f"^nothing was promoted: the checks of staging block version v-2{shown}: no check run of it in staging has"
    with pytest.raises(TornadoError, match=said) as raised:
        await publish(api, passed_at=passed_at)
    assert str(raised.value).endswith(". Run the checks of staging on this version again, then `pulumi up`")
    assert len(api.sent) == 1


async def test_what_another_one_publishes_meanwhile_is_no_proof() -> None:
    api = AgentApi()
    api.when_sent = lambda: api.pins.update(production="v-3")
    api.is_idle = True
    assert "production pins version v-3" in ((await publish(api)).unproved or "")


async def test_force_is_never_sent() -> None:
    bodies: list[Any] = []
    for environment in VERBS:
        api = AgentApi(faults=[(coded(409, "CHECKS_BLOCKED"), False)] * 2)
        with pytest.raises(TornadoError):
            await publish(api, environment)
        bodies += api.sent
    assert bodies == [{"version_id": "v-2"}] * 2


@pytest.mark.parametrize("environment", VERBS)
async def test_a_version_whose_variables_have_no_value_is_not_published(environment: str) -> None:
    api = AgentApi(snapshot={"prompt": "Call {{env.HOST}}"})
    with pytest.raises(
        TornadoError, match=f"^nothing was published to {environment}: the version refers to "
    ) as raised:
        await publish(api, environment)
    assert f"without a value in {environment}: HOST" in str(raised.value)
    assert api.sent == []
    api.pins[environment] = "v-2"
    assert await publish(api, environment) == PINNED, "it is published already"


@pytest.mark.parametrize("fault", [None, *LOST])
async def test_production_goes_back_alone_whether_or_not_the_response_is_lost(fault: str | None) -> None:
    api = AgentApi(faults=[(LOST[fault], True)] if fault is not None else [])
    assert await publish(api, is_rollback=True) == PINNED
    assert (api.calls.count("rollback"), api.calls.count("promote")) == (1, 0)
    assert api.pins == {"staging": "v-1", "production": "v-2"}


@pytest.mark.parametrize(("environment", "verbs"), [("staging", ["publish"]), ("production", ["rollback", "promote"])])
async def test_what_the_api_cannot_roll_back_to_is_published_or_promoted(environment: str, verbs: list[str]) -> None:
    api = AgentApi(is_new=True)
    assert await publish(api, environment, is_rollback=True) == PINNED
    assert [call for call in api.calls if call not in {"environments", "variables"}] == verbs
