"""Storing, reading and removing checks: what is sent, and what becomes of lost responses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.api import json_response
from tests.support.checks_api import DECLARED, OTHER, RESOLVED, ChecksApi, order_of, shown_of
from tornado_resource.checks.check_config import (
    ChecksDiffer,
    ChecksExist,
    ChecksHeld,
    ChecksMissing,
    ChecksNotStored,
    differences,
    refusal,
)
from tornado_resource.checks.lifecycle import Claim, read, remove, store
from tornado_resource.errors import ApiError, NotFound, OutcomeUnknown, Rejected
from tornado_resource.runs.declared_checks import config_digest

if TYPE_CHECKING:
    from tests.support.sandbox_api import Fault

SEEN: list[Any] = [
    lambda: httpx.ReadError("reset"),
    lambda: httpx.ReadTimeout("timeout"),
    lambda: httpx.ConnectError("refused"),
    lambda: json_response({"error": "oops"}, 500),
    lambda: json_response({"error": "gateway"}, 504),
    lambda: json_response({"error": "later"}, 429),
    lambda: httpx.Response(408, text="<html>"),
    lambda: httpx.Response(403, text="<html>firewall</html>"),
    lambda: httpx.Response(200, content=b""),
    lambda: httpx.Response(200, content=b"{}"),
    lambda: httpx.Response(200, content=b'{"data": null, "errors": [{"error": "OOPS"}]}'),
    lambda: json_response({**shown_of(OTHER), "agent_id": "a-2"}),
]
"""What is seen instead of a response."""


@pytest.mark.parametrize("form", [True, False], ids=["wrapped", "bare"])
@pytest.mark.parametrize("has_effect", [True, False])
@pytest.mark.parametrize("seen", SEEN, ids=[str(number) for number in range(len(SEEN))])
@pytest.mark.parametrize("existing", [None, OTHER], ids=["new", "changed"])
async def test_a_lost_response_is_settled(seen: Any, has_effect: bool, form: bool, existing: Any) -> None:  # noqa: FBT001
    fault: Fault = (seen(), has_effect)
    is_refused = isinstance(fault[0], httpx.ConnectError)
    api = ChecksApi(shown_of(existing) if existing else None, is_wrapped=form, faults=[fault])
    stored = await store(api.client(), order_of(), Claim() if existing is None else None)
    assert not differences(DECLARED, stored)
    assert api.config is not None
    assert api.config["scenario_ids"] == ["tc-1", "tc-2"]
    # What took effect is not sent again, unless the request cannot have arrived.
    assert api.calls.count("PUT") == (1 if has_effect and not is_refused else 2)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
async def test_a_refusal_is_not_repeated(status: int) -> None:
    api = ChecksApi(faults=[(json_response({"error": "BAD", "message": "no"}, status), False)])
    with pytest.raises(Rejected):
        await store(api.client(), order_of(), Claim())
    assert (api.calls, api.config) == (["GET", "PUT"], None)


async def test_what_cannot_be_read_is_not_written() -> None:
    api = ChecksApi(read_faults=[json_response({"error": "oops"}, 500)] * 5)
    with pytest.raises(ApiError):
        await store(api.client(), order_of(), Claim())
    assert set(api.calls) == {"GET"}


async def test_checks_that_are_as_declared_are_only_read() -> None:
    shuffled = replace(DECLARED, scenario_ids=("tc-2", "tc-1"), judges=DECLARED.judges[::-1])
    for order, is_new in ((order_of(), True), (order_of(manage=False), True), (order_of(), False)):
        api = ChecksApi(shown_of(shuffled))
        assert not differences(DECLARED, await store(api.client(), order, Claim() if is_new else None))
        assert api.calls == ["GET"]


async def test_other_checks_are_shown_and_left_until_they_are_adopted() -> None:
    api = ChecksApi(shown_of(OTHER))
    with pytest.raises(ChecksExist) as caught:
        await store(api.client(), order_of(), Claim())
    assert str(caught.value) == (
        "the checks of agent a-1 in staging exist already, and this stack has not stored them. "
        "They differ from the declaration:\n"
        "  scenario_ids: found tc-9, declared tc-1, tc-2\n"
        "  judges.Polite: found nothing, declared version v-2, not required\n"
        "  simulations_count: found 1, declared 5\n"
        "To take them over and replace them by the declared ones: on_conflict: adopt\n"
        "If another stack manages them, and this one only compares: manage: false"
    )
    assert api.calls == ["GET"]
    await store(api.client(), order_of(on_conflict="adopt"), Claim())
    assert api.calls == ["GET", "GET", "PUT"]
    assert (api.config or {})["simulations_count"] == 5


async def test_what_this_stack_has_stored_is_put_back() -> None:
    for existing in (None, shown_of(OTHER)):
        api = ChecksApi(existing)
        stored = await store(api.client(), order_of())
        assert not differences(DECLARED, stored)
        assert api.calls == ["GET", "PUT"]


async def test_checks_of_another_stack_are_compared() -> None:
    for is_new in (True, False):
        with pytest.raises(ChecksMissing, match=r"in staging do not exist\. Another stack manages them"):
            await store(ChecksApi().client(), order_of(manage=False), Claim() if is_new else None)
        api = ChecksApi(shown_of(OTHER))
        with pytest.raises(
            ChecksDiffer, match=r"(?s)are not as declared.*found 1, declared 5\nstack staging manages them"
        ):
            await store(api.client(), order_of(manage=False, managed_by="stack staging"), Claim() if is_new else None)
        assert api.calls == ["GET"]
    with pytest.raises(ChecksMissing, match="stack staging manages them"):
        await store(ChecksApi().client(), order_of(manage=False, managed_by="stack staging"))


async def test_what_the_api_stores_otherwise_is_returned_as_it_is() -> None:
    api = ChecksApi(stores=lambda body: {**body, "simulations_count": 3})
    stored = await store(api.client(), order_of(), Claim())
    assert [each.text() for each in differences(DECLARED, stored)] == ["simulations_count: found 3, declared 5"]
    text = str(ChecksNotStored(order_of(), stored))
    assert "in staging are not stored as declared, so no check run was started." in text
    assert text.endswith("\nDeclare what the API stores, or correct the value that it does not accept")
    assert api.calls == ["GET", "PUT"]


def test_a_secret_agent_is_not_shown() -> None:
    order = order_of(secrets=frozenset({"agent_id", "judges"}))
    for error in (refusal(order, OTHER, is_new=True), ChecksHeld(order, "twin")):
        assert "of agent [secret] in staging" in str(error)
        assert "a-1" not in str(error)
        assert "Polite" not in str(error)
    assert str(ChecksHeld(order_of(), "twin")).endswith("resource twin has them. Remove one of the two resources")


async def test_a_404_says_nothing_unless_the_list_of_agents_lacks_it() -> None:
    assert await read(ChecksApi().client(), "a-1", "staging") is None
    assert await read(ChecksApi(shown_of(OTHER)).client(), "a-1", "staging") is not None
    assert await read(ChecksApi(agents=("a-2",)).client(), "a-1", "staging") is None
    missing = json_response({"error": "NOT_FOUND"}, 404)
    for api in (ChecksApi(read_faults=[missing]), ChecksApi(agents=tuple(f"b-{each}" for each in range(500)))):
        with pytest.raises(NotFound):
            await read(api.client(), "a-1", "staging")


async def test_only_our_own_checks_are_removed() -> None:
    api = ChecksApi(shown_of(DECLARED))
    assert await remove(api.client(), "a-1", "staging", lambda _: False) is False
    assert api.calls == ["GET"]
    assert await remove(api.client(), "a-1", "staging", lambda found: RESOLVED in found.judges) is True
    assert (api.config, api.calls) == (None, ["GET", "GET", "DELETE", "GET"])
    assert await remove(api.client(), "a-1", "staging", lambda _: False) is True
    assert api.calls[4:] == ["GET"]


@pytest.mark.parametrize("has_effect", [True, False])
async def test_a_lost_removal_is_sent_again(has_effect: bool) -> None:  # noqa: FBT001
    api = ChecksApi(shown_of(DECLARED), faults=[(httpx.ReadError("reset"), has_effect)])
    assert await remove(api.client(), "a-1", "staging", lambda _: True)
    assert api.config is None


async def test_a_removal_without_effect_is_an_error() -> None:
    api = ChecksApi(shown_of(DECLARED), faults=[(json_response({"deleted": True}), False)])
    with pytest.raises(
        OutcomeUnknown, match=r"^removal of the checks of agent a-1 in staging: the API still shows them"
    ):
        await remove(api.client(), "a-1", "staging", lambda _: True)


async def test_what_a_killed_update_has_stored_is_taken_for_our_own() -> None:
    """Other checks are not, and what is about to be stored is noted once, after it is certain that it may be."""
    noted: list[str] = []
    claim = Claim(config_digest(DECLARED), lambda: noted.append("noted"))
    changed = order_of(checks=replace(DECLARED, simulations_count=9))
    api = ChecksApi(shown_of(DECLARED))
    await store(api.client(), changed, claim)
    assert (api.calls, noted) == (["GET", "PUT"], ["noted"])
    with pytest.raises(ChecksExist):
        await store(ChecksApi(shown_of(OTHER)).client(), changed, claim)
    await store(ChecksApi(shown_of(changed.checks)).client(), changed, claim)
    assert noted == ["noted"]
