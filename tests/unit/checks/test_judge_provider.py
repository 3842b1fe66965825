"""The provider of judges as Pulumi calls it, in this process, against a sandbox."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pulumi import UNKNOWN
from pulumi.dynamic.dynamic import serialize_provider

from tests.support.api import configure_provider
from tornado_resource.checks.provider import JudgeProvider
from tornado_resource.provider.runtime import Failure, stop_runtimes
from tornado_resource.sandbox.serving import Sandbox
from tornado_resource.stacks.managers import Managers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JUDGES = "/v1/evals/agents"
FIELDS: dict[str, Any] = {"name": "Good", "prompt": "Was it good?"}
ROW = {"field": "prompt", "place": "prompt", "found": '"Cheap?"', "declared": '"Was it good?"'}


@pytest.fixture
def http(tmp_path: Path) -> Iterator[httpx.Client]:
    (tmp_path / "s.yaml").write_text("pathways: {}", encoding="utf-8")
    script = tmp_path / "s.yaml"
    with Sandbox(script=script) as sandbox, httpx.Client(base_url=sandbox.url, headers={"authorization": "k"}) as http:
        yield http


@pytest.fixture
def provider(http: httpx.Client) -> Iterator[JudgeProvider]:
    yield configured(http)
    stop_runtimes()


def configured(http: httpx.Client) -> JudgeProvider:
    provider = JudgeProvider()
    configure_provider(provider, str(http.base_url))
    return provider


def props(**changes: Any) -> dict[str, Any]:
    fields = {**FIELDS, **changes.pop("fields", {})}
    return {"name": "dev/good", "fields": fields, "declared_at": "sessions.yaml:3:3", **changes}


def told(provider: JudgeProvider, news: dict[str, Any], olds: dict[str, Any] | None = None, **seen: Any) -> Any:
    """Let the program tell what it has seen, as before each `create` or `diff`."""
    return provider.check(olds or {}, {**news, "seen": seen or None, "base_url": None})


def seen(judge_id: str, version: str | None, *rows: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"judge_id": judge_id, "version_id": version, "differences": list(rows), **more}


def publish(http: httpx.Client, judge_id: str, **changes: Any) -> None:
    draft = http.get(f"{JUDGES}/{judge_id}").json()["data"]["current_version"]["id"]
    http.patch(f"{JUDGES}/{judge_id}/versions/{draft}", json=changes).raise_for_status()
    http.post(f"{JUDGES}/{judge_id}/publications").raise_for_status()


def writes(http: httpx.Client) -> list[str]:
    return [row["method"] for row in http.get("/_sandbox/requests").json() if row["method"] != "GET"]


def test_the_provider_is_pickled_by_reference() -> None:
    assert b"\x19tornado_resource.provider\x94" in base64.b64decode(serialize_provider(JudgeProvider()))


def test_a_judge_from_its_creation_to_its_end(
    provider: JudgeProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    news = props()
    assert told(provider, news, is_gone=True).failures == []
    created = provider.create(news)
    outs = created.outs or {}
    assert (outs["judge_id"], outs["drift"]) == (created.id, [])
    told(provider, news, news, judge=seen(created.id, outs["version"]))
    assert provider.diff(created.id, outs, news).changes is False

    publish(http, created.id, prompt_md="Cheap?")
    assert (provider.read(created.id, outs).outs or {})["drift"] == ["prompt"]
    told(provider, news, news, judge=seen(created.id, "v-9", ROW))
    assert provider.diff(created.id, outs, news).changes is True
    assert capsys.readouterr().out == (
        "good: prompt changed in Bland since the last update\n"
        'good: changes prompt: found "Cheap?", declared "Was it good?"\n'
    )
    updated = provider.update(created.id, outs, news).outs or {}
    assert (updated["drift"], updated["version"] != outs["version"]) == ([], True)

    configured(http).delete(created.id, updated)
    assert capsys.readouterr().out == "good: the judge is left in Bland as it is (on_destroy: leave)\n"
    assert len(http.get(JUDGES).json()["data"]["data"]) == 1
    configured(http).delete(created.id, {**updated, "manage": False})
    provider.delete(created.id, updated)  # a renamed resource has it
    assert capsys.readouterr().out == ""
    assert provider.read("gone", updated).id == ""


def test_a_judge_is_deleted_by_who_created_it(
    provider: JudgeProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    managers = {"own": Managers(), "other": Managers({"j-1": "staging"}), "unread": Managers(unread="no backend")}
    monkeypatch.setattr("tornado_resource.checks.provider.managing_stacks", lambda *_: managers["own"])
    news = props(on_destroy="delete")
    created = provider.create(news)
    outs = created.outs or {}
    updated = provider.update(created.id, outs, props(on_destroy="delete", fields={"weight": 3})).outs or {}
    read = provider.read(created.id, updated).outs or {}
    assert [each["is_created"] for each in (outs, updated, read)] == [True] * 3
    deleting = configured(http)
    deleting.delete(created.id, {key: value for key, value in read.items() if key != "is_created"})
    deleting.delete(created.id, {**read, "version": "v-0"})
    assert capsys.readouterr().out == (
        "good: the judge is left in Bland as it is: this stack has not created it\n"
        "good: the judge is left in Bland as it is: another version was published since this stack has published it\n"
    )
    managers["own"] = managers["unread"]
    deleting.delete(created.id, read)
    assert "as it is: another stack may manage it: not all stacks could be read (no backend)" in capsys.readouterr().out
    assert [row["name"] for row in http.get(JUDGES).json()["data"]["data"]] == ["Good"]
    managers["own"] = managers["other"]
    deleting.delete(created.id, read)
    assert (capsys.readouterr().out, http.get(JUDGES).json()["data"]["data"]) == ("", [])
    taken = configured(http).create(props()).outs or {}
    assert taken["is_created"] is True
    assert "is_created" not in (configured(http).create(props()).outs or {})


def test_a_judge_that_was_renamed_in_bland_and_in_the_file_is_not_deleted(
    provider: JudgeProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine creates the resource of the new name, which takes the judge over, and deletes that of the old one."""
    monkeypatch.setattr("tornado_resource.checks.provider.managing_stacks", lambda *_: Managers())
    renamed = props(on_destroy="delete", fields={"name": "Better"})
    created = provider.create(renamed)
    recorded = {**(created.outs or {}), "fields": FIELDS}
    update = configured(http)
    assert update.create(renamed).id == created.id
    update.delete(created.id, recorded)
    resumed = configured(http)  # what was to be deleted is still in the state
    told(resumed, renamed, renamed, judge=seen(created.id, (created.outs or {})["version"]))
    resumed.diff(created.id, created.outs or {}, renamed)
    resumed.delete(created.id, recorded)
    assert capsys.readouterr().out == ""
    assert [each["name"] for each in http.get(JUDGES).json()["data"]["data"]] == ["Better"]


