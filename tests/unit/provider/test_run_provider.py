"""The provider of sessions as Pulumi calls it, in this process, against a sandbox."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pulumi import UNKNOWN
from pulumi.dynamic import Config, ConfigureRequest
from pulumi.dynamic.dynamic import serialize_provider

from tests.support.api import KEY, configure_provider
from tornado_resource.agents.provider import CheckRunProvider
from tornado_resource.core.urns import SESSION_TYPE
from tornado_resource.errors import ConfigurationError
from tornado_resource.provider import run_provider as own_sessions
from tornado_resource.provider.runtime import Failure, secret, stop_runtimes
from tornado_resource.runs import start as starting
from tornado_resource.runs.cancel import Unsettled
from tornado_resource.runs.intents import IntentStore, intents_folder
from tornado_resource.runs.order import StartedRun
from tornado_resource.sandbox.serving import Sandbox
from tornado_resource.tornado.provider import TornadoProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tornado_resource.runs.intents import Intent
    from tornado_resource.runs.order import Order

ID = "7c1f0a52-0b1e-4c8a-9a55-6f0d6f6f1f01"
INPUTS: dict[str, Any] = {
    "name": "dev/support-line",
    "pathway_id": "pw-1",
    "max_iterations": 5.0,
    "declared_at": "s.yaml:3:3",
}

ON_PATHWAY = {"pathway_id": "pw-1", "declared": {"pathway_id": "pw-1"}}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], TornadoProvider]]:
    monkeypatch.setattr(own_sessions, "pulumi_json", lambda *_: {})

    def configure(url: str) -> TornadoProvider:
        provider = TornadoProvider()
        configure_provider(provider, url)
        return provider

    yield configure
    stop_runtimes()


@pytest.fixture
def provider(sandbox: Sandbox, configured: Callable[[str], TornadoProvider]) -> TornadoProvider:
    return configured(sandbox.url)


def test_the_provider_is_pickled_by_reference() -> None:
    pickled = base64.b64decode(serialize_provider(TornadoProvider()))
    assert len(pickled) < 70
    assert b"\x19tornado_resource.provider\x94" in pickled


def test_create_diff_update_delete(
    provider: TornadoProvider, configured: Callable[[str], TornadoProvider], sandbox: Sandbox
) -> None:
    created = provider.create(dict(INPUTS))
    outputs = dict(created.outs or {})
    assert created.id == outputs["session_id"]
    assert (outputs["max_iterations"], type(outputs["max_iterations"])) == (5, int)
    assert provider.diff(created.id, outputs, dict(INPUTS)).changes is False
    updated = provider.update(created.id, {**outputs, "__provider": "x"}, {**INPUTS, "on_destroy": "cancel"}).outs
    assert updated is not None
    assert updated.keys() == outputs.keys()
    configured(sandbox.url).delete(created.id, outputs)
    assert provider.read(created.id, outputs).outs["status"] == "CANCELLED"  # type: ignore[index] # a dict


@pytest.mark.parametrize("key", ["pathway_id", "persona_id", "scenario_ids", "triggers", "gate", "rerun", "on_destroy"])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_an_unknown_value_in_a_preview_is_a_change_and_sends_nothing(
    key: str, depth: int, configured: Callable[[str], TornadoProvider]
) -> None:
    """At any depth, and without a request: nothing listens at this address."""
    value: Any = UNKNOWN
    for _ in range(depth):
        value = {"inner": value}
    provider = configured("http://127.0.0.1:9")
    olds = {"declared": {"pathway_id": "pw-1", "max_iterations": 5}}
    assert provider.diff("s-1", olds, {**INPUTS, key: value}).changes is True


RECORDED = {"declared": {"pathway_id": "pw-1", "max_iterations": 5}}
AGAIN = {"run_id": "s-1", "reason": "the last run did not meet its gate: 1 of 2 scenarios passed", "problem": None}


@pytest.mark.parametrize(
    ("decision", "replaces"),
    [
        (AGAIN, ["rerun"]),
        ({**AGAIN, "reason": None}, []),
        ({**AGAIN, "run_id": "s-2"}, []),
        (None, []),
        (UNKNOWN, []),
    ],
    ids=["again", "not again", "another session", "none", "unknown"],
)
def test_diff_follows_the_decision_of_the_program(
    decision: Any,
    replaces: list[str],
    configured: Callable[[str], TornadoProvider],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It asks nothing itself: nothing listens at this address. A decision is forgotten with the next `check`."""
    provider = configured("http://127.0.0.1:9")
    provider.check({}, {**INPUTS, "rerun_decision": dict(AGAIN)})
    checked = provider.check({}, {**INPUTS, "rerun_decision": decision})
    assert checked.failures == []
    assert "rerun_decision" not in checked.inputs
    assert provider.diff("s-1", RECORDED, checked.inputs).replaces == replaces
    assert ("support-line: runs again, the last run did not" in capsys.readouterr().out) is bool(replaces)


