"""A server that repeats the API key everywhere, in every encoding: nothing that is printed or written holds it.

Commands run in this process, with a `pulumi` that prints a recorded state, and providers as Pulumi calls them. Updates
through the real `pulumi` are in `test_hostile_answers.py`.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from tests.support.api import FakeTime
from tests.support.canary import ECHOES, KEY, holds_key
from tests.support.hostile_api import HostileApi, serving
from tests.support.orders import order
from tests.support.soak import IS_SOAK, pairs
from tornado_resource.bland.address import Endpoint
from tornado_resource.bland.api_key import ApiKey
from tornado_resource.bland.client import Client
from tornado_resource.cli import main
from tornado_resource.errors import TornadoError
from tornado_resource.provider.runtime import Failure, confirm_base_url, stop_runtimes
from tornado_resource.releases.provider import ReleaseProvider
from tornado_resource.runs.intents import IntentStore
from tornado_resource.runs.start import start
from tornado_resource.scenarios.provider import ScenarioProvider
from tornado_resource.tornado.provider import TornadoProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SESSION = "pulumi-python:dynamic/bland:TornadoSession"
INPUTS: dict[str, Any] = {"name": "dev/support-line", "pathway_id": "pw-1", "declared_at": "sessions.yaml:3:3"}
RELEASE: dict[str, Any] = {
    "pathway_id": "pw-1",
    "environment": "production",
    "version": 7.0,
    "sessions": ["s-1"],
    "declared_at": "sessions.yaml:3:3",
}
SCENARIO: dict[str, Any] = {
    "name": "dev/refund@pw-1",
    "pathway_id": "pw-1",
    "fields": {"name": "Refund", "max_turns": 10.0},
    "declared_at": "sessions.yaml:3:3",
}
OUTPUTS: dict[str, Any] = {
    "session_id": "s-1",
    "pathway_id": "pw-1",
    "created_at": "2026-04-14T10:00:00.000Z",
    "status": "RUNNING",
    "timeout_ms": 60_000.0,
    "adopted": False,
    "name": "dev/support-line",
    "declared": {"pathway_id": "pw-1", "gate": {"passed": "all"}},
}
COMMANDS = ["status", "status --format json", "wait", "report --folder reports", "doctor"]
SOME: Final = ("as it is", "URL, slashes too", "base64 of a header")
"""One echo of each kind: every one is looked for in `test_no_command_shows_the_key`, by the same function."""
REFUSED: Final = [
    (echo, code) for turn in range(3) for echo, code in zip(SOME, (302, 401, 422)[turn:] * 2, strict=False)
]
every_echo = pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
some_echoes = every_echo if IS_SOAK else pytest.mark.parametrize("echo", [ECHOES[name] for name in SOME], ids=SOME)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and a `pulumi` that prints its state and its config."""
    state = {"deployment": {"resources": [{"urn": f"urn:pulumi:dev::p::{SESSION}::support-line", "type": SESSION}]}}
    state["deployment"]["resources"][0] |= {"id": "s-1", "outputs": OUTPUTS, "inputs": INPUTS}  # type: ignore[dict-item]
    (tmp_path / "stack-export.json").write_text(json.dumps(state), encoding="utf-8")
    (tmp_path / "stack-ls.json").write_text('[{"name": "dev", "current": true}]', encoding="utf-8")
    command = tmp_path / "bin/pulumi"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\ncat "{tmp_path}/$1-$2.json"\n', encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    project = tmp_path / "project"
    project.mkdir()
    (project / "sessions.yaml").write_text(
        "version: 1\nsessions:\n  support-line: {pathway_id: pw-1}\n", encoding="utf-8"
    )
    monkeypatch.chdir(project)
    return tmp_path


def configure(folder: Path, url: str) -> None:
    config = {"bland:apiKey": {"value": KEY, "secret": True}, "bland:baseUrl": {"value": url}}
    (folder / "config---show-secrets.json").write_text(json.dumps(config), encoding="utf-8")


def written(folder: Path) -> Iterator[str]:
    """What commands have written: reports and intents, but not what the test itself has."""
    for part in ("project", "state-home"):
        yield from (path.read_text(encoding="utf-8") for path in (folder / part).rglob("*") if path.is_file())