def test_a_preview_refuses_another_judge(provider: JudgeProvider) -> None:
    there = seen("j-1", "v-1", ROW)
    [refused] = told(provider, props(), judge=there).failures
    assert "judge 'Good' exists already (j-1), and this stack has not created it" in refused.reason
    assert told(provider, props(on_conflict="adopt"), judge=there).failures == []
    assert told(provider, props(), props(), judge=there).failures == []
    [drafted] = told(provider, props(), props(), judge=seen("j-1", "v-1", ROW, draft=[ROW])).failures
    assert "judge 'Good' (j-1) has an unpublished draft" in drafted.reason
    [compared] = told(provider, props(manage=False), props(), judge=there).failures
    assert "is not as declared" in compared.reason


def test_an_edit_of_the_file_is_shown(provider: JudgeProvider, capsys: pytest.CaptureFixture[str]) -> None:
    olds, row = {**props(), "version": "v-1", "drift": []}, {**ROW, "found": '"Was it good?"', "declared": '"Better?"'}
    edited = props(fields={"prompt": "Better?"})
    told(provider, edited, props(), judge=seen("j-1", "v-1", row))
    assert provider.diff("j-1", olds, edited).changes is True
    assert capsys.readouterr().out == 'good: changes prompt: found "Was it good?", declared "Better?"\n'
    hidden = props(fields={"judge_config": {"model": "m"}})
    told(provider, hidden, props(), judge=seen("j-1", "v-1"))
    assert provider.diff("j-1", olds, hidden).changes is True
    assert "publishes judge_config, which Bland never shows: it cannot be verified" in capsys.readouterr().out
    for changes in ({"on_conflict": "adopt"}, {"fields": {"weight": 10}}):
        told(provider, props(**changes), props(), judge=seen("j-1", "v-1"))
        assert provider.diff("j-1", olds, props(**changes)).changes is True


@pytest.mark.parametrize(
    ("changes", "there"),
    [({"fields": {"name": "Better"}}, {}), ({}, {"is_gone": True}), ({}, {"judge": seen("j-2", "v-1")})],
    ids=["name", "gone", "another"],
)
def test_what_is_another_judge_is_another_resource(
    provider: JudgeProvider, changes: dict[str, Any], there: dict[str, Any]
) -> None:
    told(provider, props(**changes), props(), **there)
    found = provider.diff("j-1", props(), props(**changes))
    assert (found.changes, found.replaces) == (True, ["fields"])


def test_what_is_not_known_yet_may_change(provider: JudgeProvider) -> None:
    news = props(fields={"prompt": UNKNOWN})
    assert told(provider, news).failures == []
    found = provider.diff("j-1", props(), news)
    assert (found.changes, found.replaces) == (True, None)


def test_two_resources_of_one_name_are_refused(provider: JudgeProvider, http: httpx.Client) -> None:
    provider.create(props())
    with pytest.raises(Failure, match=r"judge 'Good' is declared twice: resource good has it"):
        provider.create(props(name="dev/twin"))
    assert writes(http) == ["POST", "PATCH", "POST"]


def test_invalid_values_are_refused_as_elsewhere(provider: JudgeProvider) -> None:
    levels = [{"level_key": "a", "label": "A", "prompt": "a"}] * 2
    news = props(fields={"prompt": " ", "levels": levels, "target_level_keys": ["b"]})
    failures = {each.property: each.reason for each in told(provider, news).failures}
    assert failures == {
        "prompt": "the prompt is empty, expected what the judge decides",
        "levels": "duplicate level_key 'a'; rename one",
        "target_level_keys": "unknown level 'b', expected one of a, a",
    }


def test_what_the_program_could_not_read_stops_the_update(provider: JudgeProvider) -> None:
    [failed] = told(provider, props(), problem="list of judges: HTTP 503").failures
    assert failed.reason == "list of judges: HTTP 503"


def test_what_a_killed_update_has_created_is_its_own(provider: JudgeProvider, http: httpx.Client) -> None:
    """The state does not have it, and somebody has written a draft since."""
    provider.create(props())
    draft = seen("j-1", None, ROW, is_blank=False)
    assert told(configured(http), props(), judge=draft).failures == []
    after = configured(http)
    told(after, props(), props(), judge=seen("j-1", "v-1"))
    after.diff("j-1", props(), props())  # the state has it by now
    assert len(told(after, props(), judge=draft).failures) == 1


def test_a_damaged_state_is_told(provider: JudgeProvider) -> None:
    with pytest.raises(Failure, match=r"the state of judge j-1 is damaged: it has no `name`"):
        provider.read("j-1", {})