@pytest.mark.parametrize("last", [None, UNKNOWN, "yes"], ids=["nothing", "unknown", "something else"])
def test_only_what_the_program_has_checked_is_not_looked_for(monkeypatch: pytest.MonkeyPatch, last: Any) -> None:
    """No state has what it says, which holds until the next `check` of the same resource."""
    orders: list[bool] = []

    async def start(_client: Any, order: Order, _intents: Any) -> StartedRun:
        orders.append(order.is_checked)
        return StartedRun(f"cr-{len(orders)}", None, "RUNNING")

    monkeypatch.setattr(starting, "start", start)
    provider = CheckRunProvider()
    configure_provider(provider, "http://127.0.0.1:9")
    props = {"name": "dev/support", "agent_id": "a-1", "env": "staging", "version_id": ID}
    try:
        for given in (True, last):
            checked = provider.check({}, {**props, "is_checked": given})
            assert checked.inputs == props
            provider.create({**checked.inputs})
    finally:
        stop_runtimes()
    assert orders == [True, False]


def test_what_an_update_knows_is_kept_by_resource(
    configured: Callable[[str], TornadoProvider], sandbox: Sandbox
) -> None:
    """Two components have a session of the same name; only the first one is in the state."""
    provider = configured("http://127.0.0.1:9")
    sales, billing = ({**INPUTS, "pathway_id": "pw-x", "parents": f"acme:agents:{name}"} for name in ("Sales", "Bill"))
    checked = [
        provider.check({}, {**props, "rerun_decision": {**AGAIN, "reason": reason}}).inputs
        for props, reason in ((sales, "it failed"), (billing, None))
    ]
    olds = {"declared": {"pathway_id": "pw-x", "max_iterations": 5}}
    assert [provider.diff("s-1", olds, props).replaces for props in checked] == [["rerun"], []]

    provider = configured(sandbox.url)
    first = provider.create({**sales})
    provider.diff(first.id, dict(first.outs or {}), {**sales})
    with pytest.raises(Failure, match="session s-none does not exist"):
        provider.create({**billing, "adopt": "s-none"})
    assert (first.outs or {})["parents"] == "acme:agents:Sales"


def test_a_question_that_failed_in_the_program_is_an_error_of_diff(
    configured: Callable[[str], TornadoProvider],
) -> None:
    provider = configured("http://127.0.0.1:9")
    problem = {**AGAIN, "reason": None, "problem": "status of s-1: HTTP 401"}
    checked = provider.check({}, {**INPUTS, "rerun_decision": problem})
    with pytest.raises(Failure, match=r"^s\.yaml:3:3: status of s-1: HTTP 401$"):
        provider.diff("s-1", RECORDED, checked.inputs)


def test_adopt_applies_only_to_resources_that_are_not_in_the_state(
    configured: Callable[[str], TornadoProvider], sandbox: Sandbox
) -> None:
    inputs = {**INPUTS, "pathway_id": "pw-adopt"}
    first = configured(sandbox.url).create(dict(inputs))
    adopting = configured(sandbox.url)
    assert adopting.create({**inputs, "adopt": first.id}).id == first.id
    replacing = configured(sandbox.url)
    news = {**inputs, "triggers": {"a": 1.0}, "adopt": first.id}
    assert replacing.diff(first.id, dict(first.outs or {}), news).replaces == ["triggers"]
    replacing.delete(first.id, dict(first.outs or {}))
    assert replacing.create(news).id != first.id


