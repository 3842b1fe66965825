"""One scenario, whatever happens to requests and responses."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.api import client_of, json_response
from tests.support.scenario_api import ADDRESS, FIELDS, ScenarioApi, order_of
from tornado_resource.bland.listing import Owner
from tornado_resource.errors import ApiError, OutcomeUnknown, Rejected, TornadoError
from tornado_resource.runs.order import Address
from tornado_resource.runs.start_machine import PAUSES_SECONDS
from tornado_resource.scenarios.conflict import (
    ScenarioDiffers,
    ScenarioExists,
    ScenarioHeld,
    ScenarioMissing,
    ScenarioUnlisted,
    ScenarioUnseen,
)
from tornado_resource.scenarios.lifecycle import (
    Owners,
    RecordedScenario,
    create,
    delete,
    disable,
    env_of_checks,
    read,
    take_over,
    update,
)

RESET = httpx.ReadError("reset")
REFUSED = httpx.ConnectError("refused")


def created(api: ScenarioApi, **changes: Any) -> RecordedScenario:
    return asyncio.run(create(api.client(), order_of(**changes), api.intents, api.time.clock()))


def test_a_new_scenario_is_one_post() -> None:
    api = ScenarioApi()
    found = created(api)
    assert (found.scenario_id, found.adopted, found.drift) == ("sc-1", False, ())
    assert api.calls == ["GET", "POST"]
    assert api.bodies == [{"pathway_id": "pw-1", **FIELDS}]
    assert set(found.filled) == {"assertions", "tags"}
    assert api.intents.find(ADDRESS) is not None  # until the engine has the id


@pytest.mark.parametrize(
    ("fault", "posts"),
    [
        ((RESET, True), 1),
        ((RESET, False), 2),
        ((REFUSED, False), 2),
        ((json_response({"error": "later"}, 429), False), 2),
        ((json_response({"error": "later"}, 429, {"retry-after": "7"}), False), 2),
        ((json_response({"error": "oops"}, 500), True), 1),
        ((json_response({"error": "oops"}, 503), False), 2),
        ((json_response({"error": "timeout"}, 408), True), 1),
        ((httpx.Response(200, content=b"not json"), True), 1),
        ((httpx.Response(200, content=b""), True), 1),
        ((json_response({"id": "../x", "name": "Refund"}), True), 1),
        ((json_response({"status": "error", "message": "quota exceeded"}), True), 1),
        ((httpx.Response(403, content=b"<html>"), True), 1),
        ((httpx.Response(429, content=b"<html>"), False), 2),
    ],
)
def test_a_lost_response_creates_no_second_one(fault: Any, posts: int) -> None:
    api = ScenarioApi(faults=[fault])
    found = created(api)
    assert [each["id"] for each in api.named()] == [found.scenario_id]
    assert api.calls.count("POST") == posts


def test_a_retry_waits_as_long_as_the_api_says() -> None:
    api = ScenarioApi(faults=[(json_response({"error": "later"}, 429, {"retry-after": "7"}), False)])
    created(api)
    assert 7.0 in api.time.slept


def test_an_effect_that_comes_late_is_found_by_a_second_look() -> None:
    api = ScenarioApi(faults=[(RESET, False)])

    async def late(seconds: float) -> None:
        api.time.seconds += seconds
        if seconds == 1.0 and not api.named():
            api.add(**FIELDS)

    api.time.sleep = late  # type: ignore[method-assign]
    assert created(api).scenario_id == "sc-1"
    assert api.calls.count("POST") == 1


@pytest.mark.parametrize(
    "fault", [json_response({"status": "error", "message": "quota exceeded"}), httpx.Response(403, content=b"<html>")]
)
def test_what_would_fail_again_is_looked_for_and_not_sent_again(fault: httpx.Response) -> None:
    api = ScenarioApi(faults=[(fault, False)])
    with pytest.raises(ApiError):
        created(api)
    assert api.calls == ["GET", "POST", "GET", "GET"]
    assert api.intents.find(ADDRESS) is not None


def late(api: ScenarioApi, seconds: float) -> None:
    """Hide what is created from lists for so long."""

    async def handle(request: httpx.Request) -> httpx.Response:
        is_list = request.method == "GET" and request.url.path.endswith("/scenarios")
        if is_list and api.time.seconds < seconds:
            api.calls.append("GET")
            return json_response({"scenarios": []})
        return await api.handle(request)

    api.client = lambda: client_of(handle)  # type: ignore[method-assign]


def test_a_taken_name_after_a_lost_response_is_looked_for_longer() -> None:
    api = ScenarioApi(faults=[(RESET, True)])
    late(api, 8.0)
    found = created(api)
    assert (found.scenario_id, found.adopted, len(api.scenarios)) == ("sc-1", False, 1)
    assert api.calls.count("POST") == 2


def test_a_taken_name_after_a_crash_is_our_own_scenario() -> None:
    api = ScenarioApi(faults=[(RESET, True), *[(RESET, False)] * 8])
    late(api, 1000.0)
    with pytest.raises(OutcomeUnknown):
        created(api)
    sent_at = api.intents.find(ADDRESS)
    api.faults, api.time.seconds = [], 995.0
    found = created(api)
    assert (found.scenario_id, found.adopted, len(api.scenarios)) == ("sc-1", False, 1)
    assert sent_at is not None
    assert api.intents.find(ADDRESS) == sent_at


def test_a_taken_name_that_is_never_listed_keeps_the_intent() -> None:
    api = ScenarioApi(faults=[(RESET, True)])
    late(api, 10_000.0)
    with pytest.raises(ScenarioUnseen, match="This stack may have created it: run `pulumi up` again"):
        created(api)
    assert api.calls.count("POST") == 2
    assert api.intents.find(ADDRESS) is not None


def test_an_intent_for_another_name_is_no_evidence() -> None:
    api = ScenarioApi(faults=[(RESET, False)] * 9)
    with pytest.raises(OutcomeUnknown):
        created(api, fields={"name": "Other"})
    api.faults = []
    api.add(**{**FIELDS, "max_turns": 9})
    with pytest.raises(ScenarioExists):
        created(api)


@pytest.mark.parametrize("status", [400, 401, 403, 422, 302])
def test_a_refused_definition_is_an_error_at_once(status: int) -> None:
    api = ScenarioApi(faults=[(json_response({"error": "max_turns"}, status), False)])
    with pytest.raises(Rejected, match=str(status)):
        created(api)
    assert api.calls == ["GET", "POST", "GET"]
    assert api.intents.find(ADDRESS) is None


def test_an_api_that_cannot_be_reached_gets_four_requests_and_no_more() -> None:
    api = ScenarioApi(faults=[(REFUSED, False)] * 9)
    with pytest.raises(ApiError, match="no connection"):
        created(api)
    assert api.calls.count("POST") == 4
    assert api.time.slept == [*PAUSES_SECONDS]
    assert api.intents.find(ADDRESS) is None


def test_an_unknown_outcome_keeps_the_intent() -> None:
    api = ScenarioApi(faults=[(RESET, False)] * 9)
    with pytest.raises(OutcomeUnknown):
        created(api)
    assert api.intents.find(ADDRESS) is not None


def test_a_name_that_somebody_else_takes_meanwhile_is_a_conflict() -> None:
    api = ScenarioApi()
    api.faults = [(json_response({"error": "name taken"}, 409), False)]
    api.read_faults = [json_response({"scenarios": []})]
    api.add(**FIELDS)
    with pytest.raises(ScenarioExists):
        created(api)
    assert api.intents.find(ADDRESS) is None  # the next run must not take it for its own


def test_other_content_after_a_lost_response_is_somebody_elses() -> None:
    api = ScenarioApi(faults=[(RESET, False)], read_faults=[json_response({"scenarios": []})])
    api.add(**{**FIELDS, "max_turns": 11})
    with pytest.raises(ScenarioExists, match="max_turns: found 11, declared 10"):
        created(api)


def test_a_conflict_shows_how_the_existing_scenario_differs() -> None:
    api = ScenarioApi()
    api.add(**{**FIELDS, "max_turns": 20, "category": "ANGRY_CALLER"})
    with pytest.raises(ScenarioExists) as raised:
        created(api)
    assert str(raised.value) == (
        "scenario 'Refund' on pathway pw-1 exists already (sc-1), and this stack has not created it. "
        "It differs from the declaration:\n"
        '  tester_persona_name: found "Sam", declared nothing\n'
        '  category: found "ANGRY_CALLER", declared "CUSTOM"\n'
        "  max_turns: found 20, declared 10\n"
        "To take it over and change it to the declaration: on_conflict: adopt\n"
        "If another stack manages it, and this one only compares: manage: false"
    )
    assert api.calls == ["GET"]


def test_a_long_value_is_shown_from_where_it_differs() -> None:
    api = ScenarioApi(fills={})
    text = "You were charged twice for order A-17 and want your money back. You are {} and know the number of it."
    api.add(**{**FIELDS, "tester_persona_prompt": text.format("calm")})
    with pytest.raises(ScenarioExists) as raised:
        created(api, fields={"tester_persona_prompt": text.format("upset")})
    [line] = [each for each in str(raised.value).splitlines() if each.startswith("  ")]
    assert line == (
        '  tester_persona_prompt: found …money back. You are calm and know the number of it.", '
        'declared …money back. You are upset and know the number of it."'
    )


@pytest.mark.parametrize(("shown", "bodies"), [({}, []), ({"enabled": False}, [{"enabled": True}])])
def test_a_scenario_that_is_exactly_as_declared_is_taken_over(shown: dict[str, Any], bodies: list[Any]) -> None:
    """So the revert of a commit that removed it works."""
    api = ScenarioApi(fills={})
    api.add(**{**FIELDS, **shown})
    found = created(api)
    assert (found.scenario_id, found.adopted, found.drift) == ("sc-1", True, ())
    assert api.bodies == bodies
    assert api.scenarios["sc-1"]["enabled"] is True


def test_a_scenario_that_says_more_than_declared_is_not_taken_over() -> None:
    api = ScenarioApi(fills={})
    api.add(**FIELDS, advanced_instructions="Shout")
    with pytest.raises(ScenarioExists, match='  advanced_instructions: found "Shout", declared nothing'):
        created(api)


def test_a_scenario_of_another_stack_is_a_conflict_that_names_it() -> None:
    api = ScenarioApi(fills={})
    api.add(**FIELDS)
    owners = Owners(claim={"sc-1": "stack rival manages it"}.get)
    with pytest.raises(ScenarioExists) as raised:
        asyncio.run(create(api.client(), order_of(), api.intents, api.time.clock(), owners))
    assert str(raised.value).startswith(
        "scenario 'Refund' on pathway pw-1 exists already (sc-1), and stack rival manages it. It is as declared.\n"
    )


@pytest.mark.parametrize("on_conflict", ["fail", "adopt"])
def test_a_scenario_of_another_resource_is_never_taken_over(on_conflict: str) -> None:
    api = ScenarioApi(fills={})
    api.add(**FIELDS)
    order = order_of(on_conflict=on_conflict)
    with pytest.raises(ScenarioHeld) as raised:
        asyncio.run(create(api.client(), order, api.intents, api.time.clock(), Owners({"sc-1": "refund"}.get)))
    assert str(raised.value) == (
        "scenario 'Refund' on pathway pw-1 (sc-1) is declared twice: resource refund has it. "
        "Names are unique on a pathway: remove one of the two resources, or give it another name"
    )


def test_adopting_changes_only_what_differs() -> None:
    api = ScenarioApi()
    api.add(**{**FIELDS, "max_turns": 20, "description": "old"})
    found = created(api, on_conflict="adopt")
    assert (found.scenario_id, found.adopted, found.drift) == ("sc-1", True, ())
    assert api.calls == ["GET", "PUT sc-1"]
    assert api.bodies == [{"max_turns": 10}]  # what is not declared stays, since the API may have filled it in


def test_adopting_the_same_scenario_writes_nothing() -> None:
    api = ScenarioApi()
    api.add(**FIELDS)
    assert created(api, on_conflict="adopt").adopted
    assert api.calls == ["GET"]


@pytest.mark.parametrize(
    "faults", [[], [(json_response({"id": "sc-1", **FIELDS, "max_turns": 9, "enabled": True}), True)]]
)
def test_a_disabled_scenario_is_created_and_then_disabled(faults: list[Any]) -> None:
    """Whatever else the API shows with other values: that is for the next update."""
    api = ScenarioApi(faults=faults)
    found = created(api, fields={"enabled": False})
    assert api.bodies[1:] == [{"enabled": False}]
    assert found.drift == ()


def test_a_created_scenario_is_recorded_even_if_it_cannot_be_disabled() -> None:
    api = ScenarioApi(faults=[None, *[(json_response({"error": "no"}, 403), False)] * 3])
    found = created(api, fields={"enabled": False})
    assert (found.scenario_id, found.drift) == ("sc-1", ("enabled",))


@pytest.mark.parametrize(("age", "edit"), [(0, {}), (60, {"max_turns": 9}), (3600, {})])
def test_after_a_crash_the_intent_says_that_the_scenario_is_ours(age: float, edit: dict[str, Any]) -> None:
    api = ScenarioApi(faults=[(RESET, False)] * 9)
    with pytest.raises(OutcomeUnknown):
        created(api)
    api.faults = []
    api.add(age=age, **{**FIELDS, **edit})
    found = created(api)
    assert (found.scenario_id, found.adopted) == ("sc-1", False)
    assert api.named()[0]["max_turns"] == 10


def test_an_older_scenario_of_other_content_is_not_ours_after_a_crash() -> None:
    api = ScenarioApi(faults=[(RESET, False)] * 9)
    with pytest.raises(OutcomeUnknown):
        created(api)
    api.faults = []
    api.add(age=3600, **{**FIELDS, "max_turns": 9})
    with pytest.raises(ScenarioExists):
        created(api)
    api.edit(api.named()[0]["id"], created_at=None)
    with pytest.raises(ScenarioExists):
        created(api)


def test_an_intent_for_another_pathway_says_nothing() -> None:
    api = ScenarioApi(faults=[(RESET, False)] * 9)
    with pytest.raises(OutcomeUnknown):
        created(api, owner=Owner.pathway("pw-9"))
    api.faults = []
    api.add(**FIELDS)
    with pytest.raises(ScenarioExists):
        created(api)


def test_what_another_stack_manages_is_compared_and_never_written() -> None:
    api = ScenarioApi()
    with pytest.raises(ScenarioMissing, match=r"does not exist\. staging manages it"):
        created(api, manage=False, managed_by="staging")
    api.add(**{**FIELDS, "max_turns": 20})
    with pytest.raises(ScenarioDiffers) as raised:
        created(api, manage=False, managed_by="staging")
    assert str(raised.value) == (
        "scenario 'Refund' on pathway pw-1 is not as declared (sc-1). It differs from the declaration:\n"
        "  max_turns: found 20, declared 10\n"
        "staging manages it (promotes_from): run `pulumi up` there first, or declare manage: true here"
    )
    api.edit("sc-1", max_turns=10)
    assert created(api, manage=False) == RecordedScenario("sc-1", filled=created(api, on_conflict="adopt").filled)
    order = order_of(manage=False)
    assert asyncio.run(update(api.client(), "sc-1", order, ["max_turns"])).scenario_id == "sc-1"
    with pytest.raises(TornadoError, match="does not exist any more"):
        asyncio.run(update(api.client(), "sc-9", order, ["max_turns"]))
    api.delete("sc-1")
    with pytest.raises(ScenarioMissing, match="Another stack manages it"):
        created(api, manage=False)
    assert set(api.calls) == {"GET"}


@pytest.mark.parametrize("shows_writes", [True, False])
def test_an_update_sends_only_what_changes(*, shows_writes: bool) -> None:
    api = ScenarioApi(shows_writes=shows_writes)
    api.add(**FIELDS)
    order = order_of(fields={"max_turns": 30, "name": "Refunds"})
    found = asyncio.run(update(api.client(), "sc-1", order, ["name", "max_turns", "category"]))
    assert found.drift == ()
    assert api.bodies == [{"name": "Refunds", "max_turns": 30, "category": "CUSTOM"}]
    assert api.calls == (["PUT sc-1"] if shows_writes else ["PUT sc-1", "GET sc-1"])


def test_an_update_that_the_api_ignores_stays_visible() -> None:
    api = ScenarioApi(faults=[(json_response({"id": "sc-1", **FIELDS, "max_turns": 10}), False)])
    api.add(**FIELDS)
    found = asyncio.run(update(api.client(), "sc-1", order_of(fields={"max_turns": 30}), ["max_turns"]))
    assert found.drift == ("max_turns",)


def test_a_name_that_is_taken_is_an_error_of_the_update() -> None:
    api = ScenarioApi()
    api.add(**FIELDS)
    api.add(name="Other")
    with pytest.raises(TornadoError, match=r"^scenario Other cannot be changed: .*HTTP 409.*\. Names are unique on"):
        asyncio.run(update(api.client(), "sc-1", order_of(fields={"name": "Other"}), ["name"]))


def test_an_update_of_a_deleted_scenario_says_what_to_do() -> None:
    with pytest.raises(TornadoError, match=r"'Refund' \(sc-1\) does not exist any more; run `pulumi up` again"):
        asyncio.run(update(ScenarioApi().client(), "sc-1", order_of(), ["max_turns"]))


def test_taking_over_from_another_stack_changes_what_differs() -> None:
    api = ScenarioApi()
    with pytest.raises(ScenarioMissing):
        asyncio.run(take_over(api.client(), "sc-1", order_of()))
    api.add(**{**FIELDS, "max_turns": 20})
    found = asyncio.run(take_over(api.client(), "sc-1", order_of()))
    assert (found.adopted, api.scenarios["sc-1"]["max_turns"]) == (True, 10)


def test_only_the_list_of_the_pathway_says_that_a_scenario_is_gone() -> None:
    api = ScenarioApi()
    api.add(**FIELDS)
    assert asyncio.run(read(api.client(), "sc-2", Owner.pathway("pw-1"))) is None
    api.read_faults = [json_response({"error": "no such route"}, 404)]
    found = asyncio.run(read(api.client(), "sc-1", Owner.pathway("pw-1")))
    assert found is not None
    assert found.entry["name"] == "Refund"
    api.read_faults = [httpx.Response(404, content=b"<html>")] * 5
    with pytest.raises(Rejected):
        asyncio.run(read(api.client(), "sc-1", Owner.pathway("pw-1")))


def hidden(*, category: str = "CUSTOM", others: tuple[str, ...] = ("CUSTOM",)) -> ScenarioApi:
    """A pathway whose scenario is older than the 100 that a list shows."""
    api = ScenarioApi()
    api.add(**FIELDS, category=category)
    for number in range(120):
        api.add(name=f"Case {number}", category=others[number % len(others)])
    return api


def test_a_scenario_that_is_not_listed_is_read_and_not_gone() -> None:
    api = hidden()
    shown = asyncio.run(read(api.client(), "sc-1", Owner.pathway("pw-1")))
    assert shown is not None
    assert api.calls == ["GET sc-1"]
    assert asyncio.run(read(api.client(), "sc-500", Owner.pathway("pw-1"))) is None
    api.read_faults = [json_response({"error": "no such route"}, 404)]
    assert asyncio.run(read(api.client(), "sc-1", Owner.pathway("pw-1"))) is not None


def test_a_404_without_a_scenario_by_id_at_all_is_not_gone() -> None:
    api, missing = hidden(), json_response({"error": "no such route"}, 404)
    api.read_faults = [missing, None, missing, missing]
    with pytest.raises(OutcomeUnknown, match="the API lists no more than 100"):
        asyncio.run(read(api.client(), "sc-1", Owner.pathway("pw-1")))


def test_a_refused_name_that_is_not_listed_exists() -> None:
    api = hidden()
    with pytest.raises(ScenarioUnlisted) as raised:
        created(api)
    assert str(raised.value) == (
        "scenario 'Refund' on pathway pw-1 exists already, but is not among the 100 that the API lists, so its id is "
        "unknown. Rename or delete it, or scenarios that are not needed, in Bland; or name it by its id (scenario_ids)"
    )
    assert (api.calls.count("POST"), api.intents.find(ADDRESS)) == (1, None)


def test_a_refused_name_on_a_small_pathway_is_the_error_of_the_api() -> None:
    api = ScenarioApi(faults=[(json_response({"error": "name taken"}, 409), False)])
    with pytest.raises(Rejected, match="name taken"):
        created(api)


def test_a_scenario_is_adopted_from_the_list_of_its_category() -> None:
    api = hidden(category="EDGE_CASE")
    found = created(api, fields={"category": "EDGE_CASE"}, on_conflict="adopt")
    assert (found.scenario_id, found.adopted, api.calls.count("POST")) == ("sc-1", True, 0)


def test_a_new_scenario_on_a_large_pathway_is_created_once() -> None:
    api = hidden()
    api.faults = [(RESET, True)]
    found = created(api, fields={"name": "Other"})
    assert [each["id"] for each in api.named("Other")] == [found.scenario_id]
    assert api.calls.count("POST") == 1


def test_a_taken_name_that_no_list_can_show_keeps_the_intent() -> None:
    api = hidden()
    api.faults = [(RESET, False)]
    with pytest.raises(ScenarioUnlisted, match="exists already"):
        created(api)
    assert api.intents.find(ADDRESS) is not None


def test_what_another_stack_manages_is_missing_only_if_that_is_certain() -> None:
    api = hidden()
    with pytest.raises(ScenarioUnlisted, match="may exist, but is not among the 100"):
        created(api, manage=False)
    order = order_of(manage=False)
    assert asyncio.run(update(api.client(), "sc-1", order, ["max_turns"])).scenario_id == "sc-1"
    with pytest.raises(ScenarioMissing):
        created(hidden(others=("EDGE_CASE", "HAPPY_PATH")), manage=False, fields={"name": "Nobody"})


def test_deleting_is_safe_to_repeat() -> None:
    api = ScenarioApi(faults=[(RESET, True)])
    api.add(**FIELDS)
    asyncio.run(delete(api.client(), "sc-1", Owner.pathway("pw-1")))
    asyncio.run(delete(api.client(), "sc-1", Owner.pathway("pw-1")))
    assert api.scenarios == {}


@pytest.mark.parametrize(
    "response",
    [
        json_response({"error": "no such route"}, 404),
        json_response({"deleted": False}),
        json_response({}),
        json_response([]),
        httpx.Response(204),
    ],
)
def test_a_scenario_that_is_still_listed_is_not_deleted(response: httpx.Response) -> None:
    api = ScenarioApi(faults=[(response, False)])
    api.add(**FIELDS)
    with pytest.raises(OutcomeUnknown, match="delete scenario sc-1: the API still lists the scenario"):
        asyncio.run(delete(api.client(), "sc-1", Owner.pathway("pw-1")))


def disabled(api: ScenarioApi) -> bool:
    return asyncio.run(disable(api.client(), "sc-1", Owner.pathway("pw-1")))


@pytest.mark.parametrize("shows_writes", [True, False])
def test_disabling_keeps_all_else_and_is_safe_to_repeat(*, shows_writes: bool) -> None:
    api = ScenarioApi(faults=[(RESET, True)], shows_writes=shows_writes)
    before = dict(api.add(**FIELDS))
    assert [disabled(api), disabled(api)] == [True, True]
    assert api.scenarios == {"sc-1": {**before, "enabled": False}}
    api.delete("sc-1")
    assert not disabled(api)
    api.faults = [(json_response({}), False)]
    assert not disabled(api), "it was deleted meanwhile"
    assert api.stage.numbers["scenario"] == 1


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (json_response({"error": "no such route"}, 404), "still lists the scenario"),
        (json_response({"id": "sc-1", "enabled": True}), "still shows the scenario as enabled"),
    ],
)
def test_a_scenario_that_is_still_enabled_is_not_disabled(response: httpx.Response, fault: str) -> None:
    api = ScenarioApi(faults=[(response, False)])
    api.add(**FIELDS)
    with pytest.raises(OutcomeUnknown, match=fault):
        disabled(api)


@pytest.mark.parametrize(
    ("response", "reads"),
    [(json_response({"data": {"deleted": True}}), []), (httpx.Response(204), ["GET sc-1", "GET"])],
)
def test_a_delete_may_be_answered_in_other_forms(response: httpx.Response, reads: list[str]) -> None:
    api = ScenarioApi(faults=[(response, True)])
    api.add(**FIELDS)
    asyncio.run(delete(api.client(), "sc-1", Owner.pathway("pw-1")))
    assert (api.scenarios, api.calls[1:]) == ({}, reads)


async def test_the_checks_of_an_agent_that_run_a_scenario_are_found() -> None:
    asked = list[str]()

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.split("/")[5])
        if "gone" in request.url.path:
            return json_response({"error": "NOT_FOUND"}, 404)
        config = {"scenario_ids": ["SC-1"], "evals": []} if asked[-1] == "production" else None
        return httpx.Response(200, json={"data": config, "errors": None})

    client = client_of(respond)
    assert await env_of_checks(client, Owner.agent("ag-1"), "sc-1") == "production"
    assert await env_of_checks(client, Owner.agent("ag-1"), "sc-2") is None
    assert await env_of_checks(client, Owner.agent("gone"), "sc-1") is None
    assert asked == ["staging", "production"] * 3
    assert await env_of_checks(client, Owner.pathway("pw-1"), "sc-1") is None
    assert len(asked) == 6


def test_a_name_is_free_again_for_every_agent() -> None:
    api = ScenarioApi()
    api.add(**FIELDS)
    assert created(api, owner=Owner.agent("ag-1")).scenario_id == "sc-2"
    assert api.bodies == [{"agent_id": "ag-1", **FIELDS}]
    with pytest.raises(ScenarioExists, match="scenario 'Refund' of agent ag-1 exists already"):
        created(api, owner=Owner.agent("ag-1"), address=Address("file", "agents", "dev", "x"), fields={"max_turns": 9})
