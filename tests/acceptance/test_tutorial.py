"""Getting started, the tutorial, and the sandbox, command by command, as a reader types them."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.project import KEY
from tests.support.walkthrough import blocks, quick, run, script

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

PLAYED = """\
pathways:
  "*": {scenarios: [{id: sc-1}, {id: sc-2}]}
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(("page", "speed"), [("tutorial.md", 600), ("agents.md", 60), ("migration.md", 600)])
def test_every_command_of_a_page_prints_what_it_shows(
    page: str, speed: int, make_project: Callable[..., Project], port: int
) -> None:
    project = make_project()
    folder = project.folder.parent / "reader"
    known = {key: value for key, value in project.environment.items() if not key.startswith(("BLAND_", "PULUMI_B"))}
    typed = (
        script(page, quick).replace("8080", str(port)).replace("--speed 60 --scenario", f"--speed {speed} --scenario")
    )
    printed = run(typed, folder, known)
    for _, text in blocks(page):
        for line in text.splitlines():
            if not line.startswith("$ ") and text.startswith("$ "):
                assert re.search(re.escape(line.strip()).replace("…", ".*"), printed), line
    if page == "tutorial.md":
        report = (folder / "tutorial/reports/report.html").read_text(encoding="utf-8")
        assert "The last 10" not in printed
        assert "The last 3 updates" in report
    if page == "migration.md":
        assert len(re.findall(r"^\S+ +passed ", printed, re.MULTILINE)) == 10, "five sessions and five check runs"
    if page == "agents.md":
        assert len(re.findall(r"AgentRelease .*created", printed)) == 2
        runs = set(re.findall(r'run_id *: "([0-9a-f-]{36})"', printed))
        assert len(runs) == 3, "two versions in staging, and the second one in production"


def as_typed(command: str) -> str | None:
    """Return what to type for a command of the page "Getting started", where there is nobody to answer questions."""
    if command.startswith("pulumi login "):
        # Neither Pulumi Cloud nor the folder of whoever runs the tests, which `--local` finds without $HOME.
        return 'pulumi login "file://$STATE"' if "--local" in command else None
    if "config set --secret" in command:
        return f"echo {KEY} | {command}"
    if command == "tornado-resource validate":
        return f"sed -i.old 's/your-pathway-id/pw-1/' sessions.yaml; {command}"
    return "pulumi up --yes" if command == "pulumi up" else command


def test_every_command_of_getting_started_works(make_project: Callable[..., Project]) -> None:
    project = make_project(speed=1000)
    folder = project.folder.parent / "reader"
    unset = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "BLAND_API_KEY")
    known = {key: value for key, value in project.environment.items() if key not in unset}
    (project.folder.parent / "own-state").mkdir()
    own = {"STATE": str(project.folder.parent / "own-state"), "PULUMI_HOME": str(project.folder.parent / "own-home")}
    printed = run(script("getting-started.md", as_typed), folder, {**known, **own})
    assert re.search(r'outcome *: "passed"', printed)
    assert (project.folder.parent / "own-state/.pulumi/stacks/my-agents/dev.json").exists()
    assert (folder / "my-agents/reports/report.html").exists()
    assert KEY not in printed + (folder / "my-agents/Pulumi.dev.yaml").read_text(encoding="utf-8")


def test_every_command_of_the_page_on_the_sandbox_works(tmp_path: Path, port: int) -> None:
    def in_two_terminals(command: str) -> str:
        is_server = command.startswith("tornado-resource sandbox")
        return f"{command} > log & until grep -q sandbox: log; do sleep 0.1; done" if is_server else command

    [scenarios] = [text for language, text in blocks("sandbox.md") if language == "yaml"]
    typed = script("sandbox.md", in_two_terminals).replace("8080", str(port))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    printed = run(f"cat > scenarios.yaml <<'END'\n{scenarios}END\n{typed}", tmp_path / "reader", {"PATH": path})
    assert re.search(r'_id": ?"[0-9a-f]{8}-', printed), printed


def test_the_program_of_getting_started_publishes_what_passed(make_project: Callable[..., Project]) -> None:
    [program] = [text for language, text in blocks("getting-started.md") if language == "python"]
    project = make_project(speed=1000, script=PLAYED, program=program)
    project.up()
    outputs = project.outputs()
    assert outputs["verdict"]["outcome"] == "passed"
    assert outputs["verdict"]["session_id"] == outputs["session_id"]
    assert [request["path"].rpartition("/")[2] for request in project.requests("POST")] == ["start", "publish"]
