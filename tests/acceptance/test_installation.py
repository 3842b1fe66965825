"""What is published: built twice alike, and installed into empty environments of every Python that is here."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from addresses import REPOSITORY, VERSION

from tests.support.paths import ROOT
from tests.support.project import name_the_pathway
from tests.support.repository import copy_of_the_repository, run_git

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

pytestmark = pytest.mark.package
EXAMPLE: Final = ROOT / "examples/agents"
TEMPLATE: Final = ROOT / "tornado_resource/template"
WHEEL: Final = f"tornado_resource-{VERSION}-py3-none-any.whl"
SDIST: Final = f"tornado_resource-{VERSION}.tar.gz"
SUPPORTED: Final = ("3.11", "3.12", "3.13")
SECONDS: Final = 300


def interpreters() -> dict[str, str]:
    """The Python interpreters of the supported versions that this machine has, by version; ours is always one."""
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for version in SUPPORTED:
        for command in (*pyenv.glob(f"versions/{version}.*/bin/python3"), shutil.which(f"python{version}")):
            if command is not None and version not in found and is_working(command):
                found[version] = str(command)
    return found


def is_working(python: str | Path) -> bool:
    """Whether it is an interpreter that can make environments, rather than a pyenv shim of a version not chosen."""
    ran = subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return ran.returncode == 0


INTERPRETERS: Final = interpreters()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit of the files as they are now, tagged as the version."""
    folder, _ = copy_of_the_repository(tmp_path_factory.mktemp("published") / "tornado-resource", f"v{VERSION}")
    return folder


