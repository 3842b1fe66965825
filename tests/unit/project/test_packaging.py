"""What the package says of itself, and that all places agree with it."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import metadata
from typing import Any

import addresses
import pytest
import yaml
from addresses import REPOSITORY, VERSION
from readme_renderer import markdown

import tornado_resource
from tests.support.paths import ROOT
from tornado_resource.cli import main


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_license_is_the_one_that_is_declared() -> None:
    assert text("LICENSE").lstrip().startswith("Apache License\n                           Version 2.0")
    assert metadata("tornado-resource")["License-Expression"] == "Apache-2.0"


def test_every_copy_of_the_address_and_the_version_is_the_declared_one() -> None:
    wrong = [name for name in addresses.FILES if addresses.updated(text(name)) != text(name)]
    assert wrong == [], "run `python tools/addresses.py`"


def test_no_other_file_names_the_address_or_the_version() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    others = [
        name
        for name in tracked
        if not name.startswith("tests/")
        and (ROOT / name).suffix in {".md", ".py", ".toml", ".txt", ".yaml", ".yml", ".json"}
    ]
    changed = [
        name
        for name in others
        if addresses.updated(text(name), "https://github.com/acme/tornado-resource", "9.9.9") != text(name)
    ]
    assert sorted(changed) == sorted(addresses.FILES)


@pytest.mark.parametrize("version", ["2.0.1", "2.0.1rc1", "2.0.1b2"])
def test_a_new_address_and_version_are_written_everywhere(version: str) -> None:
    text = """\
pip install "tornado-resource @ git+https://github.com/{owner}/tornado-resource@v{version}"
  - repo: https://github.com/{owner}/tornado-resource # your copy
    rev: v{version}
  - repo: https://github.com/other/hooks
    rev: v1.2.3
"""
    before, after = text.format(owner="OLD", version="0.1.0"), text.format(owner="acme-inc", version=version)
    assert addresses.updated(before, "https://github.com/acme-inc/tornado-resource", version) == after
    assert addresses.updated(after, "https://github.com/OLD/tornado-resource", "0.1.0") == before


@pytest.mark.parametrize("name", ["README.md", "docs/getting-started.md"])
def test_the_docs_say_to_replace_the_placeholder_while_there_is_one(name: str) -> None:
    assert ("replace `ORGANIZATION`" in text(name).replace("Replace", "replace")) is ("ORGANIZATION" in REPOSITORY)


def test_the_version_comes_from_one_place() -> None:
    assert tornado_resource.__version__ == VERSION
    assert f'version = "{VERSION}"\n' in text("pyproject.toml")  # the release compares the tag with this line


def test_the_template_installs_this_version() -> None:
    requirement = f"tornado-resource[sandbox] @ git+{REPOSITORY}@v{VERSION}\n"
    assert text("tornado_resource/template/requirements.txt") == requirement
    assert f"rev: v{VERSION}" in text("docs/pipelines.md")


def test_the_action_and_the_workflows_pin_the_same_actions() -> None:
    names = (
        "action.yml",
        "tornado_resource/template/.github/workflows/tornado.yml",
        "examples/agents/.github/workflows/agents.yml",
        "examples/agents/.github/workflows/nightly.yml",
        "examples/agents/.github/workflows/pull-request.yml",
    )
    used = {line for name in names for line in re.findall(r"uses: (\S+(?: # v\S+)?)", text(name))}
    own = f"{REPOSITORY.removeprefix('https://github.com/')}@v{VERSION}"
    pinned = sorted(used - {own})
    assert [each for each in pinned if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", each)] == []
    assert len({each.partition("@")[0] for each in pinned}) == len(pinned) == 4
    assert own in used


def test_the_readme_renders_on_an_index_with_absolute_links() -> None:
    page = markdown.render(str(metadata("tornado-resource").json["description"]))
    assert page is not None
    assert "<table>" in page
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert len(links) > 30
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    own = f"{REPOSITORY}/blob/v{VERSION}/"
    assert [link for link in links if link.startswith(own) and not (ROOT / file_of(link, own)).exists()] == []
    pictures = re.findall(r'src="([^"]*)"', page)
    assert len(pictures) == 2
    assert all((ROOT / file_of(picture, f"{REPOSITORY}/raw/v{VERSION}/")).exists() for picture in pictures)


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
    declared = addresses.updated(text("pyproject.toml"), f"https://github.com/{owner}/tornado-resource")
    (tmp_path / "pyproject.toml").write_text(declared, encoding="utf-8")
    environment = {"GITHUB_REF_NAME": f"v{tag}", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=environment, check=False, capture_output=True)
    assert ran.returncode == code
