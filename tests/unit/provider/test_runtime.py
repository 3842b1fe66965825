from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from tests.support.api import KEY, configure_request
from tornado_resource.errors import ConfigurationError
from tornado_resource.provider.runtime import Failure, config_text, confirm_base_url, start_runtime, stop_runtimes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tornado_resource.bland.client import Client

URL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BLAND_BASE_URL", URL)
    yield
    stop_runtimes()


async def fails(_client: Client) -> None:
    message = "no such session"
    raise ConfigurationError(message)


async def name_of_thread(_client: Client) -> str:
    return threading.current_thread().name


async def returns_the_client(client: Client) -> Client:
    return client


def test_providers_with_one_endpoint_share_one_runtime_and_client() -> None:
    first, second = start_runtime(configure_request(URL)), start_runtime(configure_request(URL))
    assert first is second
    assert first.run(returns_the_client) is second.run(returns_the_client)
    assert start_runtime(configure_request("http://127.0.0.1:10")) is not first


def test_work_runs_in_the_thread_of_the_runtime_until_it_stops() -> None:
    assert start_runtime(configure_request(URL)).run(name_of_thread) == "tornado"
    stop_runtimes()
    assert "tornado" not in {thread.name for thread in threading.enumerate()}


def test_a_stopped_runtime_is_replaced_by_a_new_one() -> None:
    first = start_runtime(configure_request(URL))
    stop_runtimes()
    second = start_runtime(configure_request(URL))
    assert second is not first
    assert second.run(name_of_thread) == "tornado"


@pytest.mark.parametrize(
    ("declared_at", "text"), [("s.yaml:3:3", "s.yaml:3:3: no such session"), (None, "no such session")]
)
def test_an_error_shows_the_position_in_front(declared_at: str | None, text: str) -> None:
    with pytest.raises(Failure) as caught:
        start_runtime(configure_request(URL)).run(fails, declared_at)
    assert str(caught.value) == text
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("debug", "is_debugging"), [("1", True), ("0", False), ("", False)])
def test_tracebacks_are_shown_only_for_debugging(
    debug: str,
    is_debugging: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TORNADO_DEBUG", debug)
    runtime = start_runtime(configure_request(URL))
    assert hasattr(sys, "tracebacklimit") is not is_debugging
    with pytest.raises(Failure) as caught:
        runtime.run(fails)
    assert isinstance(caught.value.__cause__, ConfigurationError) is is_debugging
    stop_runtimes()
    assert not hasattr(sys, "tracebacklimit")


def test_an_invalid_configuration_starts_nothing() -> None:
    with pytest.raises(Failure, match="no API key"):
        start_runtime(ConfigureRequest(Config({}, "agents")))
    assert "tornado" not in {thread.name for thread in threading.enumerate()}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BLAND_BASE_URL")
    (tmp_path / "Pulumi.yaml").write_text("name: agents\n", encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("project")
def test_a_base_url_that_only_the_state_names_gets_no_client() -> None:
    runtime = start_runtime(configure_request(URL))
    confirm_base_url("http://127.0.0.1:10")
    with pytest.raises(Failure, match=f"^s.yaml:3:3: refused to send the API key to {URL}: the state names this"):
        runtime.run(returns_the_client, "s.yaml:3:3")


@pytest.mark.usefixtures("project")
def test_a_base_url_that_the_program_confirms_is_used() -> None:
    runtime = start_runtime(configure_request(URL))
    confirm_base_url(URL)
    assert runtime.run(returns_the_client) is not None


@pytest.mark.parametrize(
    "settings", ["config:\n  bland:baseUrl:\n    secure: v1:abc\n", f"config: {{bland:baseUrl: {URL}}}\n---\na: 1\n"]
)
def test_a_base_url_that_cannot_be_read_in_the_settings_is_said_to_be(project: Path, settings: str) -> None:
    (project / "Pulumi.dev.yaml").write_text(settings, encoding="utf-8")
    with pytest.raises(Failure, match=r"If it is encrypted there, if the file is invalid, or .*, set BLAND_BASE_URL"):
        start_runtime(configure_request(URL)).run(returns_the_client)


def test_a_base_url_of_the_environment_is_used(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLAND_BASE_URL", f"{URL}/")
    assert start_runtime(configure_request(URL)).run(returns_the_client) is not None
    assert not list(project.glob("Pulumi.*.yaml"))


def test_a_base_url_of_the_projects_settings_is_used(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(f"config:\n  bland:baseUrl: {URL}/\n", encoding="utf-8")
    assert start_runtime(configure_request(URL)).run(returns_the_client) is not None


def test_invalid_config_of_ignored_content_is_refused() -> None:
    with pytest.raises(Failure, match="config tornado:ignoreContent is 'x', expected a list of at most 20 paths"):
        start_runtime(configure_request(URL, ignoreContent="x"))


@pytest.mark.parametrize("value", [5.0, True, [], {"x": "y"}])
def test_config_that_is_no_text_counts_as_absent(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLAND_API_KEY", KEY)
    config = dict.fromkeys(("bland:apiKey", "bland:baseUrl"), value)
    runtime = start_runtime(ConfigureRequest(Config(config, "agents")))
    assert runtime is start_runtime(configure_request(URL))
    assert config_text(ConfigureRequest(Config({"tornado:onConflict": value}, "agents")), "tornado:onConflict") is None
