"""The provider of checks as Pulumi calls it, in this process, against a sandbox."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pulumi import UNKNOWN
from pulumi.dynamic.dynamic import serialize_provider

from tests.support.api import configure_provider
from tornado_resource.bland.check_runs import Checks
from tornado_resource.checks.check_config import outputs_of
from tornado_resource.checks.provider import ChecksProvider
from tornado_resource.provider.runtime import Failure, stop_runtimes
from tornado_resource.runs.declared_checks import checks_of, config_digest
from tornado_resource.sandbox.serving import Sandbox
from tornado_resource.stacks.managers import Managers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT = """\
pathways: {}
agents:
  a-1:
    scenarios: [{id: tc-1}, {id: tc-2}]
    checks: {staging: {judges: [resolved, {judge: polite, required: false}], simulations_count: 3}}
"""
STAGING, PRODUCTION = (f"/v2/agents/a-1/environments/{env}/checks" for env in ("staging", "production"))


@pytest.fixture
def http(tmp_path: Path) -> Iterator[httpx.Client]:
    (tmp_path / "s.yaml").write_text(SCRIPT, encoding="utf-8")
    script = tmp_path / "s.yaml"
    with Sandbox(script=script) as sandbox, httpx.Client(base_url=sandbox.url, headers={"authorization": "k"}) as http:
        yield http


@pytest.fixture
def provider(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChecksProvider]:
    monkeypatch.setattr("tornado_resource.checks.provider.managing_stacks", lambda *_: Managers())
    yield configured(http)
    stop_runtimes()


def configured(http: httpx.Client) -> ChecksProvider:
    provider = ChecksProvider()
    configure_provider(provider, str(http.base_url))
    return provider


def shown(http: httpx.Client, path: str = PRODUCTION) -> Any:
    return http.get(path).raise_for_status().json()["data"]


def props(http: httpx.Client, **changes: Any) -> dict[str, Any]:
    """The inputs of a resource, with the judges of staging."""
    judges = [
        {"id": each["eval_agent_id"], "version": each["eval_agent_version_id"], "required": each["required"]}
        for each in shown(http, STAGING)["evals"]
    ]
    values = {
        "name": "dev/support",
        "agent_id": "a-1",
        "env": "production",
        "scenario_ids": ["tc-1", "tc-2"],
        "judges": judges,
        "simulations_count": 5.0,
        "declared_at": "sessions.yaml:3:3",
        **changes,
    }
    return {**values, "config": config_digest(checks_of(values))}


def told(provider: ChecksProvider, news: dict[str, Any], olds: dict[str, Any] | None = None, **seen: Any) -> Any:
    """Let the program tell what it has seen, as before each `create` or `diff`."""
    return provider.check(olds or {}, {**news, "seen": seen or None, "base_url": None})


def seen_now(http: httpx.Client, path: str = PRODUCTION) -> dict[str, Any]:
    found = Checks.parse(shown(http, path))
    return {"checks": outputs_of(found, found)} if found is not None else {"is_gone": True}


def writes(http: httpx.Client) -> list[str]:
    return [row["method"] for row in http.get("/_sandbox/requests").json() if row["method"] != "GET"]


def edit(http: httpx.Client, **changes: Any) -> None:
    config = shown(http)
    evals = [{key: value for key, value in each.items() if key != "name"} for each in config["evals"]]
    body = {"scenario_ids": config["scenario_ids"], "evals": evals, "simulations_count": config["simulations_count"]}
    http.put(PRODUCTION, json=body | changes).raise_for_status()


def test_the_provider_is_pickled_by_reference() -> None:
    assert b"\x19tornado_resource.provider\x94" in base64.b64decode(serialize_provider(ChecksProvider()))


def test_checks_from_their_creation_to_their_end(provider: ChecksProvider, http: httpx.Client) -> None:
    news = props(http)
    created = provider.create(news)
    outs = created.outs or {}
    assert (created.id, outs["scenario_ids"], outs["drift"]) == ("a-1/production", ["tc-1", "tc-2"], [])
    assert outs["updated_at"] == shown(http)["updated_at"]
    assert outs["judges"][1] == {**news["judges"][1], "name": "polite"}
    told(provider, news, news, **seen_now(http))
    assert provider.diff(created.id, outs, news).changes is False

    news = props(http, simulations_count=7.0, on_destroy="delete")
    told(provider, news, news, **seen_now(http))
    assert provider.diff(created.id, outs, news).changes is True
    updated = provider.update(created.id, outs, news).outs or {}
    assert (updated["simulations_count"], shown(http)["simulations_count"]) == (7, 7)
    assert updated["config"] != outs["config"]

    # A provider process of another update: no declared resource has the checks.
    later = configured(http)
    later.delete(created.id, updated)
    assert (shown(http), writes(http)) == (None, ["PUT", "PUT", "DELETE"])
    assert later.read(created.id, updated).id == ""


def test_what_is_there_and_equal_is_recorded(provider: ChecksProvider, http: httpx.Client) -> None:
    news = props(http, env="staging", simulations_count=3.0)
    assert told(provider, news, **seen_now(http, STAGING)).failures == []
    assert (provider.create(news).outs or {})["drift"] == []
    assert writes(http) == []


def test_a_preview_refuses_other_checks(provider: ChecksProvider, http: httpx.Client) -> None:
    news, seen = props(http, env="staging"), seen_now(http, STAGING)
    [refused] = told(provider, news, **seen).failures
    assert "exist already, and this stack has not stored them" in refused.reason
    assert "simulations_count: found 3, declared 5" in refused.reason
    assert told(provider, {**news, "on_conflict": "adopt"}, **seen).failures == []
    assert told(provider, news, news, **seen).failures == []
    moved = {**news, "env": "production"}
    assert told(provider, news, moved, **seen).failures != []
    assert told(provider, {**news, "scenario_ids": UNKNOWN}, **seen).failures == []
    with pytest.raises(Failure, match=r"^sessions.yaml:3:3: the checks of agent a-1 in staging exist already"):
        provider.create(news)
    assert writes(http) == []


def test_a_preview_with_unknown_ids_says_that_there_are_checks(
    provider: ChecksProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    news, seen = {**props(http, env="staging"), "scenario_ids": UNKNOWN}, seen_now(http, STAGING)
    assert told(provider, news, **seen).failures == []
    assert capsys.readouterr().out == (
        "support: the checks of agent a-1 in staging exist already, and this stack has not stored them; `pulumi up` "
        "fails unless they are as declared. To take them over: on_conflict: adopt\n"
    )
    told(provider, {**news, "secrets": ["agent_id"]}, **seen)
    assert "a-1" not in capsys.readouterr().out
    told(provider, news, news, **seen)
    told(provider, news, is_gone=True)
    told(provider, {**news, "on_conflict": "adopt"}, **seen)
    told(provider, {**news, "manage": False}, **seen)
    told(provider, {**news, "agent_id": UNKNOWN}, **seen)
    assert capsys.readouterr().out == ""


def test_checks_of_another_stack_are_compared(provider: ChecksProvider, http: httpx.Client) -> None:
    news = props(http, env="staging", manage=False, managed_by="stack staging")
    [refused] = told(provider, news, news, **seen_now(http, STAGING)).failures
    assert "stack staging manages them" in refused.reason
    [refused] = told(provider, {**news, "env": "production"}, **seen_now(http)).failures
    assert "do not exist" in refused.reason
    same = props(http, env="staging", manage=False, simulations_count=3.0)
    created = provider.create(same)
    configured(http).delete(created.id, created.outs or {})
    assert writes(http) == []


def test_an_edit_is_named_and_put_back(
    provider: ChecksProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    news = props(http)
    created = provider.create(news)
    edit(http, simulations_count=1)
    told(provider, news, news, **seen_now(http))
    assert provider.diff(created.id, created.outs or {}, news).changes is True
    assert capsys.readouterr().out == (
        "support: simulations_count changed in Bland since the last update\n"
        "support: changes simulations_count: found 1, declared 5\n"
    )
    updated = provider.update(created.id, created.outs or {}, news)
    assert ((updated.outs or {})["simulations_count"], shown(http)["simulations_count"]) == (5, 5)


def test_a_refresh_shows_what_is_there(provider: ChecksProvider, http: httpx.Client) -> None:
    news = props(http)
    created = provider.create(news)
    edit(http, simulations_count=1)
    read = provider.read(created.id, created.outs or {})
    outs = read.outs or {}
    assert (outs["simulations_count"], outs["drift"]) == (1, ["simulations_count"])
    assert outs["config"] == (created.outs or {})["config"]
    assert (provider.read(created.id, outs).outs or {})["drift"] == ["simulations_count"]
    assert provider.diff(created.id, outs, news).changes is True
    # What was changed by somebody else is not deleted.
    provider = configured(http)
    provider.delete(created.id, {**outs, "on_destroy": "delete"})
    assert shown(http) is not None
    edit(http, simulations_count=5)
    assert (provider.read(created.id, outs).outs or {})["drift"] == []


def test_deleted_checks_are_stored_again(
    provider: ChecksProvider, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    news = props(http)
    created = provider.create(news)
    http.delete(PRODUCTION).raise_for_status()
    told(provider, news, news, is_gone=True)
    assert provider.diff(created.id, created.outs or {}, news).changes is True
    assert "the checks were deleted in Bland; `pulumi up` stores them again" in capsys.readouterr().out
    provider.update(created.id, created.outs or {}, news)
    assert shown(http)["simulations_count"] == 5


def test_another_place_is_another_resource(provider: ChecksProvider, http: httpx.Client) -> None:
    news = props(http)
    created = provider.create(news)
    moved = provider.diff(created.id, created.outs or {}, {**news, "env": "staging"})
    assert (moved.changes, moved.replaces) == (True, ["env"])
    unknown = provider.diff(created.id, created.outs or {}, {**news, "scenario_ids": UNKNOWN})
    assert (unknown.changes, unknown.replaces) == (True, [])
    option = provider.diff(created.id, created.outs or {}, {**news, "on_destroy": "delete"})
    assert option.changes is True


def test_two_resources_of_one_place_are_refused(provider: ChecksProvider, http: httpx.Client) -> None:
    news = props(http)
    created = provider.create(news)
    with pytest.raises(Failure, match=r"are declared twice: resource support has them"):
        provider.create({**news, "name": "dev/twin"})
    # It was renamed: the old name's delete leaves the checks.
    provider.delete(created.id, {**(created.outs or {}), "name": "dev/old", "on_destroy": "delete"})
    assert shown(http) is not None


@pytest.mark.parametrize(
    ("options", "told_as"),
    [({}, "left in Bland as they are (on_destroy: leave)"), ({"on_destroy": "delete"}, "stack rival manages it")],
)
def test_checks_that_stay_are_told(  # noqa: PLR0913 - fixtures
    provider: ChecksProvider,
    http: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: dict[str, Any],
    told_as: str,
) -> None:
    created = provider.create(props(http))
    monkeypatch.setattr(
        "tornado_resource.checks.provider.managing_stacks", lambda *_: Managers({"a-1/production": "rival"})
    )
    configured(http).delete(created.id, {**(created.outs or {}), **options})
    assert told_as in capsys.readouterr().out
    assert shown(http) is not None


def test_invalid_values_are_refused_as_elsewhere(provider: ChecksProvider, http: httpx.Client) -> None:
    news = props(http, env="dev", simulations_count=0, secrets=["simulations_count"])
    failures = {each.property: each.reason for each in told(provider, news).failures}
    assert failures["env"] == 'found "dev", expected staging or production'
    assert "is secret, so its value is not shown" in failures[""]


def test_what_the_program_could_not_read_stops_the_update(provider: ChecksProvider, http: httpx.Client) -> None:
    news = props(http)
    told(provider, news, news, problem="checks of agent a-1 in production: HTTP 503")
    with pytest.raises(Failure, match=r"^sessions.yaml:3:3: checks of agent a-1 in production: HTTP 503$"):
        provider.diff("a-1/production", news, news)


def test_a_secret_agent_is_in_no_id_and_no_error(provider: ChecksProvider, http: httpx.Client) -> None:
    created = provider.create(props(http, secrets=["agent_id"]))
    assert "a-1" not in created.id
    with pytest.raises(Failure, match=r"agent \[secret\] in production: HTTP 400") as caught:
        provider.create(
            props(http, secrets=["agent_id"], name="dev/support", scenario_ids=["tc-9"], on_conflict="adopt")
        )
    assert "a-1" not in str(caught.value)
    with pytest.raises(Failure, match="a-1"):
        provider.create(props(http, scenario_ids=["tc-9"], on_conflict="adopt"))


@pytest.mark.parametrize("key", ["agent_id", "env"])
def test_a_damaged_state_is_told(provider: ChecksProvider, http: httpx.Client, key: str) -> None:
    damaged = {**props(http), key: None}
    with pytest.raises(Failure, match=rf"the state of checks a-1/production is damaged: it has no `{key}`"):
        provider.read("a-1/production", damaged)


def test_what_a_killed_update_has_stored_is_its_own(provider: ChecksProvider, http: httpx.Client) -> None:
    """The state does not have it, and the program declares other checks by now."""
    provider.create(props(http))
    after = configured(http)
    edited = props(http, simulations_count=9)
    assert (
        after.check(
            {}, {**edited, "seen": {"checks": outputs_of(checks_of(props(http)), checks_of(props(http)))}}
        ).failures
        == []
    )
    created = after.create(edited)
    assert shown(http)["simulations_count"] == 9
    after.diff(created.id, created.outs or {}, edited)
    with pytest.raises(Failure, match="exist already, and this stack has not stored them"):
        configured(http).create(props(http, simulations_count=2))
