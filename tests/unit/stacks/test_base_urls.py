"""Base URLs in a state, and those of the project's own settings, which the API key may go to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.stacks.base_urls import RecordedUrl, is_one_of, own_urls, recorded_urls, settings_urls
from tornado_resource.stacks.command_line import CommandLine
from tornado_resource.stacks.fields import ENCRYPTED

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://bland.example"
URN = "urn:pulumi:dev::agents::pulumi:providers:pulumi-python::default"
SETTINGS = f"config:\n  bland:baseUrl: {URL}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: agents\nruntime: python\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_base_urls_of_a_state_are_found_wherever_they_are() -> None:
    secret = {ENCRYPTED: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
    resource = {"urn": URN, "inputs": {"bland:baseUrl": URL}, "outputs": {"bland:baseUrl": secret}}
    empty = {"urn": URN, "inputs": {"bland:baseUrl": ""}, "outputs": {"bland:baseUrl": None}}
    found = list(recorded_urls({"deployment": {"resources": [resource, empty]}}))
    assert found == [
        RecordedUrl(URN, "deployment.resources[0].inputs.bland:baseUrl", URL),
        RecordedUrl(URN, "deployment.resources[0].outputs.bland:baseUrl", secret),
    ]
    assert [each.is_encrypted for each in found] == [False, True]


def test_the_default_and_the_environments_are_our_own() -> None:
    assert own_urls({}) == ["https://api.bland.ai"]
    assert own_urls({"BLAND_BASE_URL": URL}) == ["https://api.bland.ai", URL]
    assert own_urls({"BLAND_BASE_URL": ""}) == ["https://api.bland.ai"]


@pytest.mark.parametrize(
    ("value", "is_known"),
    [(URL, True), (f"{URL}/", True), (f"{URL}.", False), (f"{URL}:443", False), ("", False), (None, False), (5, False)],
)
def test_a_slash_at_the_end_makes_no_difference(value: Any, is_known: bool) -> None:  # noqa: FBT001
    assert is_one_of(value, [f"{URL}/", "https://other.example"]) is is_known


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("Pulumi.dev.yaml", SETTINGS),
        ("Pulumi.dev.yml", SETTINGS),
        ("Pulumi.dev.json", json.dumps({"config": {"bland:baseUrl": URL}})),
        ("Pulumi.yaml", f"name: agents\n{SETTINGS}"),
        ("Pulumi.yaml", f"name: agents\nconfig:\n  bland:baseUrl: {{value: {URL!r}}}\n"),
    ],
)
def test_the_projects_settings_name_base_urls(file: str, content: str, project: Path) -> None:
    (project / file).write_text(content, encoding="utf-8")
    assert settings_urls() == [URL]


def test_the_settings_of_all_stacks_count(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(SETTINGS, encoding="utf-8")
    (project / "Pulumi.prod.yaml").write_text(SETTINGS.replace(URL, "https://other.example"), encoding="utf-8")
    assert settings_urls() == [URL, "https://other.example"]


def test_settings_are_found_from_the_folder_of_a_program(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "src").mkdir()
    (project / "stacks").mkdir()
    (project / "Pulumi.yaml").write_text("name: agents\nmain: src\nstackConfigDir: stacks\n", encoding="utf-8")
    (project / "stacks/Pulumi.dev.yaml").write_text(SETTINGS, encoding="utf-8")
    monkeypatch.chdir(project / "src")
    assert settings_urls() == [URL]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"config: [",
        b"config: stacks\n",
        b"config:\n",
        b"- config\n",
        b"config:\n  bland:baseUrl: 5\n",
        b"config:\n  bland:baseUrl: [https://bland.example]\n",
        b"config:\n  bland:baseUrl: {secure: v1:x}\n",
        b"stackConfigDir: 5\nconfig:\n  other:baseUrl: https://bland.example\n",
    ],
)
def test_settings_without_a_plain_base_url_name_none(content: bytes, project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_bytes(content)
    (project / "Pulumi.txt").write_text(SETTINGS, encoding="utf-8")
    (project / "Pulumi.folder.yaml").mkdir()
    assert settings_urls() == []


def test_the_folder_and_the_config_file_of_the_command_count(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = tmp_path_factory.mktemp("workspace")
    (workspace / "Pulumi.yaml").write_text("name: agents\n", encoding="utf-8")
    (workspace / "Pulumi.dev.yaml").write_text(SETTINGS, encoding="utf-8")
    (project / "other.yaml").write_text(SETTINGS.replace(URL, "https://other.example"), encoding="utf-8")
    command = CommandLine(workspace, project / "other.yaml")
    monkeypatch.setattr("tornado_resource.stacks.base_urls.pulumi_command", lambda _process: command)
    assert settings_urls() == [URL, "https://other.example"]
