"""The provider of releases as Pulumi calls it, in this process, against a sandbox."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pulumi import UNKNOWN
from pulumi.dynamic.dynamic import serialize_provider

from tests.support.api import configure_provider
from tornado_resource.bland.content import parse_content
from tornado_resource.provider.runtime import Failure, stop_runtimes
from tornado_resource.releases import publishing
from tornado_resource.releases.provider import MAX_PREVIOUS, ReleaseProvider
from tornado_resource.releases.publishing import Published
from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

PROPS: dict[str, Any] = {
    "pathway_id": "pw-1",
    "environment": "production",
    "version": 7.0,
    "sessions": ["s-1"],
    "declared_at": "s.yaml:3:3",
}
DIGEST = "sha256:" + "0" * 64
RECORDED = {key: value for key, value in PROPS.items() if key != "declared_at"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def provider(sandbox: Sandbox) -> Iterator[ReleaseProvider]:
    provider = ReleaseProvider()
    configure_provider(provider, sandbox.url)
    yield provider
    stop_runtimes()


def publishes(sandbox: Sandbox) -> list[dict[str, Any]]:
    rows = httpx.get(f"{sandbox.url}/_sandbox/requests", trust_env=False).json()
    return [json.loads(row["body"]) for row in rows if row["path"].endswith("/publish")]


def fail(sandbox: Sandbox, **fault: Any) -> None:
    httpx.post(f"{sandbox.url}/_sandbox/faults", json={"path": "/publish", **fault}, trust_env=False).raise_for_status()


def test_the_provider_is_pickled_by_reference() -> None:
    pickled = base64.b64decode(serialize_provider(ReleaseProvider()))
    assert len(pickled) < 80
    assert b"\x19tornado_resource.provider\x94" in pickled


def test_create_publishes_the_version_as_a_whole_number(provider: ReleaseProvider, sandbox: Sandbox) -> None:
    created = provider.create(PROPS)
    assert created.id == "pw-1/production"
    assert created.outs is not None
    digest = created.outs["content"]
    assert created.outs == {**RECORDED, "version": 7, "content": digest, "live": digest, "unproved": None}
    assert digest.startswith("sha256v2:")
    assert publishes(sandbox) == [{"version_id": 7, "environment": "production"}]


def test_update_publishes_the_recorded_version_too(provider: ReleaseProvider, sandbox: Sandbox) -> None:
    """Another one may be live: published by hand, or by a request whose response was lost."""
    same = provider.update("pw-1/production", RECORDED, {**PROPS, "sessions": ["s-2"]})
    assert same.outs is not None
    assert same.outs["sessions"] == ["s-2"]
    provider.update("pw-1/production", RECORDED, {**PROPS, "version": 8.0})
    assert [sent["version_id"] for sent in publishes(sandbox)] == [7, 8]


def test_going_back_after_a_lost_response_publishes_the_old_version(
    provider: ReleaseProvider, sandbox: Sandbox
) -> None:
    fail(sandbox, kind="status_after", status=504, times=9)
    with pytest.raises(Failure, match="HTTP 504"):
        provider.update("pw-1/production", RECORDED, {**PROPS, "version": 8.0, "sessions": ["s-2"]})
    httpx.delete(f"{sandbox.url}/_sandbox/faults", trust_env=False)
    back = {**PROPS, "sessions": ["s-3"]}
    assert provider.diff("pw-1/production", RECORDED, back).changes
    provider.update("pw-1/production", RECORDED, back)
    assert httpx.get(f"{sandbox.url}/_sandbox/published", trust_env=False).json()[0]["version_id"] == 7


def test_without_sessions_an_unknown_version_is_a_change() -> None:
    recorded = {key: value for key, value in RECORDED.items() if key != "sessions"}
    provider = ReleaseProvider()
    assert provider.diff("pw-1/production", recorded, {**recorded, "version": UNKNOWN}).changes
    assert not provider.diff("pw-1/production", recorded, recorded).changes


@pytest.mark.parametrize(
    ("change", "is_change", "replaces"),
    [
        ({}, False, []),
        ({"declared_at": "s.yaml:9:9"}, False, []),
        ({"version": 8.0}, True, []),
        ({"content": DIGEST}, True, []),
        ({"content": UNKNOWN, "version": UNKNOWN}, False, []),
        ({"sessions": ["s-2"]}, True, []),
        ({"version": UNKNOWN}, False, []),
        ({"version": UNKNOWN, "sessions": [UNKNOWN]}, True, []),
        ({"version": UNKNOWN, "sessions": ["s-2"]}, True, []),
        ({"sessions": UNKNOWN}, True, []),
        ({"environment": "staging"}, True, ["environment"]),
        ({"pathway_id": "pw-2"}, True, ["pathway_id"]),
    ],
)
def test_changes_are_found(change: dict[str, Any], is_change: bool, replaces: list[str]) -> None:  # noqa: FBT001
    found = ReleaseProvider().diff("pw-1/production", RECORDED, {**PROPS, **change})
    assert (found.changes, found.replaces) == (is_change, replaces)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, []),
        ({"version": UNKNOWN, "environment": UNKNOWN}, []),
        ({"environment": "live"}, ["environment"]),
        ({"version": None}, ["version"]),
        ({"version": 7.5}, ["version"]),
        ({"version": -1.0}, ["version"]),
        ({"version": 0.0}, ["version"]),
        ({"version": True}, ["version"]),
        ({"version": "7", "environment": "", "pathway_id": "a b"}, ["pathway_id", "environment", "version"]),
        ({"pathway_id": "a b", "secrets": ["pathway_id"]}, [""]),
    ],
)
def test_values_that_the_api_does_not_accept_are_refused(change: dict[str, Any], refused: list[str]) -> None:
    failures = ReleaseProvider().check({}, {**PROPS, **change}).failures
    assert [failure.property for failure in failures or []] == refused


def test_refresh_of_an_old_record_and_delete_send_nothing(provider: ReleaseProvider, sandbox: Sandbox) -> None:
    read = provider.read("pw-1/production", {**RECORDED, "__provider": "x"})
    assert (read.id, read.outs) == ("pw-1/production", RECORDED)
    staging = {**RECORDED, "environment": "staging", "content": DIGEST}
    assert provider.read("pw-1/staging", staging).outs == staging
    provider.delete("pw-1/production", RECORDED)
    assert httpx.get(f"{sandbox.url}/_sandbox/requests", trust_env=False).json() == []


def older_digest(sandbox: Sandbox) -> str:
    """The digest of the live pathway as older releases recorded it."""
    headers = {"authorization": "any-key"}
    body = httpx.get(f"{sandbox.url}/v1/pathway/pw-1/version/0", headers=headers, trust_env=False).content
    content = parse_content(body)
    assert content is not None
    return str(content.digests.older)


def edit(sandbox: Sandbox, version: int) -> None:
    headers = {"authorization": "any-key"}
    url = f"{sandbox.url}/v1/pathway/pw-1/version/{version}"
    httpx.post(url, json={"nodes": []}, headers=headers, trust_env=False).raise_for_status()


def test_a_live_pathway_that_was_edited_is_drift_and_is_mended(
    provider: ReleaseProvider, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    published = provider.create(PROPS).outs or {}
    assert provider.read("pw-1/production", published).outs == published
    assert not provider.diff("pw-1/production", published, PROPS).changes
    edit(sandbox, 0)
    refreshed = provider.read("pw-1/production", published).outs or {}
    assert refreshed["live"] != published["live"]
    assert provider.diff("pw-1/production", refreshed, PROPS).changes
    assert "the live pathway was changed" in capsys.readouterr().out
    assert provider.update("pw-1/production", refreshed, PROPS).outs == published
    assert len(publishes(sandbox)) == 2


def test_a_live_pathway_that_cannot_be_read_is_no_drift(provider: ReleaseProvider, sandbox: Sandbox) -> None:
    published = provider.create(PROPS).outs or {}
    fail(sandbox, path="/version/", kind="status", status=403)
    assert provider.read("pw-1/production", published).outs == published
    fail(sandbox, path="/version/", kind="status", status=401)
    with pytest.raises(Failure, match="live version of pathway pw-1: HTTP 401"):
        provider.read("pw-1/production", published)


def test_a_version_that_was_edited_since_is_not_published(provider: ReleaseProvider, sandbox: Sandbox) -> None:
    digest = (provider.create(PROPS).outs or {})["content"]
    edit(sandbox, 7)
    with pytest.raises(Failure, match=r"nothing was published: version 7 was edited since: sha256v2:.* passed at noon"):
        provider.create({**PROPS, "content": digest, "passed_at": "noon"})
    assert len(publishes(sandbox)) == 1


def test_an_update_of_the_record_alone_keeps_what_is_known(provider: ReleaseProvider, sandbox: Sandbox) -> None:
    recorded = {**RECORDED, "content": DIGEST, "live": DIGEST}
    kept = provider.update("pw-1/production", recorded, {**PROPS, "content": DIGEST}).outs
    assert kept == {**recorded, "version": 7, "unproved": None}
    assert publishes(sandbox) == []


def test_without_versions_a_publish_is_believed_with_a_warning(
    provider: ReleaseProvider, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(sandbox, path="/version/", kind="status", status=403, times=9)
    outs = provider.create(PROPS).outs or {}
    assert (outs["content"], outs["live"]) == (None, None)
    assert "published, but not verified: version 7 cannot be read" in capsys.readouterr().out


def test_a_release_that_is_not_proved_is_proved_by_the_next_update(
    provider: ReleaseProvider, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(publishing, "PROOF_SECONDS", 0.0)
    fail(sandbox, path="/version/0", kind="status", status=403, times=2)
    outs = provider.create(PROPS).outs or {}
    assert (outs["live"], "the API does not show the live pathway" in outs["unproved"]) == (None, True)
    assert provider.diff("pw-1/production", outs, PROPS).changes
    assert "the API does not show the live pathway" in capsys.readouterr().out
    proved = provider.update("pw-1/production", outs, PROPS).outs or {}
    assert (proved["live"], proved["unproved"]) == (outs["content"], None)
    assert not provider.diff("pw-1/production", proved, PROPS).changes
    assert len(publishes(sandbox)) == 1


def test_a_release_to_staging_is_proved(provider: ReleaseProvider, sandbox: Sandbox) -> None:
    outs = provider.create({**PROPS, "environment": "staging"}).outs or {}
    assert (outs["live"], outs["unproved"]) == (outs["content"], None)
    assert publishes(sandbox) == [{"version_id": 7, "environment": "staging"}]


def test_an_older_record_is_kept_as_it_is_and_compared_in_its_form(provider: ReleaseProvider, sandbox: Sandbox) -> None:
    now = provider.create(PROPS).outs or {}
    older = {**now, "content": older_digest(sandbox), "live": older_digest(sandbox)}
    assert provider.read("pw-1/production", older).outs == older
    for content in (older["content"], now["content"]):
        assert not provider.diff("pw-1/production", older, {**PROPS, "content": content}).changes
        kept = provider.update("pw-1/production", older, {**PROPS, "content": content}).outs
        assert kept == {**older, "content": content}
    edit(sandbox, 0)
    refreshed = provider.read("pw-1/production", older).outs or {}
    assert refreshed["live"].startswith("sha256:")
    assert provider.diff("pw-1/production", refreshed, PROPS).changes
    assert len(publishes(sandbox)) == 1


def test_an_ignored_field_is_neither_drift_nor_a_reason_to_publish(provider: ReleaseProvider, sandbox: Sandbox) -> None:
    plain = provider.create(PROPS).outs or {}
    headers = {"authorization": "any-key"}
    url = f"{sandbox.url}/v1/pathway/pw-1/version/0"
    httpx.post(url, json={"memory_enabled": True}, headers=headers, trust_env=False).raise_for_status()
    assert (provider.read("pw-1/production", plain).outs or {})["live"] != plain["live"]

    ignoring = ReleaseProvider()
    configure_provider(ignoring, sandbox.url, ignoreContent='["memory_enabled"]')
    assert ignoring.read("pw-1/production", plain).outs == plain
    not_proved = {**plain, "live": None, "unproved": "it is different"}
    props = {**PROPS, "content": plain["content"]}
    assert ignoring.update("pw-1/production", not_proved, props).outs == plain
    assert len(publishes(sandbox)) == 1

    recorded = ignoring.update("pw-1/production", not_proved, PROPS).outs or {}
    assert recorded["content"].startswith("sha256v2(memory_enabled):")
    assert not ignoring.diff("pw-1/production", plain, {**PROPS, "content": recorded["content"]}).changes
    edit(sandbox, 0)
    assert (ignoring.read("pw-1/production", recorded).outs or {})["live"] != recorded["live"]


@pytest.mark.parametrize("damaged", ["sha256:0", "\x1b[31m", 7])
def test_what_is_no_digest_is_neither_believed_nor_printed(damaged: Any, capsys: pytest.CaptureFixture[str]) -> None:
    recorded = {**RECORDED, "content": DIGEST, "live": damaged}
    assert not ReleaseProvider().diff("pw-1/production", recorded, {**PROPS, "content": DIGEST}).changes
    assert (
        ReleaseProvider()
        .diff("pw-1/production", {**RECORDED, "content": damaged}, {**PROPS, "content": DIGEST})
        .changes
    )
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "status", "status_after", "garbage", "truncate"])
def test_a_lost_response_is_retried_with_the_same_version(
    provider: ReleaseProvider, sandbox: Sandbox, kind: str
) -> None:
    fail(sandbox, kind=kind, status=502)
    provider.create(PROPS)
    assert publishes(sandbox) == [{"version_id": 7, "environment": "production"}] * 2
    assert httpx.get(f"{sandbox.url}/_sandbox/published", trust_env=False).json() == [
        {"pathway_id": "pw-1", "environment": "production", "version_id": 7}
    ]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 404, "body": '{"message": "Pathway not found"}'}, "HTTP 404: Pathway not found"),
        ({"status": 200, "body": '{"status": "error", "message": "no"}'}, "the API reported an error: no"),
        ({"status": 200, "body": '{"data": null, "errors": [{"message": "n"}]}'}, "the API reported an error: n"),
        ({"status": 200, "body": '{"error": "no"}'}, "the API reported an error: no"),
    ],
)
def test_a_refusal_is_not_retried_and_shows_the_position(
    provider: ReleaseProvider, sandbox: Sandbox, fault: dict[str, Any], said: str
) -> None:
    fail(sandbox, kind="status", **fault)
    with pytest.raises(Failure) as caught:
        provider.create(PROPS)
    assert str(caught.value) == f"s.yaml:3:3: publish version 7 of pathway pw-1 to production: {said}"
    assert len(publishes(sandbox)) == 1


@pytest.mark.parametrize("body", ["", "{}", '{"message": "ok"}', '{"data": {}, "errors": null}'])
def test_any_other_2xx_response_is_a_success(provider: ReleaseProvider, sandbox: Sandbox, body: str) -> None:
    provider.create(PROPS)  # so that version 7 is live already
    fail(sandbox, kind="status", status=200, body=body)
    provider.create(PROPS)
    assert len(publishes(sandbox)) == 2


def test_the_id_of_a_release_hides_a_secret_pathway(
    provider: ReleaseProvider, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    props = {**PROPS, "pathway_id": "pw-in-clear", "secrets": ["pathway_id"]}
    httpx.post(f"{sandbox.url}/v1/agent-testing/tornado/start", json={"pathway_id": "pw-in-clear"}, trust_env=False)
    created = provider.create(props)
    assert re.fullmatch(r"[0-9a-f]{16}/(staging|production)", created.id)
    drifted = {**RECORDED, "pathway_id": "pw-in-clear", "content": DIGEST, "live": DIGEST.replace("0", "1")}
    provider.diff(created.id, drifted, {**props, "environment": drifted["environment"]})
    printed = capsys.readouterr().out
    assert "release of pathway [secret] to " in printed
    assert "in-clear" not in printed


def test_no_message_of_a_release_names_a_secret_pathway(
    provider: ReleaseProvider, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def publish(*_arguments: Any) -> Published:
        return Published(DIGEST, warning="version 7 of pathway pw-1", unproved="live version of pathway pw-1: gone")

    monkeypatch.setattr(publishing, "publish", publish)
    outs = provider.create({**PROPS, "secrets": ["pathway_id"]}).outs
    assert outs is not None
    assert outs["unproved"] == "live version of pathway [secret]: gone"
    assert capsys.readouterr().out.endswith(": version 7 of pathway [secret]\n")
    outs = provider.create(PROPS).outs
    assert outs is not None
    assert outs["unproved"] == "live version of pathway pw-1: gone"


def test_no_error_of_a_release_names_a_secret_pathway(provider: ReleaseProvider, sandbox: Sandbox) -> None:
    props = {**PROPS, "secrets": ["pathway_id"]}
    created = provider.create(props)
    fail(sandbox, path="/version/", kind="status", status=401, times=2)
    for call in (lambda: provider.read(created.id, created.outs or {}), lambda: provider.create(props)):
        with pytest.raises(
            Failure, match=r"version 7 of pathway \[secret\]: HTTP 401|live version of pathway \[secret\]"
        ):
            call()


def test_a_release_records_why_it_goes_back_and_what_was_there_before(
    provider: ReleaseProvider, sandbox: Sandbox
) -> None:
    first = provider.create({**PROPS, "passed_at": "2026-04-05T10:00:00Z"}).outs or {}
    assert first["passed_at"] == "2026-04-05T10:00:00Z"
    second = provider.update("pw-1/production", first, {**PROPS, "version": 8.0, "sessions": ["s-2"]}).outs or {}
    assert [each["version"] for each in second["previous"]] == [7]
    back = {**PROPS, "rollback": {"name": "a", "reason": "INC-7"}, "content": first["content"]}
    assert provider.diff("pw-1/production", second, back).changes
    third = provider.update("pw-1/production", second, back).outs or {}
    assert third["rollback"] == {"name": "a", "reason": "INC-7"}
    assert [(each["version"], each["sessions"]) for each in third["previous"]] == [(8, ["s-2"]), (7, ["s-1"])]
    assert not provider.diff("pw-1/production", third, back).changes
    assert [sent["version_id"] for sent in publishes(sandbox)] == [7, 8, 7]

    reworded = {**back, "rollback": {"name": "a", "reason": "INC-8"}}
    assert provider.diff("pw-1/production", third, reworded).changes
    fourth = provider.update("pw-1/production", third, reworded).outs or {}
    assert (fourth["rollback"]["reason"], fourth["previous"]) == ("INC-8", third["previous"])
    assert len(publishes(sandbox)) == 3, "a new reason publishes nothing"
    assert (provider.read("pw-1/production", fourth).outs or {})["previous"] == third["previous"]


def test_a_release_records_only_so_many_versions(provider: ReleaseProvider) -> None:
    olds = {**RECORDED, "version": 1, "previous": [{"version": number} for number in range(MAX_PREVIOUS)]}
    kept = (provider.update("pw-1/production", olds, PROPS).outs or {})["previous"]
    assert [each["version"] for each in kept] == [1, *range(MAX_PREVIOUS - 1)]