def test_a_session_adopted_by_another_resource_is_not_cancelled(
    configured: Callable[[str], TornadoProvider], sandbox: Sandbox
) -> None:
    """A renamed declaration: the new resource adopts the session, and then the old one is deleted."""
    inputs = {**INPUTS, "pathway_id": "pw-renamed"}
    first = configured(sandbox.url).create(dict(inputs))
    provider = configured(sandbox.url)
    provider.create({**inputs, "name": "dev/new-name", "adopt": first.id})
    provider.delete(first.id, dict(first.outs or {}))
    assert provider.read(first.id, ON_PATHWAY).outs["status"] == "RUNNING"  # type: ignore[index] # a dict


def test_errors_show_the_position_and_no_module_name(configured: Callable[[str], TornadoProvider]) -> None:
    provider = configured("http://127.0.0.1:9")
    with pytest.raises(Failure, match=r"^s\.yaml:3:3: status of session s-1: no connection to 127") as caught:
        provider.create({**INPUTS, "adopt": "s-1"})
    assert (type(caught.value).__module__, type(caught.value).__qualname__) == ("builtins", "tornado")
    assert caught.value.__cause__ is None


def test_refresh_removes_a_session_only_after_a_404(
    provider: TornadoProvider, configured: Callable[[str], TornadoProvider]
) -> None:
    assert provider.read("no-such-session", {**ON_PATHWAY, "__provider": "x"}).id == ""
    with pytest.raises(Failure, match="no connection"):
        configured("http://127.0.0.1:9").read("s-1", ON_PATHWAY)


@pytest.mark.usefixtures("configured")
def test_a_missing_key_is_an_error_of_configure() -> None:
    with pytest.raises(Failure, match="no API key: set it with"):
        TornadoProvider().configure(ConfigureRequest(Config({}, "agents")))


def intents() -> list[Intent]:
    return list(IntentStore(intents_folder(os.environ, "intents")).all())


def test_an_adopted_session_settles_the_intent_of_a_start_without_an_id(
    configured: Callable[[str], TornadoProvider], sandbox: Sandbox
) -> None:
    inputs = {**INPUTS, "pathway_id": "pw-lost"}
    created = configured(sandbox.url).create(dict(inputs))
    store, (known,) = IntentStore(intents_folder(os.environ, "intents")), intents()
    store.write(replace(known, session_id=None, created_at=None))
    provider = configured(sandbox.url)
    provider.create({**inputs, "adopt": created.id})
    assert [intent.session_id for intent in intents()] == [created.id]
    provider.diff(created.id, dict(created.outs or {}), dict(inputs))
    assert intents() == []


def test_the_intent_stays_until_diff_shows_that_the_id_is_in_the_state(
    configured: Callable[[str], TornadoProvider], sandbox: Sandbox
) -> None:
    inputs = {**INPUTS, "pathway_id": "pw-intent"}
    created = configured(sandbox.url).create(dict(inputs))
    assert [intent.session_id for intent in intents()] == [created.id]
    configured(sandbox.url).diff(created.id, dict(created.outs or {}), inputs)
    assert intents() == []


@pytest.mark.parametrize("on_destroy", ["cancel", "leave"])
def test_delete_removes_the_intent(
    configured: Callable[[str], TornadoProvider], sandbox: Sandbox, on_destroy: str
) -> None:
    inputs = {**INPUTS, "pathway_id": f"pw-{on_destroy}", "on_destroy": on_destroy}
    created = configured(sandbox.url).create(inputs)
    configured(sandbox.url).delete(created.id, dict(created.outs or {}))
    assert intents() == []
    status = configured(sandbox.url).read(created.id, ON_PATHWAY).outs["status"]  # type: ignore[index] # a dict
    assert status == ("CANCELLED" if on_destroy == "cancel" else "RUNNING")


def test_after_a_refresh_nothing_runs_again(provider: TornadoProvider, sandbox: Sandbox) -> None:
    """Pulumi compares right after it has read. That the session was cancelled is for the next update to judge."""
    inputs = {**INPUTS, "pathway_id": "pw-refreshed"}
    created = provider.create(dict(inputs))
    url = f"{sandbox.url}/v1/agent-testing/tornado/{created.id}/cancel"
    httpx.post(url, json={}, headers={"authorization": KEY}, trust_env=False).raise_for_status()
    read = provider.read(created.id, dict(created.outs or {}))
    assert (read.outs or {})["status"] == "CANCELLED"
    assert provider.diff(created.id, read.outs or {}, inputs).changes is False


