"""The requirement that installs the package again, from what pip records of an installation."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, Any

import pytest

from tornado_resource.cli import main
from tornado_resource.cli.origin import github_repository, requirement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GITHUB = {"url": "https://github.com/acme/tornado", "vcs_info": {"vcs": "git", "commit_id": "0" * 40}}
TAGGED = {**GITHUB, "vcs_info": {**GITHUB["vcs_info"], "requested_revision": "v1.2.3"}}  # type: ignore[dict-item]
FOLDER = {"url": "file:///home/ann/tornado%20resource", "dir_info": {"editable": True}}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Let the package be installed from what a record says; from an index if it is None."""

    def install(record: Any) -> None:
        class Distribution:
            version = "1.2.3"

            def read_text(self, _name: str) -> str | None:
                return json.dumps(record) if record is not None else None

        monkeypatch.setattr("importlib.metadata.distribution", lambda _name: Distribution())

    return install


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, "==1.2.3"),
        (TAGGED, " @ git+https://github.com/acme/tornado@v1.2.3"),
        (GITHUB, f" @ git+https://github.com/acme/tornado@{'0' * 40}"),
        ({**TAGGED, "subdirectory": "python"}, " @ git+https://github.com/acme/tornado@v1.2.3#subdirectory=python"),
        ({"url": "https://pypi.acme.com/t.whl", "archive_info": {}}, " @ https://pypi.acme.com/t.whl"),
        (FOLDER, " @ file:///home/ann/tornado%20resource"),
    ],
    ids=["index", "tag", "commit", "subdirectory", "wheel", "folder"],
)
def test_the_requirement_is_where_the_package_came_from(
    record: Any, expected: str, installed: Callable[[Any], None]
) -> None:
    installed(record)
    assert requirement() == f"tornado-resource[sandbox]{expected}"


@pytest.mark.parametrize(
    ("text", "repository"),
    [
        ("t @ git+https://github.com/acme/tornado.git@v1", "acme/tornado"),
        ("t @ git+ssh://git@github.com/acme/tornado@v1", "acme/tornado"),
        ("t @ git+https://git.acme.com/tornado@v1", None),
        ("t @ file:///github.com/acme/tornado@v1", None),
        ("t==1", None),
    ],
)
def test_a_repository_on_github_is_recognised(text: str, repository: str | None) -> None:
    assert github_repository(text) == repository


def test_init_writes_where_the_package_came_from(
    installed: Callable[[Any], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(TAGGED)
    assert main(["init", str(tmp_path / "agents")]) == 0
    written = (tmp_path / "agents/requirements.txt").read_text(encoding="utf-8")
    assert written == "tornado-resource[sandbox] @ git+https://github.com/acme/tornado@v1.2.3\n"
    declarations = (tmp_path / "agents/sessions.yaml").read_text(encoding="utf-8")
    assert "$schema=https://raw.githubusercontent.com/acme/tornado/main/schemas/" in declarations.splitlines()[0]
    workflow = (tmp_path / "agents/.github/workflows/tornado.yml").read_text(encoding="utf-8")
    assert workflow.count("uses: acme/tornado@v1.2.3 ") == 2
    assert "a pipeline" not in capsys.readouterr().out


def test_init_says_that_a_pipeline_has_no_such_folder(
    installed: Callable[[Any], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(FOLDER)
    assert main(["init", str(tmp_path / "agents")]) == 0
    assert "requirements.txt names file:///home/ann/tornado%20resource, which no pipeline can reach" in (
        capsys.readouterr().out
    )


def test_without_a_record_of_the_package_the_template_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def distribution(_name: str) -> None:
        raise PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.distribution", distribution)
    assert main(["init", str(tmp_path / "agents")]) == 0
    assert "ORGANIZATION" in (tmp_path / "agents/requirements.txt").read_text(encoding="utf-8")
