"""The provider of scenarios as Pulumi calls it, in this process, against a sandbox."""

from __future__ import annotations

import base64
from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pulumi import UNKNOWN
from pulumi.dynamic.dynamic import serialize_provider

from tests.support.api import configure_provider
from tornado_resource.declarations.model import SILENT_REPLAY
from tornado_resource.provider.runtime import Failure, stop_runtimes
from tornado_resource.sandbox.serving import Sandbox
from tornado_resource.scenarios.provider import ScenarioProvider
from tornado_resource.stacks.managers import Managers
from tornado_resource.tornado.provider import TornadoProvider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATH = "/v1/agent-testing/scenarios"
PROPS: dict[str, Any] = {
    "name": "dev/refund@pw-1",
    "pathway_id": "pw-1",
    "fields": {"name": "Refund", "max_turns": 10.0},
    "declared_at": "sessions.yaml:3:3",
}


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with Sandbox() as sandbox, httpx.Client(base_url=sandbox.url, headers={"authorization": "k"}) as client:
        yield client


@pytest.fixture
def provider(http: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScenarioProvider]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("tornado_resource.scenarios.provider.managing_stacks", lambda _own: Managers())
    yield configured(http)
    stop_runtimes()


def configured(http: httpx.Client) -> ScenarioProvider:
    provider = ScenarioProvider()
    configure_provider(provider, str(http.base_url))
    return provider


def outs(result: Any) -> dict[str, Any]:
    return dict(result.outs)


def writes(http: httpx.Client) -> list[str]:
    rows = http.get("/_sandbox/requests").json()
    return [f"{row['method']} {row['body']}" for row in rows if row["method"] != "GET"]


def shown(http: httpx.Client, scenario_id: str) -> dict[str, Any]:
    found: dict[str, Any] = http.get(f"{PATH}/{scenario_id}").json()
    return found


def edit(http: httpx.Client, scenario_id: str, **changes: Any) -> None:
    http.put(f"{PATH}/{scenario_id}", json=changes).raise_for_status()


def test_the_provider_is_pickled_by_reference() -> None:
    assert b"\x19tornado_resource.provider\x94" in base64.b64decode(serialize_provider(ScenarioProvider()))


def test_a_scenario_from_its_creation_to_its_end(provider: ScenarioProvider, http: httpx.Client) -> None:
    created = provider.create(dict(PROPS))
    assert outs(created)["scenario_id"] == created.id
    assert provider.diff(created.id, outs(created), dict(PROPS)).changes is False

    news = {**PROPS, "fields": {"name": "Refund", "max_turns": 12.0}, "on_destroy": "delete"}
    assert provider.diff(created.id, outs(created), dict(news)).changes is True
    updated = provider.update(created.id, outs(created), dict(news))
    assert shown(http, created.id)["max_turns"] == 12
    assert writes(http)[1:] == ['PUT {"max_turns":12}']

    # A provider process of another update: it has not just created the scenario.
    later = configured(http)
    later.delete(created.id, outs(updated))
    assert writes(http)[-1].startswith("DELETE")
    assert later.read(created.id, outs(updated)).id == ""