@pytest.mark.parametrize(("echo", "command"), pairs(ECHOES, COMMANDS))
def test_no_command_shows_the_key(echo: str, command: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with serving(HostileApi(ECHOES[echo](KEY))) as url:
        configure(folder, url)
        code = main([*command.split(), "--stack", "dev"])
    printed = "".join(capfd.readouterr())
    assert code in {0, 1}
    assert printed
    assert not holds_key(printed)
    assert not [text for text in written(folder) if holds_key(text)]


@pytest.mark.parametrize(("command", "refused"), pairs(COMMANDS, REFUSED, turns=1))
def test_no_error_shows_the_key(
    command: str, refused: tuple[str, int], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    echo, code = refused
    text = ECHOES[echo](KEY)
    headers = {"location": f"https://{text}/{text}", "www-authenticate": text, "set-cookie": f"a={text}"}
    with serving(HostileApi(text, code=code, headers=headers)) as url:
        configure(folder, url)
        assert main([*command.split(), "--stack", "dev"]) != 0
    printed = "".join(capfd.readouterr())
    assert f"HTTP {code}" in printed
    assert not holds_key(printed)
    assert not [text for text in written(folder) if holds_key(text)]


@pytest.fixture
def configured() -> Iterator[Callable[[Any, str], Any]]:
    def configure(provider: Any, url: str) -> Any:
        provider.configure(ConfigureRequest(Config({"bland:apiKey": KEY, "bland:baseUrl": url}, "agents")))
        confirm_base_url(url)
        return provider

    yield configure
    stop_runtimes()


@some_echoes
def test_no_provider_records_or_prints_the_key(
    echo: Callable[[str], str],
    configured: Callable[[Any, str], Any],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    recorded: list[Any] = []
    with serving(HostileApi(echo(KEY))) as url:
        sessions, releases = configured(TornadoProvider(), url), configured(ReleaseProvider(), url)
        created = sessions.create(dict(INPUTS))
        recorded += [created.id, created.outs, sessions.read(created.id, dict(created.outs)).outs]
        sessions.delete(created.id, dict(created.outs))
        with suppress(Failure):
            recorded.append(releases.create(dict(RELEASE)).outs)
        scenarios = configured(ScenarioProvider(), url)
        with suppress(Failure):
            taken = scenarios.create({**SCENARIO, "on_conflict": "adopt"})
            recorded += [taken.id, taken.outs, scenarios.read(taken.id, dict(taken.outs)).outs]
    assert not holds_key(json.dumps(recorded) + "".join(capfd.readouterr()))
    assert not [text for text in written(tmp_path) if holds_key(text)]


@pytest.mark.parametrize("code", [302, 400, 401, 403, 404, 422])
@pytest.mark.parametrize("echo", ["in a sentence", "base64 after one character"])
def test_no_failure_of_a_provider_shows_the_key(code: int, echo: str, configured: Callable[[Any, str], Any]) -> None:
    text = ECHOES[echo](KEY)
    with serving(HostileApi(text, code=code, headers={"location": f"https://{text}.example"})) as url:
        sessions, releases = configured(TornadoProvider(), url), configured(ReleaseProvider(), url)
        calls: list[Callable[[], object]] = [
            lambda: sessions.read("s-1", dict(OUTPUTS)),
            lambda: releases.create(dict(RELEASE)),
            lambda: configured(ScenarioProvider(), url).create(dict(SCENARIO)),
        ]
        for call in calls:
            with pytest.raises(Failure) as caught:
                call()
            assert f"HTTP {code}" in str(caught.value)
            assert not holds_key(str(caught.value))


@some_echoes
async def test_a_key_for_an_id_or_a_time_is_not_recorded(echo: Callable[[str], str], tmp_path: Path) -> None:
    text = echo(KEY)
    for api in (HostileApi(text, session_id=text), HostileApi(text, created_at=text)):
        with serving(api) as url:
            said = await started(url, IntentStore(tmp_path / "state-home"))
        assert not holds_key(said)
        assert not [text for text in written(tmp_path) if holds_key(text)]


async def started(url: str, intents: IntentStore) -> str:
    async with Client(Endpoint(url, ApiKey(KEY))) as client:
        try:
            return repr(await start(client, order(), intents, FakeTime().clock()))
        except TornadoError as error:
            return f"{error} {error!r}"


@every_echo
def test_the_canary_is_found_where_it_is(echo: Callable[[str], str]) -> None:
    assert holds_key(f"before {echo(KEY)} after")
    assert holds_key(json.dumps({"a": echo(KEY)}))


def test_there_are_enough_echoes() -> None:
    assert len(ECHOES) >= 15