UNSETTLED = Unsettled("cancel session s-1", "unknown status REBALANCING 60 s after the cancel request")


def export_of(urn: str | None, session_id: str) -> dict[str, Any]:
    entry = {"urn": urn, "type": "pulumi-python:dynamic/bland:TornadoSession", "id": session_id}
    return {"deployment": {"resources": [{"type": "pulumi:pulumi:Stack", "urn": "x"}, *([entry] if urn else [])]}}


@pytest.mark.parametrize("is_own", [True, False])
def test_a_conflict_says_whether_the_session_is_this_stacks_own(
    configured: Callable[[str], TornadoProvider],
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    is_own: bool,  # noqa: FBT001
) -> None:
    inputs = {**INPUTS, "pathway_id": f"pw-own-{is_own}"}
    first = configured(sandbox.url).create(dict(inputs))
    calls: list[tuple[str, ...]] = []

    def pulumi_json(*arguments: str) -> Any:
        calls.append(arguments)
        return export_of("urn:pulumi:dev::agents::t::support-line" if is_own else None, first.id)

    monkeypatch.setattr(own_sessions, "pulumi_json", pulumi_json)
    with pytest.raises(Failure, match="own session, recorded as support-line" if is_own else "To cancel it first"):
        configured(sandbox.url).create({**inputs, "name": "dev/helpdesk"})
    assert calls == [("stack", "export", "--stack", "dev")]


def test_no_two_resources_of_a_stack_hold_one_session(
    configured: Callable[[str], TornadoProvider], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `adopt`, and by `on_conflict: adopt` while the resource that holds the session is declared too."""
    inputs = {**INPUTS, "pathway_id": "pw-held"}
    second = {**inputs, "name": "dev/second", "on_conflict": "adopt"}
    provider = configured(sandbox.url)
    first = provider.create(dict(inputs))
    held = f"session {first.id} belongs to urn:pulumi:dev::.*::support-line of this stack and cannot be adopted"
    for props in (second, {**second, "adopt": first.id}):
        with pytest.raises(Failure, match=held):
            provider.create(props)
    urn = f"urn:pulumi:dev::agents::{SESSION_TYPE}::support-line"
    monkeypatch.setattr(own_sessions, "pulumi_json", lambda *_: export_of(urn, first.id))
    with pytest.raises(Failure, match=held):
        configured(sandbox.url).create({**second, "adopt": first.id})
    later = configured(sandbox.url)
    later.diff(first.id, dict(first.outs or {}), inputs)
    with pytest.raises(Failure, match=held):
        later.create(second)
    assert configured(sandbox.url).create(second).id == first.id, "a declaration that has moved keeps its session"


def test_a_start_can_ask_which_runs_the_stack_has(provider: TornadoProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its state, or started by this update."""
    known = []

    async def start(_client: Any, order: Order, _intents: IntentStore) -> StartedRun:
        assert order.is_recorded is not None
        known.append([run_id for run_id in ("s-0", "s-1", "s-2") if await order.is_recorded(run_id)])
        return StartedRun(f"s-{len(known)}", None, "RUNNING")

    monkeypatch.setattr(starting, "start", start)
    urn = f"urn:pulumi:dev::agents::{SESSION_TYPE}::support-line"
    monkeypatch.setattr(own_sessions, "pulumi_json", lambda *_: export_of(urn, "s-0"))
    for name in ("dev/first", "dev/second"):
        provider.create({**INPUTS, "name": name})
    assert known == [["s-0"], ["s-0", "s-1"]]


def test_a_state_that_cannot_be_read_names_no_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: str) -> Any:
        raise ConfigurationError

    monkeypatch.setattr(own_sessions, "pulumi_json", fail)
    assert own_sessions.recorded_urn("dev", SESSION_TYPE, "s-1") is None
    monkeypatch.setattr(own_sessions, "pulumi_json", lambda *_: {"deployment": None})
    assert own_sessions.recorded_urn("dev", SESSION_TYPE, "s-1") is None


