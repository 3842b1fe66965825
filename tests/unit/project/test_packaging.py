"""What the package says of itself, and that all places agree with it."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import metadata
from typing import Any

import pytest
import yaml
from readme_renderer import markdown

import tornado_resource
from tests.support.paths import ROOT
from tornado_resource.cli import main

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
    files += ["examples/agents/requirements.txt", "examples/agents/.pre-commit-config.yaml", "mkdocs.yml"]
    files += ["docs/getting-started.md", "docs/tutorial.md", "tests/acceptance/test_installation.py"]
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


def test_the_readme_renders_on_an_index_with_absolute_links() -> None:
    page = markdown.render(str(metadata("tornado-resource").json["description"]))
    assert page is not None
    assert "<table>" in page
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert len(links) > 30
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    own = f"{REPOSITORY}/blob/v{VERSION}/"
    assert [link for link in links if link.startswith(own) and not (ROOT / file_of(link, own)).exists()] == []
    [picture] = re.findall(r'src="([^"]*)"', page)
    assert (ROOT / file_of(picture, f"{REPOSITORY}/raw/v{VERSION}/")).exists()


def file_of(link: str, prefix: str) -> str:
    return link.removeprefix(prefix).partition("#")[0]


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tornado-resource, version {VERSION}\n"


@pytest.mark.parametrize(
    ("tag", "owner", "code"), [(VERSION, "acme", 0), ("9.9.9", "acme", 1), (VERSION, "ORGANIZATION", 1)]
)
def test_a_release_needs_the_version_and_an_address(tag: str, owner: str, code: int, tmp_path: Any) -> None:
    steps = yaml.safe_load(text(".github/workflows/release.yml"))["jobs"]["build"]["steps"]
    [script] = [step["run"] for step in steps if step.get("name", "").startswith("The tag is the version")]
    (tmp_path / "pyproject.toml").write_text(text("pyproject.toml").replace("ORGANIZATION", owner), encoding="utf-8")
    environment = {"GITHUB_REF_NAME": f"v{tag}", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=environment, check=False, capture_output=True)
    assert ran.returncode == code
