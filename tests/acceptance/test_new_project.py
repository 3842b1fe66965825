"""The first ten minutes: a project by `tornado-resource init` and by `pulumi new`, up to a green `pulumi up`."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from tests.support.paths import ROOT
from tests.support.project import KEY, name_the_pathway
from tornado_resource.cli.origin import requirement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Project

TEMPLATE: Final = ROOT / "tornado_resource/template"
FILES: Final = {
    ".github/workflows/tornado.yml",
    ".gitignore",
    "Pulumi.yaml",
    "__main__.py",
    "requirements.txt",
    "sessions.yaml",
}


@pytest.fixture
def workshop(make_project: Callable[..., Project]) -> Project:
    """A machine with a sandbox and an empty folder."""
    project = make_project(speed=1000)
    folder = project.folder.parent / "voice agents"
    folder.mkdir()
    return replace(project, folder=folder)


def files_of(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)) for path in found if path.suffix != ".pyc"}
    return names - {"Pulumi.dev.yaml"}


def is_green(project: Project) -> None:
    """With the packages of this checkout in place of what `pulumi install` would fetch."""
    (project.folder / ".venv").symlink_to(sys.prefix)
    project.init()
    name_the_pathway(project.folder)
    project.pulumi("up", "--yes", "--skip-preview")
    assert project.outputs()["verdicts"]["first-agent"]["outcome"] == "passed"
    (project.folder / ".venv").unlink()


def test_init_writes_a_project_that_is_green_at_once(workshop: Project) -> None:
    code, printed = workshop.run("tornado-resource", "init")
    assert code == 0, printed
    assert files_of(workshop.folder) == FILES
    for command in ("pulumi install", "pulumi stack init dev", "BLAND_API_KEY=YOUR_KEY pulumi up"):
        assert command in printed
    written = yaml.safe_load((workshop.folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert (written["name"], "template" in written) == ("voice-agents", False)
    for name in FILES - {"Pulumi.yaml", "requirements.txt"}:
        assert (workshop.folder / name).read_bytes() == (TEMPLATE / name).read_bytes()
    assert (workshop.folder / "requirements.txt").read_text(encoding="utf-8") == f"{requirement()}\n"
    code, printed = workshop.run("tornado-resource", "validate")
    assert (code, "sessions.first-agent.pathway_id: found the placeholder" in printed) == (2, True)
    is_green(workshop)

    before = {name: (workshop.folder / name).read_bytes() for name in FILES}
    (workshop.folder / ".gitignore").unlink()
    code, printed = workshop.run("tornado-resource", "init")
    assert code == 2
    assert (
        "nothing was written, because this folder already has .github/workflows/tornado.yml, Pulumi.yaml, __main__.py"
        in printed
    )
    assert files_of(workshop.folder) == FILES - {".gitignore"}
    assert all((workshop.folder / name).read_bytes() == before[name] for name in FILES - {".gitignore"})


def test_pulumi_new_makes_the_same_project(workshop: Project) -> None:
    shutil.rmtree(workshop.folder)
    workshop.folder.mkdir()
    arguments = ("--generate-only", "--yes", "--name", "voice-agents", "--description", "Ours")
    code, printed = workshop.run("pulumi", "new", str(TEMPLATE), *arguments)
    assert code == 0, printed
    assert files_of(workshop.folder) == FILES
    written = yaml.safe_load((workshop.folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert (written["name"], written["description"]) == ("voice-agents", "Ours")
    assert written.get("template") is None
    for name in ("decimal", "difflib", "secrets", "statistics", "zipfile"):  # modules of Python, hidden
        (workshop.folder / f"{name}.py").write_text("raise SystemExit", encoding="utf-8")
    is_green(workshop)


def test_init_declares_what_exists_on_a_pathway(workshop: Project) -> None:
    created = workshop.http.post(
        "/v1/agent-testing/scenarios",
        json={"pathway_id": "pw-1", "name": "Stays calm", "tester_persona_prompt": "Shout."},
        headers={"authorization": KEY},
    )
    assert created.is_success
    code, printed = workshop.run("tornado-resource", "init", "team", "--pathway", "pw-1")
    assert code == 0, printed
    assert "  cd team\n" in printed
    assert "Put the id of your pathway" not in printed
    project = replace(workshop, folder=workshop.folder / "team")
    code, printed = project.run("tornado-resource", "plan", "--format", "json")
    plan = json.loads(printed)
    assert [each["pathway_id"] for each in plan["scenarios"]] == ["pw-1"] * 6  # with those of the sandbox
    assert "Stays calm" in [each["fields"]["name"] for each in plan["scenarios"]]
    (project.folder / ".venv").symlink_to(sys.prefix)
    project.init()
    before = len(project.requests("PUT")) + len(project.requests("POST /v1/agent-testing/scenarios"))
    project.pulumi("up", "--yes", "--skip-preview")
    assert len(project.requests("PUT")) + len(project.requests("POST /v1/agent-testing/scenarios")) == before


def test_init_writes_all_files_or_none(workshop: Project) -> None:
    (workshop.folder / "sessions.yaml").symlink_to("nowhere")
    code, printed = workshop.run("tornado-resource", "init")
    assert (code, files_of(workshop.folder)) == (2, set())
    assert "nothing was written, because this folder already has sessions.yaml; name an empty folder" in printed
    code, printed = workshop.run("tornado-resource", "init", "my agents")
    assert (code, "  cd 'my agents'\n" in printed) == (0, True)


def test_init_without_a_key_writes_nothing(workshop: Project) -> None:
    code, printed = workshop.run("tornado-resource", "init", "--pathway", "pw-1", BLAND_API_KEY="")
    assert (code, printed) == (2, "no API key: set the environment variable BLAND_API_KEY\n")
    assert files_of(workshop.folder) == set()
