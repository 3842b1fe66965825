"""What the package says of itself, and that all places agree with it."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import metadata
from typing import Any

import tornado_resource
from tests.support.paths import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"]
VERSION = PROJECT["version"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_license_is_the_one_that_is_declared() -> None:
    assert text("LICENSE").lstrip().startswith("Apache License\n                           Version 2.0")
    assert metadata("tornado-resource")["License-Expression"] == "Apache-2.0"


def test_every_address_of_the_repository_is_the_declared_one() -> None:
    files = ["README.md", "schemas/sessions.schema.json", "schemas/verdicts.schema.json", "pyproject.toml"]
    files += ["tornado_resource/template/requirements.txt", "tornado_resource/template/sessions.yaml"]
    owner_and_name = REPOSITORY.removeprefix("https://github.com/")
    for name in files:
        found = set(re.findall(r"(?:github|githubusercontent)\.com/([\w-]+/tornado-resource)", text(name)))
        assert found == {owner_and_name}, name


def test_the_version_comes_from_one_place() -> None:
    assert tornado_resource.__version__ == VERSION
    assert f'version = "{VERSION}"\n' in text("pyproject.toml")  # the release compares the tag with this line


def test_the_template_installs_this_version() -> None:
    assert text("tornado_resource/template/requirements.txt") == f"tornado-resource @ git+{REPOSITORY}@v{VERSION}\n"
    assert f"rev: v{VERSION}" in text("README.md")


def test_the_template_uses_the_same_actions_as_the_example() -> None:
    def actions(name: str) -> set[str]:
        return set(re.findall(r"uses: (\S+@[0-9a-f]{40} # \S+)", text(name)))

    template = actions("tornado_resource/template/.github/workflows/tornado.yml")
    assert template
    assert template <= actions("examples/agents/.github/workflows/agents.yml")