def test_what_was_edited_is_named_and_put_back(
    provider: ScenarioProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    created = provider.create(dict(PROPS))
    edit(http, created.id, max_turns=3, description="by hand")
    read = provider.read(created.id, outs(created))
    assert outs(read)["drift"] == ["description", "max_turns"]
    assert provider.diff(created.id, outs(read), dict(PROPS)).changes is True
    assert (
        "refund@pw-1: description, max_turns were changed in Bland; `pulumi up` restores them"
        in capsys.readouterr().out
    )
    updated = provider.update(created.id, outs(read), dict(PROPS))
    assert (outs(updated)["drift"], shown(http, created.id)["description"]) == ([], "")


def told(provider: ScenarioProvider, **seen: Any) -> dict[str, Any]:
    """Let the program tell what it has seen, and return the inputs that the engine goes on with."""
    checked = provider.check({}, {**PROPS, "seen": seen or None})
    assert "seen" not in checked.inputs
    return dict(checked.inputs)


def test_what_the_program_has_seen_is_put_back_without_a_refresh(
    provider: ScenarioProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    created = provider.create(dict(PROPS))
    edit(http, created.id, enabled=False)
    news = told(provider, fields=["enabled"], is_gone=False)
    assert provider.diff(created.id, outs(created), news).changes is True
    assert "refund@pw-1: enabled was changed in Bland; `pulumi up` restores it" in capsys.readouterr().out
    updated = provider.update(created.id, outs(created), news)
    assert (outs(updated)["drift"], shown(http, created.id)["enabled"]) == ([], True)
    assert provider.diff(created.id, outs(updated), told(provider)).changes is False


def test_what_was_deleted_is_created_again(
    provider: ScenarioProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    created = provider.create(dict(PROPS))
    http.delete(f"{PATH}/{created.id}").raise_for_status()
    news = told(provider, fields=[], is_gone=True)
    found = provider.diff(created.id, outs(created), news)
    assert (found.changes, found.replaces) == (True, ["scenario_id"])
    again = provider.create(news)
    provider.delete(created.id, outs(created))
    assert (again.id != created.id, shown(http, again.id)["enabled"]) == (True, True)
    assert [each.split()[0] for each in writes(http)] == ["POST", "DELETE", "POST"]
    assert capsys.readouterr().out == "refund@pw-1: was deleted in Bland; `pulumi up` creates it again\n"


def test_what_another_stack_has_created_again_is_taken_by_its_name(
    provider: ScenarioProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    managed = provider.create(dict(PROPS))
    recorded = provider.create({**PROPS, "manage": False})
    http.delete(f"{PATH}/{managed.id}").raise_for_status()
    again = provider.create(dict(PROPS))
    news = {**told(provider, fields=[], is_gone=True), "manage": False}
    assert provider.diff(recorded.id, outs(recorded), news).replaces == ["scenario_id"]
    assert provider.create(news).id == again.id
    assert capsys.readouterr().out == "refund@pw-1: was deleted in Bland; `pulumi up` takes the one of its name\n"


def test_what_the_api_has_stored_otherwise_is_nobodys_edit(
    provider: ScenarioProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    created = provider.create(dict(PROPS))
    olds = {**outs(created), "drift": ["max_turns"]}
    assert provider.diff(created.id, olds, told(provider, unstored=["max_turns"])).changes is True
    assert capsys.readouterr().out == "refund@pw-1: max_turns is not stored as declared; `pulumi up` sends it again\n"


def test_what_the_program_could_not_see_fails(provider: ScenarioProvider) -> None:
    created = provider.create(dict(PROPS))
    with pytest.raises(Failure, match=r"sessions\.yaml:3:3: HTTP 403"):
        provider.diff(created.id, outs(created), told(provider, problem="HTTP 403"))


def test_an_option_is_recorded_without_a_request(provider: ScenarioProvider, http: httpx.Client) -> None:
    created = provider.create(dict(PROPS))
    before = len(http.get("/_sandbox/requests").json())
    news = {**PROPS, "on_conflict": "adopt", "on_destroy": "delete"}
    assert provider.diff(created.id, outs(created), dict(news)).changes is True
    updated = provider.update(created.id, outs(created), dict(news))
    assert (outs(updated)["on_destroy"], outs(updated)["scenario_id"]) == ("delete", created.id)
    again = provider.update(created.id, outs(updated), dict(PROPS))
    assert "on_destroy" not in outs(again)
    assert len(http.get("/_sandbox/requests").json()) == before


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({}, "refund@pw-1: disabled in Bland, with its past runs (on_destroy: disable)\n"),
        ({"on_destroy": "leave"}, "refund@pw-1: left in Bland as it is (on_destroy: leave)\n"),
    ],
)
def test_what_is_not_declared_any_more_is_disabled_or_left(
    provider: ScenarioProvider,
    http: httpx.Client,
    capsys: pytest.CaptureFixture[str],
    option: dict[str, Any],
    said: str,
) -> None:
    created = provider.create({**PROPS, **option})
    configured(http).delete(created.id, outs(created))
    assert shown(http, created.id)["enabled"] is ("on_destroy" in option)
    assert capsys.readouterr().out == said

    # The declaration is put back.
    again = configured(http).create({**PROPS, **option})
    assert (again.id, outs(again)["drift"], shown(http, created.id)["enabled"]) == (created.id, [], True)


@pytest.mark.parametrize("on_destroy", ["disable", "delete"])
def test_a_scenario_that_a_session_names_by_its_id_stays(
    provider: ScenarioProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str], on_destroy: str
) -> None:
    created = provider.create({**PROPS, "on_destroy": on_destroy})
    sessions = TornadoProvider()
    configure_provider(sessions, str(http.base_url))
    session = {"name": "dev/line", "pathway_id": "pw-1", "scenario_ids": [created.id]}
    sessions.check({}, {**session, "scenario_ids": UNKNOWN})
    sessions.check({}, session)
    configured(http).delete(created.id, outs(created))
    assert shown(http, created.id)["enabled"] is True
    assert capsys.readouterr().out == "refund@pw-1: left in Bland as it is: session line tests it, by its id\n"


def test_another_stack_that_manages_a_scenario_is_named(
    provider: ScenarioProvider, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = provider.create(dict(PROPS))
    calls: list[str] = []

    def managing(own: str) -> Managers:
        calls.append(own)
        return Managers({created.id: "rival"})

    monkeypatch.setattr("tornado_resource.scenarios.provider.managing_stacks", managing)
    later = configured(http)
    for _ in range(2):
        with pytest.raises(Failure, match=r"exists already .* and stack rival manages it\. It is as declared"):
            later.create({**PROPS, "name": "dev/other@pw-1"})
    assert calls == ["dev"]


@pytest.mark.parametrize("on_destroy", ["disable", "delete"])
@pytest.mark.parametrize("unread", [None, "timed out"])
def test_what_another_stack_manages_or_may_manage_stays(
    provider: ScenarioProvider,
    http: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    on_destroy: str,
    unread: str | None,
) -> None:
    created = provider.create({**PROPS, "on_destroy": on_destroy})
    found = Managers({} if unread else {created.id: "rival"}, unread)
    monkeypatch.setattr("tornado_resource.scenarios.provider.managing_stacks", lambda _own: found)
    with redirect_stdout(StringIO()) as printed:
        configured(http).delete(created.id, outs(created))
    assert shown(http, created.id)["enabled"] is True
    assert printed.getvalue() == f"refund@pw-1: left in Bland as it is: {found.claim(created.id)}\n"


OTHER: dict[str, Any] = {**PROPS, "name": "dev/other@pw-1"}
TWICE = r"^sessions\.yaml:3:3: scenario 'Refund' on pathway pw-1 .* is declared twice: resource {} has it"


@pytest.mark.parametrize("option", [{}, {"on_conflict": "adopt"}])
def test_two_resources_never_have_one_scenario(
    provider: ScenarioProvider, http: httpx.Client, option: dict[str, Any]
) -> None:
    created = provider.create(dict(PROPS))
    with pytest.raises(Failure, match=TWICE.format("refund@pw-1")):
        provider.create({**OTHER, **option})
    later = configured(http)
    assert later.diff(created.id, outs(created), dict(PROPS)).changes is False
    with pytest.raises(Failure, match=TWICE.format("refund@pw-1")):
        later.create({**OTHER, **option})


def test_a_resource_that_took_the_scenario_of_another_one_is_found(
    provider: ScenarioProvider, http: httpx.Client
) -> None:
    """The engine may create the second one before it compares the first one."""
    created = provider.create(dict(PROPS))
    later = configured(http)
    other = later.create(dict(OTHER))
    assert other.id == created.id
    with pytest.raises(Failure, match=TWICE.format("other@pw-1")):
        later.diff(created.id, outs(created), dict(PROPS))

    # The second one is removed.
    last = configured(http)
    last.diff(created.id, outs(created), dict(PROPS))
    last.delete(other.id, outs(other))
    assert shown(http, created.id)["enabled"] is True


def test_a_resource_renamed_in_an_earlier_update_keeps_its_scenario(
    provider: ScenarioProvider, http: httpx.Client
) -> None:
    """The gate of that update failed, so the engine deletes the old resource in this one."""
    created = provider.create(dict(PROPS))
    renamed = configured(http).create(dict(OTHER))
    later = configured(http)
    assert later.diff(renamed.id, outs(renamed), dict(OTHER)).changes is False
    later.delete(created.id, outs(created))
    assert shown(http, created.id)["enabled"] is True


def test_another_pathway_is_another_scenario(provider: ScenarioProvider) -> None:
    found = provider.diff("sc-1", dict(PROPS), {**PROPS, "pathway_id": "pw-2"})
    assert (found.changes, found.replaces) == (True, ["pathway_id"])


def test_unknown_fields_of_a_preview_are_a_change(provider: ScenarioProvider) -> None:
    assert provider.diff("sc-1", dict(PROPS), {**PROPS, "fields": {"name": UNKNOWN}}).changes is True


def test_a_scenario_that_was_just_taken_is_not_deleted(provider: ScenarioProvider, http: httpx.Client) -> None:
    """The engine creates a renamed resource before it deletes the old one."""
    created = provider.create({**PROPS, "on_destroy": "delete"})
    provider.delete(created.id, outs(created))
    assert shown(http, created.id)["name"] == "Refund"


def test_what_another_stack_manages_is_only_read(provider: ScenarioProvider, http: httpx.Client) -> None:
    other = {**PROPS, "manage": False, "managed_by": "staging", "on_destroy": "delete"}
    with pytest.raises(Failure, match=r"^sessions.yaml:3:3: scenario 'Refund' .* staging manages it"):
        provider.create(dict(other))
    managed = provider.create(dict(PROPS))
    recorded = provider.create(dict(other))
    assert recorded.id == managed.id
    before = writes(http)
    configured(http).delete(recorded.id, outs(recorded))
    edit(http, managed.id, max_turns=3)
    read = provider.read(recorded.id, outs(recorded))
    with pytest.raises(Failure, match="max_turns: found 3, declared 10"):
        provider.update(recorded.id, outs(read), dict(other))
    assert writes(http)[: len(before)] == before
    taken = provider.update(recorded.id, outs(read), dict(PROPS))
    assert (shown(http, managed.id)["max_turns"], outs(taken)["drift"]) == (10, [])


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"fields": {"name": "Refund", "max_turns": 51.0}}, "max_turns"),
        ({"fields": {"name": ""}}, "name"),
        ({"on_destroy": "maybe"}, "on_destroy"),
        ({"fields": {"name": "A", "assertions": [{"type": "X", "config": {}}]}}, "assertions"),
    ],
)
def test_values_are_checked_by_the_rules_of_the_file(
    provider: ScenarioProvider, change: dict[str, Any], key: str
) -> None:
    assert [each.property for each in provider.check({}, {**PROPS, **change}).failures] == [key]