@pytest.fixture(scope="module")
def dist(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the sdist of that repository."""
    return built(repository, tmp_path_factory.mktemp("built") / "here")


def built(repository: Path, folder: Path) -> Path:
    """Build from a checkout in *folder*, and return the folder of what was built."""
    run_git(repository, "git", "clone", "--quiet", str(repository), str(folder))
    return build(folder)


def build(folder: Path, *targets: str) -> Path:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    subprocess.run([sys.executable, "-m", "hatchling", "build", *targets], cwd=folder, env=environment, check=True)
    return folder / "dist"


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def run(*command: str | Path, folder: Path, **environment: str) -> str:
    """Run a command without what this environment would lend it, and return its standard output."""
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "VIRTUAL_ENV", "PYTHON"))
    }
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def instead_of_the_placeholder(repository: Path, folder: Path) -> str:
    """Write a configuration that tells git where the repository's declared address is, and return its path."""
    file = folder / "gitconfig"
    file.write_text(f'[url "{repository.as_uri()}"]\n  insteadOf = {REPOSITORY}\n', encoding="utf-8")
    return str(file)


def installed_by_pulumi(folder: Path) -> Path:
    """Return where Pulumi has installed the programs of a project.

    The language host that `make setup` builds does not know the option `virtualenv` of Pulumi.yaml.
    """
    if not (folder / ".venv").exists():
        (folder / ".venv").symlink_to(folder)
    return folder / ".venv/bin"


def test_two_builds_of_a_commit_are_the_same(repository: Path, dist: Path, tmp_path: Path) -> None:
    assert set(digests(dist)) == {WHEEL, SDIST}
    assert digests(built(repository, tmp_path / "somewhere else")) == digests(dist)


def test_the_sdist_has_all_that_the_wheel_is_built_from(dist: Path, tmp_path: Path) -> None:
    with tarfile.open(dist / SDIST) as archive:
        archive.extractall(tmp_path, filter="data")
    again = build(tmp_path / SDIST.removesuffix(".tar.gz"), "-t", "wheel")
    assert digests(again)[WHEEL] == digests(dist)[WHEEL]


@pytest.mark.parametrize("version", sorted(INTERPRETERS))
def test_the_wheel_tests_agents_from_an_empty_environment(
    version: str, dist: Path, tmp_path: Path, make_project: Callable[..., Project]
) -> None:
    run(INTERPRETERS[version], "-m", "venv", "empty", folder=tmp_path)
    programs = tmp_path / "empty/bin"
    lock = EXAMPLE / "requirements.lock"
    run(programs / "pip", "install", "--quiet", "--require-hashes", "--requirement", lock, folder=tmp_path)
    run(programs / "pip", "install", "--quiet", "--no-deps", dist / WHEEL, folder=tmp_path)
    assert "No broken requirements" in run(programs / "pip", "check", folder=tmp_path)
    shown = run(programs / "tornado-resource", "--version", folder=tmp_path)
    assert shown == f"tornado-resource, version {VERSION}\n"
    run(programs / "tornado-resource", "init", "agents", folder=tmp_path)
    wanted = (tmp_path / "agents/requirements.txt").read_text(encoding="utf-8")
    assert wanted == f"tornado-resource[sandbox] @ {(dist / WHEEL).as_uri()}\n"
    name_the_pathway(tmp_path / "agents")
    assert "no problems" in run(programs / "tornado-resource", "validate", folder=tmp_path / "agents")

    project = make_project(speed=1000)
    for name in ("Pulumi.yaml", "__main__.py", "sessions.yaml"):
        shutil.copy(tmp_path / "agents" / name, project.folder)
    (project.folder / ".venv").symlink_to(tmp_path / "empty")
    project.up(PATH=f"{programs}{os.pathsep}{project.environment['PATH']}", PYTHONPATH="")
    assert project.outputs()["verdicts"]["first-agent"]["outcome"] == "passed"


def test_the_example_installs_as_it_stands(repository: Path, tmp_path: Path) -> None:
    """Git is told where the placeholder's repository is; all else is as for a user, the index included."""
    folder = tmp_path / "agents"
    shutil.copytree(EXAMPLE, folder)
    git = instead_of_the_placeholder(repository, tmp_path)
    run(sys.executable, "-m", "venv", "empty", folder=folder)
    pip = folder / "empty/bin/pip"
    run(pip, "install", "--quiet", "--require-hashes", "--requirement", "requirements.lock", folder=folder)
    run(
        pip,
        "install",
        "--quiet",
        "--no-deps",
        "--requirement",
        "requirements.txt",
        folder=folder,
        GIT_CONFIG_GLOBAL=git,
    )
    program = folder / "empty/bin/tornado-resource"
    assert run(program, "--version", folder=folder) == f"tornado-resource, version {VERSION}\n"
    assert "no problems" in run(program, "validate", folder=folder)
    imports = "import tornado_resource; tornado_resource.deploy, tornado_resource.TornadoSession"
    run(folder / "empty/bin/python", "-c", imports, folder=folder)
    assert "No broken requirements" in run(pip, "check", folder=folder)


def test_pulumi_new_installs_all_that_an_update_needs(
    repository: Path, tmp_path: Path, make_project: Callable[..., Project]
) -> None:
    """As the README says, with the newest releases that the template's `requirements.txt` allows."""
    project = make_project(speed=1000)
    shutil.rmtree(project.folder)
    project.folder.mkdir()
    git = instead_of_the_placeholder(repository, tmp_path)
    arguments = ("--yes", "--name", "voice-agents", "--stack", "dev")
    run(
        "pulumi",
        "new",
        TEMPLATE,
        *arguments,
        folder=project.folder,
        **{**project.environment, "GIT_CONFIG_GLOBAL": git, "PYTHONPATH": ""},
    )
    programs = installed_by_pulumi(project.folder)
    name_the_pathway(project.folder)
    project.up(PATH=f"{programs}{os.pathsep}{project.environment['PATH']}", PYTHONPATH="")
    assert project.outputs()["verdicts"]["first-agent"]["outcome"] == "passed"
    assert run(programs / "tornado-resource", "--version", folder=tmp_path) == f"tornado-resource, version {VERSION}\n"


def test_pulumi_install_installs_what_init_wrote(
    dist: Path, tmp_path: Path, make_project: Callable[..., Project]
) -> None:
    """As `init` says, from the wheel that it was installed from: the packages, and the sandbox with them."""
    run(sys.executable, "-m", "venv", "empty", folder=tmp_path)
    run(tmp_path / "empty/bin/pip", "install", "--quiet", dist / WHEEL, folder=tmp_path)
    run(tmp_path / "empty/bin/tornado-resource", "init", "voice", folder=tmp_path)
    name_the_pathway(tmp_path / "voice")
    project = replace(make_project(speed=1000), folder=tmp_path / "voice")
    run("pulumi", "install", folder=project.folder, **{**project.environment, "PYTHONPATH": ""})
    programs = installed_by_pulumi(project.folder)
    path = f"{programs}{os.pathsep}{project.environment['PATH']}"
    project.init()
    project.up(PATH=path, PYTHONPATH="")
    assert project.outputs()["verdicts"]["first-agent"]["outcome"] == "passed"
    run(programs / "python", "-c", "import starlette, uvicorn", folder=tmp_path)
