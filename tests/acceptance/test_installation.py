"""What is published: built twice alike, and installed as the example says into an empty environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.paths import ROOT
from tests.support.repository import copy_of_the_repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLE: Final = ROOT / "examples/agents"
ADDRESS: Final = "https://github.com/ORGANIZATION/tornado-resource"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit of the files as they are now, tagged as the version."""
    folder, _ = copy_of_the_repository(tmp_path_factory.mktemp("published") / "tornado-resource", "v0.1.0")
    return folder


def built(repository: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Build from a checkout in *folder*, and yield the names and digests of what was built."""
    subprocess.run(["git", "clone", "--quiet", str(repository), str(folder)], check=True)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    subprocess.run([sys.executable, "-m", "hatchling", "build"], cwd=folder, env=environment, check=True)
    for file in sorted((folder / "dist").iterdir()):
        yield file.name, hashlib.sha256(file.read_bytes()).hexdigest()


def test_two_builds_of_a_commit_are_the_same(repository: Path, tmp_path: Path) -> None:
    first, second = (list(built(repository, tmp_path / name)) for name in ("here", "somewhere else"))
    assert first == second
    assert [name for name, _ in first] == ["tornado_resource-0.1.0-py3-none-any.whl", "tornado_resource-0.1.0.tar.gz"]


def test_the_example_installs_as_it_stands(repository: Path, tmp_path: Path) -> None:
    """Git is told where the placeholder's repository is; all else is as for a user, the index included."""
    shutil.copytree(EXAMPLE, tmp_path / "agents")
    (tmp_path / "gitconfig").write_text(f'[url "{repository.as_uri()}"]\n  insteadOf = {ADDRESS}\n', encoding="utf-8")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "VIRTUAL_ENV", "PYTHON"))},
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
    }

    def run(*command: str) -> str:
        ran = subprocess.run(
            command, cwd=tmp_path / "agents", env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    run(sys.executable, "-m", "venv", "empty")
    folder = tmp_path / "agents/empty/bin"
    run(f"{folder}/pip", "install", "--quiet", "--require-hashes", "--requirement", "requirements.lock")
    run(f"{folder}/pip", "install", "--quiet", "--no-deps", "--requirement", "requirements.txt")
    assert run(f"{folder}/tornado-resource", "--version") == "tornado-resource, version 0.1.0\n"
    assert "no problems" in run(f"{folder}/tornado-resource", "validate")
    run(f"{folder}/python", "-c", "import tornado_resource; tornado_resource.deploy, tornado_resource.TornadoSession")
    assert "No broken requirements" in run(f"{folder}/pip", "check")
