"""The backend in use, the address of a resource, the owner of a lock, and how `pulumi` is run."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.cli import main
from tornado_resource.errors import BackendUnreachable, ConfigurationError
from tornado_resource.runs.order import Address
from tornado_resource.stacks.backend import (
    MAX_CREDENTIALS_BYTES,
    backend_digest,
    backend_url,
    lock_owner,
    resource_address,
)
from tornado_resource.stacks.pulumi_cli import pulumi_json

if TYPE_CHECKING:
    from pathlib import Path


def test_the_environment_comes_before_the_last_login(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text('{"current": "file:///b"}', encoding="utf-8")
    home = {"PULUMI_HOME": str(tmp_path)}
    assert backend_url({**home, "PULUMI_BACKEND_URL": "file:///a"}) == "file:///a"
    assert backend_url({**home, "PULUMI_BACKEND_URL": ""}) == "file:///b"
    assert backend_url(home) == "file:///b"


@pytest.mark.parametrize(
    "text", [None, "garbage", "[]", "{}", '{"current": null}', "[" * 100_000, " " * (MAX_CREDENTIALS_BYTES + 1)]
)
def test_without_a_login_there_is_no_backend(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "credentials.json").write_text(text, encoding="utf-8")
    assert backend_url({"PULUMI_HOME": str(tmp_path)}) == ""


def test_a_pipe_is_no_login(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "credentials.json")
    assert backend_url({"PULUMI_HOME": str(tmp_path)}) == ""


def test_a_user_without_a_home_has_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> Path:
        raise RuntimeError

    monkeypatch.setattr("pathlib.Path.home", home)
    assert backend_url({}) == ""


def test_a_backend_is_the_same_for_every_user() -> None:
    urls = ["postgres://db/x", "postgres://ann@db/x", "postgres://ann:secret@db/x", "postgres://other/x"]
    digests = [backend_digest({"PULUMI_BACKEND_URL": url}) for url in urls]
    assert digests[0] == digests[1] == digests[2] != digests[3]
    assert len(digests[0]) == 16


@pytest.mark.parametrize(
    ("path", "stack", "resource"), [("dev/billing", "dev", "billing"), ("acme/dev/billing", "acme/dev", "billing")]
)
def test_a_resource_has_an_address(path: str, stack: str, resource: str) -> None:
    environ = {"PULUMI_BACKEND_URL": "file:///a"}
    assert resource_address(path, "agents", environ) == Address(backend_digest(environ), "agents", stack, resource)


@pytest.mark.parametrize(
    "url", ["postgres://db/x", "https://api.example", "", "file://[", "file://~nobody-knows", "file:///%00"]
)
def test_only_a_file_backend_shows_the_owner_of_a_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", url)
    assert lock_owner("dev") is None


def test_another_stacks_lock_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    folder = tmp_path / ".pulumi/locks/organization/agents/staging"
    folder.mkdir(parents=True)
    lock = {"username": "ann", "hostname": "ci-1", "pid": 123, "timestamp": "2026-04-14T10:00:00Z"}
    (folder / "1.json").write_text(json.dumps(lock), encoding="utf-8")
    assert lock_owner("dev") is None
    assert lock_owner("staging") == "ann@ci-1, process 123, since 2026-04-14T10:00:00Z"


def test_lock_files_that_are_none_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    folder = tmp_path / ".pulumi/locks/organization/agents/dev"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "1.json")
    (folder / "2.json").write_text("[" * 100_000, encoding="utf-8")
    (folder / "3.json").write_text(" " * (MAX_CREDENTIALS_BYTES + 1), encoding="utf-8")
    assert lock_owner("dev") is None


def test_a_missing_pulumi_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"^`pulumi` is not on PATH"):
        pulumi_json("stack", "ls")


def _fake_pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (folder / "pulumi").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_failed_command_is_reported_without_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_pulumi(tmp_path, monkeypatch, "echo 'error: cannot reach postgres://ann:secret@db/x' >&2; exit 1")
    with pytest.raises(ConfigurationError) as caught:
        pulumi_json("stack", "ls")
    assert str(caught.value) == "`pulumi stack ls --non-interactive --json` failed: cannot reach postgres://db/x"


@pytest.mark.parametrize(
    "said",
    [
        'Get "https://api.pulumi.com/api/user": dial tcp: lookup api.pulumi.com: no such host',
        "pinging database: dial tcp 127.0.0.1:1: connect: connection refused",
        "read tcp 10.0.0.1:5: read: connection reset by peer",
        "net/http: TLS handshake timeout",
    ],
)
def test_a_backend_that_cannot_be_reached_is_no_wrong_config(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_pulumi(tmp_path, monkeypatch, f"echo 'error: {said}' >&2; exit 1")
    with pytest.raises(BackendUnreachable, match=r"^`pulumi stack ls"):
        pulumi_json("stack", "ls")
    assert main(["status", "--stack", "dev"]) == 3


def test_a_stack_that_is_not_there_is_wrong_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_pulumi(tmp_path, monkeypatch, "echo \"error: no stack named 'dev' found\" >&2; exit 1")
    assert main(["status", "--stack", "dev"]) == 2


def test_a_command_that_hangs_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_options: Any) -> None:
        raise subprocess.TimeoutExpired(command, 60)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(BackendUnreachable, match=r"^`pulumi stack ls --non-interactive --json` timed out after 60 s$"):
        pulumi_json("stack", "ls")


@pytest.mark.parametrize(("given", "used"), [(None, "1"), ("4", "4")])
def test_stacks_are_read_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, used: str
) -> None:
    _fake_pulumi(tmp_path, monkeypatch, "echo $PULUMI_DIY_BACKEND_PARALLEL")
    if given is not None:
        monkeypatch.setenv("PULUMI_DIY_BACKEND_PARALLEL", given)
    assert pulumi_json("stack", "ls") == int(used)