def test_a_replay_without_messages_is_refused_once_it_is_known(provider: ScenarioProvider) -> None:
    silent = {"name": "A", "scenario_type": "REPLAY"}
    failures = provider.check({}, {**PROPS, "fields": silent}).failures
    assert [(each.property, each.reason) for each in failures] == [("scenario_type", SILENT_REPLAY)]
    for messages in (UNKNOWN, ["Hello"]):
        assert provider.check({}, {**PROPS, "fields": {**silent, "input_messages": messages}}).failures == []


def test_unknown_values_are_checked_when_they_are_known(provider: ScenarioProvider) -> None:
    assert provider.check({}, {**PROPS, "fields": {"name": UNKNOWN, "max_turns": 3.0}}).failures == []
    assert provider.check({}, {**PROPS, "fields": UNKNOWN}).failures == []


@pytest.mark.parametrize("call", ["read", "delete"])
def test_a_state_without_a_pathway_says_what_to_do(provider: ScenarioProvider, call: str) -> None:
    state = {"name": "dev/refund@pw-1", "fields": {"name": "Refund"}, "on_destroy": "delete"}
    with pytest.raises(Failure, match="the state of scenario sc-1 is damaged: it has no `pathway_id`"):
        getattr(provider, call)("sc-1", state)


def test_a_secret_field_that_is_invalid_is_not_quoted(provider: ScenarioProvider) -> None:
    news = {"name": "dev/a", "pathway_id": "p", "fields": {"name": "a", "max_turns": 999.0}, "secrets": ["max_turns"]}
    checked = provider.check({}, news)
    assert [(failure.property, "999" in failure.reason) for failure in checked.failures] == [("", False)]
    assert "secrets" not in checked.inputs


