"""Judges as code: what is sent, what becomes of lost responses, and which judges are taken."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.api import FakeTime, json_response
from tests.support.judge_api import FIELDS, LEVELS, JudgeApi, order_of
from tornado_resource.bland.judge_versions import (
    DraftedJudge,
    JudgeVersion,
    read_draft,
    read_judge,
    read_shown,
    read_version,
)
from tornado_resource.bland.judges import list_judges
from tornado_resource.checks.judge_lifecycle import JudgeClaim, create, look, read, remove, update
from tornado_resource.checks.judges import (
    JudgeAmbiguous,
    JudgeDiffers,
    JudgeDrafted,
    JudgeExists,
    JudgeHeld,
    JudgeMissing,
    JudgeNotStored,
    JudgeUnlisted,
    JudgeUnseen,
    differences,
    refusal,
    seen_judge,
)
from tornado_resource.errors import Conflict, ForeignResponse, NotFound, OutcomeUnknown, Rejected

if TYPE_CHECKING:
    from tests.support.sandbox_api import Fault

SEEN: list[Any] = [
    lambda: httpx.ReadError("reset"),
    lambda: httpx.ReadTimeout("timeout"),
    lambda: json_response({"error": "oops"}, 500),
    lambda: httpx.Response(408, text="<html>"),
    lambda: httpx.Response(403, text="<html>firewall</html>"),
    lambda: httpx.Response(200, content=b""),
    lambda: httpx.Response(200, content=b"{}"),
    lambda: httpx.Response(200, content=b'{"data": null, "errors": [{"error": "OOPS"}]}'),
]
"""What is seen instead of a response."""
REFUSED: list[Any] = [lambda: httpx.ConnectError("refused"), lambda: json_response({"error": "later"}, 429)]
PUBLISHED: dict[str, Any] = {
    "prompt_md": "Was it good?",
    "levels": [{"prompt_md" if key == "prompt" else key: text for key, text in each.items()} for each in LEVELS],
    "target_level_keys": ["good"],
}


def clock() -> Any:
    return FakeTime().clock()


@pytest.mark.parametrize("form", [True, False], ids=["wrapped", "bare"])
async def test_a_judge_is_created_and_published(form: bool) -> None:  # noqa: FBT001
    api, noted = JudgeApi(is_wrapped=form), list[str]()
    claim = JudgeClaim(note=lambda: noted.append("noted"))
    stored = await create(api.client(), order_of(), claim, clock())
    assert (stored.judge_id, stored.version_id, stored.drift) == ("j-1", "j-1-1", ())
    assert (api.writes, noted) == (["create", "edit", "publish"], ["noted"])
    assert api.published() | PUBLISHED == api.published()


@pytest.mark.parametrize("has_effect", [True, False])
@pytest.mark.parametrize("seen", SEEN, ids=[str(number) for number in range(len(SEEN))])
@pytest.mark.parametrize("place", [1, 2], ids=["edit", "publish"])
async def test_a_lost_response_is_settled(seen: Any, place: int, has_effect: bool) -> None:  # noqa: FBT001
    fault: Fault = (seen(), has_effect)
    api = JudgeApi(faults=[*[None] * place, fault])
    stored = await create(api.client(), order_of(), None, clock())
    assert (len(api.judges), api.published() | PUBLISHED) == (1, api.published())
    assert stored.version_id == api.published()["id"]
    assert api.writes.count("publish") == 1


@pytest.mark.parametrize("seen", SEEN, ids=[str(number) for number in range(len(SEEN))])
async def test_a_creation_of_unknown_outcome_is_never_repeated(seen: Any) -> None:
    api = JudgeApi(faults=[(seen(), True)])
    assert (await create(api.client(), order_of(), None, clock())).judge_id == "j-1"
    assert api.writes.count("create") == 1

    api, time = JudgeApi(faults=[(seen(), False)]), FakeTime()
    with pytest.raises(JudgeUnseen, match=r"could not determine whether judge 'Good' was created, .*`pulumi up` again"):
        await create(api.client(), order_of(), None, time.clock())
    assert (api.writes, api.judges, time.slept) == ([], {}, [0.0, 1.0, 2.0, 4.0])


@pytest.mark.parametrize("seen", REFUSED, ids=["unsent", "429"])
async def test_a_creation_that_did_not_arrive_is_repeated(seen: Any) -> None:
    api = JudgeApi(faults=[(seen(), False)])
    assert (await create(api.client(), order_of(), None, clock())).judge_id == "j-1"
    assert api.writes.count("create") == 1


async def test_a_refusal_is_not_repeated() -> None:
    for place in range(3):
        api = JudgeApi(faults=[*[None] * place, (json_response({"error": "BAD", "message": "no"}, 400), False)])
        with pytest.raises(Rejected, match="HTTP 400"):
            await create(api.client(), order_of(), None, clock())
        assert len(api.writes) == place


async def test_a_second_judge_that_appears_meanwhile_is_told() -> None:
    api = JudgeApi(faults=[(httpx.ReadError("reset"), True)])
    api.after_write = lambda: api.add("Good")
    with pytest.raises(JudgeAmbiguous, match=r"2 judges have this name \(j-1, j-2\)"):
        await create(api.client(), order_of(), None, clock())
    with pytest.raises(JudgeAmbiguous, match="Rename or delete all but one of them in Bland"):
        await create(api.client(), order_of(), None, clock())


async def test_what_is_not_listed_is_not_created() -> None:
    api = JudgeApi(is_whole=False)
    with pytest.raises(JudgeUnlisted, match="judge 'Good' may exist, but is not among those that the API lists"):
        await create(api.client(), order_of(), None, clock())
    assert api.writes == []


async def test_a_draft_that_is_published_meanwhile_is_edited_again() -> None:
    api = JudgeApi()
    api.after_write = lambda: api.add("Other")
    await create(api.client(), order_of(), None, clock())
    changed = order_of(fields={**FIELDS, "prompt": "Was it great?"})
    reads = api._read

    def publish_after_reading(parts: list[str]) -> httpx.Response:
        response = reads(parts)
        if parts == ["j-1"] and "publish" not in api.writes[3:]:
            api._publish("j-1")
        return response

    api._read = publish_after_reading  # type: ignore[method-assign]
    with pytest.raises(Conflict):  # and again, and again
        await update(api.client(), "j-1", changed, is_hidden_changed=False)
    api._read = reads  # type: ignore[method-assign]
    api.faults = [(json_response({"error": "EVAL_AGENT_VERSION_NOT_EDITABLE", "message": "no"}, 409), False)]
    stored = await update(api.client(), "j-1", changed, is_hidden_changed=False)
    assert (api.published()["prompt_md"], stored.drift) == ("Was it great?", ())
    api.faults = [(json_response({"error": "OTHER", "message": "no"}, 409), False)]
    with pytest.raises(Conflict):
        await update(api.client(), "j-1", order_of(), is_hidden_changed=False)


async def test_nothing_is_sent_for_a_judge_that_is_as_declared() -> None:
    api = JudgeApi()
    api.add("Good", **PUBLISHED)
    stored = await create(api.client(), order_of(), None, clock())
    assert (stored.version_id, api.writes) == ("j-1-1", [])
    assert await update(api.client(), "j-1", order_of(), is_hidden_changed=False) == stored
    assert api.writes == []
    # What is never shown is sent once.
    await update(api.client(), "j-1", order_of(), is_hidden_changed=True)
    assert api.writes == ["edit", "publish"]
    hidden = order_of(fields={**FIELDS, "judge_config": {"model": "m"}})
    await create(api.client(), hidden, None, clock())
    assert api.writes == ["edit", "publish"] * 2


async def test_another_judge_of_the_name_is_refused() -> None:
    api = JudgeApi()
    api.add("Good", **{**PUBLISHED, "prompt_md": ""})
    with pytest.raises(JudgeExists, match="prompt: found nothing, declared"):
        await create(api.client(), order_of(), None, clock())
    api.published()["prompt_md"] = "Was it cheap?"
    with pytest.raises(JudgeExists) as caught:
        await create(api.client(), order_of(), JudgeClaim(is_interrupted=True), clock())
    assert str(caught.value) == (
        "judge 'Good' exists already (j-1), and this stack has not created it. It differs from the declaration:\n"
        '  prompt: found "Was it cheap?", declared "Was it good?"\n'
        "To take it over and publish the declared one: on_conflict: adopt\n"
        "If another stack manages it, and this one only compares: manage: false"
    )
    with pytest.raises(JudgeExists) as caught:
        await create(api.client(), order_of(secrets=frozenset({"name", "prompt"})), None, clock())
    assert "judge '[secret]' exists" in str(caught.value)
    assert "cheap" not in str(caught.value)
    assert api.writes == []
    taken = await create(api.client(), order_of(on_conflict="adopt"), JudgeClaim(is_interrupted=True), clock())
    assert (api.writes, len(api.judges), taken.is_created) == (["edit", "publish"], 1, False)


@pytest.mark.parametrize(
    ("draft", "is_interrupted", "is_taken"),
    [
        ({"prompt_md": "Was it cheap?"}, False, False),
        ({"prompt_md": "Was it cheap?"}, True, True),
        ({"prompt_md": "  "}, False, True),
        ({"prompt_md": None}, False, True),
        (PUBLISHED, False, True),
    ],
    ids=["of somebody", "interrupted", "blank", "not shown", "as declared"],
)
async def test_what_a_killed_update_has_created_is_its_own(
    draft: dict[str, Any],
    is_interrupted: bool,  # noqa: FBT001
    is_taken: bool,  # noqa: FBT001
) -> None:
    api = JudgeApi()
    api.add("Good", is_published=False, **draft)
    claim = JudgeClaim(is_interrupted=is_interrupted)
    if is_taken:
        taken = await create(api.client(), order_of(), claim, clock())
        assert (api.writes, len(api.judges), taken.is_created) == (["edit", "publish"], 1, is_interrupted)
    else:
        with pytest.raises(JudgeExists):
            await create(api.client(), order_of(), claim, clock())


async def test_a_judge_of_another_stack_is_compared() -> None:
    api, order = JudgeApi(), order_of(manage=False)
    with pytest.raises(JudgeMissing, match=r"does not exist. Another stack manages it \(manage: false\)"):
        await create(api.client(), order, None, clock())
    api.add("Good", is_published=False, **PUBLISHED)
    with pytest.raises(JudgeMissing, match=r"has no published version. dev manages it \(promotes_from\)"):
        await create(api.client(), order_of(manage=False, managed_by="dev"), None, clock())
    api._publish("j-1")
    stored = await create(api.client(), order_of(manage=False, fields={**FIELDS, "judge_config": {}}), None, clock())
    assert await update(api.client(), "j-1", order, is_hidden_changed=True) == stored
    changed = order_of(manage=False, fields={**FIELDS, "weight": 5})
    with pytest.raises(JudgeDiffers, match=r"is not as declared \(j-1\)[^\0]*weight: found 10, declared 5"):
        await update(api.client(), "j-1", changed, is_hidden_changed=False)
    assert api.writes == []


async def test_a_refresh_shows_what_is_there() -> None:
    api = JudgeApi()
    api.add("Good", **PUBLISHED)
    assert (await read(api.client(), "j-1", order_of())) is not None
    api.judges["j-1"]["name"] = "Better"
    api.published()["prompt_md"] = "Was it cheap?"
    found = await read(api.client(), "j-1", order_of())
    assert found is not None
    assert (found.judge_id, found.drift) == ("j-1", ("name", "prompt"))
    api.is_whole = False
    with pytest.raises(NotFound):
        await read(api.client(), "j-2", order_of())
    api.is_whole = True
    assert await read(api.client(), "j-2", order_of()) is None
    api.read_faults = [json_response({"error": "EVAL_AGENT_NOT_FOUND", "message": "no"}, 404)]
    with pytest.raises(NotFound):  # a wrong base URL says so too
        await read(api.client(), "j-1", order_of())
    api.add("Draft", is_published=False)
    unpublished = await read(api.client(), "j-2", order_of(name="Draft"))
    assert unpublished is not None
    assert unpublished.version_id == ""


async def test_what_the_api_stores_otherwise_is_drift() -> None:
    api = JudgeApi(stores=lambda body: {**body, "target_level_keys": ["bad"]})
    stored = await create(api.client(), order_of(), None, clock())
    assert stored.drift == ("target_level_keys",)
    text = str(JudgeNotStored(order_of(), stored.drift))
    assert text.startswith("judge 'Good' is not stored as declared, so no checks use it: the API has other values for ")


@pytest.mark.parametrize(
    ("shown", "fields"),
    [
        ({}, []),
        ({"prompt": "Was it good?\r\n", "modality": "text", "target_level_keys": ["good"]}, []),
        ({"system_prompt": "You.", "weight": 99}, []),
        ({"levels": LEVELS[::-1]}, ["levels"]),
        ({"target_level_keys": "odd", "modality": "audio"}, ["modality", "target_level_keys"]),
        ({"prompt": ""}, ["prompt"]),
    ],
    ids=["nothing", "same", "undeclared", "order", "others", "empty"],
)
def test_only_what_is_declared_and_shown_differs(shown: dict[str, Any], fields: list[str]) -> None:
    assert [each.field for each in differences(FIELDS, shown)] == fields


def test_the_order_of_the_levels_that_match_says_nothing() -> None:
    declared = {"prompt": "x", "target_level_keys": ["a", "b"]}
    assert differences(declared, {"target_level_keys": ["b", "a"]}) == ()
    [row] = differences({"prompt": "x"}, {"target_level_keys": ["a"]})
    assert row.text() == 'target_level_keys: found ["a"], declared nothing'


async def test_a_draft_of_somebody_is_not_replaced() -> None:
    api = JudgeApi()
    api.add("Good", **PUBLISHED)
    api._draft("j-1").update(prompt_md="Was it go", weight=5)
    assert (await update(api.client(), "j-1", order_of(), is_hidden_changed=False)).version_id == "j-1-1"
    assert (await create(api.client(), order_of(), None, clock())).version_id == "j-1-1"
    changed = order_of(fields={**FIELDS, "prompt": "Was it great?"})
    with pytest.raises(JudgeDrafted) as caught:
        await update(api.client(), "j-1", changed, is_hidden_changed=False)
    assert str(caught.value) == (
        "judge 'Good' (j-1) has an unpublished draft:\n"
        '  prompt: draft "Was it go", published "Was it good?"\n'
        "  weight: draft 5, published 10\n"
        "Publishing the declared judge would replace it, so nothing was sent.\n"
        "Publish it in Bland, or move what you need into the declaration. To replace it: on_conflict: adopt"
    )
    with pytest.raises(JudgeDrafted) as caught:
        await update(api.client(), "j-1", replace(changed, secrets=frozenset({"prompt"})), is_hidden_changed=False)
    assert "prompt: [secret]" in str(caught.value)
    hidden = order_of(fields={**FIELDS, "judge_config": {"model": "m"}})
    with pytest.raises(JudgeDrafted):
        await create(api.client(), hidden, None, clock())
    assert api.writes == []
    await update(api.client(), "j-1", replace(changed, on_conflict="adopt"), is_hidden_changed=False)
    assert (api.writes, api.published()["prompt_md"]) == (["edit", "publish"], "Was it great?")


async def test_what_a_lost_publication_left_in_the_draft_is_no_edit_of_somebody() -> None:
    api = JudgeApi()
    api.add("Good", **PUBLISHED)
    api._draft("j-1").update(prompt_md="Was it great?")
    await update(api.client(), "j-1", order_of(fields={**FIELDS, "prompt": "Was it great?"}), is_hidden_changed=False)
    assert api.published()["prompt_md"] == "Was it great?"


async def test_a_refused_publication_leaves_the_draft_as_it_was() -> None:
    api = JudgeApi()
    api.add("Good", **PUBLISHED)
    for number, seen in enumerate((None, json_response({"error": "no"}, 500))):
        api.faults = [None, (json_response({"error": "TOO_LONG"}, 400), False), (seen, True) if seen else None]
        changed = order_of(fields={**FIELDS, "prompt": f"Was it great? {number}"})
        with pytest.raises(Rejected):
            await update(api.client(), "j-1", changed, is_hidden_changed=False)
        assert api.writes == ["edit"] * 2 * (number + 1)
        assert api._draft("j-1")["prompt_md"] == "Was it good?"
    await update(api.client(), "j-1", order_of(fields={**FIELDS, "prompt": "Better?"}), is_hidden_changed=False)
    assert api.published()["prompt_md"] == "Better?"


@pytest.mark.parametrize("keeps_deleted", [True, False])
async def test_a_judge_that_no_checks_use_is_deleted(keeps_deleted: bool) -> None:  # noqa: FBT001
    api = JudgeApi(keeps_deleted=keeps_deleted, users={"ag-1": ["j-9"], "ag-gone": []})
    api.add("Good", **PUBLISHED)
    assert await remove(api.client(), "j-1", "j-1-1") is None
    assert (api.writes, (await list_judges(api.client())).judges) == (["delete"], ())
    assert await remove(api.client(), "j-1", "j-1-1") is None
    assert await read(api.client(), "j-1", order_of()) is None
    assert api.writes == ["delete"]
    created = await create(api.client(), order_of(), None, clock())
    assert (created.judge_id == "j-2", created.is_created) == (keeps_deleted, True)
    unpublished = api.add("Draft", is_published=False)
    assert await remove(api.client(), unpublished, "") is None


async def test_a_judge_that_is_used_or_changed_is_left() -> None:
    api = JudgeApi(users={"ag-1": [], "ag-2": ["j-1"]})
    api.add("Good", **PUBLISHED)
    assert await remove(api.client(), "j-1", "j-1-1") == "the checks of agent ag-2 in production use it"
    changed = "another version was published since this stack has published it"
    assert await remove(api.client(), "j-1", "j-1-0") == changed
    api.users = {f"ag-{number}": [] for number in range(500)}
    assert await remove(api.client(), "j-1", "j-1-1") == "checks may use it: the API does not list all agents"
    assert api.writes == []


async def test_what_the_api_says_to_a_deletion_is_followed() -> None:
    api = JudgeApi()
    api.add("Good", **PUBLISHED)
    api.faults = [(json_response({"error": "IN_USE", "message": "It is used by checks."}, 409), False)]
    refused = await remove(api.client(), "j-1", "j-1-1")
    assert refused is not None
    assert refused.startswith("Bland refuses to delete it: removal of judge j-1: HTTP 409")
    forbidden, done = json_response({"error": "no"}, 403), httpx.Response(204)
    for fault, error, text in ((forbidden, Rejected, "403"), (done, OutcomeUnknown, "the API still shows it")):
        api.faults = [(fault, False)]
        with pytest.raises(error, match=f"^removal of judge j-1: .*{text}"):
            await remove(api.client(), "j-1", "j-1-1")
    api.faults = [(httpx.ReadError("reset"), True), (json_response({"error": "no"}, 404), False)]
    assert await remove(api.client(), "j-1", "j-1-1") is None  # the response was lost, and then it was gone


async def test_what_is_seen_survives_pulumi() -> None:
    api = JudgeApi()
    api.add("Good", **{**PUBLISHED, "weight": 1})
    client = api.client()
    listed = await list_judges(client)
    api._draft("j-1")["weight"] = 3
    reads = partial(read_shown, client), partial(read_draft, client)
    seen = await look(order_of(fields={**FIELDS, "weight": 2}), listed, *reads)
    assert seen is not None
    assert [each.found for each in seen.draft] == ["3"]
    assert seen_judge(asdict(seen)) == seen
    assert seen_judge(None) is None
    hidden = order_of(fields={**FIELDS, "weight": 1, "judge_config": {}})
    for unsent in (hidden, order_of(manage=False, fields={**FIELDS, "weight": 2})):
        compared = await look(unsent, listed, *reads)
        assert (compared and compared.draft) == ()
    assert await look(order_of(name="New"), listed, *reads) is None
    assert refusal(order_of(), replace(seen, draft=()), is_new=False) is None
    assert "resource twin has it" in str(JudgeHeld(order_of(), "twin"))


async def test_a_response_about_another_judge_is_refused() -> None:
    api = JudgeApi(
        read_faults=[json_response({"id": "j-9", "current_version": {"id": "v"}}), json_response({"id": "v"})]
    )
    with pytest.raises(ForeignResponse):
        await read_judge(api.client(), "j-1")
    with pytest.raises(ForeignResponse):
        await read_version(api.client(), "j-1", "j-1-1")
    api = JudgeApi(read_faults=[json_response({"id": "j-1"})])
    with pytest.raises(OutcomeUnknown, match="the response shows no judge with its draft"):
        await read_judge(api.client(), "j-1")


def test_odd_versions_are_read_as_far_as_they_go() -> None:
    assert JudgeVersion.parse([]) is None
    assert DraftedJudge.parse([]) is None
    found = JudgeVersion.parse({"id": "v-1", "levels": ["odd", {"level_key": "a", "color": "red"}], "weight": 10.0})
    assert found is not None
    assert found.fields == {"levels": ["odd", {"level_key": "a"}], "weight": 10}
    odd = JudgeVersion.parse({"id": "v-1", "levels": "odd"})
    assert odd is not None
    assert odd.fields == {"levels": "odd"}
