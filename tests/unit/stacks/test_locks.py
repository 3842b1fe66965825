"""Who locks a stack, from files that may be anything."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.errors import ConfigurationError
from tornado_resource.stacks import backend
from tornado_resource.stacks.backend import (
    MAX_CREDENTIALS_BYTES,
    backend_digest,
    backend_url,
    lock_owner,
    project_backend,
    resource_address,
)

if TYPE_CHECKING:
    from pathlib import Path

LOCK = {"username": "ada", "hostname": "ci\x1b[1m", "pid": 12, "timestamp": "2026-04-14T10:00:00Z"}


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    folder = tmp_path / ".pulumi/locks/organization/agents/dev"
    folder.mkdir(parents=True)
    return folder


def test_the_owner_is_named(locks: Path) -> None:
    (locks / "1.json").write_text(json.dumps(LOCK), encoding="utf-8")
    assert lock_owner("dev") == r"ada@ci\x1b[1m, process 12, since 2026-04-14T10:00:00Z"
    assert lock_owner("staging") is None


def test_a_file_that_is_no_lock_is_passed_over_at_once(locks: Path) -> None:
    os.mkfifo(locks / "1.json")
    (locks / "2.json").mkdir()
    (locks / "3.json").write_bytes(b" " * MAX_CREDENTIALS_BYTES + b"{}")
    (locks / "4.json").write_text("{", encoding="utf-8")
    (locks / "5.json").write_text('{"username": "ada"}', encoding="utf-8")
    (locks / "6.json").write_text("[" * 5000, encoding="utf-8")
    assert lock_owner("dev") is None
    (locks / "7.json").write_text(json.dumps(LOCK), encoding="utf-8")
    assert lock_owner("dev") is not None


@pytest.mark.parametrize("url", ["file://[", "file://~no-such-user/state", "postgres://h/db", "s3://bucket", "x"])
def test_another_backend_has_no_lock_files(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", url)
    assert lock_owner("dev") is None


@pytest.mark.parametrize("kind", ["pipe", "large", "deep", "list", "latin"])
def test_credentials_that_cannot_be_read_name_no_backend(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    contents = {
        "large": b" " * MAX_CREDENTIALS_BYTES + b"{}",
        "deep": b"[" * 5000,
        "list": b"[]",
        "latin": b'{"current": "\xe9"}',
    }
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.write_bytes(contents[kind])
    assert backend_url({"PULUMI_HOME": str(tmp_path)}) == ""


@pytest.mark.parametrize(
    ("project", "answer", "expected"),
    [
        ("name: agents\n", None, "https://login"),
        ("backend:\n  url: file://./state\n", {"url": "file://./state"}, "file://./state"),
        ("backend: {url: s3://b}\n", ConfigurationError("not logged in"), "https://login"),
        ("backend: {url: s3://b}\n", [], "https://login"),
    ],
)
def test_pulumi_is_asked_for_the_backend_that_a_project_names(
    project: str, answer: Any, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def whoami(*arguments: str) -> Any:
        assert arguments == ("whoami",)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(backend, "pulumi_json", whoami)
    monkeypatch.setattr(backend, "backend_url", lambda environ: environ.get("PULUMI_BACKEND_URL") or "https://login")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text(project, encoding="utf-8")
    assert project_backend() == expected
    own = {"PULUMI_BACKEND_URL": expected}
    assert backend_digest(os.environ) == backend_digest(own), "intents belong to the backend that Pulumi uses"
    is_other = expected != "https://login"
    older = resource_address("dev/a", "agents", os.environ).older_backend
    assert older == (backend_digest({"PULUMI_BACKEND_URL": "https://login"}) if is_other else "")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://environment")
    assert project_backend() == "s3://environment"