def test_a_conflict_does_not_show_a_secret_field(provider: ScenarioProvider, http: httpx.Client) -> None:
    news = {**PROPS, "secrets": ["tester_persona_prompt"]}
    provider.create(dict(provider.check({}, {**news, "secrets": None}).inputs))
    later = configured(http)
    other = {**news, "name": "dev/other", "fields": {**PROPS["fields"], "tester_persona_prompt": "SESAME"}}
    with pytest.raises(Failure, match=r"tester_persona_prompt: found and declared are \[secret\]") as raised:
        later.create(dict(later.check({}, other).inputs))
    assert "SESAME" not in str(raised.value)


def test_a_conflict_does_not_show_the_id_of_a_secret_pathway(provider: ScenarioProvider, http: httpx.Client) -> None:
    provider.create(dict(provider.check({}, dict(PROPS)).inputs))
    other = {**PROPS, "name": "dev/other", "fields": {**PROPS["fields"], "max_turns": 20.0}}
    for secrets, shown in ((["pathway_id"], "[secret]"), (None, "pw-1")):
        later = configured(http)
        with pytest.raises(Failure) as raised:
            later.create(dict(later.check({}, {**other, "secrets": secrets}).inputs))
        assert f"scenario 'Refund' on pathway {shown} exists already" in str(raised.value)
        assert ("pw-1" in str(raised.value)) is (secrets is None)