@pytest.mark.parametrize(("value", "is_adopted"), [('{"helpdesk": "adopt"}', True), ('{"other": "adopt"}', False)])
def test_on_conflict_of_the_config_applies_to_the_sessions_it_names(
    configured: Callable[[str], TornadoProvider],
    sandbox: Sandbox,
    value: str,
    is_adopted: bool,  # noqa: FBT001
) -> None:
    inputs = {**INPUTS, "pathway_id": f"pw-named-{is_adopted}"}
    first = configured(sandbox.url).create(dict(inputs))
    provider = TornadoProvider()
    configure_provider(provider, sandbox.url, onConflict=value)
    if is_adopted:
        assert provider.create({**inputs, "name": "dev/helpdesk"}).id == first.id
    else:
        with pytest.raises(Failure, match="already active"):
            provider.create({**inputs, "name": "dev/helpdesk"})


@pytest.mark.usefixtures("configured")
def test_an_invalid_on_conflict_is_an_error_of_configure(sandbox: Sandbox) -> None:
    with pytest.raises(Failure, match="config tornado:onConflict: found 'adpot', expected fail, adopt"):
        configure_provider(TornadoProvider(), sandbox.url, onConflict="adpot")


def test_a_session_that_cannot_be_cancelled_says_how_to_destroy_it(
    configured: Callable[[str], TornadoProvider], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_arguments: object) -> None:
        raise UNSETTLED

    monkeypatch.setattr("tornado_resource.runs.cancel.cancel_if_running", refuse)
    monkeypatch.setenv("PULUMI_PROJECT", "agents")
    inputs = {**INPUTS, "pathway_id": "pw-stuck"}
    created = configured(sandbox.url).create(dict(inputs))
    with pytest.raises(Failure, match="unknown status REBALANCING") as caught:
        configured(sandbox.url).delete(created.id, dict(created.outs or {}))
    urn = "urn:pulumi:dev::agents::pulumi-python:dynamic/bland:TornadoSession::support-line"
    assert "declare `on_destroy: leave`, pulumi up --stack dev, and try again" in str(caught.value)
    assert f"pulumi state delete '{urn}' --stack dev" in str(caught.value)


@pytest.mark.parametrize("declared", [None, 5, []])
@pytest.mark.parametrize("call", ["diff", "update", "delete", "read"])
def test_a_state_without_its_declaration_says_what_to_do(call: str, declared: Any, provider: TornadoProvider) -> None:
    state = {"name": "dev/support-line", "pathway_id": "pw-1", "session_id": "s-1", "declared": declared}
    calls: dict[str, Callable[[], object]] = {
        "diff": lambda: provider.diff("s-1", state, dict(INPUTS)),
        "update": lambda: provider.update("s-1", state, dict(INPUTS)),
        "delete": lambda: provider.delete("s-1", state),
        "read": lambda: provider.read("s-1", state),
    }
    with pytest.raises(Failure) as caught:
        calls[call]()
    text = str(caught.value)
    assert "the state of session s-1 is damaged: it has no `declared`. Restore the state from a backup (pulumi" in text
    assert "pulumi state delete 'urn:pulumi:dev::" in text
    assert "tornado:adopt.support-line s-1 --stack dev" in text
    assert text.startswith("s.yaml:3:3: ") is (call in {"diff", "update"})


def test_scenarios_are_recorded_as_far_as_they_are_known(
    tmp_path: Path, configured: Callable[[str], TornadoProvider]
) -> None:
    """The pathway has more of them than the API lists."""
    scenarios = [{"id": f"sc-{number}"} for number in range(130)]
    (tmp_path / "script.yaml").write_text(
        json.dumps({"pathways": {"pw-1": {"scenarios": scenarios}}}), encoding="utf-8"
    )
    with Sandbox(script=tmp_path / "script.yaml") as large:
        inputs = {**INPUTS, "rerun": "on_drift", "on_conflict": "supersede"}
        all_of_them = configured(large.url).create(dict(inputs)).outs
        named = configured(large.url).create({**inputs, "scenario_ids": ["sc-1", "sc-129"]}).outs
    assert all_of_them is not None
    assert named is not None
    assert "started_scenarios" not in all_of_them
    assert named["started_scenarios"].keys() == {"sc-1", "sc-129"}