def test_a_problem_seen_by_the_program_does_not_show_a_secret_pathway(provider: ScenarioProvider) -> None:
    news = {**PROPS, "seen": {"problem": "scenarios of pathway pw-1: HTTP 500"}, "secrets": ["pathway_id"]}
    checked = provider.check({}, news)
    with pytest.raises(Failure, match=r"scenarios of pathway \[secret\]: HTTP 500"):
        provider.diff("sc-1", dict(PROPS), dict(checked.inputs))


AGENT: dict[str, Any] = {**{key: PROPS[key] for key in ("fields",)}, "name": "dev/refund@ag-1", "agent_id": "ag-1"}


def test_a_scenario_of_an_agent_from_its_creation_to_its_end(
    provider: ScenarioProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    created = provider.create(dict(provider.check({}, dict(AGENT)).inputs))
    assert (shown(http, created.id)["agent_id"], shown(http, created.id)["pathway_id"]) == ("ag-1", None)
    assert (outs(created)["agent_id"], "pathway_id" in outs(created)) == ("ag-1", False)
    assert provider.diff(created.id, outs(created), dict(AGENT)).changes is False
    assert provider.diff(created.id, outs(created), {**AGENT, "agent_id": "ag-2"}).replaces == ["agent_id"]
    moved = {**PROPS, "name": AGENT["name"]}
    assert provider.diff(created.id, outs(created), moved).replaces == ["pathway_id", "agent_id"]

    # Checks that run it would fail without it: it stays until they name it no longer.
    checks = "/v2/agents/ag-1/environments/production/checks"
    version = http.get("/v1/evals/agents/resolved").json()["data"]["agent"]["active_version_id"]
    judge = {"eval_agent_id": "resolved", "eval_agent_version_id": version}
    http.put(checks, json={"scenario_ids": [created.id], "evals": [judge]}).raise_for_status()
    configured(http).delete(created.id, outs(created))
    printed = capsys.readouterr().out
    assert "refund@ag-1: left in Bland as it is: the checks of its agent in production run it" in printed
    assert shown(http, created.id)["enabled"] is True
    http.delete(checks).raise_for_status()
    configured(http).delete(created.id, outs(created))
    assert shown(http, created.id)["enabled"] is False


@pytest.mark.parametrize(
    ("owner", "problems"),
    [
        ({"pathway_id": "p", "agent_id": "a"}, ["pathway_id"]),
        ({}, ["pathway_id"]),
        ({"agent_id": "a b"}, ["agent_id"]),
        ({"pathway_id": "your-pathway-id"}, ["pathway_id"]),
        ({"pathway_id": UNKNOWN}, []),
    ],
)
def test_a_scenario_has_one_owner(provider: ScenarioProvider, owner: dict[str, Any], problems: list[str]) -> None:
    checked = provider.check({}, {"name": "dev/refund", "fields": PROPS["fields"], **owner})
    assert [each.property for each in checked.failures] == problems