@pytest.mark.parametrize("damage", [{"version_number": True}, {"version_number": -3.0}, {"scenario_ids": {"a": 1.0}}])
def test_what_was_no_request_is_not_compared(damage: dict[str, Any], provider: TornadoProvider) -> None:
    """It would differ, and the damage would start another session."""
    state = {"name": "dev/support-line", "session_id": "s-1", "declared": {"pathway_id": "pw-1", **damage}}
    with pytest.raises(Failure, match="session s-1 is damaged: its declared inputs are not a valid request"):
        provider.diff("s-1", state, dict(INPUTS))


def test_outputs_that_repeat_secret_inputs_are_secret(provider: TornadoProvider) -> None:
    inputs = {**INPUTS, "pathway_id": "pw-secret", "triggers": {"token": "t"}, "secrets": ["pathway_id", "triggers"]}
    created = provider.create(dict(inputs))
    sealed = {"max_iterations": 5.0, "pathway_id": secret("pw-secret"), "triggers": secret({"token": "t"})}
    assert created.outs["declared"] == sealed  # type: ignore[index]
    updated = provider.update(created.id, {"declared": {"pathway_id": "pw-0"}, "status": "RUNNING"}, inputs)
    assert updated.outs == {"status": "RUNNING", "declared": sealed, "secrets": ["pathway_id", "triggers"]}


def test_inputs_that_become_secret_or_public_are_recorded_again(provider: TornadoProvider) -> None:
    """A provider gets values in clear, so what has changed is only the names."""
    olds = {"declared": {"pathway_id": "pw-1", "max_iterations": 5.0}, "secrets": ["pathway_id"], "name": "dev/a"}
    public = {**INPUTS, "rerun": "on_change"}
    olds["declared"] = {**olds["declared"], "rerun": "on_change"}  # type: ignore[dict-item]
    for secrets, is_changed in ((["pathway_id"], False), (["triggers"], True), (None, True)):
        news = public if secrets is None else {**public, "secrets": secrets}
        change = provider.diff("s-1", olds, news)
        assert (change.changes, change.replaces) == (is_changed, [])
    assert "secrets" not in (provider.update("s-1", olds, public).outs or {})


def test_a_secret_input_that_is_invalid_is_not_quoted(provider: TornadoProvider) -> None:
    news = {**INPUTS, "persona_id": 12345.0, "triggers": 5.0, "secrets": ["persona_id"]}
    failures = {failure.property: failure.reason for failure in provider.check({}, news).failures}
    assert failures[""] == "persona_id is secret, so its value is not shown, and it breaks a rule of sessions.yaml"
    assert failures["triggers"].startswith("found the number 5, expected")
    assert "12345" not in "".join(failures.values())


@pytest.mark.parametrize("ids", [5.0, [{"id": "sc-1"}], [["sc-1"]]])
def test_ids_of_another_type_are_refused_in_words(ids: Any, provider: TornadoProvider) -> None:
    [failure] = provider.check({}, {**INPUTS, "scenario_ids": ids}).failures
    assert (failure.property, "expected a" in failure.reason) == ("scenario_ids", True)


def test_no_error_shows_the_id_of_a_pathway_that_is_secret(
    configured: Callable[[str], TornadoProvider], capsys: pytest.CaptureFixture[str]
) -> None:
    provider, hidden = configured("http://127.0.0.1:9"), {"secrets": ["pathway_id"]}
    with pytest.raises(Failure, match=r"start on pathway \[secret\]: no connection"):
        provider.create({**INPUTS, **hidden})
    for given in (
        {**AGAIN, "reason": None, "problem": "no pathway pw-1"},
        {**AGAIN, "reason": "pathway pw-1 has gone"},
    ):
        checked = provider.check({}, {**INPUTS, **hidden, "rerun_decision": given})
        if given["reason"] is None:
            with pytest.raises(Failure, match=r"no pathway \[secret\]"):
                provider.diff("s-1", {**RECORDED, **hidden}, checked.inputs)
        else:
            provider.diff("s-1", {**RECORDED, **hidden}, checked.inputs)
    assert "runs again, pathway [secret] has gone" in capsys.readouterr().out
